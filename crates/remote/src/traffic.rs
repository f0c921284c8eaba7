//! What went over the network.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// What a [`RemoteStore`](crate::RemoteStore) sent so far, counted exactly.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// TCP connections made.
    pub connections: usize,
    /// HTTP requests sent, those that were repeated included.
    pub requests: usize,
}

/// The counters behind it.
#[derive(Debug, Default)]
pub(super) struct Counters {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Counters {
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, Relaxed);
    }

    pub(super) fn requested(&self) {
        self.requests.fetch_add(1, Relaxed);
    }

    pub(super) fn read(&self) -> Traffic {
        Traffic {
            connections: self.connections.load(Relaxed),
            requests: self.requests.load(Relaxed),
        }
    }
}
