//! The CAs that the program loaded into the TLS library itself.

use alloc::boxed::Box;
use alloc::vec::Vec;

use jit_trust_core::{Certificate, MAX_CERTIFICATES, PeerChain};

use super::path::Certificates;
use crate::StoreError;
use crate::binding::BoundAnchor;
use crate::candidates::{Candidates, Conditions, Scope, check_imposed};
use crate::policy::HostPolicy;
use crate::rejection::{DatedRoot, Rejection};

/// The CAs that the program loaded into the TLS library and that may be in a path of one chain. The conditions that local
/// stores state for the name and key of a CA bind it.
#[derive(Debug, Default)]
pub(crate) struct LoadedCas(Vec<LoadedCa>);

#[derive(Debug)]
struct LoadedCa {
    der: Box<[u8]>,
    distrust_after: Option<u64>,
    /// The name constraints that stores impose on it.
    imposed: Vec<Box<[u8]>>,
    is_excluded: bool,
}

impl LoadedCas {
    /// The same for these CAs, given in DER; those that were excluded stay so. One that cannot be read has no conditions,
    /// because no store can state any for it.
    pub(crate) fn replaced(&self, ders: Vec<Box<[u8]>>) -> Self {
        let unbound = |der| LoadedCa {
            is_excluded: self.0.iter().any(|known| known.is_excluded && known.der == der),
            der,
            distrust_after: None,
            imposed: Vec::new(),
        };
        Self(ders.into_iter().map(unbound).collect())
    }

    /// Collects for each the conditions that local stores state for its name and key. Some came with the candidates.
    pub(crate) fn bind(
        &mut self,
        policy: &HostPolicy,
        candidates: &Candidates<'_>,
    ) -> Result<(), StoreError> {
        self.collect(candidates);
        let ders: Vec<Box<[u8]>> = self.0.iter().map(|ca| ca.der.clone()).collect();
        let readable: Vec<&[u8]> = ders
            .iter()
            .map(|der| &**der)
            .filter(|der| Certificate::from_der(der).is_ok())
            .collect();
        // Stores are asked by the issuers of a chain. A CA's issuer is itself, or another that is loaded.
        for several in readable.chunks(MAX_CERTIFICATES) {
            if let Ok(chain) = PeerChain::read(several.iter().copied()) {
                let mut candidates = Candidates::new(&chain);
                policy.select_local(&mut candidates)?;
                self.collect(&candidates);
            }
        }
        Ok(())
    }

    fn collect(&mut self, candidates: &Candidates<'_>) {
        for ca in &mut self.0 {
            let Ok(own) = Certificate::from_der(&ca.der) else {
                continue;
            };
            let conditions = candidates.conditions_of(own.subject(), own.spki_value(), Scope::Policy);
            let dates = [ca.distrust_after, conditions.distrust_after];
            ca.distrust_after = dates.into_iter().flatten().min();
            for set in conditions.beside(own.name_constraints()) {
                if !ca.imposed.iter().any(|known| **known == *set) {
                    ca.imposed.push(set.into());
                }
            }
        }
    }

    /// The indexes of the CAs that may be used.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> + '_ {
        let usable = self.0.iter().enumerate().filter(|(_, ca)| !ca.is_excluded);
        usable.map(|(place, _)| place)
    }

    /// Whether one was excluded.
    pub(crate) fn leaves_out_any(&self) -> bool {
        self.0.iter().any(|ca| ca.is_excluded)
    }

    /// Whether a path to one of them needs a check that the TLS library does not make.
    pub(crate) fn needs_path_check(&self) -> bool {
        let mut usable = self.0.iter().filter(|ca| !ca.is_excluded);
        usable.any(|ca| ca.distrust_after.is_some() || !ca.imposed.is_empty())
    }

    /// Whether one of them is this certificate, in DER.
    pub(crate) fn is(&self, place: usize, der: &[u8]) -> bool {
        self.0.get(place).is_some_and(|ca| *ca.der == *der)
    }

    /// The name constraints of one of them.
    pub(crate) fn name_constraints(&self, place: usize) -> Option<&[u8]> {
        let own = Certificate::from_der(&self.0.get(place)?.der).ok()?;
        own.name_constraints()
    }

    /// Checks a path that ends in one of them. `below` are the certificates below it, the end entity first.
    pub(crate) fn check_path(
        &self,
        place: usize,
        chain: &PeerChain<'_>,
        below: &Certificates<'_>,
    ) -> Result<(), Rejection> {
        let Some(ca) = self.0.get(place) else {
            return Err(Rejection::NotVerified);
        };
        if let Some(distrust_after) = ca.distrust_after {
            if !chain.was_issued_by(Some(distrust_after)) {
                let root = Certificate::from_der(&ca.der).map(|own| alloc::format!("{}", own.subject()));
                return Err(Rejection::DatedRoot(DatedRoot {
                    root: root.unwrap_or_default(),
                    distrust_after,
                    issued_at: chain.issued_at(),
                }));
            }
        }
        let imposed = ca.imposed.iter().map(|set| &**set);
        check_imposed(imposed, below.iter().map(|der| &**der)).map_err(Into::into)
    }

    /// Excludes one, because a path to it violates its conditions, with the candidates of its name and key, which have the same
    /// conditions.
    pub(crate) fn exclude(&mut self, place: usize, candidates: &mut Candidates<'_>) {
        let Some(ca) = self.0.get_mut(place) else {
            return;
        };
        ca.is_excluded = true;
        if let Ok(own) = Certificate::from_der(&ca.der) {
            candidates.exclude_key(own.subject().as_der(), own.spki_value(), Scope::Policy);
        }
    }

    /// The binding of a connection whose path ends in it. `issued` is the certificate that it has issued.
    pub(crate) fn bound(&self, place: usize, issued: &[u8]) -> Option<BoundAnchor> {
        let ca = self.0.get(place)?;
        let conditions = Conditions {
            distrust_after: ca.distrust_after,
            name_constraints: ca.imposed.iter().map(|set| &**set).collect(),
        };
        let own = Certificate::from_der(&ca.der).ok();
        let spki_value = own.as_ref().map(Certificate::spki_value).unwrap_or_default();
        let constraints = own.as_ref().and_then(Certificate::name_constraints);
        Some(BoundAnchor::loaded(spki_value, constraints, &conditions, issued))
    }
}
