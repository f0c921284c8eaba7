//! Waiting for stores that answer later.

use std::time::{Duration, Instant};

use super::{Attempt, Search, Widened};
use crate::residency::Waiting;

/// How far one connection waits: all waits together are as long as one may be, so that a server that names many issuers
/// gains nothing by it.
pub(crate) struct Patience<'a> {
    attempt: Option<&'a Attempt>,
    waits: bool,
    deadline: Option<Instant>,
}

impl<'a> Patience<'a> {
    /// Waits on this thread, unless `waits` says not to, for as long as the attempt is not given up.
    pub(crate) fn new(waits: bool, attempt: Option<&'a Attempt>) -> Self {
        Self {
            attempt,
            waits,
            deadline: None,
        }
    }
}

impl Search<'_> {
    /// Asks until there is something new, because only that can make a difference; false when there is nothing more to
    /// ask.
    ///
    /// # Errors
    /// What is to be waited for, where that is for somebody else to do.
    pub(crate) fn look_further(&mut self, host: &str, patience: &mut Patience<'_>) -> Result<bool, Waiting> {
        loop {
            match self.widen(host) {
                Widened::Yes => return Ok(true),
                Widened::No => return Ok(false),
                Widened::Later(_, waiting) if !patience.waits && waiting.now().is_none() => {
                    return Err(waiting);
                }
                Widened::Later(question, waiting) => {
                    let asked = Instant::now();
                    let deadline = *patience
                        .deadline
                        .get_or_insert_with(|| later(asked, waiting.limit()));
                    let is_cancelled = || patience.attempt.is_some_and(Attempt::is_cancelled);
                    if self.answered(question, waiting.block(deadline, is_cancelled), asked) {
                        return Ok(true);
                    }
                }
            }
        }
    }
}

/// So much later; where there is no such time, as late as matters to anybody.
pub(crate) fn later(from: Instant, by: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(by).unwrap_or(from + YEAR)
}
