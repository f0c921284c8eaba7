//! A cache of remote anchors with single-flight lookups, counted by the connections that use them.
//!
//! [`AnchorCache`] stands before a [`DeferredStore`](crate::DeferredStore) and keeps its responses, one entry a key. The
//! rules, for every store:
//!
//! - Of many connections that want one key, one has the store asked. The others wait for the same response, which comes
//!   whether or not the first still waits.
//! - A response must hold what was asked for, and be of no older generation than the newest that is remembered: the
//!   newest that was seen, but at most a day past what is known to have come (see [`Floor`]).
//! - Anchors stay while a [`Lease`] on them lives, and for `idle_grace` after the last; then their memory is freed.
//! - That a store has no such anchor is remembered for `negative_ttl`, or until a newer generation is seen.
//! - An entry of an older generation than the newest serves no new connection, and neither does one that is older than
//!   `max_age`, however many connections use it: a store can withdraw an anchor. A response that does not state its
//!   generation is of the newest that was known when the request was sent.
//! - A request is sent a second time, but not a third, where the failure was not the store's: a newer generation was seen
//!   meanwhile, or the connection that asked is gone and the store dropped the request while others wait.
//! - A request that no connection waits for is unwanted, and the store may drop it. Until it does, the next connection
//!   that wants the same joins it; if the store drops it just then, it is sent anew. Two kinds of requests are wanted
//!   although no connection waits: a refresh, while connections use the entry, and the latest lookups that were made ahead
//!   of a connection.

mod entries;
mod eviction;
mod floor;
#[cfg(test)]
mod tests;

pub(crate) use entries::{Lookup, Times};
pub(crate) use floor::Floor;

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{fmt, mem};

use entries::{Entries, Next, SentRequest};

use crate::binding::Presence;
use crate::lookup::Waiter;
use crate::{AnchorKey, DeferredStore, LookupError, LookupRequest, LookupResponse, Responder};

/// A deferred store, and a cache of its responses.
#[derive(Debug)]
pub(crate) struct AnchorCache(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    store: Box<dyn DeferredStore>,
    floor: Floor,
    entries: Mutex<Entries>,
    /// Wakes the thread that evicts.
    closed: Condvar,
}

impl AnchorCache {
    pub(crate) fn new(store: Box<dyn DeferredStore>, times: Times, floor: Floor) -> Self {
        Self(Arc::new(Shared {
            store,
            floor,
            entries: Mutex::new(Entries::new(times)),
            closed: Condvar::new(),
        }))
    }

    pub(crate) fn store(&self) -> &dyn DeferredStore {
        &*self.0.store
    }

    /// The newest generation that is remembered of the store.
    pub(crate) fn newest_generation(&self) -> Option<u32> {
        self.0.lock().newest()
    }

    /// Takes over a generation that was seen elsewhere, as by an earlier run of the program.
    pub(crate) fn saw_generation(&self, generation: u32) {
        self.0.lock().remember(generation);
    }

    /// The cached response, or otherwise a lookup to wait for. Does not wait itself.
    pub(crate) fn look_up(&self, key: &AnchorKey) -> Lookup {
        let (lookup, request) = self.0.update(|entries| entries.look_up(key, Instant::now()));
        if let Some(request) = request {
            self.0.send(request);
        }
        lookup
    }

    /// Keeps a response, which was found by this key, while the lease lives.
    pub(crate) fn lease(&self, key: &AnchorKey, response: &Arc<LookupResponse>) -> Lease {
        self.0.lock().lease(key, response, Instant::now());
        self.0.leased(key)
    }

    /// Keeps what is still cached under this key.
    pub(crate) fn lease_cached(&self, key: &AnchorKey) -> Option<Lease> {
        let is_cached = self.0.lock().lease_cached(key);
        is_cached.then(|| self.0.leased(key))
    }

    /// Keeps a lookup wanted, among the latest of its kind, for a connection that is to come.
    pub(crate) fn keep_ahead(&self, waiter: &Waiter) {
        if waiter.result().is_none() {
            self.0.update(|entries| entries.keep_ahead(waiter.another()));
        }
    }

    /// Whether an anchor that was found by this key is known to be in the store still.
    pub(crate) fn presence(
        &self,
        key: &AnchorKey,
        is_in: impl Fn(&[jit_trust_core::Entry<'_>]) -> bool,
    ) -> Presence {
        self.0.lock().presence(key, Instant::now(), is_in)
    }
}

/// Stops the thread that evicts.
impl Drop for AnchorCache {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.closed.notify_all();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing panics while it holds this, and the entries are consistent after every statement.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the entries, and drops the waiters that they released when they are no longer locked.
    fn update<T>(&self, change: impl FnOnce(&mut Entries) -> T) -> T {
        let mut entries = self.lock();
        let value = change(&mut entries);
        let released = mem::take(&mut entries.released);
        drop(entries);
        drop(released);
        value
    }

    fn leased(self: &Arc<Self>, key: &AnchorKey) -> Lease {
        Lease {
            shared: self.clone(),
            key: key.clone(),
        }
    }

    /// Sends a request to the store, which may do anything now, even respond. No lock is held.
    fn send(self: &Arc<Self>, sent: SentRequest) {
        let request = LookupRequest::new(sent.key.clone()).having_seen(sent.newest);
        let shared = Arc::downgrade(self);
        let responder = Responder::shared(sent.lookup.clone(), move |response| {
            match (shared.upgrade(), sent.lookup.upgrade()) {
                (Some(shared), _) => shared.responded(&sent, response),
                (None, Some(lookup)) => lookup.finish(Err(Arc::new(LookupError::Dropped))),
                (None, None) => {}
            }
        });
        self.store.look_up(request, responder);
    }

    /// Takes the response to a request.
    fn responded(self: &Arc<Self>, request: &SentRequest, response: Result<LookupResponse, LookupError>) {
        // Before the lock, because it may be large.
        let response = response.and_then(|response| response.check(&request.key).map(|()| response));
        let ceiling = self.floor.ceiling();
        let next = self.update(|entries| {
            let next = entries.responded(request, response, ceiling, Instant::now());
            eviction::start(self, entries);
            next
        });
        match next {
            Next::Resend(request) => self.send(request),
            Next::Finish {
                lookup,
                result,
                outdated,
            } => {
                if let Some(lookup) = lookup {
                    lookup.finish(result);
                }
                // Connections use these, and whether they still may has to be seen.
                for key in outdated {
                    if let Some(request) = self.update(|entries| entries.refresh(&key, Instant::now())) {
                        self.send(request);
                    }
                }
            }
        }
    }
}

/// A connection's use of an anchor, which stays cached while this lives, and for the grace after that.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    key: AnchorKey,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.update(|entries| {
            entries.release(&self.key, Instant::now());
            eviction::start(&self.shared, entries);
        });
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.key).finish()
    }
}
