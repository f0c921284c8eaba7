//! An anchor that vouched for a connection, remembered: to see later whether it is still trusted.

use jit_trust_core::{BasicConstraints, Certificate, Entry, PeerChain, TrustAnchor};

use super::Place;
use crate::{Selection, TrustStore};

/// An anchor that vouched for a connection: what of it a validation takes into account, and with what to ask for it
/// again.
#[derive(Debug)]
pub(crate) struct KnownAnchor {
    spki: Box<[u8]>,
    name_constraints: Option<Box<[u8]>>,
    distrust_after: Option<u64>,
    judged: Judged,
    /// Certificates of the chain by which a store finds it: one that names it as the issuer, and then others that name
    /// it, or have its name.
    naming: Box<[Box<[u8]>]>,
    origin: Option<Place>,
}

/// What libraries that judge a root by its certificate look at besides.
#[derive(Debug)]
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

/// How many certificates of a chain are kept to find an anchor by.
const MAX_NAMING: usize = 3;

impl KnownAnchor {
    /// The anchor of a path in this chain, and where it was imported from, if it was.
    pub(crate) fn new(
        anchor: &TrustAnchor<'_>,
        chain: &PeerChain<'_>,
        origin: Option<&Place>,
    ) -> Option<Self> {
        let is_issued = |certificate: &&Certificate<'_>| certificate.issuer() == anchor.subject();
        let is_it = |certificate: &&Certificate<'_>| certificate.subject() == anchor.subject();
        let issued = chain.certificates().find(is_issued)?;
        // Webroots of other tools know it by its key identifier, which another certificate may give, or a copy of it.
        let others = chain
            .certificates()
            .filter(|other| is_issued(other) || is_it(other));
        let others = others.filter(|other| other.as_der() != issued.as_der());
        let naming = std::iter::once(issued).chain(others).take(MAX_NAMING);
        Some(Self {
            spki: anchor.spki_value().into(),
            name_constraints: anchor.name_constraints().map(Into::into),
            distrust_after: anchor.distrust_after(),
            judged: Judged::new(anchor.entry()),
            naming: naming.map(|certificate| certificate.as_der().into()).collect(),
            origin: origin.cloned(),
        })
    }

    /// Where it was imported from, if it was.
    pub(crate) fn origin(&self) -> Option<&Place> {
        self.origin.as_ref()
    }

    /// Whether it is this anchor, under the same conditions.
    pub(crate) fn is(&self, anchor: &TrustAnchor<'_>) -> bool {
        let issued = || Certificate::from_der(self.naming.first()?).ok();
        self.is_of(anchor.entry()) && issued().is_some_and(|issued| issued.issuer() == anchor.subject())
    }

    /// Whether an entry, which was found under its name, holds it, under the same conditions.
    pub(crate) fn is_of(&self, entry: &Entry<'_>) -> bool {
        entry.spki_value() == &*self.spki
            && entry.name_constraints() == self.name_constraints.as_deref()
            && entry.distrust_after() == self.distrust_after
            && self.judged.is_of(entry)
    }

    /// Whether this store holds it still. A store that cannot say does not.
    pub(crate) fn is_held_by(&self, store: &dyn TrustStore) -> bool {
        let Ok(chain) = PeerChain::read(self.naming.iter().map(|der| &**der)) else {
            return false;
        };
        let mut selection = Selection::new(&chain);
        let asked = store.select(&mut selection);
        asked.is_ok() && selection.undated().any(|anchor| self.is_of(anchor.entry()))
    }
}
