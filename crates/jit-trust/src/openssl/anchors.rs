//! Anchors as OpenSSL takes them: certificates.

use std::collections::HashSet;

use jit_trust_core::TrustAnchor;
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::{X509, X509StoreContextRef};

use super::store_context::{Marked, certificate, loaded, untrusted};

/// What the user loaded into the context and could be of use for one chain.
pub(super) struct Loaded(Vec<X509>);

impl Loaded {
    /// Whatever was loaded under one of the names in the chain, and under the names of what issued that: a certificate of
    /// the chain itself can be among it, and one that the server should have sent.
    pub(super) fn for_chain(context: &mut X509StoreContextRef) -> Result<Self, ErrorStack> {
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
        Ok(Self(found))
    }
}

/// What one verification may trust: CAs that the user loaded into the context, then ours.
pub(super) struct Anchors {
    pub(super) stack: Stack<X509>,
    /// How many of them the user loaded, and which of those selected each other is.
    loaded: usize,
    selected: Vec<usize>,
}

impl Anchors {
    /// The anchors that were selected. One that no certificate can be made of is left out: it vouches for nothing.
    pub(super) fn new<'a>(
        loaded: &Loaded,
        anchors: impl Iterator<Item = TrustAnchor<'a>>,
    ) -> Result<Self, ErrorStack> {
        let mut stack = Stack::new()?;
        for certificate in &loaded.0 {
            stack.push(certificate.clone())?;
        }
        let mut selected = Vec::new();
        let mut buffer = Vec::new();
        for (number, anchor) in anchors.enumerate() {
            buffer.resize(anchor.certificate_buffer_len().unwrap_or_default(), 0);
            let certificate = anchor.to_certificate(&mut buffer).ok();
            let certificate = certificate.and_then(|der| Marked::during(|| X509::from_der(der)).ok());
            if let Some(certificate) = certificate {
                stack.push(certificate)?;
                selected.push(number);
            }
        }
        Ok(Self {
            stack,
            loaded: loaded.0.len(),
            selected,
        })
    }

    /// Which of those selected the one at this place of the stack is; `None` for one that the user loaded.
    pub(super) fn selected(&self, place: usize) -> Option<usize> {
        self.selected.get(place.checked_sub(self.loaded)?).copied()
    }
}
