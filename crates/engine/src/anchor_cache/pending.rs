//! A question that has no answer yet, and those who wait for it.

use std::fmt;
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};

use event_listener::Event;
#[cfg(not(target_family = "wasm"))]
use event_listener::Listener;

use crate::lookup::{Claim, Interest};
use crate::{LookupError, LookupResponse};

/// How long it takes at most to see that a wait has been given up.
#[cfg(not(target_family = "wasm"))]
const GLANCE: Duration = Duration::from_millis(50);

type Outcome = Result<Arc<LookupResponse>, Arc<LookupError>>;

/// What some wait for.
#[derive(Default)]
pub(super) struct Pending {
    outcome: OnceLock<Outcome>,
    answered: Event,
    interest: Arc<Interest>,
}

impl Pending {
    /// Tells all who wait. That runs what they have to run, so no lock may be held.
    pub(super) fn set(&self, outcome: Result<Arc<LookupResponse>, LookupError>) {
        // The first counts: a second comes of a question that was taken for lost and was not.
        let _ = self.outcome.set(outcome.map_err(Arc::new));
        self.answered.notify(usize::MAX);
    }

    /// Those who wait.
    pub(super) fn interest(&self) -> &Arc<Interest> {
        &self.interest
    }
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pending")
            .field("outcome", &self.outcome)
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}

/// Somebody's place among those who wait for an answer.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pending: Arc<Pending>,
    /// Held by the one who asked. It goes before the claim, so that who learns that nobody waits learns that as well.
    _asker: Option<Arc<Asker>>,
    _claim: Claim,
    /// How long a query may take, for the error.
    limit: Duration,
}

/// The one who asked. Where that is nobody any more and the store drops the question, another asks.
#[derive(Debug)]
pub(super) struct Asker;

impl Waiting {
    pub(super) fn new(pending: Arc<Pending>, limit: Duration) -> Self {
        Self {
            _claim: pending.interest.claim(),
            pending,
            _asker: None,
            limit,
        }
    }

    /// Another's place, who wants the same answer and did not ask.
    pub(super) fn another(&self) -> Self {
        Self::new(self.pending.clone(), self.limit)
    }

    /// Whether it is for this answer.
    pub(super) fn is_for(&self, pending: &Arc<Pending>) -> bool {
        Arc::ptr_eq(&self.pending, pending)
    }

    /// The place of the one who asks.
    pub(super) fn of_asker(pending: Arc<Pending>, limit: Duration) -> (Self, Weak<Asker>) {
        let asker = Arc::new(Asker);
        let weak = Arc::downgrade(&asker);
        let waiting = Self {
            _asker: Some(asker),
            ..Self::new(pending, limit)
        };
        (waiting, weak)
    }

    /// How long it is worth waiting.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// The answer, if it is there.
    pub(crate) fn now(&self) -> Option<Outcome> {
        self.pending.outcome.get().cloned()
    }

    /// Waits for the answer, until the deadline at the latest, and gives up when `is_cancelled` says so.
    #[cfg(not(target_family = "wasm"))]
    pub(crate) fn block(&self, deadline: Instant, is_cancelled: impl Fn() -> bool) -> Outcome {
        loop {
            let listener = self.pending.answered.listen();
            if let Some(outcome) = self.now() {
                return outcome;
            }
            if is_cancelled() {
                return Err(Arc::new(LookupError::Cancelled));
            }
            let now = Instant::now();
            if now >= deadline {
                return Err(Arc::new(LookupError::TimedOut(self.limit)));
            }
            listener.wait_deadline(deadline.min(now + GLANCE));
        }
    }

    /// The answer, if it is there; no answer in time otherwise. A thread cannot wait on WebAssembly.
    #[cfg(target_family = "wasm")]
    pub(crate) fn block(&self, _deadline: Instant, _is_cancelled: impl Fn() -> bool) -> Outcome {
        self.now()
            .unwrap_or_else(|| Err(Arc::new(QueryError::TimedOut(self.limit))))
    }

    /// Waits for the answer without holding up a thread. It comes, or the store drops the question; how long that may
    /// take is for the caller to say.
    pub(crate) async fn answer(&self) -> Outcome {
        loop {
            let listener = self.pending.answered.listen();
            if let Some(outcome) = self.now() {
                return outcome;
            }
            listener.await;
        }
    }
}
