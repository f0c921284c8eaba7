//! Runs the machine with `std`: measures time, and waits for deferred stores.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Edge, Lookup, Step, SuspendedVerification, ValidationRequest, Verification};
use crate::connection::Cancellation;
use crate::lookup::{LookupResult, later};
use crate::policy::TrustPolicy;
use crate::{LookupError, LookupPending, anchor_cache};

/// Whether a verification waits for deferred stores, on the thread that it runs on.
#[derive(Debug, Default)]
pub struct LookupWait<'a> {
    blocks: bool,
    cancellation: Option<&'a Cancellation>,
    deadline: Deadline,
}

impl<'a> LookupWait<'a> {
    /// Blocks this thread until there is a response, the time is over or the verification is cancelled.
    pub fn block(cancellation: Option<&'a Cancellation>) -> Self {
        Self {
            blocks: true,
            cancellation,
            deadline: Deadline::default(),
        }
    }

    /// Never waits.
    pub fn never() -> Self {
        Self::default()
    }
}

/// The time until which a connection waits. It is one for all its lookups, so that a server that names many issuers
/// cannot make the connection wait longer.
#[derive(Debug, Default)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// Returns the time, which the first lookup sets.
    pub fn for_lookup(&mut self, pending: &LookupPending) -> Instant {
        self.after(pending.limit())
    }

    fn after(&mut self, limit: Duration) -> Instant {
        *self.0.get_or_insert_with(|| later(Instant::now(), limit))
    }
}

impl Verification<'_> {
    /// Runs the machine until there is a verdict.
    ///
    /// # Errors
    /// The lookup that is needed, where `wait` does not block. The verification can be [suspended](Self::suspend) until
    /// there is a response.
    pub fn drive(&mut self, edge: &mut impl Edge, wait: &mut LookupWait<'_>) -> Result<(), LookupPending> {
        self.drive_while(edge, wait, |_| true)
    }

    /// Runs the machine until there is a verdict, or until the final validation is due. A library that calls back makes
    /// that one itself, inside the handshake.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub fn drive_to_final(
        &mut self,
        edge: &mut impl Edge,
        wait: &mut LookupWait<'_>,
    ) -> Result<(), LookupPending> {
        self.drive_while(edge, wait, |request| !request.is_final())
    }

    fn drive_while(
        &mut self,
        edge: &mut impl Edge,
        wait: &mut LookupWait<'_>,
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
            if let Err(pending) = self.look_up(&lookup, wait) {
                break Err(pending);
            }
        };
        let total = self.progress.selecting + started.elapsed();
        let validating = self.progress.validating + validating;
        self.progress.selecting = total.saturating_sub(validating);
        self.progress.validating = validating;
        driven
    }

    /// Makes the lookup that [`step`](Self::step) returned, through the anchor cache, and takes its result. An edge that does not
    /// use [`drive`](Self::drive) calls it.
    ///
    /// # Errors
    /// As [`drive`](Self::drive).
    pub fn look_up(&mut self, lookup: &Lookup, wait: &mut LookupWait<'_>) -> Result<(), LookupPending> {
        let place = &lookup.0;
        let Some(cache) = self.policy.deferred(place.store) else {
            self.answered(Err(Arc::new(LookupError::Dropped)), false, Duration::ZERO);
            return Ok(());
        };
        let asked = Instant::now();
        let waiter = match cache.look_up(&place.key) {
            anchor_cache::Lookup::Cached(response) => {
                self.answered(Ok(response), true, Duration::ZERO);
                return Ok(());
            }
            anchor_cache::Lookup::InFlight(waiter) => waiter,
        };
        let response = match waiter.result() {
            // The store answered at once.
            Some(response) => response,
            None if !wait.blocks => {
                return Err(LookupPending {
                    store: place.store,
                    waiter,
                    asked,
                });
            }
            None => {
                let deadline = wait.deadline.after(waiter.limit());
                let is_cancelled = || wait.cancellation.is_some_and(Cancellation::is_cancelled);
                waiter.block(deadline, is_cancelled)
            }
        };
        let store = place.store;
        self.answered(response, false, asked.elapsed());
        self.policy.note_generation(store);
        Ok(())
    }
}

impl TrustPolicy {
    /// Keeps a pending lookup for the next connection, because this one does not wait for it.
    pub fn keep_for_the_next(&self, lookup: &LookupPending) {
        if let Some(cache) = self.deferred(lookup.store) {
            cache.keep_ahead(&lookup.waiter);
        }
    }
}

impl LookupPending {
    /// Blocks until there is a response or the deadline has passed, and gives that to the verification.
    pub fn block(&self, deadline: Instant, suspended: &mut SuspendedVerification) {
        self.resume_with(self.waiter.block(deadline, || false), suspended);
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
}
