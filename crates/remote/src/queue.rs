//! The queue of lookups that wait for the thread.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RemoteError;
use jit_trust_engine::{LookupError, LookupRequest, Responder};

/// The largest number of lookups that wait.
pub(super) const MAX_WAITING: usize = 256;

/// A lookup that waits for the thread.
#[derive(Debug)]
pub(super) struct Queued {
    pub(super) request: LookupRequest,
    pub(super) responder: Responder,
    pub(super) deadline: Instant,
}

/// The queue of lookups that wait for the thread, first in, first out. If it is full, lookups that no connection waits for any
/// more are dropped.
///
/// A connection waits for one lookup at a time, so a server that names many issuers queues again for each.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    lookups: VecDeque<Queued>,
    is_closed: bool,
}

// Responders are used and dropped without the lock, because they run code of the callers.
impl Queue {
    /// Adds a lookup, or responds with an error if the queue is full.
    pub(super) fn put(&self, lookup: Queued) {
        let mut waiting = self.lock();
        if waiting.is_closed {
            drop(waiting);
            // The responder sends an error when it is dropped.
            return drop(lookup);
        }
        let mut unwanted = VecDeque::new();
        if waiting.lookups.len() >= MAX_WAITING {
            let all = mem::take(&mut waiting.lookups);
            (waiting.lookups, unwanted) = all.into_iter().partition(|lookup| lookup.responder.is_wanted());
        }
        let rejected = if waiting.lookups.len() < MAX_WAITING {
            waiting.lookups.push_back(lookup);
            None
        } else {
            Some(lookup)
        };
        drop(waiting);
        self.arrived.notify_one();
        drop(unwanted);
        if let Some(rejected) = rejected {
            let error = LookupError::other(RemoteError::TooManyQuestions);
            rejected.responder.send(Err(error));
        }
    }

    /// Waits for the next lookup whose response is wanted; `None` when the queue is closed.
    pub(super) async fn next(&self) -> Option<Queued> {
        loop {
            match self.take() {
                Taken::Next(lookup) if lookup.responder.is_wanted() => return Some(lookup),
                Taken::Next(unwanted) => drop(unwanted),
                Taken::Nothing => self.arrived.notified().await,
                Taken::Closed => return None,
            }
        }
    }

    /// Closes the queue, and returns the lookups in it.
    pub(super) fn close(&self) -> VecDeque<Queued> {
        let mut waiting = self.lock();
        waiting.is_closed = true;
        let left = mem::take(&mut waiting.lookups);
        drop(waiting);
        self.arrived.notify_one();
        left
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn take(&self) -> Taken {
        let mut waiting = self.lock();
        match waiting.lookups.pop_front() {
            Some(lookup) => Taken::Next(lookup),
            None if waiting.is_closed => Taken::Closed,
            None => Taken::Nothing,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Taken {
    Next(Queued),
    Nothing,
    Closed,
}
