//! A cache of remote anchors with single-flight lookups, counted by the connections that use them.
//!
//! [`AnchorCache`] stands before a [`DeferredStore`] and keeps its responses, one entry a key. The
//! rules, for every store:
//!
//! - Of many connections that want one key, one has the store asked. The others wait for the same response, which comes
//!   whether or not the first still waits.
//! - A response must hold what was asked for, and be of no older generation than the newest that is remembered: the
//!   newest that was seen, but at most a day past what is known to have come (see `ceiling`).
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

mod ceiling;
mod entries;
mod eviction;
#[cfg(test)]
mod tests;

pub(crate) use ceiling::generation_ceiling;
pub(crate) use entries::{Lookup, Times};

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use std::{fmt, mem};

use entries::{Effects, Entries, SentRequest};

use crate::lookup::Waiter;
use crate::{AnchorKey, DeferredStore, LookupError, LookupRequest, LookupResponse, Responder};

/// A deferred store, and a cache of its responses.
pub(crate) struct AnchorCache {
    store: Box<dyn DeferredStore>,
    /// The newest generation that may be remembered now. It asks the local stores: no lock may be held.
    ceiling: Box<dyn Fn() -> u32 + Send + Sync>,
    entries: Mutex<Entries>,
}

impl AnchorCache {
    pub(crate) fn new(
        store: Box<dyn DeferredStore>,
        times: Times,
        ceiling: impl Fn() -> u32 + Send + Sync + 'static,
    ) -> Self {
        Self {
            store,
            ceiling: Box::new(ceiling),
            entries: Mutex::new(Entries::new(times)),
        }
    }

    pub(crate) fn store(&self) -> &dyn DeferredStore {
        &*self.store
    }

    /// The newest generation that is remembered of the store.
    pub(crate) fn newest_generation(&self) -> Option<u32> {
        self.lock().newest
    }

    /// Takes over a generation that was seen elsewhere, as by an earlier run of the program.
    pub(crate) fn saw_generation(&self, generation: u32) {
        self.lock().remember(generation);
    }

    /// The cached response, or otherwise a lookup to wait for. Does not wait itself.
    pub(crate) fn look_up(self: &Arc<Self>, key: &AnchorKey) -> Lookup {
        self.update(|entries| entries.look_up(key, Instant::now()))
    }

    /// Keeps what is cached under this key while the lease lives. Where nothing is, as after an eviction, `response` is
    /// cached again; without it there is no lease.
    pub(crate) fn lease(
        self: &Arc<Self>,
        key: &AnchorKey,
        response: Option<&Arc<LookupResponse>>,
    ) -> Option<Lease> {
        let is_cached = self.lock().lease(key, response, Instant::now());
        is_cached.then(|| Lease {
            cache: self.clone(),
            key: key.clone(),
        })
    }

    /// Keeps a lookup wanted, among the latest of its kind, for a connection that is to come.
    pub(crate) fn keep_ahead(self: &Arc<Self>, waiter: &Waiter) {
        if waiter.result().is_none() {
            self.update(|entries| entries.keep_ahead(waiter.another()));
        }
    }

    /// The cached response, if it is not out of date. Does not count as a use.
    pub(crate) fn cached(&self, key: &AnchorKey) -> Option<Arc<LookupResponse>> {
        self.lock().current(key, Instant::now()).cloned()
    }

    fn lock(&self) -> MutexGuard<'_, Entries> {
        // Nothing panics while it holds this, and the entries are consistent after every statement.
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the entries, and does what that entails when they are no longer locked.
    fn update<T>(self: &Arc<Self>, change: impl FnOnce(&mut Entries) -> T) -> T {
        let mut entries = self.lock();
        let value = change(&mut entries);
        let effects = mem::take(&mut entries.effects);
        drop(entries);
        self.apply(effects);
        value
    }

    fn apply(self: &Arc<Self>, effects: Effects) {
        if let (Some(lookup), Some(result)) = (effects.finished, effects.result) {
            lookup.finish(result);
        }
        drop(effects.released);
        if let Some(request) = effects.request {
            self.send(request);
        }
        for key in effects.outdated {
            self.update(|entries| entries.refresh(&key, Instant::now()));
        }
    }

    /// Sends a request to the store, which may do anything now, even respond.
    fn send(self: &Arc<Self>, sent: SentRequest) {
        let request = LookupRequest::new(sent.key.clone()).having_seen(sent.newest);
        let cache = Arc::downgrade(self);
        let responder = Responder::shared(sent.lookup.clone(), move |response| {
            if let Some(cache) = cache.upgrade() {
                cache.responded(&sent, response);
            } else if let Some(lookup) = sent.lookup.upgrade() {
                lookup.finish(Err(Arc::new(LookupError::Dropped)));
            }
        });
        self.store.look_up(request, responder);
    }

    /// Takes the response to a request.
    fn responded(self: &Arc<Self>, request: &SentRequest, response: Result<LookupResponse, LookupError>) {
        // Before the lock, because it may be large.
        let response = response.and_then(|response| response.check(&request.key).map(|()| response));
        let ceiling = (self.ceiling)();
        self.update(|entries| {
            entries.responded(request, response, ceiling, Instant::now());
            eviction::start(self, entries);
        });
    }
}

/// Ends the thread that evicts.
impl Drop for AnchorCache {
    fn drop(&mut self) {
        let entries = self.entries.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(evictor) = &entries.evictor {
            evictor.unpark();
        }
    }
}

impl fmt::Debug for AnchorCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnchorCache")
            .field("store", &self.store)
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

/// A connection's use of an anchor, which stays cached while this lives, and for the grace after that.
pub(crate) struct Lease {
    cache: Arc<AnchorCache>,
    key: AnchorKey,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.cache.update(|entries| {
            entries.release(&self.key, Instant::now());
            // The cache goes with the last that uses it.
            if Arc::strong_count(&self.cache) > 1 {
                eviction::start(&self.cache, entries);
            }
        });
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.key).finish()
    }
}
