//! The verification machine: the one place where a verdict comes about.
//!
//! It knows no TLS library and does no I/O. It hands out anchors to validate against, takes what the TLS library found,
//! says what to look up next, and ends with a verdict:
//!
//! 1. Ask the local stores for every anchor that could have issued a certificate of the chain.
//! 2. Have the TLS library validate against just those.
//! 3. Check a valid path for what no library knows: dates, and constraints that another store states. Where that fails, drop
//!    the anchor and validate again with the rest.
//! 4. Without a path: the next lookup, and validate again.
//! 5. Without anything left to look up: find out whether a root that is left out for its date is why, and reject.
//!
//! Errors outrank each other in this order: a store failure, because the store might have held the anchor; a root that is
//! left out for its date; a path that does not conform to what binds its anchor; what the TLS library says.

#[cfg(feature = "std")]
mod drive;
mod edge;
mod path;
mod search;

#[cfg(feature = "std")]
pub use drive::{Deadline, LookupPending, Patience};
pub use edge::{Edge, Library};
pub use path::{Certificates, PathEnd, ValidPath};
pub(crate) use search::Place;
#[cfg(feature = "std")]
pub(crate) use search::{Import, MAX_IMPORTS};
pub use search::{LookupOutcome, LookupRecord};

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use jit_trust_core::{Certificate, ChainError, PeerChain, TrustAnchor, check_name_constraints};
use smallvec::SmallVec;

use crate::binding::{BoundAnchor, TrustBinding};
use crate::candidates::{Candidates, DetachedCandidates, LoadedCas};
use crate::policy::HostPolicy;
use crate::rejection::{DatedRoot, Described, Rejection};
use crate::report::VerificationReport;
use crate::{AnchorKey, LookupError, LookupResponse};
use search::AnchorSearch;

/// One verification of what a server sent. See the [module](self) for what it does, and [`Edge`] for how a TLS library is
/// wired to it.
pub struct Verification<'v> {
    policy: HostPolicy,
    stores: &'v HostPolicy,
    chain: Result<&'v PeerChain<'v>, ChainError>,
    library: Library,
    /// When the certificates are judged, in Unix time; `None` where dates are not looked at.
    now: Option<u64>,
    candidates: Option<Candidates<'v>>,
    loaded: LoadedCas,
    search: AnchorSearch,
    /// Certificates that complete the path, untrusted.
    untrusted: Vec<Box<[u8]>>,
    /// Why an anchor was dropped that a valid path led to.
    refused: Option<Rejection>,
    state: State,
    /// How long the steps took, for the report.
    selecting: Duration,
    validating: Duration,
}

/// What the machine does next.
enum State {
    /// Asks the local stores.
    Select,
    /// Waits for what came of a validation.
    Validate(Purpose),
    /// Makes the next lookup, because of what the library said.
    Search(Option<Rejection>),
    /// Waits for what came of a lookup.
    Lookup(Place, Option<Rejection>),
    /// Finds out whether a root that is left out for its date is why there is no path. What comes of it otherwise.
    Probe(Box<Result<Accepted, Rejection>>),
    Done(Result<Accepted, Rejection>),
}

/// What a validation is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// To see whether there is a path, with no consequences.
    Trial,
    /// It decides.
    Final,
    /// To see whether there would be a path without dates, with no consequences.
    Probe,
}

/// The anchors in which an accepted path ended, and what binds them.
#[derive(Debug, Default)]
struct Accepted {
    /// The places of candidates in the path, the one that it ends in first.
    places: SmallVec<[usize; 1]>,
    /// A loaded CA in which the path ends, by its place, and the certificate that it issued.
    loaded: Option<(usize, Box<[u8]>)>,
}

/// The next step of a verification.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'a, 'v> {
    /// Have the TLS library validate the path, and call [`Verification::validated`] with what it found.
    Validate(ValidationRequest<'a, 'v>),
    /// Ask a deferred store, and call [`Verification::answered`] with what came.
    Lookup(Lookup),
    /// The verdict.
    Done(Result<(), &'a Rejection>),
}

/// A lookup that a verification needs before it can go on.
#[derive(Clone, Debug)]
pub struct Lookup(pub(crate) Place);

impl Lookup {
    /// Which of the policy's deferred stores is to be asked, by its place.
    pub fn store(&self) -> usize {
        self.0.store
    }

    /// What it is asked for.
    pub fn key(&self) -> &AnchorKey {
        &self.0.key
    }
}

/// Anchors to validate a path against: just these, no others.
#[derive(Clone, Copy)]
pub struct ValidationRequest<'a, 'v> {
    candidates: &'a Candidates<'v>,
    loaded: &'a LoadedCas,
    untrusted: &'a [Box<[u8]>],
    purpose: Purpose,
}

impl<'a, 'v> ValidationRequest<'a, 'v> {
    /// The anchors. Their places in this order are what a [`PathEnd`] says.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'a>> + Clone + use<'a, 'v> {
        self.candidates.validated_against(self.purpose == Purpose::Probe)
    }

    /// The CAs that the user loaded into the library and that may be used, by their places among those that were
    /// [given](Verification::with_loaded).
    pub fn loaded(&self) -> impl Iterator<Item = usize> + use<'a, 'v> {
        self.loaded.places()
    }

    /// Untrusted certificates, in DER, that complete the path: to be added behind those that the peer sent.
    pub fn untrusted(&self) -> impl Iterator<Item = &'a [u8]> + use<'a, 'v> {
        self.untrusted.iter().map(|der| &**der)
    }

    /// Whether this validation decides. A library that can validate only [once](Library::validates_once) does so now;
    /// all others are trials, without consequences.
    pub fn is_final(&self) -> bool {
        self.purpose == Purpose::Final
    }

    /// Whether an anchor was left out, for its date or for constraints.
    pub fn leaves_out_any(&self) -> bool {
        self.candidates.leaves_out_any() || self.loaded.leaves_out_any()
    }

    /// The name constraints that bind the anchor at this place beside its own: each the inside of a `NameConstraints`
    /// SEQUENCE (RFC 5280 section 4.2.1.10).
    pub fn imposed_on(&self, place: usize) -> SmallVec<[&'a [u8]; 2]> {
        self.candidates.imposed_on(place)
    }
}

impl fmt::Debug for ValidationRequest<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.anchors()).finish()
    }
}

impl<'v> Verification<'v> {
    pub(crate) fn new(
        stores: &'v HostPolicy,
        chain: &'v Result<PeerChain<'v>, ChainError>,
        now: Option<u64>,
        library: Library,
    ) -> Self {
        Self {
            policy: stores.clone(),
            stores,
            chain: chain.as_ref().map_err(|error| *error),
            library,
            now,
            candidates: None,
            loaded: LoadedCas::default(),
            search: AnchorSearch::default(),
            untrusted: Vec::new(),
            refused: None,
            state: State::Select,
            selecting: Duration::ZERO,
            validating: Duration::ZERO,
        }
    }

    /// Adds CAs, in DER, that the user loaded into the TLS library and that may be used beside the candidates. What local
    /// stores state of their names and keys binds them.
    #[must_use]
    pub fn with_loaded(mut self, ders: Vec<Box<[u8]>>) -> Self {
        self.loaded = LoadedCas::new(ders);
        if let State::Validate(_) | State::Search(_) | State::Lookup(..) = self.state {
            self.bind_loaded();
        }
        self
    }

    /// Adds an untrusted certificate, in DER, that completes the path.
    pub fn add_untrusted(&mut self, der: Box<[u8]>) {
        self.untrusted.push(der);
    }

    /// The host that the certificates are to be for.
    pub fn host(&self) -> &str {
        self.policy.host()
    }

    /// What the peer sent, where it can be read.
    pub fn chain(&self) -> Option<&'v PeerChain<'v>> {
        self.chain.ok()
    }

    /// Ends the verification: the edge found out what the machine cannot.
    pub fn reject(&mut self, rejection: Rejection) {
        self.state = State::Done(Err(rejection));
    }

    /// The verdict, once there is one.
    pub fn result(&self) -> Option<Result<(), &Rejection>> {
        match &self.state {
            State::Done(result) => Some(result.as_ref().map(|_| ())),
            _ => None,
        }
    }

    /// What to do next. It may be asked again without having been done.
    pub fn step(&mut self) -> Step<'_, 'v> {
        if let State::Select = self.state {
            self.state = self.select();
        }
        if let State::Search(_) = self.state {
            self.search();
        }
        let purpose = match &self.state {
            State::Validate(purpose) => *purpose,
            State::Probe(_) => Purpose::Probe,
            State::Lookup(place, _) => return Step::Lookup(Lookup(place.clone())),
            State::Done(result) => return Step::Done(result.as_ref().map(|_| ())),
            State::Select | State::Search(_) => Purpose::Trial,
        };
        match &self.candidates {
            Some(candidates) => Step::Validate(ValidationRequest {
                candidates,
                loaded: &self.loaded,
                untrusted: &self.untrusted,
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
        if let Err(error) = self.stores.select_local(&mut candidates) {
            self.candidates = Some(candidates);
            return State::Done(Err(error.into()));
        }
        self.candidates = Some(candidates);
        self.state = State::Validate(Purpose::Trial);
        self.bind_loaded();
        match self.state {
            State::Done(_) => core::mem::replace(&mut self.state, State::Select),
            _ => State::Validate(self.next_purpose()),
        }
    }

    fn bind_loaded(&mut self) {
        if let Some(candidates) = &self.candidates {
            if let Err(error) = self.loaded.bind(&self.policy, candidates) {
                self.state = State::Done(Err(error.into()));
            }
        }
    }

    /// What the next validation is for. A library that validates once is tried out only while its verdict can still change
    /// what it is given.
    fn next_purpose(&self) -> Purpose {
        let needs_path_check = self.loaded.needs_path_check()
            || self.candidates.as_ref().is_some_and(Candidates::needs_path_check);
        match self.library.validates_once && (self.may_look_up() || needs_path_check) {
            true => Purpose::Trial,
            false => Purpose::Final,
        }
    }

    /// Whether a lookup can make a difference: not where the server's own certificate is out of date.
    fn may_look_up(&self) -> bool {
        self.policy.has_deferred() && !self.is_out_of_date()
    }

    fn is_out_of_date(&self) -> bool {
        let (Some(chain), Some(now)) = (self.chain(), self.now) else {
            return false;
        };
        let own = chain.certificates().next();
        own.is_some_and(|own| {
            own.not_before().is_some_and(|from| now < from) || own.not_after().is_some_and(|to| to < now)
        })
    }

    /// Takes what the TLS library found in the validation that [`step`](Self::step) asked for: the path, or why there is
    /// none.
    pub fn validated(&mut self, found: Result<ValidPath<'_>, Rejection>) {
        self.state = match core::mem::replace(&mut self.state, State::Select) {
            State::Validate(Purpose::Final) => match found {
                Ok(path) => self.decide(&path),
                Err(rejection) if self.library.validates_once => self.conclude(Err(rejection)),
                Err(rejection) => self.without_path(rejection),
            },
            State::Validate(Purpose::Trial) => match found {
                Ok(path) => self.tried(&path),
                Err(rejection) => self.without_path(rejection),
            },
            State::Validate(Purpose::Probe) => State::Done(Err(Rejection::NotVerified)),
            State::Probe(otherwise) => State::Done(match found.ok().and_then(|path| self.dated(&path)) {
                Some(dated) => Err(Rejection::DatedRoot(dated)),
                None => *otherwise,
            }),
            // It was not asked for.
            other => other,
        };
    }

    /// A trial has found a path.
    fn tried(&mut self, path: &ValidPath<'_>) -> State {
        match self.check(path) {
            // Where the host is another, that decides too.
            Ok(_) => State::Validate(Purpose::Final),
            Err(rejection) => self.refuse(path, rejection),
        }
    }

    /// The validation that decides has found a path.
    fn decide(&mut self, path: &ValidPath<'_>) -> State {
        let accepted = match self.check(path) {
            Ok(accepted) => accepted,
            Err(rejection) if self.library.validates_once => return self.conclude(Err(rejection)),
            Err(rejection) => return self.refuse(path, rejection),
        };
        if let Some(rejection) = &path.wrong_host {
            return self.conclude(Err(rejection.clone()));
        }
        if path.is_overridden {
            // A callback of the user's accepted it in the place of a valid path, whose anchor may have been left out.
            return match self.refused.take() {
                Some(refused) => self.conclude(Err(refused)),
                None => self.conclude(Ok(accepted)),
            };
        }
        State::Done(Ok(accepted))
    }

    /// Drops the anchor of a path that does not conform to what binds it: with the others there may be another path.
    fn refuse(&mut self, path: &ValidPath<'_>, rejection: Rejection) -> State {
        let dropped = match (&path.end, &mut self.candidates) {
            (PathEnd::Candidates(places), Some(candidates)) => {
                let before = candidates.len();
                // One at a time: the others of its name and key go with it, and all places change.
                places
                    .first()
                    .into_iter()
                    .for_each(|place| candidates.refuse(*place));
                candidates.len() < before
            }
            (PathEnd::Loaded(place), Some(candidates)) => {
                self.loaded.refuse(*place, candidates);
                true
            }
            _ => false,
        };
        if !dropped {
            return State::Done(Err(rejection));
        }
        self.refused.get_or_insert(rejection);
        State::Validate(self.next_purpose())
    }

    /// There is no path with these candidates.
    fn without_path(&mut self, rejection: Rejection) -> State {
        // No other anchor makes a difference to the name.
        let is_hopeless = matches!(rejection, Rejection::WrongHost { .. }) || !self.may_look_up();
        match is_hopeless {
            false => State::Search(Some(rejection)),
            true => self.exhausted(Some(rejection)),
        }
    }

    /// Goes through lookups.
    fn search(&mut self) {
        let State::Search(rejection) = core::mem::replace(&mut self.state, State::Select) else {
            return;
        };
        let place = self
            .chain
            .ok()
            .and_then(|chain| self.search.next_lookup(&self.policy, chain));
        self.state = match place {
            Some(place) => State::Lookup(place, rejection),
            None => self.exhausted(rejection),
        };
    }

    /// There is nothing more to look up.
    fn exhausted(&mut self, rejection: Option<Rejection>) -> State {
        match self.library.validates_once {
            true => State::Validate(Purpose::Final),
            false => self.conclude(Err(rejection.unwrap_or(Rejection::NotVerified))),
        }
    }

    /// Takes what came of the lookup that [`step`](Self::step) asked for. `is_cached` says that the store was not asked for
    /// it, `waited` how long the verification waited.
    pub fn answered(
        &mut self,
        response: Result<Arc<LookupResponse>, Arc<LookupError>>,
        is_cached: bool,
        waited: Duration,
    ) {
        let state = core::mem::replace(&mut self.state, State::Select);
        let (State::Lookup(place, rejection), Some(candidates)) = (state, &mut self.candidates) else {
            self.state = State::Done(Err(Rejection::NotVerified));
            return;
        };
        let name = self.policy.deferred_name(place.store);
        self.state = match self
            .search
            .take(place, response, is_cached, waited, name, candidates)
        {
            true => State::Validate(self.next_purpose()),
            false => State::Search(rejection),
        };
    }

    /// The one check after a path is found, whatever the library: dates, and constraints beside the anchor's own.
    fn check(&self, path: &ValidPath<'_>) -> Result<Accepted, Rejection> {
        let (Ok(chain), Some(candidates)) = (self.chain, &self.candidates) else {
            return Err(Rejection::NotVerified);
        };
        let mut accepted = Accepted::default();
        match &path.end {
            PathEnd::Candidates(places) => {
                // An anchor can be there under several conditions: any of them will do.
                let mut refusal = None;
                for place in places {
                    match self.check_candidate(candidates, chain, *place, path) {
                        Ok(()) => {
                            accepted.places.push(*place);
                            break;
                        }
                        Err(rejection) => {
                            refusal.get_or_insert(rejection);
                        }
                    }
                }
                if accepted.places.is_empty() {
                    return Err(refusal.unwrap_or(Rejection::NotVerified));
                }
            }
            PathEnd::Loaded(place) => {
                self.loaded.check_path(*place, chain, &path.below)?;
                let issued = path.below.last().map(|der| Box::from(&**der));
                accepted.loaded = issued.map(|issued| (*place, issued));
            }
            PathEnd::Nowhere => {}
        }
        accepted.places.extend(path.also.iter().copied());
        Ok(accepted)
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
        if !self.library.checks_name_constraints {
            let below: Result<SmallVec<[Certificate<'_>; 4]>, _> =
                path.below.iter().map(|der| Certificate::from_der(der)).collect();
            check_name_constraints(anchor.name_constraints(), &below?)?;
        }
        candidates.check_path(place, &mut path.below.iter().map(|der| &**der))?;
        Ok(())
    }

    /// The root that is why there is no path, if it is left out for its date and a path that is valid but for that leads to
    /// it.
    fn dated(&self, path: &ValidPath<'_>) -> Option<DatedRoot> {
        let (chain, candidates) = (self.chain.ok()?, self.candidates.as_ref()?);
        let PathEnd::Candidates(places) = &path.end else {
            return None;
        };
        let anchor = candidates.undated().nth(*places.first()?)?;
        DatedRoot::of(&anchor, chain)
    }

    /// Nothing more can change the verdict, but for a root that is left out for its date.
    fn conclude(&mut self, found: Result<Accepted, Rejection>) -> State {
        // The store might have held the anchor.
        if let (Err(_), Some(failure)) = (&found, self.search.take_failure()) {
            return State::Done(Err(failure.into()));
        }
        // With the wrong host, there is a path.
        let has_path = matches!(found, Err(Rejection::WrongHost { .. }));
        let is_dated = !has_path
            && (self.candidates.as_ref()).is_some_and(|candidates| candidates.dropped().next().is_some());
        let otherwise = found.map_err(|rejection| match self.refused.take() {
            Some(refused) => refused,
            None => self.described(rejection),
        });
        match is_dated {
            true => State::Probe(Box::new(otherwise)),
            false => State::Done(otherwise),
        }
    }

    /// What the library said, with what only the chain and the candidates say.
    fn described(&self, rejection: Rejection) -> Rejection {
        let (Ok(chain), Some(candidates)) = (self.chain, &self.candidates) else {
            return rejection;
        };
        let context = Described {
            host: self.policy.host(),
            chain,
            candidates,
            lookups: self.search.lookups(),
            now: self.now,
        };
        context.describe(rejection)
    }

    /// Rejects what was accepted: the TLS library found something wrong with the server after its path was valid.
    pub fn reject_after_all(&mut self, rejection: Rejection) {
        let rejection = self.described(rejection);
        self.reject(rejection);
    }

    /// Adds the time of a validation that happened elsewhere, inside a handshake.
    pub fn add_validating(&mut self, validating: Duration) {
        self.validating = self.validating.saturating_add(validating);
    }

    /// Sets how long it took to select anchors, waits included, and to validate: for the report.
    pub fn took(&mut self, selecting: Duration, validating: Duration) {
        self.selecting = selecting;
        self.validating = validating;
    }

    /// What the accepted connection depends on from now on: the anchors in its path. `None` where nothing was accepted, or
    /// where nobody could see whether an anchor is still there. Writes what is remembered of the host.
    pub fn bind(&self) -> Option<TrustBinding> {
        let (State::Done(Ok(accepted)), Ok(chain), Some(candidates)) =
            (&self.state, self.chain, &self.candidates)
        else {
            return None;
        };
        let mut binding = TrustBinding::default();
        if let Some((place, issued)) = &accepted.loaded {
            binding.anchors.push(Arc::new(self.loaded.bound(*place, issued)?));
        }
        for place in &accepted.places {
            let anchor = candidates.anchors().nth(*place)?;
            let import = self.search.import_of(&anchor);
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
        let (places, candidates): (&[usize], _) = match (&self.state, &self.candidates) {
            (State::Done(Ok(accepted)), Some(candidates)) => (&accepted.places, Some(candidates)),
            _ => (&[], None),
        };
        let anchors = places
            .iter()
            .filter_map(move |place| candidates?.anchors().nth(*place));
        anchors.filter_map(|anchor| self.search.import_of(&anchor))
    }

    /// What happened, to keep.
    pub fn report(&self) -> VerificationReport {
        let accepted = match &self.state {
            State::Done(Ok(accepted)) => accepted.places.first().copied(),
            _ => None,
        };
        VerificationReport::new(
            self.policy.host(),
            self.chain(),
            self.policy.anchor_count(),
            self.candidates.as_ref(),
            accepted,
            self.search.lookups(),
            [self.selecting, self.validating],
            match &self.state {
                State::Done(result) => result.as_ref().map(|_| ()).map_err(Clone::clone),
                _ => Err(Rejection::NotVerified),
            },
        )
    }

    /// The same without the chain, as one owned value: for a handshake that is suspended until a store answers, or for a
    /// library that validates later.
    pub fn suspend(self) -> SuspendedVerification {
        let end_entity = self.chain().and_then(|chain| chain.certificates().next());
        SuspendedVerification {
            end_entity: end_entity.map(|own| Box::from(own.as_der())),
            policy: self.policy,
            library: self.library,
            now: self.now,
            candidates: self.candidates.map(Candidates::detach),
            loaded: self.loaded,
            search: self.search,
            untrusted: self.untrusted,
            refused: self.refused,
            state: self.state,
            selecting: self.selecting,
            validating: self.validating,
            response: None,
        }
    }
}

/// A verification without the chain that it is of: what outlives a call of the TLS library.
pub struct SuspendedVerification {
    end_entity: Option<Box<[u8]>>,
    policy: HostPolicy,
    library: Library,
    now: Option<u64>,
    candidates: Option<DetachedCandidates>,
    loaded: LoadedCas,
    search: AnchorSearch,
    untrusted: Vec<Box<[u8]>>,
    refused: Option<Rejection>,
    state: State,
    selecting: Duration,
    validating: Duration,
    /// What came of the lookup that it is suspended for.
    response: Option<Response>,
}

/// What came of a lookup, and how long that took.
#[derive(Debug)]
struct Response(Result<Arc<LookupResponse>, Arc<LookupError>>, Duration);

impl SuspendedVerification {
    /// Takes what came of the lookup that it is suspended for, and how long that took.
    pub fn answered(&mut self, response: Result<Arc<LookupResponse>, Arc<LookupError>>, waited: Duration) {
        self.response = Some(Response(response, waited));
    }

    /// What is trusted for the host.
    pub fn policy(&self) -> &HostPolicy {
        &self.policy
    }

    /// Goes on, with the chain that it was suspended with. `None` where this is another server's: nothing that was found for
    /// one may be used for the other.
    pub fn resume<'v>(
        self,
        stores: &'v HostPolicy,
        chain: &'v Result<PeerChain<'v>, ChainError>,
    ) -> Option<Verification<'v>> {
        let read = chain.as_ref().ok();
        let own = read
            .and_then(|chain| chain.certificates().next())
            .map(Certificate::as_der);
        if own != self.end_entity.as_deref() {
            return None;
        }
        let mut resumed = Verification {
            candidates: self
                .candidates
                .and_then(|candidates| Some(candidates.attach(read?))),
            policy: self.policy,
            stores,
            chain: chain.as_ref().map_err(|error| *error),
            library: self.library,
            now: self.now,
            loaded: self.loaded,
            search: self.search,
            untrusted: self.untrusted,
            refused: self.refused,
            state: self.state,
            selecting: self.selecting,
            validating: self.validating,
        };
        if let Some(Response(response, waited)) = self.response {
            resumed.answered(response, false, waited);
        }
        Some(resumed)
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

impl fmt::Debug for SuspendedVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspendedVerification")
            .field("host", &self.policy.host())
            .finish_non_exhaustive()
    }
}
