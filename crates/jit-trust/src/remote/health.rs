//! How the server was doing when it was last asked.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::RemoteError;
use super::retry::MAX_RETRIES;

/// The longest that a server can have itself left alone, so that one that is wrong about it is asked again.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// How the server was doing when it was last asked. Many devices ask one server: while it fails, each question is asked
/// once more and not again and again, and while it wants to be left alone, none is.
#[derive(Debug, Default)]
pub(super) struct Health(Mutex<Last>);

#[derive(Debug, Default)]
struct Last {
    is_failing: bool,
    not_before: Option<Instant>,
}

impl Health {
    fn lock(&self) -> MutexGuard<'_, Last> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often a question may be asked again.
    pub(super) fn retries(&self) -> usize {
        match self.lock().is_failing {
            true => 1,
            false => MAX_RETRIES,
        }
    }

    /// An error while the server wants to be left alone.
    pub(super) fn check(&self, now: Instant) -> Result<(), RemoteError> {
        match self.lock().not_before {
            Some(not_before) if now < not_before => Err(RemoteError::LeftAlone(not_before - now)),
            _ => Ok(()),
        }
    }

    /// It answered.
    pub(super) fn is_well(&self) {
        *self.lock() = Last::default();
    }

    /// It failed, after all tries.
    pub(super) fn failed(&self, error: &RemoteError, now: Instant) {
        if error.may_pass() {
            let mut last = self.lock();
            last.is_failing = true;
            last.not_before = error.retry_after().map(|after| now + after.min(LONGEST_WAIT));
        }
    }
}
