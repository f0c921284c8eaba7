//! Finding the anchors for one chain: what is at hand first, then what has to be asked for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust_core::{Entry, HashedName, PeerChain, Query, TrustAnchor};
use smallvec::SmallVec;

use super::{Stores, is_asked_by};
use crate::residency::{Asked, Waiting};
use crate::store::Scope;
use crate::{AnchorKey, Answer, QueryError, Selection, StoreError};

/// How many questions one connection puts to stores that may answer later.
const MAX_QUERIES: usize = 6;

/// How many anchors are imported for one connection.
pub(super) const MAX_IMPORTS: usize = 3;

/// A search for the anchors of one chain. It begins with those that are at hand; each [`widen`](Self::widen) adds the
/// answer to one question more, for as long as the TLS library finds no path.
///
/// The questions are for the issuer at the top of the path first, unless another anchor served this host before.
#[derive(Debug)]
pub(crate) struct Search<'s> {
    chain: &'s PeerChain<'s>,
    stores: &'s Stores<'s>,
    selection: Selection<'s>,
    questions: Option<std::vec::IntoIter<Planned<'s>>>,
    imports: SmallVec<[Import; MAX_IMPORTS]>,
    imported: usize,
    made: Vec<QueryMade>,
    /// The stores that could not answer.
    failed: SmallVec<[usize; 2]>,
    /// Why the first of them could not.
    failure: Option<StoreError>,
    /// What came to questions of this connection before it was verified anew.
    earlier: &'s [Outcome],
    /// What came at once to questions since.
    at_once: Vec<Outcome>,
}

/// What came to a question that a connection was suspended for.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    place: Place,
    answer: Result<Arc<Answer>, Arc<QueryError>>,
    waited: Duration,
}

/// A question for whose answer a connection is suspended.
#[derive(Clone, Debug)]
pub(crate) struct Suspended {
    pub(crate) place: Place,
    pub(crate) waiting: Waiting,
    pub(crate) asked: Instant,
}

impl Suspended {
    /// What came to it.
    pub(crate) fn outcome(self, answer: Result<Arc<Answer>, Arc<QueryError>>) -> Outcome {
        Outcome::new(self.place, answer, self.asked)
    }
}

impl Outcome {
    fn new(place: Place, answer: Result<Arc<Answer>, Arc<QueryError>>, asked: Instant) -> Self {
        Self {
            place,
            answer,
            waited: asked.elapsed(),
        }
    }
}

/// A question that is worth asking.
#[derive(Clone, Debug)]
pub(crate) struct Planned<'s> {
    pub(super) place: Place,
    query: Query<'s>,
}

/// Which of the stores that may answer later, and what it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) store: usize,
    pub(super) key: AnchorKey,
}

/// Anchors that came from a store, and where from.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub(crate) place: Place,
    pub(super) answer: Arc<Answer>,
}

/// A question that was put to a store for a connection, to show.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct QueryMade {
    /// What the store is called.
    pub store: String,
    /// What it was asked for.
    pub key: AnchorKey,
    /// What came.
    pub outcome: QueryOutcome,
    /// Why there was no answer, if there was none.
    pub error: Option<Arc<QueryError>>,
    /// How long the connection waited for it.
    pub waited: Duration,
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum QueryOutcome {
    /// So many anchors were still at hand, from an earlier question.
    AtHand(usize),
    /// So many anchors came.
    Found(usize),
    /// There is no such anchor.
    NotFound,
    /// There was no answer.
    Failed,
}

/// What comes of looking further.
#[derive(Debug)]
pub(crate) enum Widened<'s> {
    /// There are more anchors than before.
    Yes,
    /// The answer to this is on its way. It is to be given to [`Search::answered`].
    Later(Planned<'s>, Waiting),
    /// There is nothing more to ask.
    No,
}

impl<'s> Search<'s> {
    /// Looks through what is at hand.
    pub(crate) fn new(stores: &'s Stores<'s>, chain: &'s PeerChain<'s>) -> Result<Self, StoreError> {
        let mut selection = Selection::new(chain);
        stores.ask_local(&mut selection)?;
        Ok(Self {
            chain,
            stores,
            selection,
            questions: None,
            imports: SmallVec::new(),
            imported: 0,
            made: Vec::new(),
            failed: SmallVec::new(),
            failure: None,
            earlier: &[],
            at_once: Vec::new(),
        })
    }

    /// Takes these answers for those to its own questions, so that none is put twice for one connection.
    pub(crate) fn with_earlier(mut self, earlier: &'s [Outcome]) -> Self {
        self.earlier = earlier;
        self
    }

    /// What was found.
    pub(crate) fn selection(&self) -> &Selection<'s> {
        &self.selection
    }

    /// Takes an anchor out, by its place among those that were found: a path to it does not conform to name constraints
    /// that bind it.
    pub(crate) fn refuse(&mut self, place: usize) {
        self.selection.refuse(place);
    }

    /// Takes out the anchors of a name, in DER, and a key that what local stores say binds: a path to a CA of that name and
    /// key, which is loaded into the TLS library, does not conform.
    #[cfg(feature = "openssl")]
    pub(crate) fn refuse_key(&mut self, name: &[u8], spki_value: &[u8]) {
        self.selection.refuse_key(name, spki_value, Scope::Policy);
    }

    /// Which questions were asked.
    pub(crate) fn queries(&self) -> &[QueryMade] {
        &self.made
    }

    /// Why a store could not answer, if one could not: nothing can be said then about what it may hold.
    pub(crate) fn take_failure(&mut self) -> Option<StoreError> {
        self.failure.take()
    }

    /// What came at once to questions, for a connection that is suspended now.
    pub(crate) fn take_at_once(&mut self) -> Vec<Outcome> {
        std::mem::take(&mut self.at_once)
    }

    /// Whether the server's own certificate has expired at this Unix time, or is not valid yet: no anchor would make a
    /// difference.
    pub(crate) fn is_out_of_date(&self, now: u64) -> bool {
        let Some(own) = self.chain.certificates().next() else {
            return false;
        };
        let (from, to) = (own.not_before(), own.not_after());
        from.is_some_and(|from| now < from) || to.is_some_and(|to| to < now)
    }

    /// Whether there are stores that may answer later.
    pub(crate) fn may_ask(&self) -> bool {
        !self.stores.remote.is_empty()
    }

    /// Looks further, one question at a time, until there is something new. `host` is whom the chain should be of.
    pub(crate) fn widen(&mut self, host: &str) -> Widened<'s> {
        if self.stores.remote.is_empty() {
            return Widened::No;
        }
        if self.questions.is_none() {
            self.questions = Some(self.plan(host).into_iter());
        }
        while self.imported < MAX_IMPORTS {
            let Some(planned) = self.questions.as_mut().and_then(Iterator::next) else {
                break;
            };
            // A store that did not answer one question is not waited for a second time.
            if self.failed.contains(&planned.place.store) {
                continue;
            }
            let Some(remote) = self.stores.remote.get(planned.place.store) else {
                continue;
            };
            let mut earlier = self.earlier.iter();
            let earlier = earlier.find(|earlier| earlier.place == planned.place);
            if let Some(Outcome { answer, waited, .. }) = earlier.cloned() {
                if self.answered(planned, answer, waited) {
                    return Widened::Yes;
                }
                continue;
            }
            if self.earlier.len() + self.at_once.len() >= MAX_QUERIES {
                break;
            }
            let asked = Instant::now();
            let is_new = match remote.ask(&planned.place.key) {
                Asked::Here(answer) => {
                    let found = self.import(&planned, &answer);
                    let outcome = match found {
                        0 => QueryOutcome::NotFound,
                        found => QueryOutcome::AtHand(found),
                    };
                    self.note(&planned, outcome, Duration::ZERO, None);
                    found > 0
                }
                Asked::Later(waiting) => match waiting.now() {
                    // The store answered at once.
                    Some(answer) => self.answered_at_once(planned, answer, asked),
                    None => return Widened::Later(planned, waiting),
                },
            };
            if is_new {
                return Widened::Yes;
            }
        }
        Widened::No
    }

    /// As [`answered`](Self::answered), and keeps the answer for a connection that may be suspended for another question.
    pub(super) fn answered_at_once(
        &mut self,
        planned: Planned<'s>,
        answer: Result<Arc<Answer>, Arc<QueryError>>,
        asked: Instant,
    ) -> bool {
        self.at_once
            .push(Outcome::new(planned.place.clone(), answer.clone(), asked));
        self.answered(planned, answer, asked.elapsed())
    }

    /// Takes the answer to a question, and says whether there are more anchors than before.
    pub(crate) fn answered(
        &mut self,
        planned: Planned<'s>,
        answer: Result<Arc<Answer>, Arc<QueryError>>,
        waited: Duration,
    ) -> bool {
        match answer {
            Ok(answer) => {
                let found = self.import(&planned, &answer);
                let outcome = match found {
                    0 => QueryOutcome::NotFound,
                    found => QueryOutcome::Found(found),
                };
                self.note(&planned, outcome, waited, None);
                self.stores.note_generation(planned.place.store);
                found > 0
            }
            Err(error) => {
                self.note(&planned, QueryOutcome::Failed, waited, Some(error.clone()));
                let Place { store, key } = planned.place;
                self.failed.push(store);
                let store = self.name(store);
                self.failure
                    .get_or_insert(StoreError::Query { store, key, error });
                false
            }
        }
    }

    /// Where this anchor came from, if it was imported.
    pub(crate) fn import_of(&self, anchor: &TrustAnchor<'_>) -> Option<&Import> {
        let is_it = |entry: &Entry<'_>| entry.encoded() == anchor.entry().encoded();
        self.imports
            .iter()
            .find(|import| import.answer.entries().iter().any(is_it))
    }

    /// The questions that are worth asking, the most promising first: those whose answers served this host before, then
    /// those for the top of the path, to each store before any is asked for what is further down.
    fn plan(&self, host: &str) -> Vec<Planned<'s>> {
        let served = self.stores.served_before(host);
        // Where none served this host before, no question after these comes before them.
        let looked_at = if served.is_empty() {
            MAX_QUERIES
        } else {
            usize::MAX
        };
        let mut planned: Vec<(usize, Planned<'s>)> = Vec::new();
        for (store, remote) in self.stores.remote.iter().enumerate() {
            let queries = self.chain.queries().filter_map(|query| {
                let key = AnchorKey::of(&query).filter(|key| is_asked_by(remote.keys(), key))?;
                Some((query, Place { store, key }))
            });
            for (rank, (query, place)) in queries.take(looked_at).enumerate() {
                if !planned.iter().any(|(_, known)| known.place == place) {
                    planned.push((rank, Planned { place, query }));
                }
            }
        }
        let has_served = |planned: &Planned<'_>| served.contains(&planned.place.key);
        planned.sort_by_key(|(rank, planned)| (!has_served(planned), *rank));
        // Those that served before may have been asked for ahead of the connection, wanted or not.
        let mut others = MAX_QUERIES - served.len().min(MAX_IMPORTS);
        let planned = planned.into_iter().map(|(_, planned)| planned);
        let planned = planned.filter(|planned| {
            let is_asked = has_served(planned) || others > 0;
            others -= usize::from(is_asked && !has_served(planned));
            is_asked
        });
        planned.take(MAX_QUERIES).collect()
    }

    /// Takes over what an answer holds for this chain, and says how many anchors that were.
    fn import(&mut self, planned: &Planned<'s>, answer: &Arc<Answer>) -> usize {
        let entries = answer.entries();
        let mut named: Vec<_> = entries
            .iter()
            .filter_map(|entry| Some((self.issuer(planned, entry)?, entry)))
            .collect();
        self.selection.enter(Scope::Answer(self.imports.len()));
        let room = MAX_IMPORTS - self.imported;
        if named.len() > room {
            // Those that a certificate names by key come first; it may lie, and is then out of luck.
            named.sort_by_key(|(_, entry)| !self.is_named_by_key(entry));
            // What the others say of the same key binds nevertheless.
            let others = named.split_off(room);
            others
                .iter()
                .for_each(|(issuer, entry)| self.selection.hear(*issuer, entry));
        }
        named
            .iter()
            .for_each(|(issuer, entry)| self.selection.add_entry(*issuer, entry));
        let found = named.len();
        if found > 0 {
            self.imported += found;
            self.imports.push(Import {
                place: planned.place.clone(),
                answer: answer.clone(),
            });
        }
        found
    }

    /// Which of the names that were asked about an entry has. By its key identifier one question may ask about several:
    /// a key can have more names than one.
    fn issuer(&self, planned: &Planned<'s>, entry: &Entry<'_>) -> Option<HashedName<'s>> {
        let asked_for = planned.query.subject().hashed();
        if entry.named_as(asked_for).is_some() {
            return Some(asked_for);
        }
        if matches!(planned.place.key, AnchorKey::Subject(_)) {
            return None;
        }
        let mut issuers = self.chain.issuers().map(|issuer| issuer.hashed());
        issuers.find(|issuer| entry.named_as(*issuer).is_some())
    }

    fn is_named_by_key(&self, entry: &Entry<'_>) -> bool {
        let Some(key_id) = entry.subject_key_id() else {
            return false;
        };
        let mut certificates = self.chain.certificates();
        certificates.any(|certificate| certificate.authority_key_id() == Some(key_id))
    }

    fn note(
        &mut self,
        planned: &Planned<'s>,
        outcome: QueryOutcome,
        waited: Duration,
        error: Option<Arc<QueryError>>,
    ) {
        self.made.push(QueryMade {
            store: self.name(planned.place.store),
            key: planned.place.key.clone(),
            outcome,
            error,
            waited,
        });
    }

    fn name(&self, store: usize) -> String {
        let remote = self.stores.remote.get(store);
        remote.map(|remote| remote.store().name()).unwrap_or_default()
    }
}
