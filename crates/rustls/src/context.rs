//! The connection that a thread is driving.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_trust_engine::{BoundAnchors, Cancellation, TrustBinding, TrustPolicy, VerificationReport};

thread_local! {
    static CURRENT: RefCell<Option<Arc<HandshakeContext>>> = const { RefCell::new(None) };
}

/// A connection that is being made, or lives: where a verifier and a store of sessions find out whose they are asked for.
///
/// rustls tells both no more than a server's name, and it resumes a session only with the very same verifier object, which
/// it compares by pointer: so there cannot be a verifier for each connection, and what one connection's verification comes to
/// is told through a thread-local. This is the one place where that happens. What a verifier does it does on the thread that
/// drives the connection, before the call to rustls returns; the connector [marks](Self::drive) each step.
#[derive(Debug, Default)]
pub(crate) struct HandshakeContext {
    /// The server, and what is trusted; `None` where several connections may be made, so that it is not known of which a step
    /// is.
    connection: Option<(String, TrustPolicy)>,
    cancellation: Cancellation,
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    verified: TrustBinding,
    offered: TrustBinding,
    report: Option<Box<VerificationReport>>,
}

impl HandshakeContext {
    /// One connection to this server, by this policy.
    pub(crate) fn to(server: String, policy: &TrustPolicy) -> Arc<Self> {
        Arc::new(Self {
            connection: Some((server, policy.clone())),
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

    /// The one that this thread is driving, if it connects to this server by this policy. A key for client certificates may
    /// be reached over TLS itself: that is another connection, to another server.
    pub(crate) fn current(server: &str, policy: &TrustPolicy) -> Option<Arc<Self>> {
        let current = CURRENT.with_borrow(Clone::clone)?;
        current.connects_to(server, policy).then_some(current)
    }

    /// Whether this is the one server that it connects to, and what it trusts.
    pub(crate) fn connects_to(&self, server: &str, policy: &TrustPolicy) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|(own, trusted)| own == server && trusted.is(policy))
    }

    /// Has a verifier that waits for a store give up.
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// The path ended in this.
    pub(crate) fn depends_on(&self, binding: TrustBinding) {
        // A second verification is one too many, and it could not be said which is this connection's: then it depends on
        // both.
        self.lock().verified.extend(binding);
    }

    /// What happened in the verification.
    pub(crate) fn report(&self, report: Box<VerificationReport>) {
        self.lock().report = Some(report);
    }

    /// What happened in the verification, if there was one.
    pub(crate) fn take_report(&self) -> Option<Box<VerificationReport>> {
        self.lock().report.take()
    }

    /// A session was offered that depends on this.
    pub(crate) fn offers(&self, binding: TrustBinding) {
        self.lock().offered = binding;
    }

    /// What a session depends on that this connection gets: if nothing was verified, it resumed what was offered.
    pub(crate) fn sessions_depend_on(&self) -> BoundAnchors {
        let known = self.lock();
        match known.verified.anchors.is_empty() {
            true => known.offered.anchors.clone(),
            false => known.verified.anchors.clone(),
        }
    }

    /// The handshake is over: what the connection depends on from now on; `None` where that is not known.
    pub(crate) fn settle(&self, is_resumed: bool) -> Option<TrustBinding> {
        let mut known = self.lock();
        let offered = std::mem::take(&mut known.offered);
        if is_resumed {
            known.verified = offered;
        }
        Some(known.verified.clone()).filter(|binding| !binding.anchors.is_empty())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Puts back what was there, even if a step panics.
struct Restored(Option<Arc<HandshakeContext>>);

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
    fn a_step_that_panics_leaves_no_context_behind() {
        let policy = TrustPolicy::builder().build();
        let context = HandshakeContext::to("a.test".to_owned(), &policy);
        let step = || context.drive(|| panic!("a store's own fault"));
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(step)).is_err());
        assert!(HandshakeContext::current("a.test", &policy).is_none());
    }

    #[test]
    fn what_a_program_does_meanwhile_is_not_of_the_connection() {
        let (policy, other) = (TrustPolicy::builder().build(), TrustPolicy::builder().build());
        let outer = HandshakeContext::to("a.test".to_owned(), &policy);
        let inner = HandshakeContext::to("b.test".to_owned(), &policy);
        outer.drive(|| {
            let current = HandshakeContext::current("a.test", &policy);
            assert!(current.is_some_and(|current| Arc::ptr_eq(&current, &outer)));
            assert!(HandshakeContext::current("b.test", &policy).is_none());
            assert!(HandshakeContext::current("a.test", &other).is_none());
            inner.drive(|| assert!(HandshakeContext::current("a.test", &policy).is_none()));
            HandshakeContext::aside(|driven| {
                assert!(driven.is_some_and(|driven| Arc::ptr_eq(driven, &outer)));
                assert!(HandshakeContext::current("a.test", &policy).is_none());
            });
            assert!(HandshakeContext::current("a.test", &policy).is_some());
        });
        assert!(HandshakeContext::current("a.test", &policy).is_none());
    }
}
