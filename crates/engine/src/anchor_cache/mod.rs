//! Anchors that were fetched from afar: asked for once, kept while a connection leans on them, then forgotten.
//!
//! [`AnchorCache`] stands before a [`DeferredStore`](crate::DeferredStore) and holds what it answered in `slots`, one for
//! each key. It has these rules, for whatever store it is:
//!
//! - Of many who want one key, one asks: the others wait for the same answer, which comes whether or not the one who
//!   asked still waits.
//! - An answer must hold what was asked for, and be of no older generation than the newest that is remembered: the newest
//!   that was seen, and no later than a day past what is known to have come.
//! - Anchors stay while a [`Lease`] on them lives, and for a grace after the last; then their memory is given back.
//! - That there is no such anchor is remembered for a while, or until a newer generation is seen.
//! - What is of an older generation than the newest serves no new connection, nor what came too long ago, however many
//!   lean on it: what a store takes back is taken back in the end. An answer that does not say its own is of
//!   the newest that was known when it was asked for.
//! - A question is put once more, and not a third time, where the store could not help it: a newer generation was seen
//!   meanwhile, or whoever asked is gone and took the question along while others wait.
//! - A question that nobody waits for any more is wanted no more, and the store may drop it. Until it has, it is there for
//!   the next who wants the same; if it is dropped just then, it is put anew. Wanted without anybody who waits are a
//!   refresh, while connections lean on the answer, and the latest questions that were asked ahead of a connection.

mod floor;
mod lease;
mod pending;
mod reaper;
mod slots;

pub(crate) use floor::Floor;
pub(crate) use lease::Lease;
pub(crate) use pending::Waiting;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pending::Pending;
use slots::{Answered, Put, Slots, Why};

use crate::binding::Presence;
use crate::{AnchorKey, DeferredStore, LookupError, LookupKind, LookupRequest, LookupResponse, Responder};

/// How long things are remembered and waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// How long an anchor stays after the last connection that leaned on it.
    pub(crate) idle_grace: Duration,
    /// How long after it came an anchor serves new connections, before the store is asked again.
    pub(crate) max_age: Duration,
    /// How long it is remembered that a store has no such anchor.
    pub(crate) not_found: Duration,
    /// How long a lookup may take, and how long a connection waits for all of its lookups.
    pub(crate) lookup: Duration,
}

impl Default for Times {
    fn default() -> Self {
        Self {
            idle_grace: Duration::from_secs(5),
            max_age: Duration::from_secs(5 * 60),
            not_found: Duration::from_secs(10 * 60),
            lookup: Duration::from_secs(10),
        }
    }
}

/// A store that is asked by key, and what it answered.
#[derive(Debug)]
pub(crate) struct AnchorCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Box<dyn DeferredStore>,
    times: Times,
    floor: Floor,
    slots: Mutex<Slots>,
    /// Wakes the thread that forgets.
    closed: Condvar,
}

/// What a question came to.
#[derive(Debug)]
pub(crate) enum Asked {
    /// The answer was there, from an earlier question.
    Here(Arc<LookupResponse>),
    /// The store was asked. The answer may be there already.
    Later(Waiting),
}

impl AnchorCache {
    pub(crate) fn new(store: Box<dyn DeferredStore>, times: Times, floor: Floor) -> Self {
        Self(Arc::new(Shared {
            store,
            times,
            floor,
            slots: Mutex::default(),
            closed: Condvar::new(),
        }))
    }

    pub(crate) fn store(&self) -> &dyn DeferredStore {
        &*self.0.store
    }

    pub(crate) fn kind(&self) -> LookupKind {
        self.0.store.kind()
    }

    /// The newest generation that is remembered of the store.
    pub(crate) fn newest_generation(&self) -> Option<u32> {
        self.0.lock().newest()
    }

    /// Takes it from elsewhere, as from a file that outlasted the program, which generation was seen.
    pub(crate) fn saw_generation(&self, generation: u32) {
        self.0.lock().remember(generation);
    }

    /// The answer, if it is there, and otherwise what to wait for. Never waits itself.
    pub(crate) fn ask(&self, key: &AnchorKey) -> Asked {
        self.0.ask(key, Why::Wanted)
    }

    /// Keeps an answer, which was found by this key, for as long as the lease lives.
    pub(crate) fn lease(&self, key: &AnchorKey, answer: &Arc<LookupResponse>) -> Lease {
        self.0.lock().lease(key, answer);
        Lease::new(self.0.clone(), key.clone())
    }

    /// Keeps what is there of what was found by this key.
    pub(crate) fn lease_again(&self, key: &AnchorKey) -> Option<Lease> {
        let is_there = self.0.lock().lease_again(key);
        is_there.then(|| Lease::new(self.0.clone(), key.clone()))
    }

    /// Keeps a question wanted without anybody who waits for it, among the latest of its kind: a connection that wants the
    /// answer is to come.
    pub(crate) fn keep_ahead(&self, waiting: &Waiting) {
        if waiting.now().is_none() {
            let dropped = self.0.lock().keep_ahead(waiting.another());
            drop(dropped);
        }
    }

    /// Whether an anchor that was found by this key is known to be there still.
    pub(crate) fn presence(
        &self,
        key: &AnchorKey,
        is_in: impl Fn(&[jit_trust_core::Entry<'_>]) -> bool,
    ) -> Presence {
        self.0.lock().presence(key, Instant::now(), &self.0.times, is_in)
    }
}

/// The thread that forgets need not wait any longer.
impl Drop for AnchorCache {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.closed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Slots> {
        // Nothing panics while it holds this; and what is there is whole after every statement.
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ask(self: &Arc<Self>, key: &AnchorKey, why: Why) -> Asked {
        let now = Instant::now();
        let mut slots = self.lock();
        if let Some(answer) = slots.find(key, now, &self.times) {
            return Asked::Here(answer);
        }
        let (waiting, put) = slots.ask(key, why, now, &self.times);
        drop(slots);
        if let Some(put) = put {
            self.put(key, put);
        }
        Asked::Later(waiting)
    }

    /// Puts a question to the store, which may do anything now, even answer. No lock is held.
    fn put(self: &Arc<Self>, key: &AnchorKey, put: Put) {
        let question = LookupRequest {
            key: key.clone(),
            newest_generation: put.newest,
        };
        let (shared, key) = (Arc::downgrade(self), key.clone());
        let reply = Responder::claimed(put.interest.clone(), move |answer| match shared.upgrade() {
            Some(shared) => shared.answered(&key, &put, answer),
            None => tell(put.pending.upgrade(), Err(LookupError::Dropped)),
        });
        self.store.look_up(question, reply);
    }

    /// Takes what the store says to a question, whenever it does.
    fn answered(self: &Arc<Self>, key: &AnchorKey, put: &Put, answer: Result<LookupResponse, LookupError>) {
        // It may be large, and is looked at without anybody waiting for it.
        let answer = answer.and_then(|answer| answer.check(key).map(|()| answer));
        let ceiling = self.floor.ceiling();
        let mut slots = self.lock();
        let answered = slots.answered(key, put, answer, ceiling, Instant::now(), &self.times);
        reaper::wake(self, &mut slots);
        drop(slots);
        match answered {
            Answered::Repeat(put) => self.put(key, put),
            Answered::Tell {
                pending,
                outcome,
                outdated,
                refresh,
            } => {
                tell(pending, outcome);
                drop(refresh);
                // Connections lean on these, and whether they still may is to be known.
                for key in outdated {
                    if let Asked::Later(waiting) = self.ask(&key, Why::Refresh) {
                        let dropped = self.lock().keep_refreshing(&key, waiting);
                        drop(dropped);
                    }
                }
            }
        }
    }
}

fn tell(pending: Option<Arc<Pending>>, outcome: Result<Arc<LookupResponse>, LookupError>) {
    if let Some(pending) = pending {
        pending.set(outcome);
    }
}
