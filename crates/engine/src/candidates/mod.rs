//! The anchors that were selected for one chain.

mod conditions;

pub(crate) use conditions::{Conditions, Scope};

use alloc::vec::Vec;

use jit_trust_core::{
    Certificate, CertificateError, Entry, HashedName, Name, NameConstraintsError, OwnedTrustAnchor,
    PeerChain, TrustAnchor, check_imposed_constraints,
};
use smallvec::SmallVec;

/// The anchors that a connection is validated against: those that could have issued a certificate of the peer's chain and
/// are trusted for it.
///
/// It enforces three rules, so that no store can break them:
/// - The subject of an anchor is an issuer in the chain. An anchor that was found by key identifier and has another name is
///   left out, as every TLS library would leave it out.
/// - The conditions of an entry, its date and its name constraints, bind every anchor of the same name and key. A bare copy
///   of a root's certificate lifts no condition.
/// - An anchor that is trusted only for certificates issued up to a date is left out when this one was issued later.
///   [`dropped`](Self::dropped) returns those.
///
/// Anchors that a store lends are held without a copy and, up to four, without an allocation.
#[derive(Debug)]
pub struct Candidates<'s> {
    chain: &'s PeerChain<'s>,
    /// In the order of the stores, in which a TLS library tries the anchors of one name.
    found: SmallVec<[Found<'s>; 4]>,
    /// The source of the anchors that are added now.
    scope: Scope,
}

#[derive(Debug)]
struct Found<'s> {
    anchor: Anchor<'s>,
    scope: Scope,
    /// The earliest of its dates.
    distrust_after: Option<u64>,
    /// Whether name constraints are imposed on it that are not its own.
    is_constrained_elsewhere: bool,
    standing: Standing,
}

/// Whether an anchor may be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// It is a candidate.
    Selected,
    /// The certificate was issued after the date up to which the anchor is trusted.
    TooLate,
    /// A path to it violates its conditions.
    Excluded,
    /// Its conditions bind others. It is not a candidate itself.
    Unasked,
}

/// An anchor that is borrowed from the store, or owned.
#[derive(Debug)]
enum Anchor<'s> {
    Lent(TrustAnchor<'s>),
    Owned(OwnedTrustAnchor),
}

impl<'s> Anchor<'s> {
    fn get(&self) -> TrustAnchor<'_> {
        match self {
            Self::Lent(anchor) => *anchor,
            Self::Owned(anchor) => anchor.as_anchor(),
        }
    }

    fn is(&self, anchor: &TrustAnchor<'_>) -> bool {
        let is_same = |own: TrustAnchor<'_>| {
            own.entry().encoded() == anchor.entry().encoded()
                && own.subject() == anchor.subject()
                && own.distrust_after() == anchor.distrust_after()
                && own.name_constraints() == anchor.name_constraints()
        };
        is_same(self.get())
    }
}

/// Candidates without their chain.
#[derive(Debug)]
pub(crate) struct DetachedCandidates(SmallVec<[Found<'static>; 4]>);

impl DetachedCandidates {
    /// Returns the candidates with the chain that they were selected for.
    pub(crate) fn attach<'s>(self, chain: &'s PeerChain<'s>) -> Candidates<'s> {
        let found = self.0.into_iter().filter_map(|found| match found.anchor {
            Anchor::Owned(anchor) => Some(Found {
                anchor: Anchor::Owned(anchor),
                scope: found.scope,
                distrust_after: found.distrust_after,
                is_constrained_elsewhere: found.is_constrained_elsewhere,
                standing: found.standing,
            }),
            Anchor::Lent(_) => None,
        });
        Candidates {
            chain,
            found: found.collect(),
            scope: Scope::Policy,
        }
    }
}

impl<'s> Candidates<'s> {
    /// No candidates yet, for this chain.
    pub fn new(chain: &'s PeerChain<'s>) -> Self {
        Self {
            chain,
            found: SmallVec::new(),
            scope: Scope::Policy,
        }
    }

    /// Sets the source of the anchors that are added from now on.
    pub(crate) fn enter(&mut self, scope: Scope) {
        self.scope = scope;
    }

    /// The chain that anchors are selected for.
    pub fn chain(&self) -> &'s PeerChain<'s> {
        self.chain
    }

    /// Adds an anchor that the store lends. It is left out if it could not have issued a certificate of the chain, if its date
    /// does not permit the chain, or if it is there already.
    pub fn add(&mut self, anchor: TrustAnchor<'s>) {
        self.insert(&anchor, Standing::Selected, || Anchor::Lent(anchor));
    }

    /// Adds a certificate, in DER, as an anchor, under the rules of [`add`](Self::add).
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn add_certificate(&mut self, der: &[u8]) -> Result<(), CertificateError> {
        let certificate = Certificate::from_der(der)?;
        let mut issuers = self.chain.issuers();
        if let Some(issuer) = issuers.find(|issuer| *issuer == certificate.subject()) {
            self.add_entry(issuer.hashed(), &Entry::from_certificate(certificate));
        }
        Ok(())
    }

    /// Adds a copy of an entry that was found under the name of `issuer`, with its conditions, under the rules of
    /// [`add`](Self::add). An entry of another name is left out.
    pub fn add_entry(&mut self, issuer: HashedName<'s>, entry: &Entry<'_>) {
        self.insert_entry(issuer, entry, Standing::Selected);
    }

    /// Adds the conditions of an entry for its name and key, but not the entry itself.
    pub(crate) fn add_conditions_of(&mut self, issuer: HashedName<'s>, entry: &Entry<'_>) {
        self.insert_entry(issuer, entry, Standing::Unasked);
    }

    fn insert_entry(&mut self, issuer: HashedName<'s>, entry: &Entry<'_>, standing: Standing) {
        if let Some(anchor) = entry.named_as(issuer) {
            self.insert(&anchor, standing, || Anchor::Owned(anchor.to_owned_anchor()));
        }
    }

    fn insert(&mut self, anchor: &TrustAnchor<'_>, standing: Standing, held: impl FnOnce() -> Anchor<'s>) {
        let scope = self.scope;
        let is_known = |known: &Found<'s>| {
            known.standing != Standing::Unasked
                && scope.adds_nothing_to(known.scope)
                && known.anchor.is(anchor)
        };
        if !self.chain.is_issued_by(anchor.subject()) || self.found.iter().any(is_known) {
            return;
        }
        let mut added = Found {
            anchor: held(),
            scope,
            distrust_after: anchor.distrust_after(),
            is_constrained_elsewhere: false,
            standing,
        };
        for known in &mut self.found {
            let (of_known, of_added) = (known.scope.binds(scope), scope.binds(known.scope));
            if !(of_known || of_added) {
                continue;
            }
            let other = known.anchor.get();
            if !is_same_key(&other, anchor) {
                continue;
            }
            let (date, is_constrained) = (other.distrust_after(), differs(&other, anchor));
            if of_added {
                known.bind(anchor.distrust_after(), differs(anchor, &other), self.chain);
            }
            if of_known {
                added.bind(date, is_constrained, self.chain);
            }
        }
        added.bind(None, false, self.chain);
        self.found.push(added);
    }

    /// The anchors, in the order in which they were added. Each has the earliest of its dates.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|standing| standing == Standing::Selected)
    }

    /// The anchors to validate against; `without_dates` includes those that were left out for their date.
    pub(crate) fn validated_against(
        &self,
        without_dates: bool,
    ) -> impl Iterator<Item = TrustAnchor<'_>> + Clone {
        self.get(move |standing| match standing {
            Standing::Selected => true,
            Standing::TooLate => without_dates,
            Standing::Excluded | Standing::Unasked => false,
        })
    }

    /// The anchors that were left out because they are trusted only for certificates issued up to a date.
    pub fn dropped(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|standing| standing == Standing::TooLate)
    }

    /// The anchors and those that were left out for their date, in the order in which they were added.
    pub fn undated(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|standing| matches!(standing, Standing::Selected | Standing::TooLate))
    }

    /// Whether an anchor was left out, for its date or because a path violates its conditions.
    pub fn leaves_out_any(&self) -> bool {
        let mut found = self.found.iter();
        found.any(|found| matches!(found.standing, Standing::TooLate | Standing::Excluded))
    }

    /// Returns the candidates without borrowing the chain and the stores.
    pub(crate) fn detach(self) -> DetachedCandidates {
        let found = self.found.into_iter().map(|found| Found {
            anchor: match found.anchor {
                Anchor::Lent(anchor) => Anchor::Owned(anchor.to_owned_anchor()),
                Anchor::Owned(anchor) => Anchor::Owned(anchor),
            },
            scope: found.scope,
            distrust_after: found.distrust_after,
            is_constrained_elsewhere: found.is_constrained_elsewhere,
            standing: found.standing,
        });
        DetachedCandidates(found.collect())
    }

    /// The anchors and those that were left out, for any reason.
    pub(crate) fn all(&self) -> impl Iterator<Item = TrustAnchor<'_>> + Clone {
        self.get(|standing| standing != Standing::Unasked)
    }

    fn get(
        &self,
        wanted: impl Fn(Standing) -> bool + Clone,
    ) -> impl Iterator<Item = TrustAnchor<'_>> + Clone {
        let found = self.found.iter().filter(move |found| wanted(found.standing));
        found.map(Found::anchor)
    }

    /// The number of anchors.
    pub fn len(&self) -> usize {
        let selected = self.found.iter();
        selected
            .filter(|found| found.standing == Standing::Selected)
            .count()
    }

    /// The number of anchors that were validated against: those that were excluded afterwards, too.
    pub(crate) fn tried(&self) -> usize {
        self.get(|standing| matches!(standing, Standing::Selected | Standing::Excluded))
            .count()
    }

    /// Whether there is no anchor.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a path to one of the anchors needs a check that the TLS library does not make.
    pub(crate) fn needs_path_check(&self) -> bool {
        let mut found = self.found.iter();
        found.any(|found| found.standing == Standing::Selected && found.is_constrained_elsewhere)
    }

    /// The name constraints that are imposed on an anchor, given by its index among [`anchors`](Self::anchors).
    pub(crate) fn imposed_on(&self, place: usize) -> Imposed<'_> {
        let mut selected = self
            .found
            .iter()
            .filter(|found| found.standing == Standing::Selected);
        let found = selected.nth(place);
        found.map_or_else(Imposed::new, |found| self.imposed_on_found(found))
    }

    fn imposed_on_found(&self, found: &Found<'s>) -> Imposed<'_> {
        if !found.is_constrained_elsewhere {
            return Imposed::new();
        }
        let anchor = found.anchor.get();
        let conditions = self.conditions_of(anchor.subject(), anchor.spki_value(), found.scope);
        conditions.beside(anchor.name_constraints())
    }

    /// Whether the predicate is true of an anchor, with the name constraints that are imposed on it. Anchors that were left
    /// out are included.
    pub(crate) fn has(&self, mut is_it: impl FnMut(&TrustAnchor<'_>, &[&[u8]]) -> bool) -> bool {
        let mut found = self.found.iter();
        found.any(|found| is_it(&found.anchor(), &self.imposed_on_found(found)))
    }

    /// Checks a path to an anchor, given by its index among [`anchors`](Self::anchors), for the name constraints that are
    /// imposed on the anchor. `below` are the certificates of the path, the end entity first.
    pub(crate) fn check_path(
        &self,
        place: usize,
        below: &mut dyn Iterator<Item = &[u8]>,
    ) -> Result<(), NameConstraintsError> {
        let imposed = self.imposed_on(place);
        check_imposed(imposed.iter().copied(), below)
    }

    /// Excludes an anchor, given by its index among [`anchors`](Self::anchors), because a path violates its conditions. Others of
    /// its name and key have the same conditions and are excluded with it.
    pub(crate) fn exclude(&mut self, place: usize) {
        let mut selected = self
            .found
            .iter()
            .filter(|found| found.standing == Standing::Selected);
        let Some(excluded) = selected.nth(place) else {
            return;
        };
        let (scope, anchor) = (excluded.scope, excluded.anchor.get());
        let (name, spki_value): (Vec<u8>, Vec<u8>) =
            (anchor.subject().as_der().to_vec(), anchor.spki_value().to_vec());
        self.exclude_key(&name, &spki_value, scope);
    }

    /// Excludes the anchors of this name, in DER, and key that conditions of this scope bind.
    pub(crate) fn exclude_key(&mut self, name: &[u8], spki_value: &[u8], scope: Scope) {
        let bound = self.found.iter_mut();
        let bound = bound.filter(|found| found.scope == scope || scope.binds(found.scope));
        for found in bound.filter(|found| found.standing == Standing::Selected) {
            let is_it = |anchor: TrustAnchor<'_>| {
                let name = Name::from_der(name);
                anchor.spki_value() == spki_value && name.is_some_and(|name| anchor.subject().may_equal(name))
            };
            if is_it(found.anchor.get()) {
                found.standing = Standing::Excluded;
            }
        }
    }

    /// The conditions of an anchor of this name and key in this scope.
    pub(crate) fn conditions_of(&self, name: Name<'_>, spki_value: &[u8], scope: Scope) -> Conditions<'_> {
        let mut conditions = Conditions::default();
        for found in self.found.iter().filter(|found| found.scope.binds(scope)) {
            let stated = found.anchor.get();
            if stated.spki_value() == spki_value && stated.subject().may_equal(name) {
                conditions.add(stated.distrust_after(), stated.name_constraints());
            }
        }
        conditions
    }
}

/// Sets of name constraints, each the value of a `NameConstraints` SEQUENCE (RFC 5280 section 4.2.1.10).
pub(crate) type Imposed<'a> = SmallVec<[&'a [u8]; 2]>;

/// Checks a path for name constraints that are imposed on its anchor. `below` are the certificates of the path, the end
/// entity first.
pub(crate) fn check_imposed<'i, 'c>(
    imposed: impl ExactSizeIterator<Item = &'i [u8]>,
    below: impl Iterator<Item = &'c [u8]>,
) -> Result<(), NameConstraintsError> {
    if imposed.len() == 0 {
        return Ok(());
    }
    // The TLS library has read them. One that this crate cannot read is rejected.
    let below: Option<SmallVec<[Certificate<'c>; 4]>> =
        below.map(|der| Certificate::from_der(der).ok()).collect();
    let below = below.ok_or(NameConstraintsError::MalformedName)?;
    imposed
        .into_iter()
        .try_for_each(|set| check_imposed_constraints(set, &below))
}

/// Whether both have the same name and key, so that the conditions of one bind the other. OpenSSL and mbedTLS take names as
/// equal that differ in case, spaces or the types of their strings.
fn is_same_key(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    one.spki_value() == other.spki_value() && one.subject().may_equal(other.subject())
}

/// Whether one anchor has name constraints that the other does not have.
fn differs(stating: &TrustAnchor<'_>, bound: &TrustAnchor<'_>) -> bool {
    let stated = stating.name_constraints();
    stated.is_some() && stated != bound.name_constraints()
}

impl Found<'_> {
    /// The anchor, with the earliest of its dates.
    fn anchor(&self) -> TrustAnchor<'_> {
        self.anchor.get().with_distrust_after(self.distrust_after)
    }

    /// Adds the conditions of an entry of the same name and key.
    fn bind(&mut self, distrust_after: Option<u64>, is_constrained: bool, chain: &PeerChain<'_>) {
        self.distrust_after = match (self.distrust_after, distrust_after) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        };
        self.is_constrained_elsewhere |= is_constrained;
        if self.standing == Standing::Selected && !chain.was_issued_by(self.distrust_after) {
            self.standing = Standing::TooLate;
        }
    }
}
