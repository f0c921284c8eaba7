//! A lookup in flight, shared by those who wait for its result.

use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use event_listener::Event;
#[cfg(not(target_family = "wasm"))]
use event_listener::Listener;

use super::{LookupError, LookupResponse};

/// How long it takes at most to see that a wait was cancelled.
#[cfg(not(target_family = "wasm"))]
const CANCELLATION_INTERVAL: Duration = Duration::from_millis(50);

/// What a lookup resulted in, for everyone who waits for it.
pub(crate) type LookupResult = Result<Arc<LookupResponse>, Arc<LookupError>>;

/// A lookup in flight: its result, once there is one, and how many wait for it.
#[derive(Debug, Default)]
pub struct SharedLookup {
    result: OnceLock<LookupResult>,
    waiters: AtomicUsize,
    /// How often the last waiter left.
    abandonments: AtomicUsize,
    /// Notified when the result is there, and when the last waiter left.
    changed: Event,
    /// How long a connection should wait.
    limit: Duration,
}

/// One who waits for a lookup. The lookup is wanted while one of them lives.
#[derive(Debug)]
pub struct Waiter {
    lookup: Arc<SharedLookup>,
    /// Present in the waiter for which the store was asked, and in its clones.
    requester: Option<Arc<()>>,
}

impl SharedLookup {
    pub(crate) fn new(limit: Duration) -> Self {
        Self {
            limit,
            ..Self::default()
        }
    }

    /// Adds a waiter.
    pub fn waiter(self: &Arc<Self>) -> Waiter {
        self.waiters.fetch_add(1, SeqCst);
        Waiter {
            lookup: self.clone(),
            requester: None,
        }
    }

    /// Adds a waiter for which the store is asked. The reference is dead as soon as it and its clones are gone.
    pub(crate) fn requester(self: &Arc<Self>) -> (Waiter, Weak<()>) {
        let requester = Arc::new(());
        let weak = Arc::downgrade(&requester);
        let mut waiter = self.waiter();
        waiter.requester = Some(requester);
        (waiter, weak)
    }

    /// Whether anyone waits.
    pub fn is_wanted(&self) -> bool {
        self.waiters.load(SeqCst) > 0
    }

    /// How often the last waiter left. Another may have come each time.
    pub fn abandonments(&self) -> usize {
        self.abandonments.load(SeqCst)
    }

    /// Gives the result to all waiters. That runs their wakers: no lock may be held.
    pub(crate) fn finish(&self, result: LookupResult) {
        // The first result counts: a second one is of a request that was taken for lost and was not.
        let _ = self.result.set(result);
        self.changed.notify(usize::MAX);
    }

    /// Waits until no connection waits for this lookup any more. It does not keep the lookup alive.
    pub(super) fn unwanted(lookup: Weak<Self>) -> impl Future<Output = ()> + Send {
        let listen = move || {
            let lookup = lookup.upgrade()?;
            let listener = lookup.changed.listen();
            lookup.is_wanted().then_some(listener)
        };
        async move {
            while let Some(changed) = listen() {
                changed.await;
            }
        }
    }
}

impl Waiter {
    /// Adds a waiter to the same lookup, for which the store was not asked.
    pub(crate) fn another(&self) -> Self {
        self.lookup.waiter()
    }

    /// How long a connection should wait.
    pub(crate) fn limit(&self) -> Duration {
        self.lookup.limit
    }

    /// The result, if it is there.
    pub(crate) fn result(&self) -> Option<LookupResult> {
        self.lookup.result.get().cloned()
    }

    /// Waits for the result, until the deadline at the latest or until `is_cancelled`.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn block(&self, deadline: Instant, is_cancelled: impl Fn() -> bool) -> LookupResult {
        loop {
            let changed = self.lookup.changed.listen();
            if let Some(result) = self.result() {
                return result;
            }
            if is_cancelled() {
                return Err(Arc::new(LookupError::Cancelled));
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(Arc::new(LookupError::TimedOut(self.limit())));
            }
            changed.wait_deadline(deadline.min(now + CANCELLATION_INTERVAL));
        }
    }

    /// The result, if it is there: on WebAssembly, a thread cannot wait.
    #[cfg(target_family = "wasm")]
    pub(crate) fn block(&self, _deadline: Instant, _is_cancelled: impl Fn() -> bool) -> LookupResult {
        let timed_out = || Err(Arc::new(LookupError::TimedOut(self.limit())));
        self.result().unwrap_or_else(timed_out)
    }

    /// Waits for the result without blocking a thread. The store gives it or drops the request; how long that may take is
    /// for the caller to say.
    pub(crate) async fn wait(&self) -> LookupResult {
        loop {
            let changed = self.lookup.changed.listen();
            if let Some(result) = self.result() {
                return result;
            }
            changed.await;
        }
    }
}

impl Clone for Waiter {
    fn clone(&self) -> Self {
        let mut waiter = self.another();
        waiter.requester.clone_from(&self.requester);
        waiter
    }
}

/// Wakes a store that waits for the last waiter to go: no lock may be held.
impl Drop for Waiter {
    fn drop(&mut self) {
        // First, so that a store that sees no waiter sees as well that the requester is gone.
        drop(self.requester.take());
        if self.lookup.waiters.fetch_sub(1, SeqCst) == 1 {
            self.lookup.abandonments.fetch_add(1, SeqCst);
            self.lookup.changed.notify(usize::MAX);
        }
    }
}
