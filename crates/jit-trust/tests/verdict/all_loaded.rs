//! webpki with every root loaded, less those dropped by date, and those to which a path leads that does not conform to
//! what else binds them: the verdict that just-in-time selection must match.
//!
//! Nothing here is jit-trust's. Dates and names are read by x509-parser.

use std::sync::Arc;

use pki_types::{CertificateDer, TrustAnchor};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::{CertificateError, Error, RootCertStore};
use webpki::{EndEntityCert, KeyUsage};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::binding::{self, Binding};
use crate::name_constraints::NameConstraints;
use crate::question::{Reason, Request, Verdict};
use crate::root::TrustedRoot;

/// All roots, ready for webpki.
pub(crate) struct AllLoaded {
    roots: Vec<Loaded>,
    constraints: NameConstraints,
    provider: Arc<CryptoProvider>,
}

struct Loaded {
    anchor: TrustAnchor<'static>,
    binding: Binding,
}

impl AllLoaded {
    pub(crate) fn new(roots: &[TrustedRoot], provider: Arc<CryptoProvider>) -> Self {
        let bound = roots.iter().zip(binding::of(roots));
        Self::of(
            bound.map(|(root, binding)| Loaded::with_conditions(root, binding)),
            provider,
        )
    }

    /// Without the conditions under which the roots are trusted, as in a store that cannot carry them.
    pub(crate) fn without_conditions(roots: &[TrustedRoot], provider: Arc<CryptoProvider>) -> Self {
        let bound = roots.iter().zip(binding::without_conditions(roots));
        Self::of(
            bound.map(|(root, binding)| Loaded::without_conditions(root, binding)),
            provider,
        )
    }

    fn of(roots: impl Iterator<Item = Loaded>, provider: Arc<CryptoProvider>) -> Self {
        Self {
            roots: roots.collect(),
            constraints: NameConstraints::new(provider.clone()),
            provider,
        }
    }

    /// The verdict; where it is that no path is valid, and one would be but for the dates, that is the reason, and else
    /// the constraints for which a root was taken out, if one was.
    pub(crate) fn verdict(&self, question: &Request<'_>) -> Verdict {
        let (mut loaded, dropped) = self.by_date(&question.sent[0]);
        let taken_out = self.take_out(&mut loaded, question);
        let verdict = self.ask(&loaded, question);
        if has_path(&verdict) {
            return verdict;
        }
        if !dropped.is_empty() {
            let is_there =
                |root: &&Loaded| !taken_out.iter().any(|taken_out| std::ptr::eq(*root, *taken_out));
            if has_path(&self.ask(&self.roots.iter().filter(is_there).collect::<Vec<_>>(), question)) {
                return Err(Reason::Distrusted);
            }
        }
        if !taken_out.is_empty() {
            return Err(Reason::OtherConstraints);
        }
        verdict
    }

    /// The verdict without the roots that are no longer trusted for this leaf, and without regard to what would be if they
    /// were.
    pub(crate) fn verdict_without_dropped(&self, question: &Request<'_>) -> Verdict {
        let (mut loaded, _) = self.by_date(&question.sent[0]);
        self.take_out(&mut loaded, question);
        self.ask(&loaded, question)
    }

    /// Takes out the roots to which webpki finds a path that does not conform to what binds them beside their own entries,
    /// and says which those were.
    fn take_out<'l>(&'l self, loaded: &mut Vec<&'l Loaded>, question: &Request<'_>) -> Vec<&'l Loaded> {
        let mut taken_out = Vec::new();
        if loaded.iter().all(|root| root.binding.imposed.is_empty()) {
            return taken_out;
        }
        while let Some((place, path)) = self.find_path(loaded, question) {
            let mut imposed = loaded[place].binding.imposed.iter();
            if imposed.all(|root| self.constraints.permit_valid(&path, root, question.time)) {
                break;
            }
            let identity = &loaded[place].binding.identity;
            let (out, left): (Vec<_>, Vec<_>) = loaded
                .drain(..)
                .partition(|root| root.binding.identity == *identity);
            taken_out.extend(out);
            *loaded = left;
        }
        taken_out
    }

    /// The place of the root to which webpki finds a path, and the certificates below it, from the leaf up.
    fn find_path(
        &self,
        roots: &[&Loaded],
        question: &Request<'_>,
    ) -> Option<(usize, Vec<CertificateDer<'static>>)> {
        let (leaf, others) = question.sent.split_first().unwrap();
        let leaf = EndEntityCert::try_from(leaf).ok()?;
        let anchors: Vec<_> = roots.iter().map(|root| root.anchor.clone()).collect();
        let algorithms = self.provider.signature_verification_algorithms.all;
        let usage = KeyUsage::server_auth();
        let path = leaf
            .verify_for_usage(algorithms, &anchors, others, question.time, usage, None, None)
            .ok()?;
        let place = anchors
            .iter()
            .position(|anchor| std::ptr::eq(anchor, path.anchor()));
        let mut below = vec![path.end_entity().der().into_owned()];
        below.extend(path.intermediate_certificates().map(|ca| ca.der().into_owned()));
        Some((place.unwrap(), below))
    }

    fn ask(&self, roots: &[&Loaded], question: &Request<'_>) -> Verdict {
        let loaded: RootCertStore = roots.iter().map(|root| root.anchor.clone()).collect();
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(loaded), self.provider.clone());
        question.ask(verifier.build().unwrap().as_ref())
    }

    /// The roots that are trusted for this leaf, and those that no longer are.
    fn by_date(&self, leaf: &CertificateDer<'_>) -> (Vec<&Loaded>, Vec<&Loaded>) {
        if self
            .roots
            .iter()
            .all(|root| root.binding.distrust_after.is_none())
        {
            return (self.roots.iter().collect(), Vec::new());
        }
        let not_before = not_before(leaf);
        self.roots.iter().partition(|root| {
            let Some(distrust_after) = root.binding.distrust_after else {
                return true;
            };
            not_before.is_some_and(|not_before| i128::from(not_before) <= i128::from(distrust_after))
        })
    }
}

impl Loaded {
    fn with_conditions(root: &TrustedRoot, binding: Binding) -> Self {
        let mut loaded = Self::without_conditions(root, binding);
        if let Some(name_constraints) = &root.name_constraints {
            loaded.anchor.name_constraints = Some(name_constraints.clone().into());
        }
        loaded
    }

    fn without_conditions(root: &TrustedRoot, binding: Binding) -> Self {
        Self {
            anchor: webpki::anchor_from_trusted_cert(&root.der).unwrap().to_owned(),
            binding,
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
