//! webpki with every root loaded, less those dropped by date: the verdict that just-in-time selection must match.
//!
//! Nothing here is jit-trust's. Dates and names are read by x509-parser.

use std::sync::Arc;

use pki_types::{CertificateDer, TrustAnchor};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, Error, RootCertStore};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::question::{Question, Reason, Verdict};
use crate::root::TrustedRoot;

/// All roots, ready for webpki.
pub(crate) struct AllLoaded {
    roots: Vec<Loaded>,
    provider: Arc<CryptoProvider>,
}

struct Loaded {
    anchor: TrustAnchor<'static>,
    distrust_after: Option<u64>,
}

impl AllLoaded {
    pub(crate) fn new(roots: &[TrustedRoot], provider: Arc<CryptoProvider>) -> Self {
        Self {
            roots: roots.iter().map(Loaded::with_conditions).collect(),
            provider,
        }
    }

    /// Without the conditions under which the roots are trusted, as in a store that cannot carry them.
    pub(crate) fn without_conditions(roots: &[TrustedRoot], provider: Arc<CryptoProvider>) -> Self {
        Self {
            roots: roots.iter().map(Loaded::without_conditions).collect(),
            provider,
        }
    }

    /// The verdict; where it is that no path is valid, and one would be but for the dates, that is the reason.
    pub(crate) fn verdict(&self, question: &Question<'_>) -> Verdict {
        let (loaded, dropped) = self.by_date(&question.sent[0]);
        let is_dated = !dropped.is_empty();
        let verdict = self.ask(&loaded, question);
        if is_dated
            && !has_path(&verdict)
            && has_path(&self.ask(&self.roots.iter().collect::<Vec<_>>(), question))
        {
            return Err(Reason::Distrusted);
        }
        verdict
    }

    /// The verdict without the roots that may no longer vouch for this leaf, and without regard to what would be if they
    /// did.
    pub(crate) fn verdict_without_dropped(&self, question: &Question<'_>) -> Verdict {
        self.ask(&self.by_date(&question.sent[0]).0, question)
    }

    fn ask(&self, roots: &[&Loaded], question: &Question<'_>) -> Verdict {
        let loaded: RootCertStore = roots.iter().map(|root| root.anchor.clone()).collect();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(loaded), self.provider.clone());
        question.ask(verifier.build().unwrap().as_ref())
    }

    /// The roots that may vouch for this leaf, and those that no longer may.
    fn by_date(&self, leaf: &CertificateDer<'_>) -> (Vec<&Loaded>, Vec<&Loaded>) {
        if self.roots.iter().all(|root| root.distrust_after.is_none()) {
            return (self.roots.iter().collect(), Vec::new());
        }
        let not_before = not_before(leaf);
        self.roots.iter().partition(|root| {
            let Some(distrust_after) = root.distrust_after else {
                return true;
            };
            not_before.is_some_and(|not_before| i128::from(not_before) <= i128::from(distrust_after))
        })
    }
}

impl Loaded {
    fn with_conditions(root: &TrustedRoot) -> Self {
        let mut loaded = Self::without_conditions(root);
        loaded.distrust_after = root.distrust_after;
        if let Some(name_constraints) = &root.name_constraints {
            loaded.anchor.name_constraints = Some(name_constraints.clone().into());
        }
        loaded
    }

    fn without_conditions(root: &TrustedRoot) -> Self {
        Self {
            anchor: webpki::anchor_from_trusted_cert(&root.der).unwrap().to_owned(),
            distrust_after: None,
        }
    }
}

/// When the certificate begins to be valid, in Unix seconds.
fn not_before(certificate: &[u8]) -> Option<i64> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.validity().not_before.timestamp())
}

/// Whether there is a valid path: rustls asks for the name last of all.
fn has_path(verdict: &Verdict) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    match verdict {
        Ok(()) => true,
        Err(Reason::Rustls(Error::InvalidCertificate(error))) => {
            matches!(error, NotValidForName | NotValidForNameContext { .. })
        }
        Err(_) => false,
    }
}
