//! Eviction: of what no connection uses when its time is over, and of the least recently used where there is too much.

use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use super::AnchorCache;
use super::entries::{CacheEntry, Entries};

/// The most entries that no connection uses. A hostile server can name as many keys as it likes.
pub(super) const MAX_IDLE: usize = 256;

/// Enough stack for the thread, which calls nothing deep.
const STACK: usize = 128 << 10;

/// Starts the thread that evicts anchors when their time is over. There is one only while an anchor is idle.
pub(super) fn start(cache: &Arc<AnchorCache>, entries: &mut Entries) {
    if entries.evictor.is_some() || entries.next_eviction().is_none() {
        return;
    }
    let thread = thread::Builder::new()
        .name("jit-trust-idle".to_owned())
        .stack_size(STACK);
    let cache = Arc::downgrade(cache);
    let started = thread.spawn(move || {
        while let Some(wait) = cache.upgrade().and_then(|cache| evict(&cache)) {
            thread::park_timeout(wait);
        }
    });
    // Without a thread, what is idle is evicted with the next request.
    entries.evictor = started.ok().map(|started| started.thread().clone());
}

/// Evicts what has expired. Returns how long it takes until more does, or `None` where the thread is to end.
fn evict(cache: &AnchorCache) -> Option<Duration> {
    let now = Instant::now();
    let mut entries = cache.lock();
    entries.evict_expired(now);
    let next = entries.next_eviction();
    if next.is_none() {
        entries.evictor = None;
    }
    next.map(|next| next.saturating_duration_since(now))
}

impl Entries {
    /// Evicts what no connection has used, or waits for, for long enough.
    pub(super) fn evict_expired(&mut self, now: Instant) {
        self.entries.retain(|_, entry| {
            if entry.expires_at(&self.times).is_some_and(|at| at <= now) {
                entry.cached = None;
            }
            let in_flight = &mut entry.in_flight;
            in_flight.take_if(|in_flight| in_flight.deadline <= now && !in_flight.is_wanted());
            !entry.is_empty()
        });
        if self.entries.len() <= self.entries.capacity() / 4 {
            self.entries.shrink_to_fit();
        }
    }

    /// When the next anchors expire.
    fn next_eviction(&self) -> Option<Instant> {
        let holds_anchors =
            |entry: &&CacheEntry| entry.cached.as_ref().is_some_and(|cached| cached.has_anchors);
        let anchors = self.entries.values().filter(holds_anchors);
        anchors.filter_map(|entry| entry.expires_at(&self.times)).min()
    }

    /// Evicts the least recently used of what is idle, as far as there is too much of it.
    pub(super) fn make_room(&mut self, now: Instant) {
        self.evict_expired(now);
        while self.entries.values().filter(|entry| entry.is_idle()).count() >= MAX_IDLE {
            let idle = self.entries.iter().filter(|(_, entry)| entry.is_idle());
            let oldest = idle.min_by_key(|(_, entry)| entry.last_used);
            let Some(key) = oldest.map(|(key, _)| key.clone()) else {
                return;
            };
            self.entries.remove(&key);
        }
    }
}
