//! Eviction: of what no connection uses when its time is over, and of the least recently used where there is too much.

use std::sync::{Arc, PoisonError};
use std::thread;
use std::time::Instant;

use super::Shared;
use super::entries::Entries;

/// Enough for the thread, which calls nothing deep.
const STACK: usize = 128 << 10;

/// Starts the thread that evicts anchors when their time is over. There is one only while an anchor is idle.
pub(super) fn start(shared: &Arc<Shared>, entries: &mut Entries) {
    if entries.has_evictor || entries.is_closed || entries.next_eviction().is_none() {
        return;
    }
    let thread = thread::Builder::new()
        .name("jit-trust-idle".to_owned())
        .stack_size(STACK);
    let shared = shared.clone();
    // Without a thread, what is idle is evicted with the next request.
    entries.has_evictor = thread.spawn(move || evict(&shared)).is_ok();
}

fn evict(shared: &Shared) {
    let mut entries = shared.lock();
    loop {
        let now = Instant::now();
        entries.evict_expired(now);
        let next = entries.next_eviction().filter(|_| !entries.is_closed);
        let Some(next) = next else {
            entries.has_evictor = false;
            return;
        };
        let wait = next.saturating_duration_since(now);
        let woken = shared.closed.wait_timeout(entries, wait);
        entries = woken.unwrap_or_else(PoisonError::into_inner).0;
    }
}
