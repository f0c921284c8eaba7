//! What is known of one connection: it hangs on OpenSSL's `SSL`.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use foreign_types::ForeignTypeRef;
use jit_trust_engine::verification::SuspendedVerification;
use jit_trust_engine::{LookupPending, Rejection, TrustBinding, VerificationReport};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};

/// What is known of one connection.
#[derive(Default)]
pub(crate) struct State(Mutex<Known>);

#[derive(Default)]
pub(crate) struct Known {
    /// Whether whoever drives the connection can have it suspended.
    pub(crate) can_suspend: bool,
    /// The lookup that it is suspended for.
    pub(crate) pending: Option<LookupPending>,
    /// The verification that goes on when OpenSSL asks again.
    pub(crate) suspended: Option<SuspendedVerification>,
    /// Why its certificate was rejected.
    pub(crate) rejection: Option<Rejection>,
    /// What happened in the verification.
    pub(crate) report: Option<Box<VerificationReport>>,
    /// What it depends on, when it was verified.
    pub(crate) verified: Option<TrustBinding>,
    /// What the session depends on that is offered.
    pub(crate) offered: Option<TrustBinding>,
}

impl State {
    pub(crate) fn that_can_suspend() -> Self {
        let state = Self::default();
        state.lock().can_suspend = true;
        state
    }

    /// That of a connection, if it has one.
    pub(crate) fn of(ssl: &SslRef) -> Option<&Self> {
        ssl.ex_data(index().ok()?)
    }

    /// That of a connection, which gets one where it has none.
    #[allow(unsafe_code, reason = "OpenSSL's interface")]
    pub(crate) fn of_or_new(ssl: &SslRef) -> Option<&Self> {
        let index = index().ok()?;
        if ssl.ex_data(index).is_none() {
            // SAFETY: OpenSSL calls us on the thread that drives this connection, so that nobody else uses it; and there was
            // nothing in this place that somebody could have borrowed.
            unsafe { SslRef::from_ptr_mut(ssl.as_ptr()) }.set_ex_data(index, Self::default());
        }
        ssl.ex_data(index)
    }

    /// Hangs it on a connection.
    pub(crate) fn hang_on(self, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        ssl.set_ex_data(index()?, self);
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The handshake is over: what the connection depends on from now on; `None` where that is not known.
    pub(crate) fn settle(&self, is_resumed: bool) -> Option<TrustBinding> {
        let mut known = self.lock();
        // No handshake is driven from here on.
        known.can_suspend = false;
        known.suspended = None;
        let offered = known.offered.take();
        if is_resumed {
            offered
        } else {
            known.verified.clone()
        }
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

fn index() -> Result<Index<Ssl, State>, ErrorStack> {
    static INDEX: OnceLock<Index<Ssl, State>> = OnceLock::new();
    match INDEX.get() {
        Some(index) => Ok(*index),
        // Two threads may both take one: the second is lost, a few bytes, once.
        None => Ssl::new_ex_index().map(|index| *INDEX.get_or_init(|| index)),
    }
}
