//! A connection that is being made.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Anchors, Leaning};
use crate::Trust;

thread_local! {
    static CURRENT: RefCell<Option<Arc<Attempt>>> = const { RefCell::new(None) };
}

/// A connection that is being made, or lives: where what happens inside the TLS library finds out whose it is.
///
/// rustls tells a verifier, and a store of sessions, no more than a server's name. What they do they do on the thread that
/// drives the connection, before the call to rustls returns; so whoever drives it [says so](Self::drive).
#[derive(Debug, Default)]
pub(crate) struct Attempt {
    /// Whom it connects to, and what it trusts; `None` where it may make several connections, so that nobody knows of which
    /// a step is.
    connection: Option<(String, Trust)>,
    is_cancelled: AtomicBool,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    verified: Leaning,
    offered: Leaning,
}

impl Attempt {
    /// One connection to this server, by this trust.
    pub(crate) fn to(server: String, trust: &Trust) -> Arc<Self> {
        Arc::new(Self {
            connection: Some((server, trust.clone())),
            ..Self::default()
        })
    }

    /// Runs `step`, a step of this connection.
    pub(crate) fn drive<T>(self: &Arc<Self>, step: impl FnOnce() -> T) -> T {
        let _restored = Restored(CURRENT.replace(Some(self.clone())));
        step()
    }

    /// Runs code of the program's, which may make connections of its own: they are not the one that this thread is
    /// driving, which is handed on.
    pub(crate) fn aside<T>(step: impl FnOnce(Option<&Arc<Self>>) -> T) -> T {
        let restored = Restored(CURRENT.take());
        step(restored.0.as_ref())
    }

    /// The one that this thread is driving, if it connects to this server by this trust. A key for client certificates may be
    /// reached over TLS itself: that is another connection, to another server.
    pub(crate) fn current(server: &str, trust: &Trust) -> Option<Arc<Self>> {
        let current = CURRENT.with_borrow(Clone::clone)?;
        current.connects_to(server, trust).then_some(current)
    }

    /// Whether this is the one server that it connects to, and what it trusts.
    pub(crate) fn connects_to(&self, server: &str, trust: &Trust) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|(own, trusted)| own == server && trusted.is(trust))
    }

    /// Has whoever waits for a store give up.
    #[cfg(any(feature = "mbedtls-tokio", feature = "tokio"))]
    pub(crate) fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.is_cancelled.load(Ordering::Relaxed)
    }

    /// The path ended in this.
    pub(crate) fn leans_on(&self, leaning: Leaning) {
        let mut known = self.lock();
        // A second verification is one too many, and nobody could say which is ours: then it is on both.
        known.verified.anchors.extend(leaning.anchors);
        known.verified.leases.extend(leaning.leases);
    }

    /// A session was offered that leans on this.
    pub(crate) fn offers(&self, leaning: Leaning) {
        self.lock().offered = leaning;
    }

    /// What a session leans on that this connection gets: if nothing was verified, it resumed what was offered.
    pub(crate) fn sessions_lean_on(&self) -> Anchors {
        let known = self.lock();
        match known.verified.anchors.is_empty() {
            true => known.offered.anchors.clone(),
            false => known.verified.anchors.clone(),
        }
    }

    /// The handshake is over: what the connection leans on from now on; `None` if nobody can tell.
    pub(crate) fn settle(&self, is_resumed: bool) -> Option<Leaning> {
        let mut known = self.lock();
        let offered = std::mem::take(&mut known.offered);
        if is_resumed {
            known.verified = offered;
        }
        Some(known.verified.clone()).filter(|leaning| !leaning.anchors.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts back what was there, even if a step panics.
struct Restored(Option<Arc<Attempt>>);

impl Drop for Restored {
    fn drop(&mut self) {
        // What was driven is dropped when this is done: it may be the last to hold it, and more may hang on it.
        let _driven = CURRENT.replace(self.0.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_that_panics_leaves_no_attempt_behind() {
        let trust = Trust::builder().build();
        let attempt = Attempt::to("a.test".to_owned(), &trust);
        let step = || attempt.drive(|| panic!("a store's own fault"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).is_err());
        assert!(Attempt::current("a.test", &trust).is_none());
    }

    #[test]
    fn what_a_program_does_meanwhile_is_not_of_the_attempt() {
        let (trust, other) = (Trust::builder().build(), Trust::builder().build());
        let outer = Attempt::to("a.test".to_owned(), &trust);
        let inner = Attempt::to("b.test".to_owned(), &trust);
        outer.drive(|| {
            assert!(Attempt::current("a.test", &trust).is_some_and(|current| Arc::ptr_eq(&current, &outer)));
            assert!(Attempt::current("b.test", &trust).is_none());
            assert!(Attempt::current("a.test", &other).is_none());
            inner.drive(|| assert!(Attempt::current("a.test", &trust).is_none()));
            Attempt::aside(|driven| {
                assert!(driven.is_some_and(|driven| Arc::ptr_eq(driven, &outer)));
                assert!(Attempt::current("a.test", &trust).is_none());
            });
            assert!(Attempt::current("a.test", &trust).is_some());
        });
        assert!(Attempt::current("a.test", &trust).is_none());
    }
}
