//! mbedTLS's verdict with every root loaded, and just in time.
//!
//! mbedTLS knows no name constraints, and cannot read a root whose own are critical. So that there is something to compare
//! with, the roots are loaded without theirs, and where mbedTLS finds a path, others say whether it conforms to them.
#![allow(unsafe_code, reason = "mbedTLS's clock is the C library's `time`")]

use jit_trust_core::MAX_CERTIFICATES;
use std::cell::Cell;
use std::sync::{Arc, Mutex};

use jit_trust::BlobStore;
use jit_trust::mbedtls::Connector;
use mbedtls::alloc::List;
use mbedtls::x509::{Certificate, KeyUsage, VerifyError};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::crypto::CryptoProvider;

use crate::libraries::{Bindings, Bound, Form, Judged, Library, Roots};
use crate::name_constraints::NameConstraints;
use crate::question::Request;

/// mbedTLS, with all roots loaded and in each form of the store.
pub(crate) struct MbedTls {
    constraints: NameConstraints,
    loaded: Vec<Loaded>,
    forms: Vec<(Form, Connector)>,
}

struct Loaded {
    /// The root's certificate without constraints, with its own, and with those that Mozilla imposes in their place.
    plain: CertificateDer<'static>,
    own: CertificateDer<'static>,
    constrained: CertificateDer<'static>,
    bindings: Bindings,
}

impl MbedTls {
    pub(crate) fn new(roots: &Roots<'_>, provider: Arc<CryptoProvider>) -> Self {
        let loaded = roots.bound().map(|Bound { root, bindings }| Loaded {
            plain: root.without_constraints(),
            own: root.der.clone(),
            constrained: root.with_imposed_constraints(),
            bindings,
        });
        let forms = roots.forms().map(|(form, blob)| {
            let store = BlobStore::new(blob).unwrap();
            (form, Connector::new(store).unwrap())
        });
        Self {
            constraints: NameConstraints::new(provider),
            loaded: loaded.collect(),
            forms: forms.collect(),
        }
    }
}

impl Library for MbedTls {
    type Sent = List<Certificate>;

    const NAME: &'static str = "mbedTLS";

    const FOR_THE_NAME: &'static str = "CERT_CN_MISMATCH";

    const IS_PICKY: bool = true;

    const WEBS_PER_QUESTION: u64 = 40;

    /// A connection in which a certificate cannot be read, or that brings more than a record holds, fails before anybody is
    /// asked.
    fn read(&self, sent: &[CertificateDer<'_>]) -> Option<Self::Sent> {
        const RECORD: usize = 1 << 14;
        if sent.iter().map(|der| der.len() + 3).sum::<usize>() > RECORD {
            return None;
        }
        let mut list = List::new();
        for der in sent {
            list.push(Certificate::from_der(der).ok()?);
        }
        Some(list)
    }

    fn all_loaded(
        &self,
        sent: &Self::Sent,
        question: &Request<'_>,
        with_conditions: bool,
        permits_issuance: &dyn Fn(Option<u64>) -> bool,
    ) -> Judged {
        let loaded = self.loaded.iter();
        let mut loaded: Vec<&Loaded> = loaded
            .filter(|root| permits_issuance(root.bindings.get(with_conditions).distrust_after))
            .collect();
        loop {
            let path = find_path(sent, question, &loaded)?;
            let (top, below) = path.split_last().unwrap();
            let is_bound = |root: &Loaded| !root.bindings.get(with_conditions).imposed.is_empty();
            let conforms = |root: &Loaded| {
                let own = if with_conditions {
                    &root.constrained
                } else {
                    &root.own
                };
                let imposed = &root.bindings.get(with_conditions).imposed;
                let mut all = std::iter::once(own).chain(imposed);
                all.all(|root| self.constraints.permit(below, root, question.time))
            };
            let tops = || loaded.iter().filter(|root| root.plain == *top);
            if tops().any(|root| conforms(root)) {
                return Ok(());
            }
            if !tops().any(|root| is_bound(root)) {
                return Err("name constraints".to_owned());
            }
            let bound = tops().find(|root| is_bound(root)).unwrap();
            let identity = bound.bindings.get(with_conditions).identity.clone();
            loaded.retain(|root| root.bindings.get(with_conditions).identity != identity);
        }
    }

    fn just_in_time<'a>(
        &'a self,
        sent: &'a Self::Sent,
        question: &'a Request<'_>,
    ) -> Box<dyn Iterator<Item = (&'a Form, Judged)> + 'a> {
        let host = question.name.to_str();
        Box::new(self.forms.iter().map(move |(form, connector)| {
            let verified = at(question.time, || connector.verify(&host, sent));
            (form, verified.map(|_| ()).map_err(|error| shown(&error)))
        }))
    }

    fn is_refused_for_number(&self, sent: &Self::Sent, judged: &Judged) -> bool {
        let too_many = jit_trust::Rejection::TooManyCertificates.to_string();
        sent.iter().count() > MAX_CERTIFICATES && judged.as_ref().is_err_and(|error| *error == too_many)
    }
}

/// The path that mbedTLS finds to one of these roots, from the leaf up, the root's certificate last; or why it finds none.
fn find_path(
    sent: &List<Certificate>,
    question: &Request<'_>,
    loaded: &[&Loaded],
) -> Result<Vec<CertificateDer<'static>>, String> {
    let mut trusted = List::<Certificate>::new();
    for root in loaded {
        // What mbedTLS cannot read it trusts in no form.
        if let Ok(root) = Certificate::from_der(&root.plain) {
            trusted.push(root);
        }
    }
    let path = Arc::new(Mutex::new(Vec::new()));
    let seen = path.clone();
    let see = move |certificate: &Certificate, _: i32, _: &mut VerifyError| {
        seen.lock()
            .unwrap()
            .push(CertificateDer::from(certificate.as_der().to_vec()));
        Ok(())
    };
    let name = name(question);
    at(question.time, || {
        let verified = Certificate::verify_with_callback_expected_common_name_return_verify_err(
            sent,
            &trusted,
            None,
            None,
            see,
            name.as_deref(),
        );
        verified.map_err(|(_, flags)| format!("{flags:?}"))
    })?;
    // In a handshake, mbedTLS looks at this when it has found a path.
    let own = sent.iter().next().unwrap();
    if !own.check_extended_key_usage(&[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01])
        || !(own.check_key_usage(KeyUsage::DIGITAL_SIGNATURE)
            || own.check_key_usage(KeyUsage::KEY_ENCIPHERMENT)
            || own.check_key_usage(KeyUsage::KEY_AGREEMENT))
    {
        return Err("usage".to_owned());
    }
    let mut path = std::mem::take(&mut *path.lock().unwrap());
    path.reverse();
    Ok(path)
}

/// What mbedTLS says under an error, or we say where it says nothing.
fn shown(error: &jit_trust::mbedtls::Error) -> String {
    let Some(rejection) = error.rejection() else {
        return error.to_string();
    };
    let original = rejection.original();
    original.map_or_else(|| rejection.to_string(), ToString::to_string)
}

/// mbedTLS 2.28 knows names only.
fn name(question: &Request<'_>) -> Option<String> {
    match &question.name {
        ServerName::DnsName(name) => Some(name.as_ref().to_owned()),
        _ => None,
    }
}

thread_local! {
    static CLOCK: Cell<Option<i64>> = const { Cell::new(None) };
}

/// Runs something with mbedTLS's clock at this time.
fn at<T>(time: UnixTime, run: impl FnOnce() -> T) -> T {
    CLOCK.set(Some(time.as_secs().try_into().unwrap()));
    let done = run();
    CLOCK.set(None);
    done
}

/// The C library's function, in its place.
#[unsafe(no_mangle)]
extern "C" fn time(at: *mut libc::time_t) -> libc::time_t {
    let given = CLOCK.try_with(Cell::get).ok().flatten();
    let now = given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        now.map_or(0, |now| now.as_secs().try_into().unwrap_or(i64::MAX))
    });
    // SAFETY: null, or where the caller wants it.
    if let Some(at) = unsafe { at.as_mut() } {
        *at = now;
    }
    now
}
