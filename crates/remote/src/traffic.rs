//! The network traffic of a remote store.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// The network traffic of a [`RemoteStore`](crate::RemoteStore) so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// The number of TCP connections.
    pub connections: usize,
    /// The number of HTTP requests, retries included.
    pub requests: usize,
}

/// The counters of [`Traffic`].
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
