//! The questions that wait for their turn.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RemoteError;
use jit_trust_engine::{LookupError, LookupRequest, Responder};

/// How many questions wait.
pub(super) const MAX_WAITING: usize = 256;

/// A question on its way to the thread.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: LookupRequest,
    pub(super) reply: Responder,
    pub(super) deadline: Instant,
}

/// The questions that wait for their turn: who came first is asked first, and what is wanted no more takes no room from
/// what is.
///
/// A connection waits for one question at a time, so that one that names many issuers stands in line anew for each.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    questions: VecDeque<Asked>,
    is_closed: bool,
}

// Replies are sent and dropped while no lock is held: that runs what others have to run.
impl Queue {
    /// Takes a question in, or refuses it at once.
    pub(super) fn put(&self, asked: Asked) {
        let mut waiting = self.lock();
        if waiting.is_closed {
            drop(waiting);
            // The reply says of itself that it was dropped.
            return drop(asked);
        }
        let mut unwanted = VecDeque::new();
        if waiting.questions.len() >= MAX_WAITING {
            let all = mem::take(&mut waiting.questions);
            (waiting.questions, unwanted) = all.into_iter().partition(|asked| asked.reply.is_wanted());
        }
        let refused = if waiting.questions.len() < MAX_WAITING {
            waiting.questions.push_back(asked);
            None
        } else {
            Some(asked)
        };
        drop(waiting);
        self.arrived.notify_one();
        drop(unwanted);
        if let Some(refused) = refused {
            let error = LookupError::other(RemoteError::TooManyQuestions);
            refused.reply.send(Err(error));
        }
    }

    /// The next question that is wanted, when there is one; none where the queue is closed.
    pub(super) async fn next(&self) -> Option<Asked> {
        loop {
            match self.take() {
                Taken::Next(asked) if asked.reply.is_wanted() => return Some(asked),
                Taken::Next(unwanted) => drop(unwanted),
                Taken::Nothing => self.arrived.notified().await,
                Taken::Closed => return None,
            }
        }
    }

    /// Takes in no more, and gives back what was waiting.
    pub(super) fn close(&self) -> VecDeque<Asked> {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let left = mem::take(&mut waiting.questions);
        drop(waiting);
        self.arrived.notify_one();
        left
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn take(&self) -> Taken {
        let mut waiting = self.lock();
        match waiting.questions.pop_front() {
            Some(asked) => Taken::Next(asked),
            None if waiting.is_closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Next(Asked),
    Nothing,
    Closed,
}
