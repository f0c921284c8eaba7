//! The anchors that a connection depends on, by which a later check finds out whether it is still trusted.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;

use jit_trust_core::{BasicConstraints, Certificate, Entry, PeerChain, TrustAnchor};
use smallvec::SmallVec;

use crate::candidates::{Candidates, Conditions, Scope};
use crate::lookup::StoreKey;

/// The anchors that a connection depends on: the one that its path ended in, or, if it resumed a session, those that the
/// session depends on.
pub type BoundAnchors = Vec<Arc<BoundAnchor>>;

/// The anchors that a connection, or a session, depends on.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct TrustBinding {
    /// The anchors.
    pub anchors: BoundAnchors,
    /// The leases of those that came from deferred stores.
    #[cfg(feature = "std")]
    pub(crate) leases: Leases,
}

/// Leases, which keep imported anchors in the anchor cache.
#[cfg(feature = "std")]
pub(crate) type Leases = SmallVec<[Arc<crate::anchor_cache::Lease>; 1]>;

impl TrustBinding {
    /// Adds the anchors of another binding.
    pub fn extend(&mut self, other: Self) {
        self.anchors.extend(other.anchors);
        #[cfg(feature = "std")]
        self.leases.extend(other.leases);
    }
}

/// An anchor that a connection depends on: its properties that a validation takes into account, and certificates by which
/// stores can be asked for it again.
#[derive(Debug)]
pub struct BoundAnchor {
    spki: Box<[u8]>,
    name_constraints: Option<Box<[u8]>>,
    /// The name constraints that are imposed on it, without its own.
    imposed: Box<[Box<[u8]>]>,
    /// The earliest of its dates.
    distrust_after: Option<u64>,
    /// `None` for a CA that is loaded into the TLS library: it stays there.
    judged: Option<Judged>,
    /// Certificates of the chain by which a store finds it: first one that it issued, then others with its name as issuer or
    /// subject.
    naming: Box<[Box<[u8]>]>,
    origin: Option<StoreKey>,
}

/// Further properties, for libraries that check the certificate of a root.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    validity: [Option<u64>; 2],
    /// X.509 version 1, self-issued, incomplete.
    is: [bool; 3],
    basic_constraints: BasicConstraints,
    key_usage: Option<u16>,
    extended_key_usage: Option<Box<[u8]>>,
}

impl Judged {
    fn new(entry: &Entry<'_>) -> Self {
        let profile = entry.profile();
        Self {
            validity: [entry.not_before(), entry.not_after()],
            is: [
                profile.is_version_1,
                profile.is_self_issued,
                profile.is_incomplete,
            ],
            basic_constraints: profile.basic_constraints,
            key_usage: profile.key_usage,
            extended_key_usage: profile.extended_key_usage.map(Into::into),
        }
    }

    fn is_of(&self, entry: &Entry<'_>) -> bool {
        let profile = entry.profile();
        self.validity == [entry.not_before(), entry.not_after()]
            && self.is
                == [
                    profile.is_version_1,
                    profile.is_self_issued,
                    profile.is_incomplete,
                ]
            && self.basic_constraints == profile.basic_constraints
            && self.key_usage == profile.key_usage
            && self.extended_key_usage.as_deref() == profile.extended_key_usage
    }
}

/// Whether an anchor is still in a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Presence {
    /// The store holds it unchanged.
    Here,
    /// The store does not hold it, or holds it under other conditions.
    Gone,
    /// A deferred store would have to be asked.
    Unknown,
}

/// The largest number of certificates that are kept to find an anchor by.
const MAX_NAMING: usize = 3;

impl BoundAnchor {
    /// The anchor of a path in this chain, with the name constraints that are imposed on it. `origin` is the lookup that
    /// imported it, if one did.
    pub(crate) fn new(
        anchor: &TrustAnchor<'_>,
        imposed: &[&[u8]],
        chain: &PeerChain<'_>,
        origin: Option<&StoreKey>,
    ) -> Option<Self> {
        let is_issued = |certificate: &&Certificate<'_>| certificate.issuer() == anchor.subject();
        let is_it = |certificate: &&Certificate<'_>| certificate.subject() == anchor.subject();
        let issued = chain.certificates().find(is_issued)?;
        // Webroots of other tools find it by its key identifier, which another certificate of the chain may have.
        let others = chain
            .certificates()
            .filter(|other| is_issued(other) || is_it(other));
        let others = others.filter(|other| other.as_der() != issued.as_der());
        let naming = core::iter::once(issued).chain(others).take(MAX_NAMING);
        Some(Self {
            spki: anchor.spki_value().into(),
            name_constraints: anchor.name_constraints().map(Into::into),
            imposed: boxed(imposed),
            distrust_after: anchor.distrust_after(),
            judged: Some(Judged::new(anchor.entry())),
            naming: naming.map(|certificate| certificate.as_der().into()).collect(),
            origin: origin.cloned(),
        })
    }

    /// Whether both are the same anchor of the same store, under the same conditions.
    pub fn is_same(&self, other: &Self) -> bool {
        fn issuer(bound: &BoundAnchor) -> Option<&[u8]> {
            let issued = Certificate::from_der(bound.naming.first()?).ok()?;
            Some(issued.issuer().as_der())
        }
        let imposed: SmallVec<[&[u8]; 2]> = other.imposed.iter().map(|set| &**set).collect();
        self.spki == other.spki
            && self.name_constraints == other.name_constraints
            && self.is_imposed(&imposed)
            && self.distrust_after == other.distrust_after
            && self.judged == other.judged
            && self.origin == other.origin
            && issuer(self) == issuer(other)
    }

    /// The lookup that imported it, if one did.
    pub(crate) fn origin(&self) -> Option<&StoreKey> {
        self.origin.as_ref()
    }

    /// A CA that is loaded into the TLS library and in which a path ends, with the conditions that stores state for its name
    /// and key. `issued` is a certificate that it has issued.
    pub(crate) fn loaded(
        spki_value: &[u8],
        name_constraints: Option<&[u8]>,
        conditions: &Conditions<'_>,
        issued: &[u8],
    ) -> Self {
        Self {
            spki: spki_value.into(),
            name_constraints: name_constraints.map(Into::into),
            imposed: boxed(&conditions.name_constraints),
            distrust_after: conditions.distrust_after,
            judged: None,
            naming: Box::new([issued.into()]),
            origin: None,
        }
    }

    /// The certificates by which stores find it.
    pub(crate) fn naming(&self) -> impl Iterator<Item = &[u8]> {
        self.naming.iter().map(|der| &**der)
    }

    /// Whether it is this anchor, under the same conditions: its own and these imposed name constraints.
    pub(crate) fn is(&self, anchor: &TrustAnchor<'_>, imposed: &[&[u8]]) -> bool {
        let issued = || Certificate::from_der(self.naming.first()?).ok();
        self.is_of(anchor.entry(), imposed)
            && issued().is_some_and(|issued| issued.issuer() == anchor.subject())
    }

    /// Whether an entry that was found under its name is it, under the same conditions.
    fn is_of(&self, entry: &Entry<'_>, imposed: &[&[u8]]) -> bool {
        entry.spki_value() == &*self.spki
            && entry.name_constraints() == self.name_constraints.as_deref()
            && entry.distrust_after() == self.distrust_after
            && self.is_imposed(imposed)
            && self.judged.as_ref().is_some_and(|judged| judged.is_of(entry))
    }

    /// Whether exactly these sets of name constraints are imposed on it.
    fn is_imposed(&self, imposed: &[&[u8]]) -> bool {
        self.imposed.len() == imposed.len()
            && imposed
                .iter()
                .all(|set| self.imposed.iter().any(|own| **own == **set))
    }

    /// The conditions for it now, of local stores that were asked for it.
    pub(crate) fn conditions_in<'s>(&self, asked: &'s Candidates<'_>) -> Conditions<'s> {
        let issued = self
            .naming
            .first()
            .and_then(|der| Certificate::from_der(der).ok());
        issued.map_or_else(Conditions::default, |issued| {
            asked.conditions_of(issued.issuer(), &self.spki, Scope::Policy)
        })
    }

    /// Whether the local stores, which were asked for it, still hold it under the same conditions. A CA that is loaded into
    /// the TLS library stays there; only its conditions can change.
    pub(crate) fn is_held_in(&self, asked: &Candidates<'_>) -> bool {
        if self.judged.is_none() {
            let conditions = self.conditions_in(asked);
            return conditions.distrust_after == self.distrust_after
                && self.is_imposed(&conditions.beside(self.name_constraints.as_deref()));
        }
        asked.has(|anchor, imposed| self.is(anchor, imposed))
    }

    /// Whether a response of a deferred store still has it under the same conditions. `local` are those that local stores
    /// state for its name and key.
    pub(crate) fn is_held_by(&self, response: &[Entry<'_>], local: &Conditions<'_>) -> bool {
        response.iter().any(|entry| {
            let mut conditions = Conditions {
                distrust_after: local.distrust_after,
                name_constraints: local.name_constraints.iter().copied().collect(),
            };
            let is_same_key = |other: &&Entry<'_>| {
                other.spki_value() == entry.spki_value() && other.name_hash() == entry.name_hash()
            };
            for same in response.iter().filter(is_same_key) {
                conditions.add(same.distrust_after(), same.name_constraints());
            }
            let dated = entry.with_distrust_after(conditions.distrust_after);
            self.is_of(&dated, &conditions.beside(entry.name_constraints()))
        })
    }
}

fn boxed(sets: &[&[u8]]) -> Box<[Box<[u8]>]> {
    sets.iter().map(|set| Box::from(*set)).collect()
}
