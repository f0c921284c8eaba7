//! Anchors as certificates, for OpenSSL.

use std::borrow::Cow;
use std::collections::HashSet;

use jit_trust_engine::verification::{ValidPath, ValidationRequest};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::{X509, X509StoreContextRef};

use super::store_context::{Marked, certificate, loaded, untrusted};

/// The CAs that the program loaded into the context and that may be in a path of one chain: those with a name in the chain,
/// and those with the names of their issuers. A certificate of the chain itself can be among them, and one that the server
/// should have sent.
pub(crate) fn loaded_for_chain(context: &mut X509StoreContextRef) -> Result<Vec<X509>, ErrorStack> {
    let mut names = Vec::new();
    let mut seen = HashSet::new();
    let own = certificate(context).into_iter();
    for certificate in own.chain(untrusted(context).into_iter().flatten()) {
        for name in [certificate.issuer_name(), certificate.subject_name()] {
            if seen.insert(name.to_der()?) {
                names.push(name.to_owned()?);
            }
        }
    }
    let mut found: Vec<X509> = Vec::new();
    while let Some(name) = names.pop() {
        let certificates = Marked::during(|| loaded(context, &name));
        for certificate in certificates.into_iter().flatten() {
            let issuer = certificate.issuer_name();
            if seen.insert(issuer.to_der()?) {
                names.push(issuer.to_owned()?);
            }
            found.push(certificate);
        }
    }
    Ok(found)
}

/// The trusted certificates of one validation: CAs that the program loaded into the context, then the candidates.
pub(crate) struct Anchors {
    pub(crate) stack: Stack<X509>,
    /// The indexes of the loaded CAs, and then those of the candidates, in the order of the stack.
    loaded: Vec<usize>,
    candidates: Vec<usize>,
}

impl Anchors {
    /// The anchors of a request. An anchor of which no certificate can be made is left out.
    pub(crate) fn new(loaded: &[X509], request: &ValidationRequest<'_, '_>) -> Result<Self, ErrorStack> {
        let mut stack = Stack::new()?;
        let mut places = Vec::new();
        for place in request.loaded() {
            if let Some(certificate) = loaded.get(place) {
                stack.push(certificate.clone())?;
                places.push(place);
            }
        }
        let mut candidates = Vec::new();
        let mut buffer = Vec::new();
        for (place, anchor) in request.anchors().enumerate() {
            buffer.resize(anchor.certificate_buffer_len().unwrap_or_default(), 0);
            let certificate = anchor.to_certificate(&mut buffer).ok();
            let certificate = certificate.and_then(|der| Marked::during(|| X509::from_der(der)).ok());
            if let Some(certificate) = certificate {
                stack.push(certificate)?;
                candidates.push(place);
            }
        }
        Ok(Self {
            stack,
            loaded: places,
            candidates,
        })
    }

    /// The path that ends in the certificate with this index in the stack, if in any.
    pub(crate) fn path<'p>(
        &self,
        end: Option<usize>,
        below: impl IntoIterator<Item = Cow<'p, [u8]>>,
    ) -> ValidPath<'p> {
        let loaded = end.and_then(|place| self.loaded.get(place));
        match (loaded, end.and_then(|place| self.candidate(place))) {
            (Some(loaded), _) => ValidPath::to_loaded(*loaded, below),
            (None, Some(candidate)) => ValidPath::to_candidate(candidate, below),
            (None, None) => ValidPath::overridden(below),
        }
    }

    /// The index of the candidate with this index in the stack; `None` for a loaded CA.
    pub(crate) fn candidate(&self, place: usize) -> Option<usize> {
        self.candidates
            .get(place.checked_sub(self.loaded.len())?)
            .copied()
    }
}
