//! Waiting for stores that answer later.

use std::time::{Duration, Instant};

use super::search::{Suspended, Widened};
use super::{Attempt, Search};
use crate::residency::Waiting;

/// How far one connection waits on the thread that it is verified on.
pub(crate) struct Patience<'a> {
    attempt: Option<&'a Attempt>,
    waits: bool,
    deadline: Deadline,
}

/// Until when a connection waits. All its waits together are as long as one may be, so that a server that names many
/// issuers gains nothing by it.
#[derive(Debug, Default)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// The time, which the first wait sets.
    pub(crate) fn for_wait(&mut self, waiting: &Waiting) -> Instant {
        *self
            .0
            .get_or_insert_with(|| later(Instant::now(), waiting.limit()))
    }
}

impl<'a> Patience<'a> {
    /// Waits on this thread, unless `waits` says not to, for as long as the attempt is not given up.
    pub(crate) fn new(waits: bool, attempt: Option<&'a Attempt>) -> Self {
        Self {
            attempt,
            waits,
            deadline: Deadline::default(),
        }
    }
}

impl Search<'_> {
    /// Asks until there is something new, because only that can make a difference; false when there is nothing more to
    /// ask.
    ///
    /// # Errors
    /// What is to be waited for, where that is for somebody else to do.
    pub(crate) fn look_further(
        &mut self,
        host: &str,
        patience: &mut Patience<'_>,
    ) -> Result<bool, Suspended> {
        loop {
            match self.widen(host) {
                Widened::Yes => return Ok(true),
                Widened::No => return Ok(false),
                Widened::Later(question, waiting) => {
                    let asked = Instant::now();
                    let is_new = match waiting.now() {
                        Some(answer) => self.answered_at_once(question, answer, asked),
                        None if !patience.waits => {
                            let place = question.place;
                            return Err(Suspended {
                                place,
                                waiting,
                                asked,
                            });
                        }
                        None => {
                            let deadline = patience.deadline.for_wait(&waiting);
                            let is_cancelled = || patience.attempt.is_some_and(Attempt::is_cancelled);
                            let answer = waiting.block(deadline, is_cancelled);
                            self.answered(question, answer, asked.elapsed())
                        }
                    };
                    if is_new {
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
