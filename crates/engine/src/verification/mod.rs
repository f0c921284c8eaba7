//! The verification machine: the only module that decides whether a server is trusted.
//!
//! It knows no TLS library and does no I/O. It returns the anchors to validate against, takes the result of the TLS
//! library's validation, returns the next lookup to make, and ends with a verdict:
//!
//! 1. Ask the local stores for every anchor that could have issued a certificate of the chain.
//! 2. Have the TLS library validate against exactly those.
//! 3. Check a valid path for what no library knows: dates, and constraints that another store states. Where that fails,
//!    exclude the anchor and validate again with the rest.
//! 4. Without a path: make the next lookup, and validate again.
//! 5. Without a further lookup: find out whether the reason is a root that was left out for its date, and reject.
//!
//! Errors outrank each other in this order: a store failure, because the store might have held the anchor; a root that was
//! left out for its date; a path that violates a condition on its anchor; the TLS library's error.
//!
//! What a TLS library finds out after the verification, such as that the server does not have the key of its certificate, can
//! only turn acceptance into a rejection: [`Verification::reject_after_all`], and
//! [`VerificationReport::reject`](crate::VerificationReport::reject) once there is a report.

#[cfg(feature = "std")]
mod accepted;
#[cfg(feature = "std")]
mod drive;
mod edge;
mod loaded;
mod path;
mod search;
mod suspended;

#[cfg(feature = "std")]
pub use drive::{Deadline, LookupWait};
pub use edge::{Edge, Library};
pub use path::ValidPath;
pub use suspended::SuspendedVerification;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use jit_trust_core::{Certificate, ChainError, PeerChain, TrustAnchor, check_name_constraints};
use smallvec::SmallVec;

use crate::binding::{BoundAnchor, TrustBinding};
use crate::candidates::Candidates;
use crate::lookup::StoreKey;
use crate::policy::HostPolicy;
use crate::rejection::{DatedRoot, Described, Rejection};
use crate::report::VerificationReport;
use crate::{AnchorKey, LookupError, LookupResponse, StoreError};
use loaded::LoadedCas;
use path::PathEnd;
use search::AnchorSearch;
#[cfg(feature = "std")]
use search::Import;

/// One verification of the certificates that a server sent. The [module](self) says what it does; [`Edge`] connects it to a
/// TLS library.
pub struct Verification<'v> {
    policy: &'v HostPolicy,
    chain: Result<&'v PeerChain<'v>, ChainError>,
    candidates: Option<Candidates<'v>>,
    progress: Progress,
}

/// The part of a verification that borrows neither the chain nor the stores.
struct Progress {
    library: Library,
    /// The time as of which the certificates are validated, in Unix time; `None` where validity is not checked.
    now: Option<u64>,
    loaded: LoadedCas,
    search: AnchorSearch,
    /// Untrusted certificates that complete the path.
    untrusted: Vec<Box<[u8]>>,
    /// Why the first anchor was excluded to which a valid path led.
    excluded: Option<Rejection>,
    state: State,
    /// The times that the report states.
    selecting: Duration,
    validating: Duration,
}

/// What the machine does next.
enum State {
    /// Asks the local stores.
    Select,
    /// Waits for the result of a trial, which has no consequences.
    Trial,
    /// Waits for the result of the validation that decides.
    Final,
    /// Chooses the next lookup, after this error of the library.
    NextLookup(Option<Rejection>),
    /// Waits for the result of a lookup.
    Lookup(StoreKey, Option<Rejection>),
    /// Finds out whether a root that was left out for its date is the reason why there is no path. Otherwise, this is the
    /// verdict.
    Probe(Box<Result<Accepted, Rejection>>),
    Done(Result<Accepted, Rejection>),
}

/// The purpose of a validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To find out whether there is a path. It has no consequences.
    Trial,
    /// To decide.
    Final,
    /// To find out whether there would be a path without dates. It has no consequences.
    Probe,
}

/// The anchors of an accepted path.
#[derive(Debug, Default)]
struct Accepted {
    /// The indexes of candidates in the path, the one that it ends in first.
    places: SmallVec<[usize; 1]>,
    /// The index of the loaded CA in which the path ends, and the certificate that it issued.
    loaded: Option<(usize, Box<[u8]>)>,
}

/// The next step of a verification.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'a, 'v> {
    /// Have the TLS library validate the path, and call [`Verification::validated`] with the result.
    Validate(ValidationRequest<'a, 'v>),
    /// Call [`Verification::look_up`], which asks a deferred store. Never returned without `std`.
    Lookup(Lookup),
    /// The verdict.
    Done(Result<(), &'a Rejection>),
}

/// A lookup that a verification needs before it can go on.
#[derive(Clone, Debug)]
pub struct Lookup(pub(crate) StoreKey);

impl Lookup {
    /// The index among the policy's deferred stores of the one to ask.
    pub fn store(&self) -> usize {
        self.0.store
    }

    /// The key to ask it for.
    pub fn key(&self) -> &AnchorKey {
        &self.0.key
    }
}

/// A request to validate a path against these anchors and no others.
#[derive(Clone, Copy)]
pub struct ValidationRequest<'a, 'v> {
    candidates: &'a Candidates<'v>,
    loaded: &'a LoadedCas,
    untrusted: &'a [Box<[u8]>],
    purpose: Purpose,
}

impl<'a, 'v> ValidationRequest<'a, 'v> {
    /// The anchors. A [`ValidPath`] has their indexes in this order.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'a>> + Clone + use<'a, 'v> {
        self.candidates.validated_against(self.purpose == Purpose::Probe)
    }

    /// The indexes of the loaded CAs that may be used, among those that were [given](Verification::with_loaded).
    pub fn loaded(&self) -> impl Iterator<Item = usize> + use<'a, 'v> {
        self.loaded.places()
    }

    /// Untrusted certificates, in DER, that complete the path. The edge adds them behind those that the peer sent.
    pub fn untrusted(&self) -> impl Iterator<Item = &'a [u8]> + use<'a, 'v> {
        self.untrusted.iter().map(|der| &**der)
    }

    /// Whether this validation decides. A library that validates only [once](Library::validates_once) does so now; the other
    /// validations are trials, without consequences.
    pub fn is_final(&self) -> bool {
        self.purpose == Purpose::Final
    }

    /// Whether an anchor was left out because of its date or its constraints.
    pub fn leaves_out_any(&self) -> bool {
        self.candidates.leaves_out_any() || self.loaded.leaves_out_any()
    }
}

impl fmt::Debug for ValidationRequest<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.anchors()).finish()
    }
}

impl HostPolicy {
    /// Begins a verification of the chain that the host sent, as of this Unix time; with `None`, validity is not checked.
    pub fn verification<'v>(
        &'v self,
        chain: &'v Result<PeerChain<'v>, ChainError>,
        now: Option<u64>,
        library: Library,
    ) -> Verification<'v> {
        Verification::new(self, chain, now, library)
    }
}

impl<'v> Verification<'v> {
    pub(crate) fn new(
        policy: &'v HostPolicy,
        chain: &'v Result<PeerChain<'v>, ChainError>,
        now: Option<u64>,
        library: Library,
    ) -> Self {
        Self {
            policy,
            chain: chain.as_ref().map_err(|error| *error),
            candidates: None,
            progress: Progress {
                library,
                now,
                loaded: LoadedCas::default(),
                search: AnchorSearch::default(),
                untrusted: Vec::new(),
                excluded: None,
                state: State::Select,
                selecting: Duration::ZERO,
                validating: Duration::ZERO,
            },
        }
    }

    /// Adds CAs, in DER, that the program loaded into the TLS library. They may be used beside the candidates, under the
    /// conditions that local stores state for their names and keys.
    #[must_use]
    pub fn with_loaded(mut self, ders: Vec<Box<[u8]>>) -> Self {
        self.progress.loaded = self.progress.loaded.replaced(ders);
        if !matches!(self.progress.state, State::Select | State::Done(_)) {
            if let Err(error) = self.bind_loaded() {
                self.progress.state = State::Done(Err(error.into()));
            }
        }
        self
    }

    /// Adds an untrusted certificate, in DER, that completes the path.
    pub fn add_untrusted(&mut self, der: Box<[u8]>) {
        self.progress.untrusted.push(der);
    }

    /// The host that is verified.
    pub fn host(&self) -> &str {
        self.policy.host()
    }

    /// The chain that the peer sent, where it can be read.
    pub fn chain(&self) -> Option<&'v PeerChain<'v>> {
        self.chain.ok()
    }

    /// Ends the verification with a rejection that the edge has found.
    pub fn reject(&mut self, rejection: Rejection) {
        self.progress.state = State::Done(Err(rejection));
    }

    /// The verdict, once there is one.
    pub fn result(&self) -> Option<Result<(), &Rejection>> {
        match &self.progress.state {
            State::Done(result) => Some(result.as_ref().map(|_| ())),
            _ => None,
        }
    }

    /// Returns the next step. Until its result is given, each call returns the same step.
    ///
    /// With `std`, [`drive`](Self::drive) is this loop:
    ///
    /// ```
    /// use jit_trust_engine::verification::{Edge, Step, Verification};
    /// use jit_trust_engine::{LookupPending, LookupWait};
    ///
    /// fn verify(verification: &mut Verification<'_>, edge: &mut impl Edge) -> Result<bool, LookupPending> {
    ///     loop {
    ///         match verification.step() {
    ///             Step::Validate(request) => {
    ///                 let found = edge.validate(&request);
    ///                 verification.validated(found);
    ///             }
    ///             Step::Lookup(lookup) => verification.look_up(&lookup, &mut LookupWait::block(None))?,
    ///             Step::Done(verdict) => return Ok(verdict.is_ok()),
    ///             _ => return Ok(false),
    ///         }
    ///     }
    /// }
    /// ```
    pub fn step(&mut self) -> Step<'_, 'v> {
        if let State::Select = self.progress.state {
            self.progress.state = self.select();
        }
        if let State::NextLookup(_) = self.progress.state {
            self.next_lookup();
        }
        let purpose = match &self.progress.state {
            State::Final => Purpose::Final,
            State::Probe(_) => Purpose::Probe,
            State::Lookup(place, _) => return Step::Lookup(Lookup(place.clone())),
            State::Done(result) => return Step::Done(result.as_ref().map(|_| ())),
            State::Trial | State::Select | State::NextLookup(_) => Purpose::Trial,
        };
        match &self.candidates {
            Some(candidates) => Step::Validate(ValidationRequest {
                candidates,
                loaded: &self.progress.loaded,
                untrusted: &self.progress.untrusted,
                purpose,
            }),
            None => Step::Done(Err(const { &Rejection::NotVerified })),
        }
    }

    /// Asks the local stores.
    fn select(&mut self) -> State {
        let chain = match self.chain {
            Ok(chain) => chain,
            Err(error) => return State::Done(Err(error.into())),
        };
        let mut candidates = Candidates::new(chain);
        if let Err(error) = self.policy.select_local(&mut candidates) {
            self.candidates = Some(candidates);
            return State::Done(Err(error.into()));
        }
        self.candidates = Some(candidates);
        match self.bind_loaded() {
            Ok(()) => self.next_validation(),
            Err(error) => State::Done(Err(error.into())),
        }
    }

    fn bind_loaded(&mut self) -> Result<(), StoreError> {
        match &self.candidates {
            Some(candidates) => self.progress.loaded.bind(self.policy, candidates),
            None => Ok(()),
        }
    }

    /// The next validation. For a library that validates once, it is a trial only while its result can still
    /// change the anchors.
    fn next_validation(&self) -> State {
        let needs_path_check = self.progress.loaded.needs_path_check()
            || self.candidates.as_ref().is_some_and(Candidates::needs_path_check);
        match self.progress.library.validates_once && (self.may_look_up() || needs_path_check) {
            true => State::Trial,
            false => State::Final,
        }
    }

    /// Whether a lookup can change the verdict. It cannot where the server's own certificate has expired or is not valid yet.
    fn may_look_up(&self) -> bool {
        self.policy.has_deferred() && !self.is_out_of_date()
    }

    fn is_out_of_date(&self) -> bool {
        let (Some(chain), Some(now)) = (self.chain(), self.progress.now) else {
            return false;
        };
        let own = chain.certificates().next();
        own.is_some_and(|own| {
            own.not_before().is_some_and(|from| now < from) || own.not_after().is_some_and(|to| to < now)
        })
    }

    /// Takes the result of the validation that [`step`](Self::step) requested.
    pub fn validated(&mut self, found: Result<ValidPath<'_>, Rejection>) {
        let found = found.and_then(|path| self.with_name_constraints(path));
        self.progress.state = match core::mem::replace(&mut self.progress.state, State::Select) {
            State::Final => match found {
                Ok(path) => self.decide(&path),
                Err(rejection) if self.progress.library.validates_once => self.conclude(Err(rejection)),
                Err(rejection) => self.without_path(rejection),
            },
            State::Trial => match found {
                Ok(path) => self.tried(&path),
                Err(rejection) => self.without_path(rejection),
            },
            State::Probe(otherwise) => State::Done(match found.ok().and_then(|path| self.dated(&path)) {
                Some(dated) => Err(Rejection::DatedRoot(dated)),
                None => *otherwise,
            }),
            // It was not requested.
            other => other,
        };
    }

    /// Checks the name constraints of the CAs in a path, where the library does not do so itself. Of candidates that are one
    /// certificate under several conditions, those remain whose constraints allow the path.
    fn with_name_constraints<'p>(&self, mut path: ValidPath<'p>) -> Result<ValidPath<'p>, Rejection> {
        let (false, Some(candidates)) = (self.progress.library.checks_name_constraints, &self.candidates)
        else {
            return Ok(path);
        };
        let below: Result<SmallVec<[Certificate<'_>; 4]>, _> =
            path.below.iter().map(|der| Certificate::from_der(der)).collect();
        let below = below?;
        match &mut path.end {
            PathEnd::Candidates(places) => {
                let without_dates = matches!(self.progress.state, State::Probe(_));
                let mut rejected = Rejection::NotVerified;
                places.retain(|place| {
                    let anchor = candidates.validated_against(without_dates).nth(*place);
                    let own = anchor.map(|anchor| check_name_constraints(anchor.name_constraints(), &below));
                    if let Some(Err(error)) = own {
                        rejected = error.into();
                    }
                    own.is_some_and(|checked| checked.is_ok())
                });
                if places.is_empty() {
                    return Err(rejected);
                }
            }
            PathEnd::Loaded(place) => {
                check_name_constraints(self.progress.loaded.name_constraints(*place), &below)?;
            }
            PathEnd::Nowhere => check_name_constraints(None, &below)?,
        }
        drop(below);
        Ok(path)
    }

    /// Handles a path that a trial has found.
    fn tried(&mut self, path: &ValidPath<'_>) -> State {
        match self.check(path) {
            // The final validation also checks the host name.
            Ok(_) => State::Final,
            Err(rejection) => self.exclude(path, rejection),
        }
    }

    /// Handles a path that the final validation has found.
    fn decide(&mut self, path: &ValidPath<'_>) -> State {
        let accepted = match self.check(path) {
            Ok(accepted) => accepted,
            Err(rejection) if self.progress.library.validates_once => return self.conclude(Err(rejection)),
            Err(rejection) => return self.exclude(path, rejection),
        };
        if let Some(rejection) = &path.wrong_host {
            return self.conclude(Err(rejection.clone()));
        }
        if path.is_overridden {
            // A verify callback of the program accepted it. There may be a valid path to an anchor that was left out.
            return match self.progress.excluded.take() {
                Some(excluded) => self.conclude(Err(excluded)),
                None => self.conclude(Ok(accepted)),
            };
        }
        State::Done(Ok(accepted))
    }

    /// Excludes the anchor of a path that violates a condition on it. The other anchors may give another path.
    fn exclude(&mut self, path: &ValidPath<'_>, rejection: Rejection) -> State {
        // It is no path of this chain.
        if matches!(rejection, Rejection::NotVerified) {
            return State::Done(Err(rejection));
        }
        let was_excluded = match (&path.end, &mut self.candidates) {
            (PathEnd::Candidates(places), Some(candidates)) => {
                let before = candidates.len();
                // One at a time: the others of its name and key are excluded with it, and all indexes change.
                places
                    .first()
                    .into_iter()
                    .for_each(|place| candidates.exclude(*place));
                candidates.len() < before
            }
            (PathEnd::Loaded(place), Some(candidates)) => {
                self.progress.loaded.exclude(*place, candidates);
                true
            }
            _ => false,
        };
        if !was_excluded {
            return State::Done(Err(rejection));
        }
        self.progress.excluded.get_or_insert(rejection);
        self.next_validation()
    }

    /// Handles that there is no path with these candidates.
    fn without_path(&mut self, rejection: Rejection) -> State {
        // No other anchor changes the names of the certificate.
        let is_hopeless = matches!(rejection, Rejection::WrongHost { .. }) || !self.may_look_up();
        match is_hopeless {
            false => State::NextLookup(Some(rejection)),
            true => self.exhausted(Some(rejection)),
        }
    }

    /// Chooses the next lookup, if there is one.
    fn next_lookup(&mut self) {
        let State::NextLookup(rejection) = core::mem::replace(&mut self.progress.state, State::Select) else {
            return;
        };
        let search = &mut self.progress.search;
        let next = self
            .chain
            .ok()
            .and_then(|chain| search.next_lookup(self.policy, chain));
        self.progress.state = match next {
            Some(place) => State::Lookup(place, rejection),
            None => self.exhausted(rejection),
        };
    }

    /// Handles that there is no further lookup.
    fn exhausted(&mut self, rejection: Option<Rejection>) -> State {
        match self.progress.library.validates_once {
            true => State::Final,
            false => self.conclude(Err(rejection.unwrap_or(Rejection::NotVerified))),
        }
    }

    /// Takes the result of the lookup that [`step`](Self::step) requested. `is_cached` says that the response came from the
    /// cache and the store was not asked; `waited` is the time that the verification waited.
    pub(crate) fn answered(
        &mut self,
        response: Result<Arc<LookupResponse>, Arc<LookupError>>,
        is_cached: bool,
        waited: Duration,
    ) {
        let state = core::mem::replace(&mut self.progress.state, State::Select);
        let (State::Lookup(place, rejection), Some(candidates)) = (state, &mut self.candidates) else {
            self.progress.state = State::Done(Err(Rejection::NotVerified));
            return;
        };
        let name = self.policy.deferred_name(place.store);
        let search = &mut self.progress.search;
        self.progress.state = match search.take(place, response, is_cached, waited, name, candidates) {
            true => self.next_validation(),
            false => State::NextLookup(rejection),
        };
    }

    /// Checks a valid path of any library for dates and for constraints that are imposed on its anchor.
    fn check(&self, path: &ValidPath<'_>) -> Result<Accepted, Rejection> {
        let (Ok(chain), Some(candidates)) = (self.chain, &self.candidates) else {
            return Err(Rejection::NotVerified);
        };
        // Otherwise it is the path of another server, whose certificates say nothing of this one.
        let own = chain.certificates().next();
        if !own.is_some_and(|own| self.begins_with(path, own)) {
            return Err(Rejection::NotVerified);
        }
        let mut accepted = Accepted::default();
        match &path.end {
            PathEnd::Candidates(places) => {
                // An anchor can be there under several conditions. One of them has to allow the path.
                let mut rejected = None;
                for place in places {
                    match self.check_candidate(candidates, chain, *place, path) {
                        Ok(()) => {
                            accepted.places.push(*place);
                            break;
                        }
                        Err(rejection) => {
                            rejected.get_or_insert(rejection);
                        }
                    }
                }
                if accepted.places.is_empty() {
                    return Err(rejected.unwrap_or(Rejection::NotVerified));
                }
            }
            PathEnd::Loaded(place) => {
                self.progress.loaded.check_path(*place, chain, &path.below)?;
                let issued = path.below.last().map(|der| Box::from(&**der));
                accepted.loaded = issued.map(|issued| (*place, issued));
            }
            PathEnd::Nowhere if path.is_overridden => {}
            PathEnd::Nowhere => return Err(Rejection::NotVerified),
        }
        accepted.places.extend(path.also.iter().copied());
        Ok(accepted)
    }

    /// Whether this certificate is the first of the path, or its end where nothing is below that.
    fn begins_with(&self, path: &ValidPath<'_>, own: &Certificate<'_>) -> bool {
        let is_own = |anchor: TrustAnchor<'_>| {
            anchor.subject() == own.subject() && anchor.spki_value() == own.spki_value()
        };
        match (path.below.first(), &path.end, &self.candidates) {
            (Some(first), _, _) => **first == *own.as_der(),
            (None, PathEnd::Candidates(places), Some(candidates)) => places
                .iter()
                .all(|place| candidates.anchors().nth(*place).is_some_and(is_own)),
            (None, PathEnd::Loaded(place), _) => self.progress.loaded.is(*place, own.as_der()),
            (None, ..) => false,
        }
    }

    fn check_candidate(
        &self,
        candidates: &Candidates<'_>,
        chain: &PeerChain<'_>,
        place: usize,
        path: &ValidPath<'_>,
    ) -> Result<(), Rejection> {
        let anchor = candidates.anchors().nth(place).ok_or(Rejection::NotVerified)?;
        if let Some(dated) = DatedRoot::of(&anchor, chain) {
            return Err(Rejection::DatedRoot(dated));
        }
        candidates.check_path(place, &mut path.below.iter().map(|der| &**der))?;
        Ok(())
    }

    /// The root that this path ends in, if it was left out for its date. Except for the date, the path is valid.
    fn dated(&self, path: &ValidPath<'_>) -> Option<DatedRoot> {
        let (chain, candidates) = (self.chain.ok()?, self.candidates.as_ref()?);
        let PathEnd::Candidates(places) = &path.end else {
            return None;
        };
        let anchor = candidates.undated().nth(*places.first()?)?;
        DatedRoot::of(&anchor, chain)
    }

    /// Ends the verification, or first probes for a root that was left out for its date.
    fn conclude(&mut self, found: Result<Accepted, Rejection>) -> State {
        // The store might have held the anchor.
        if let (Err(_), Some(failure)) = (&found, self.progress.search.take_failure()) {
            return State::Done(Err(failure.into()));
        }
        // With the wrong host, there is a path.
        let has_path = matches!(found, Err(Rejection::WrongHost { .. }));
        let is_dated = !has_path
            && (self.candidates.as_ref()).is_some_and(|candidates| candidates.dropped().next().is_some());
        let otherwise = found.map_err(|rejection| match self.progress.excluded.take() {
            Some(excluded) if !has_path => excluded,
            _ => self.described(rejection),
        });
        match is_dated {
            true => State::Probe(Box::new(otherwise)),
            false => State::Done(otherwise),
        }
    }

    /// The library's rejection, completed with details from the chain and the candidates.
    fn described(&self, rejection: Rejection) -> Rejection {
        let (Ok(chain), Some(candidates)) = (self.chain, &self.candidates) else {
            return rejection;
        };
        let context = Described {
            host: self.policy.host(),
            chain,
            candidates,
            lookups: self.progress.search.lookups(),
            now: self.progress.now,
        };
        context.describe(rejection)
    }

    /// Rejects a server that was accepted: the TLS library found another error after the path was valid.
    pub fn reject_after_all(&mut self, rejection: Rejection) {
        let rejection = self.described(rejection);
        self.reject(rejection);
    }

    /// Adds the time of a validation that happened outside of the machine, inside a handshake.
    pub fn add_validating(&mut self, validating: Duration) {
        self.progress.validating = self.progress.validating.saturating_add(validating);
    }

    /// The anchors that the accepted connection depends on: those in its path. `None` where nothing was accepted, or where
    /// no later check could find out whether an anchor is still trusted.
    pub fn bind(&self) -> Option<TrustBinding> {
        let (State::Done(Ok(accepted)), Ok(chain), Some(candidates)) =
            (&self.progress.state, self.chain, &self.candidates)
        else {
            return None;
        };
        let mut binding = TrustBinding::default();
        if let Some((place, issued)) = &accepted.loaded {
            binding
                .anchors
                .push(Arc::new(self.progress.loaded.bound(*place, issued)?));
        }
        for place in &accepted.places {
            let anchor = candidates.anchors().nth(*place)?;
            let import = self.progress.search.import_of(&anchor);
            let imposed = candidates.imposed_on(*place);
            let origin = import.map(|import| &import.place);
            let bound = BoundAnchor::new(&anchor, &imposed, chain, origin)?;
            binding.anchors.push(Arc::new(bound));
        }
        Some(binding)
    }

    /// The imports that the accepted path depends on.
    #[cfg(feature = "std")]
    pub(crate) fn used_imports(&self) -> impl Iterator<Item = &Import> {
        let (places, candidates): (&[usize], _) = match (&self.progress.state, &self.candidates) {
            (State::Done(Ok(accepted)), Some(candidates)) => (&accepted.places, Some(candidates)),
            _ => (&[], None),
        };
        let anchors = places
            .iter()
            .filter_map(move |place| candidates?.anchors().nth(*place));
        anchors.filter_map(|anchor| self.progress.search.import_of(&anchor))
    }

    /// The report of the verification.
    pub fn report(&self) -> VerificationReport {
        let accepted = match &self.progress.state {
            State::Done(Ok(accepted)) if accepted.loaded.is_none() => accepted.places.first().copied(),
            _ => None,
        };
        let result = match &self.progress.state {
            State::Done(result) => result.as_ref().map(|_| ()).map_err(Clone::clone),
            _ => Err(Rejection::NotVerified),
        };
        let (host, candidates) = (self.policy.host(), self.candidates.as_ref());
        let mut report = VerificationReport::new(host, self.chain(), candidates, accepted, result);
        report.store_len = self.policy.anchor_count();
        report.lookups = self.progress.search.lookups().to_vec();
        (report.selecting, report.validating) = (self.progress.selecting, self.progress.validating);
        report
    }
}

impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("host", &self.policy.host())
            .field("chain", &self.chain)
            .field("result", &self.result())
            .finish_non_exhaustive()
    }
}
