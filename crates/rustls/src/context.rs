//! The context of the handshake that a thread drives.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jit_trust_engine::{BoundAnchors, Cancellation, TrustBinding, TrustPolicy, VerificationReport};

thread_local! {
    static CURRENT: RefCell<Option<Arc<HandshakeContext>>> = const { RefCell::new(None) };
}

/// The context of a connection, from its handshake on: it tells the verifier and the session store for which connection they
/// are called, and takes their results.
///
/// rustls passes only the server's name to both. It resumes a session only with the same verifier object, compared by pointer,
/// so there cannot be one verifier for each connection. Therefore the context is passed through a thread-local: rustls calls
/// the verifier on the thread that drives the connection, and the connector [sets](Self::drive) the context for each step.
#[derive(Debug, Default)]
pub(crate) struct HandshakeContext {
    /// The server and the policy; `None` where several connections may be made, so that a step cannot be assigned to one.
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
    /// The context of one connection to this server, by this policy.
    pub(crate) fn to(server: String, policy: &TrustPolicy) -> Arc<Self> {
        Arc::new(Self {
            connection: Some((server, policy.clone())),
            ..Self::default()
        })
    }

    /// Runs a step of this connection.
    pub(crate) fn drive<T>(self: &Arc<Self>, step: impl FnOnce() -> T) -> T {
        let _restored = Restored(CURRENT.replace(Some(self.clone())));
        step()
    }

    /// Runs a step without a current context, because it may call code of the program that makes connections of its own. It
    /// gets the context that this thread drives.
    pub(crate) fn aside<T>(step: impl FnOnce(Option<&Arc<Self>>) -> T) -> T {
        let restored = Restored(CURRENT.take());
        step(restored.0.as_ref())
    }

    /// The context that this thread drives, if it is for this server and policy. Within a handshake, a signer for client
    /// certificates may use TLS itself: that is another connection, to another server.
    pub(crate) fn current(server: &str, policy: &TrustPolicy) -> Option<Arc<Self>> {
        let current = CURRENT.with_borrow(Clone::clone)?;
        current.connects_to(server, policy).then_some(current)
    }

    /// Whether it is for this server and policy.
    pub(crate) fn connects_to(&self, server: &str, policy: &TrustPolicy) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|(own, trusted)| own == server && trusted.is(policy))
    }

    /// The cancellation of the handshake.
    pub(crate) fn cancellation(&self) -> &Cancellation {
        &self.cancellation
    }

    /// Adds the binding of the verification.
    pub(crate) fn depends_on(&self, binding: TrustBinding) {
        // A second verification is not expected. As it is not known which is this connection's, it depends on both.
        self.lock().verified.extend(binding);
    }

    /// Sets the report of the verification.
    pub(crate) fn report(&self, report: Box<VerificationReport>) {
        self.lock().report = Some(report);
    }

    /// Takes the report of the verification, if there was one.
    pub(crate) fn take_report(&self) -> Option<Box<VerificationReport>> {
        self.lock().report.take()
    }

    /// Sets the binding of the session that is offered.
    pub(crate) fn offers(&self, binding: TrustBinding) {
        self.lock().offered = binding;
    }

    /// The anchors that a new session of this connection depends on. Without a verification, the connection resumed the session
    /// that was offered.
    pub(crate) fn sessions_depend_on(&self) -> BoundAnchors {
        let known = self.lock();
        match known.verified.anchors.is_empty() {
            true => known.offered.anchors.clone(),
            false => known.verified.anchors.clone(),
        }
    }

    /// Ends the handshake, and returns the binding of the connection; `None` where it is not known.
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

/// Restores the previous context when it is dropped, even if a step panics.
struct Restored(Option<Arc<HandshakeContext>>);

impl Drop for Restored {
    fn drop(&mut self) {
        // It is dropped after the restoration: dropping the last reference to a context may run other code.
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
