//! Running the machine with std: time, and waiting for stores that answer later.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Edge, Step, SuspendedVerification, ValidationRequest, Verification};
use crate::LookupError;
use crate::anchor_cache::Lookup;
use crate::connection::Cancellation;
use crate::lookup::{LookupResult, Waiter};

/// How far one verification waits on the thread that it runs on.
#[derive(Debug, Default)]
pub struct Patience<'a> {
    waits: bool,
    cancellation: Option<&'a Cancellation>,
    deadline: Deadline,
}

impl<'a> Patience<'a> {
    /// Waits for stores on this thread, until it is cancelled.
    pub fn waiting(cancellation: Option<&'a Cancellation>) -> Self {
        Self {
            waits: true,
            cancellation,
            deadline: Deadline::default(),
        }
    }

    /// Does not wait.
    pub fn none() -> Self {
        Self::default()
    }
}

/// Until when a connection waits. All its waits together are as long as one may be, so that a server that names many
/// issuers gains nothing by it.
#[derive(Debug, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// The time, which the first wait sets.
    pub fn for_lookup(&mut self, pending: &LookupPending) -> Instant {
        self.after(pending.limit())
    }

    fn after(&mut self, limit: Duration) -> Instant {
        *self.0.get_or_insert_with(|| later(Instant::now(), limit))
    }
}

/// So much later; where there is no such time, as late as matters to anybody.
fn later(from: Instant, by: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(by).unwrap_or(from + YEAR)
}

impl Verification<'_> {
    /// Runs the machine until there is a verdict.
    ///
    /// # Errors
    /// The lookup that it needs, where it does not wait. The verification can be [suspended](Self::suspend) until there is a
    /// response.
    pub fn drive(&mut self, edge: &mut impl Edge, patience: &mut Patience<'_>) -> Result<(), LookupPending> {
        self.drive_while(edge, patience, |_| true)
    }

    /// Runs the machine until there is a verdict, or until the validation that decides is due, which happens elsewhere: inside
    /// the handshake, for a library that calls back.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub fn drive_to_final(
        &mut self,
        edge: &mut impl Edge,
        patience: &mut Patience<'_>,
    ) -> Result<(), LookupPending> {
        self.drive_while(edge, patience, |request| !request.is_final())
    }

    fn drive_while(
        &mut self,
        edge: &mut impl Edge,
        patience: &mut Patience<'_>,
        is_edges: impl Fn(&ValidationRequest<'_, '_>) -> bool,
    ) -> Result<(), LookupPending> {
        let started = Instant::now();
        let mut validating = Duration::ZERO;
        let driven = loop {
            let lookup = match self.step() {
                Step::Validate(request) if !is_edges(&request) => break Ok(()),
                Step::Validate(request) => {
                    let before = Instant::now();
                    let found = edge.validate(&request);
                    validating += before.elapsed();
                    self.validated(found);
                    continue;
                }
                Step::Lookup(lookup) => lookup,
                Step::Done(_) => break Ok(()),
            };
            match self.look_up(&lookup.0, patience) {
                Ok(()) => {}
                Err(pending) => break Err(pending),
            }
        };
        let total = self.selecting + started.elapsed();
        let validating = self.validating + validating;
        self.took(total.saturating_sub(validating), validating);
        driven
    }

    fn look_up(&mut self, place: &super::Place, patience: &mut Patience<'_>) -> Result<(), LookupPending> {
        let Some(cache) = self.policy.deferred(place.store) else {
            self.answered(Err(Arc::new(LookupError::Dropped)), false, Duration::ZERO);
            return Ok(());
        };
        let asked = Instant::now();
        let waiter = match cache.look_up(&place.key) {
            Lookup::Cached(response) => {
                self.answered(Ok(response), true, Duration::ZERO);
                return Ok(());
            }
            Lookup::InFlight(waiter) => waiter,
        };
        let response = match waiter.result() {
            // The store answered at once.
            Some(response) => response,
            None if !patience.waits => {
                return Err(LookupPending {
                    store: place.store,
                    waiter,
                    asked,
                });
            }
            None => {
                let deadline = patience.deadline.after(waiter.limit());
                let is_cancelled = || patience.cancellation.is_some_and(Cancellation::is_cancelled);
                waiter.block(deadline, is_cancelled)
            }
        };
        let store = place.store;
        self.answered(response, false, asked.elapsed());
        self.policy.note_generation(store);
        Ok(())
    }
}

/// A lookup that a handshake did not wait for. It is on its way: when the response is there, another connection finds it.
///
/// A verifier for rustls that [does not wait](https://docs.rs/jit-trust) fails with it, inside
/// [`Rejection::LookupPending`](crate::Rejection::LookupPending):
///
/// ```no_run
/// # fn connect() -> Result<(), rustls::Error> { Ok(()) }
/// use std::time::Duration;
///
/// use jit_trust::LookupPending;
///
/// if let Err(error) = connect() {
///     if let Some(pending) = LookupPending::find(&error) {
///         pending.wait(Duration::from_secs(10)); // or pending.answered().await
///         connect()?;
///     }
/// }
/// # Ok::<(), rustls::Error>(())
/// ```
#[derive(Clone)]
pub struct LookupPending {
    /// The place of the store in the policy.
    store: usize,
    waiter: Waiter,
    asked: Instant,
}

impl LookupPending {
    /// How long it is worth waiting.
    pub fn limit(&self) -> Duration {
        self.waiter.limit()
    }

    /// Waits until the response is there, at most this long, and says whether it is.
    pub fn wait(&self, at_most: Duration) -> bool {
        self.waiter
            .block(later(Instant::now(), at_most), || false)
            .is_ok()
    }

    /// Waits until the response is there, without blocking a thread. How long that may take is for the caller to say.
    pub async fn answered(&self) -> bool {
        self.waiter.wait().await.is_ok()
    }

    /// Waits until the response is there or the time is over, and has the verification go on with it.
    pub fn block(&self, deadline: Instant, suspended: &mut SuspendedVerification) {
        self.resume_with(self.waiter.block(deadline, || false), suspended);
    }

    /// Waits for the response, without blocking a thread.
    pub async fn response(&self) -> LookupResult {
        self.waiter.wait().await
    }

    /// Has the verification go on with this response, or `None` where the time is over.
    pub fn resume(&self, response: Option<LookupResult>, suspended: &mut SuspendedVerification) {
        let timed_out = || Err(Arc::new(LookupError::TimedOut(self.limit())));
        self.resume_with(response.unwrap_or_else(timed_out), suspended);
    }

    fn resume_with(&self, response: LookupResult, suspended: &mut SuspendedVerification) {
        suspended.answered(response, self.asked.elapsed());
        suspended.policy().note_generation(self.store);
    }

    pub(crate) fn store(&self) -> usize {
        self.store
    }

    pub(crate) fn waiter(&self) -> &Waiter {
        &self.waiter
    }
}

impl fmt::Debug for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupPending").finish_non_exhaustive()
    }
}

impl fmt::Display for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the store has not answered yet; a connection that is made when it has will find the response",
        )
    }
}

impl std::error::Error for LookupPending {}
