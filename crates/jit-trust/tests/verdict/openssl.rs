//! OpenSSL's verdict with every root loaded, and just in time.
//!
//! What is judged by is as in a TLS connection: purpose and trust of a server, the security level that Debian sets, the name,
//! and a clock that is given. The roots are loaded as a stack, which OpenSSL goes through in its order; an `X509_STORE` would
//! sort them.
#![allow(unsafe_code, reason = "functions of OpenSSL that the crate does not wrap")]

use jit_trust_core::MAX_CERTIFICATES;
use std::cell::Cell;
use std::ffi::{c_char, c_int};

use foreign_types::ForeignTypeRef;
use jit_trust::BlobStore;
use jit_trust::openssl::Verifier;
use openssl::error::ErrorStack;
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509CheckFlags, X509VerifyParamRef};
use openssl::x509::{X509, X509StoreContext, X509StoreContextRef};
use openssl_sys::{X509_STORE_CTX, X509_VERIFY_PARAM, stack_st_X509};
use pki_types::{CertificateDer, ServerName};

use crate::binding::Binding;
use crate::libraries::{Bindings, Bound, Form, Judged, Library, Roots};
use crate::name_constraints::permit_by_openssl;
use crate::question::Request;

/// Debian's, `CipherString = DEFAULT@SECLEVEL=2`.
const SECURITY_LEVEL: c_int = 2;

/// OpenSSL, with all roots loaded and in each form of the store.
pub(crate) struct OpenSsl {
    nothing: X509Store,
    loaded: Vec<Loaded>,
    forms: Vec<(Form, Verifier)>,
}

struct Loaded {
    /// The root's own certificate, and where constraints are imposed on it, with those in it.
    original: X509,
    constrained: X509,
    bindings: Bindings,
}

impl OpenSsl {
    pub(crate) fn new(roots: &Roots<'_>) -> Self {
        let loaded = roots.bound().filter_map(|Bound { root, bindings }| {
            // What OpenSSL cannot read it trusts in no form.
            Some(Loaded {
                original: X509::from_der(&root.der).ok()?,
                constrained: X509::from_der(&root.with_imposed_constraints()).ok()?,
                bindings,
            })
        });
        let forms = roots.forms().map(|(form, blob)| {
            let store = BlobStore::new(blob).unwrap();
            (form, Verifier::new(store))
        });
        Self {
            nothing: X509StoreBuilder::new().unwrap().build(),
            loaded: loaded.collect(),
            forms: forms.collect(),
        }
    }

    /// The verdict with these roots, and the path if there is one: the certificate at its top, and those below it from the
    /// leaf up.
    fn with_all<'r>(
        &self,
        sent: &Stack<X509>,
        question: &Request<'_>,
        roots: impl Iterator<Item = &'r X509>,
    ) -> Result<(X509, Vec<CertificateDer<'static>>), String> {
        let mut all = Stack::new().unwrap();
        for root in roots {
            all.push(root.clone()).unwrap();
        }
        let path = Cell::new(None);
        self.judge(sent, question, |context| {
            set_trusted(context, &all);
            let verdict = context.verify_cert();
            set_trusted(context, &*Stack::new()?);
            let mut chain: Vec<X509> = context
                .chain()
                .into_iter()
                .flatten()
                .map(ToOwned::to_owned)
                .collect();
            let top = chain.pop();
            let below = chain.iter().map(|below| below.to_der().unwrap().into());
            path.set(top.map(|top| (top, below.collect())));
            verdict
        })?;
        Ok(path.take().unwrap())
    }

    fn judge(
        &self,
        sent: &Stack<X509>,
        question: &Request<'_>,
        verify: impl Fn(&mut X509StoreContextRef) -> Result<bool, ErrorStack>,
    ) -> Judged {
        let mut context = X509StoreContext::new().unwrap();
        let own = sent.get(0).unwrap();
        let verdict = context.init(&self.nothing, own, sent, |context| {
            set_parameters(context, question);
            Ok(match verify(context) {
                Ok(true) => Ok(()),
                Ok(false) => Err(context.error().as_raw().to_string()),
                Err(error) => Err(error.to_string()),
            })
        });
        let _ = ErrorStack::get();
        verdict.unwrap()
    }
}

impl Library for OpenSsl {
    type Sent = Stack<X509>;

    const NAME: &'static str = "OpenSSL";

    /// `X509_V_ERR_HOSTNAME_MISMATCH`.
    const FOR_THE_NAME: &'static str = "62";

    const IS_PICKY: bool = false;

    const WEBS_PER_QUESTION: u64 = 4;

    /// A connection in which a certificate cannot be read fails before anybody is asked.
    fn read(&self, sent: &[CertificateDer<'_>]) -> Option<Self::Sent> {
        let mut stack = Stack::new().unwrap();
        for der in sent {
            let certificate = X509::from_der(der);
            let _ = ErrorStack::get();
            stack.push(certificate.ok()?).unwrap();
        }
        Some(stack)
    }

    fn all_loaded(
        &self,
        sent: &Self::Sent,
        question: &Request<'_>,
        with_conditions: bool,
        permits_issuance: &dyn Fn(Option<u64>) -> bool,
    ) -> Judged {
        let certificate = |root: &'_ Loaded| match with_conditions {
            true => root.constrained.clone(),
            false => root.original.clone(),
        };
        let mut roots: Vec<(X509, &Binding)> = Vec::new();
        for root in &self.loaded {
            let binding = root.bindings.get(with_conditions);
            if permits_issuance(binding.distrust_after) {
                roots.push((certificate(root), binding));
            }
        }
        loop {
            let (top, below) = self.with_all(sent, question, roots.iter().map(|(root, _)| root))?;
            let place = roots.iter().position(|(root, _)| root.as_ptr() == top.as_ptr());
            let Some(place) = place else {
                return Ok(());
            };
            let (_, binding) = roots[place];
            if binding.imposed.iter().all(|root| permit_by_openssl(&below, root)) {
                return Ok(());
            }
            roots.retain(|(_, other)| other.identity != binding.identity);
        }
    }

    fn just_in_time<'a>(
        &'a self,
        sent: &'a Self::Sent,
        question: &'a Request<'_>,
    ) -> Box<dyn Iterator<Item = (&'a Form, Judged)> + 'a> {
        Box::new(self.forms.iter().map(move |(form, verifier)| {
            let judged = self.judge(sent, question, |context| verifier.verify(context));
            (form, judged)
        }))
    }

    fn is_refused_for_number(&self, sent: &Self::Sent, judged: &Judged) -> bool {
        sent.len() > MAX_CERTIFICATES && judged.as_ref().is_err_and(|error| error == "50")
    }
}

unsafe extern "C" {
    fn X509_STORE_CTX_set0_trusted_stack(context: *mut X509_STORE_CTX, trusted: *mut stack_st_X509);
    fn X509_STORE_CTX_set_default(context: *mut X509_STORE_CTX, name: *const c_char) -> c_int;
    fn X509_STORE_CTX_get0_param(context: *mut X509_STORE_CTX) -> *mut X509_VERIFY_PARAM;
}

fn set_trusted(context: &mut X509StoreContextRef, trusted: &StackRef<X509>) {
    // SAFETY: the context is borrowed, and who calls this sets another before the stack is gone, or ends with it.
    unsafe { X509_STORE_CTX_set0_trusted_stack(context.as_ptr(), trusted.as_ptr()) };
}

/// As libssl sets a context up.
fn set_parameters(context: &mut X509StoreContextRef, question: &Request<'_>) {
    // SAFETY: the context is borrowed, and the parameters are its own.
    let param = unsafe {
        assert_eq!(
            X509_STORE_CTX_set_default(context.as_ptr(), c"ssl_server".as_ptr()),
            1
        );
        X509VerifyParamRef::from_ptr_mut(X509_STORE_CTX_get0_param(context.as_ptr()))
    };
    param.set_auth_level(SECURITY_LEVEL);
    param.set_time(question.time.as_secs().try_into().unwrap());
    param.set_hostflags(X509CheckFlags::NO_PARTIAL_WILDCARDS);
    match &question.name {
        ServerName::DnsName(name) => param.set_host(name.as_ref()).unwrap(),
        ServerName::IpAddress(address) => param.set_ip((*address).into()).unwrap(),
        _ => panic!("a name of another kind"),
    }
}
