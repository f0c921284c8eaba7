//! The state of one connection, which is attached to OpenSSL's `SSL`.

use std::fmt;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use foreign_types::ForeignTypeRef;
use jit_trust_engine::verification::SuspendedVerification;
use jit_trust_engine::{LookupPending, Rejection, TrustBinding, VerificationReport};
use openssl::error::ErrorStack;
use openssl::ex_data::Index;
use openssl::ssl::{Ssl, SslRef};

/// The state of one connection.
#[derive(Default)]
pub(crate) struct State(Mutex<Known>);

#[derive(Default)]
pub(crate) struct Known {
    /// Whether the driver of the connection can resume a suspended handshake.
    pub(crate) can_suspend: bool,
    /// The lookup for which the handshake is suspended.
    pub(crate) pending: Option<LookupPending>,
    /// The verification that is resumed when OpenSSL calls again.
    pub(crate) suspended: Option<SuspendedVerification>,
    /// The rejection of the server.
    pub(crate) rejection: Option<Rejection>,
    /// Whether the report of the verification is taken afterwards.
    pub(crate) wants_report: bool,
    /// The report of the verification.
    pub(crate) report: Option<Box<VerificationReport>>,
    /// The binding of the verification.
    pub(crate) verified: Option<TrustBinding>,
    /// The binding of the session that is offered.
    pub(crate) offered: Option<TrustBinding>,
}

impl State {
    /// The state of a verification whose report is taken afterwards.
    pub(crate) fn with_report() -> Self {
        let known = Known {
            wants_report: true,
            ..Known::default()
        };
        Self(Mutex::new(known))
    }

    /// The state of a connection whose driver can resume a suspended handshake, and takes the report.
    pub(crate) fn that_can_suspend() -> Self {
        let state = Self::with_report();
        state.lock().can_suspend = true;
        state
    }

    /// The state of a connection, if it has one.
    pub(crate) fn of(ssl: &SslRef) -> Option<&Self> {
        ssl.ex_data(index().ok()?)
    }

    /// The state of a connection, which is added if it has none.
    #[allow(unsafe_code, reason = "OpenSSL's interface")]
    pub(crate) fn of_or_new(ssl: &SslRef) -> Option<&Self> {
        let index = index().ok()?;
        if ssl.ex_data(index).is_none() {
            // SAFETY: OpenSSL calls us on the thread that drives this connection, so no other thread uses it. There was no
            // value at this index that could be borrowed.
            unsafe { SslRef::from_ptr_mut(ssl.as_ptr()) }.set_ex_data(index, Self::default());
        }
        ssl.ex_data(index)
    }

    /// Attaches it to a connection.
    pub(crate) fn attach_to(self, ssl: &mut SslRef) -> Result<(), ErrorStack> {
        ssl.set_ex_data(index()?, self);
        Ok(())
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the handshake, and returns the binding of the connection; `None` where it is not known.
    pub(crate) fn settle(&self, is_resumed: bool) -> Option<TrustBinding> {
        let mut known = self.lock();
        // There is no further handshake.
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
        // Two threads may both get an index. The second one is lost, a few bytes, once.
        None => Ssl::new_ex_index().map(|index| *INDEX.get_or_init(|| index)),
    }
}
