//! Anchors as OpenSSL takes them: certificates.

use std::collections::HashSet;
use std::sync::Arc;

use jit_trust_core::{Certificate, MAX_CERTIFICATES, PeerChain, TrustAnchor};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::{X509, X509StoreContextRef};

use super::store_context::{Marked, certificate, loaded, untrusted};
use crate::handshake_error::Refusal;
use crate::store::{Conditions, Scope, check_imposed};
use crate::trust::{KnownAnchor, Stores};
use crate::{Distrusted, Candidates, StoreError};

/// What the user loaded into the context and could be of use for one chain.
pub(super) struct Loaded(Vec<LoadedCa>);

/// A CA that the user loaded, and what local stores say of its name and key: that binds it too.
pub(super) struct LoadedCa {
    certificate: X509,
    /// Without its header; empty where this crate cannot read the certificate. No store can speak of it then.
    spki_value: Vec<u8>,
    distrust_after: Option<u64>,
    /// The name constraints that are not its own.
    imposed: Vec<Vec<u8>>,
}

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
        Ok(Self(found.into_iter().map(LoadedCa::new).collect()))
    }

    /// Binds each by what local stores say of its name and key. Some of that was heard when anchors were selected for the
    /// peer's chain.
    pub(super) fn bind(&mut self, stores: &Stores<'_>, heard: &Candidates<'_>) -> Result<(), StoreError> {
        let ders = self
            .0
            .iter()
            .map(|ca| ca.certificate.to_der().unwrap_or_default());
        let ders: Vec<Vec<u8>> = ders.collect();
        let read: Vec<_> = ders.iter().map(|der| Certificate::from_der(der).ok()).collect();
        let readable = ders.iter().zip(&read).filter(|(_, read)| read.is_some());
        let readable: Vec<&[u8]> = readable.map(|(der, _)| der.as_slice()).collect();
        let mut hear = |selection: &Candidates<'_>| {
            for (ca, read) in self.0.iter_mut().zip(&read) {
                if let Some(read) = read {
                    ca.hear(selection, read);
                }
            }
        };
        hear(heard);
        // Stores are asked by the issuers of a chain. A CA is that of itself, or of another that is loaded.
        for several in readable.chunks(MAX_CERTIFICATES) {
            if let Ok(chain) = PeerChain::read(several.iter().copied()) {
                let mut selection = Candidates::new(&chain);
                stores.ask_local(&mut selection)?;
                hear(&selection);
            }
        }
        Ok(())
    }

    /// Whether a path to one of them is to be checked beyond what OpenSSL does.
    pub(super) fn needs_path_check(&self) -> bool {
        let mut all = self.0.iter();
        all.any(|ca| ca.distrust_after.is_some() || !ca.imposed.is_empty())
    }

    pub(super) fn get(&self, place: usize) -> Option<&LoadedCa> {
        self.0.get(place)
    }

    /// Takes one out: a path to it does not conform to what binds it. Says which name, in DER, and key it has.
    pub(super) fn refuse(&mut self, place: usize) -> Option<(Vec<u8>, Vec<u8>)> {
        self.0.get(place)?;
        let ca = self.0.remove(place);
        Some((ca.certificate.subject_name().to_der().ok()?, ca.spki_value))
    }
}

impl LoadedCa {
    fn new(certificate: X509) -> Self {
        Self {
            certificate,
            spki_value: Vec::new(),
            distrust_after: None,
            imposed: Vec::new(),
        }
    }

    fn hear(&mut self, selection: &Candidates<'_>, own: &Certificate<'_>) {
        let conditions = selection.conditions_of(own.subject(), own.spki_value(), Scope::Policy);
        self.spki_value = own.spki_value().to_vec();
        let dates = [self.distrust_after, conditions.distrust_after];
        self.distrust_after = dates.into_iter().flatten().min();
        for set in conditions.beside(own.name_constraints()) {
            if !self.imposed.iter().any(|known| **known == *set) {
                self.imposed.push(set.to_vec());
            }
        }
    }

    /// Checks a path that ends in it, by its certificates below, the end entity's first.
    pub(super) fn check_path(&self, chain: &PeerChain<'_>, below: &[Vec<u8>]) -> Result<(), Refusal> {
        if let Some(distrust_after) = self.distrust_after {
            if !chain.was_issued_by(Some(distrust_after)) {
                let der = self.certificate.to_der().unwrap_or_default();
                let root = Certificate::from_der(&der).map(|ca| ca.subject().to_string());
                return Err(Arc::new(Distrusted {
                    root: root.unwrap_or_default(),
                    distrust_after,
                    issued_at: chain.issued_at(),
                }));
            }
        }
        let imposed = self.imposed.iter().map(Vec::as_slice);
        check_imposed(imposed, below.iter().map(Vec::as_slice)).map_err(|error| Arc::new(error) as Refusal)
    }

    /// What a connection depends on whose path ends in it. `issued` is the certificate that it has issued.
    pub(super) fn known(&self, issued: &[u8]) -> KnownAnchor {
        let conditions = Conditions {
            distrust_after: self.distrust_after,
            name_constraints: self.imposed.iter().map(Vec::as_slice).collect(),
        };
        let der = self.certificate.to_der().unwrap_or_default();
        let own = Certificate::from_der(&der).ok();
        let own = own.and_then(|own| own.name_constraints());
        KnownAnchor::loaded(&self.spki_value, own, &conditions, issued)
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
        for ca in &loaded.0 {
            stack.push(ca.certificate.clone())?;
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
