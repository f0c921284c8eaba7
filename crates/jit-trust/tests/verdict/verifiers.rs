//! Both ways to verify against one store, side by side.

use jit_trust_core::MAX_CERTIFICATES;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use jit_trust_lab::pki::{Ca, now};
use pki_types::CertificateDer;
use rustls::crypto::{CryptoProvider, aws_lc_rs};

use crate::all_loaded::AllLoaded;
use crate::deferred::{Cause, Deferred};
use crate::forms::{self, Form};
use crate::libraries::Compared;
#[cfg(any(feature = "mbedtls", feature = "openssl"))]
use crate::libraries::Roots;
#[cfg(feature = "mbedtls")]
use crate::mbedtls::MbedTls;
#[cfg(feature = "openssl")]
use crate::openssl::OpenSsl;
use crate::question::{Reason, Request, Verdict};
use crate::root::{TrustedRoot, among_mozillas};

/// A store of given roots among all of Mozilla's, and every way to verify against it.
pub(crate) struct Verifiers {
    all_loaded: AllLoaded,
    without_conditions: AllLoaded,
    pub(crate) forms: Vec<Form>,
    deferred: Deferred,
    #[cfg(feature = "openssl")]
    openssl: OpenSsl,
    #[cfg(feature = "mbedtls")]
    mbedtls: MbedTls,
    /// How often the verdict with the deferred store was another, and why.
    exceptions: Mutex<Exceptions>,
    _directory: tempfile::TempDir,
}

pub(crate) type Exceptions = BTreeMap<Cause, u64>;

/// A form of the store that does not say what webpki says with all roots loaded.
#[derive(Debug)]
pub(crate) struct Difference {
    form: &'static str,
    just_in_time: Verdict,
    all_loaded: Verdict,
}

impl Verifiers {
    pub(crate) fn new(roots: &[&Ca]) -> Self {
        Self::with_provider(roots, &aws_lc_rs::default_provider())
    }

    pub(crate) fn with_provider(roots: &[&Ca], provider: &CryptoProvider) -> Self {
        let roots: Vec<_> = roots.iter().map(|root| TrustedRoot::from(*root)).collect();
        Self::of_conditional(&roots, provider)
    }

    pub(crate) fn of_conditional(roots: &[TrustedRoot], provider: &CryptoProvider) -> Self {
        let roots = among_mozillas(roots);
        let directory = tempfile::tempdir().unwrap();
        let shared = Arc::new(provider.clone());
        Self {
            all_loaded: AllLoaded::new(&roots, shared.clone()),
            without_conditions: AllLoaded::without_conditions(&roots, shared),
            forms: forms::of(&roots, directory.path(), provider),
            deferred: Deferred::new(&roots, provider),
            #[cfg(feature = "openssl")]
            openssl: OpenSsl::new(&Roots(&roots)),
            #[cfg(feature = "mbedtls")]
            mbedtls: MbedTls::new(&Roots(&roots), Arc::new(provider.clone())),
            exceptions: Mutex::default(),
            _directory: directory,
        }
    }

    /// What webpki says with all roots loaded, if every form of the store says the same.
    ///
    /// The rejection of more than [`MAX_CERTIFICATES`] is not a difference: the caller has to count such requests.
    pub(crate) fn compare(&self, question: &Request<'_>) -> Result<Verdict, Box<Difference>> {
        let all_loaded = self.all_loaded.verdict(question);
        let without_conditions = self.without_conditions.verdict(question);
        let too_many = question.sent.len() > MAX_CERTIFICATES;
        for form in &self.forms {
            let expected = if form.carries_conditions {
                &all_loaded
            } else {
                &without_conditions
            };
            let just_in_time = question.ask(&form.verifier);
            let is_refused_for_number = too_many && just_in_time == Err(Reason::TooManyCertificates);
            if just_in_time != *expected && !is_refused_for_number {
                return Err(Box::new(Difference {
                    form: form.name,
                    just_in_time,
                    all_loaded: expected.clone(),
                }));
            }
        }
        let just_in_time = question.ask(&self.deferred.verifier);
        if kind(&just_in_time) != kind(&all_loaded)
            && !(too_many && just_in_time == Err(Reason::TooManyCertificates))
        {
            let Some(cause) = self.deferred.cause(question, &just_in_time, &self.all_loaded) else {
                return Err(Box::new(Difference {
                    form: "a store that answers later",
                    just_in_time,
                    all_loaded,
                }));
            };
            *self.exceptions.lock().unwrap().entry(cause).or_default() += 1;
        }
        Ok(all_loaded)
    }

    /// The other TLS libraries.
    pub(crate) fn libraries(&self) -> impl Iterator<Item = &dyn Compared> {
        let libraries: Box<[&dyn Compared]> = Box::new([
            #[cfg(feature = "openssl")]
            &self.openssl,
            #[cfg(feature = "mbedtls")]
            &self.mbedtls,
        ]);
        libraries.into_iter()
    }

    /// How often the limits of lookups in the deferred store were the reason for another verdict.
    pub(crate) fn exceptions(&self) -> Exceptions {
        self.exceptions.lock().unwrap().clone()
    }

    /// What all say of these certificates; a panic where they differ.
    pub(crate) fn agree(&self, sent: &[CertificateDer<'_>], name: &str, time: i64) -> Verdict {
        self.agree_on(&Request::new(sent, name, time))
    }

    pub(crate) fn agree_on(&self, question: &Request<'_>) -> Verdict {
        for library in self.libraries() {
            let compared = library.compare(question);
            compared.unwrap_or_else(|difference| panic!("{:?}: {difference}", question.name));
        }
        self.agree_by_rustls(question)
    }

    /// The same with rustls alone, which is quicker.
    pub(crate) fn agree_by_rustls(&self, question: &Request<'_>) -> Verdict {
        let verdict = self.compare(question);
        verdict.unwrap_or_else(|difference| panic!("{question:?}: {difference}"))
    }

    pub(crate) fn agree_today(&self, sent: &[CertificateDer<'_>]) -> Verdict {
        self.agree(sent, "a.test", now())
    }
}

fn kind(verdict: &Verdict) -> Option<String> {
    verdict.as_ref().err().map(Reason::kind)
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            form,
            just_in_time,
            all_loaded,
        } = self;
        write!(
            f,
            "{form}, says {just_in_time:?}; webpki with all roots loaded says {all_loaded:?}"
        )
    }
}
