//! What a connection is doing, and until when it may go on.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// How long a client may wait on average before it takes the next chunk of an answer. What it takes faster or slower
/// than that is added to or subtracted from what it may still wait, which never exceeds [`Limits::stalled`].
const PER_CHUNK: Duration = Duration::from_secs(1);

/// For how long a client may do nothing.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// A client that asks for nothing.
    pub(super) idle: Duration,
    /// A client that does not take an answer.
    pub(super) stalled: Duration,
}

/// Why a connection is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Over {
    /// Nothing was asked for.
    Idle,
    /// An answer was not taken.
    Stalled,
    /// Another client needs the place.
    Displaced,
}

/// The requests of one connection that are under way.
#[derive(Debug)]
pub(super) struct Activity {
    limits: Limits,
    state: Mutex<State>,
    /// A deadline may be earlier than before.
    changed: Notify,
    displaced: Notify,
}

#[derive(Debug)]
struct State {
    requests: HashMap<u64, Pace>,
    next: u64,
    /// When the last request ended, or the connection was accepted.
    quiet_since: Instant,
}

/// How fast an answer is taken.
#[derive(Clone, Copy, Debug, Default)]
struct Pace {
    chunks: u32,
    /// How long the client took for those.
    waited: Duration,
    /// Since when it is the client's turn.
    since: Option<Instant>,
}

impl Pace {
    fn is_over_at(&self, stalled: Duration) -> Option<Instant> {
        let earned = stalled + PER_CHUNK * self.chunks;
        Some(self.since? + earned.saturating_sub(self.waited).min(stalled))
    }

    fn waits_for_client(&mut self, now: Instant) {
        self.since = Some(now);
    }

    fn is_taken(&mut self, now: Instant) {
        self.works(now);
        self.chunks = self.chunks.saturating_add(1);
        self.since = Some(now);
    }

    fn works(&mut self, now: Instant) {
        if let Some(since) = self.since.take() {
            self.waited += now.saturating_duration_since(since);
        }
    }
}

impl Activity {
    pub(super) fn new(limits: Limits) -> Self {
        let state = State {
            requests: HashMap::new(),
            next: 0,
            quiet_since: Instant::now(),
        };
        Self {
            limits,
            state: Mutex::new(state),
            changed: Notify::new(),
            displaced: Notify::new(),
        }
    }

    /// Counts a request as under way until what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Arc<UnderWay> {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.requests.insert(id, Pace::default());
        Arc::new(UnderWay {
            activity: Arc::clone(self),
            id,
        })
    }

    /// Waits until the connection is to be closed.
    pub(super) async fn over(&self) -> Over {
        loop {
            let (deadline, why) = self.deadline();
            let at_deadline = async {
                match deadline {
                    Some(deadline) => sleep_until(deadline).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                () = self.is_displaced() => return Over::Displaced,
                () = self.changed.notified() => {}
                // It may have become later.
                () = at_deadline => if self.deadline() == (deadline, why) {
                    return why;
                },
            }
        }
    }

    fn deadline(&self) -> (Option<Instant>, Over) {
        let state = self.state();
        if state.requests.is_empty() {
            return (Some(state.quiet_since + self.limits.idle), Over::Idle);
        }
        let paces = state.requests.values();
        let first = paces
            .filter_map(|pace| pace.is_over_at(self.limits.stalled))
            .min();
        (first, Over::Stalled)
    }

    /// Which connection is displaced first: one without requests before one that has any, and the one first that has
    /// done nothing for longest.
    pub(super) fn rank(&self) -> (bool, Instant) {
        let state = self.state();
        if state.requests.is_empty() {
            return (false, state.quiet_since);
        }
        let waiting = state.requests.values().filter_map(|pace| pace.since).min();
        (true, waiting.unwrap_or_else(Instant::now))
    }

    pub(super) fn displace(&self) {
        self.displaced.notify_one();
    }

    /// Waits until the place is needed.
    pub(super) async fn is_displaced(&self) {
        self.displaced.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A request, from its head until the last of its answer was taken.
#[derive(Debug)]
pub(super) struct UnderWay {
    activity: Arc<Activity>,
    id: u64,
}

impl UnderWay {
    /// Something is being sent: it is the client's turn to take it.
    pub(super) fn waits_for_client(&self) {
        self.pace(Pace::waits_for_client);
        self.activity.changed.notify_one();
    }

    /// A chunk was taken. It stays the client's turn.
    pub(super) fn is_taken(&self) {
        self.pace(Pace::is_taken);
    }

    /// It is the server's turn.
    pub(super) fn works(&self) {
        self.pace(Pace::works);
    }

    fn pace(&self, change: impl FnOnce(&mut Pace, Instant)) {
        if let Some(pace) = self.activity.state().requests.get_mut(&self.id) {
            change(pace, Instant::now());
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut state = self.activity.state();
        state.requests.remove(&self.id);
        if state.requests.is_empty() {
            state.quiet_since = Instant::now();
            drop(state);
            self.activity.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STALLED: Duration = Duration::from_secs(30);

    /// Whether a client may take `chunks`, one after each `wait`.
    fn may_take(chunks: u32, wait: Duration) -> bool {
        let mut now = Instant::now();
        let mut pace = Pace::default();
        pace.waits_for_client(now);
        (0..chunks).all(|_| {
            let limit = pace.is_over_at(STALLED).unwrap();
            now += wait;
            pace.is_taken(now);
            now < limit
        })
    }

    #[test]
    fn a_client_that_is_slow_is_served_and_one_that_hardly_takes_anything_is_not() {
        assert!(may_take(10_000, PER_CHUNK));
        assert!(may_take(1, STALLED - PER_CHUNK));
        assert!(!may_take(1, STALLED));
        assert!(!may_take(100, PER_CHUNK * 2));
        assert!(!may_take(3, STALLED - PER_CHUNK));
    }

    #[test]
    fn nothing_is_saved_up_for_more_than_one_wait() {
        let start = Instant::now();
        let mut pace = Pace::default();
        for _ in 0..1000 {
            pace.is_taken(start);
        }
        assert_eq!(pace.is_over_at(STALLED), Some(start + STALLED));
    }

    #[test]
    fn the_time_that_the_server_takes_is_not_the_clients() {
        let start = Instant::now();
        let mut pace = Pace::default();
        assert_eq!(pace.is_over_at(STALLED), None);
        pace.waits_for_client(start);
        pace.works(start);
        assert_eq!(pace.is_over_at(STALLED), None);
        pace.waits_for_client(start + STALLED * 2);
        assert_eq!(pace.is_over_at(STALLED), Some(start + STALLED * 3));
    }

    #[test]
    fn a_connection_without_requests_is_displaced_before_any_that_has_one() {
        let limits = Limits {
            idle: STALLED,
            stalled: STALLED,
        };
        let [busy, idle, later] = [(); 3].map(|()| Arc::new(Activity::new(limits)));
        let request = busy.begin();
        assert!(idle.rank() < later.rank());
        assert!(later.rank() < busy.rank());
        drop(request);
        assert!(later.rank() < busy.rank(), "it was the last to do something");
    }
}
