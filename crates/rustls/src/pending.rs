//! An answer that a handshake did not wait for.

use std::fmt;
use std::time::{Duration, Instant};

use crate::residency::Waiting;
use crate::trust::later;

/// The handshake failed because a store had not answered yet and the verifier [does not
/// wait](super::Verifier::without_waiting). The question is on its way: when the answer is there, a second
/// connection finds it.
///
/// It is what a [`rustls::Error`](::rustls::Error) of that handshake holds:
///
/// ```no_run
/// # fn connect() -> Result<(), rustls::Error> { Ok(()) }
/// use std::time::Duration;
///
/// use jit_trust::LookupPending;
///
/// if let Err(error) = connect() {
///     if let Some(pending) = LookupPending::of(&error) {
///         pending.wait(Duration::from_secs(10)); // or pending.answered().await
///         connect()?;
///     }
/// }
/// # Ok::<(), rustls::Error>(())
/// ```
#[derive(Clone)]
pub struct LookupPending(pub(super) Waiting);

impl LookupPending {
    /// The one that an error holds, if it does.
    pub fn of(error: &rustls::Error) -> Option<&Self> {
        match error {
            rustls::Error::InvalidCertificate(rustls::CertificateError::Other(rustls::OtherError(inner))) => {
                inner.downcast_ref()
            }
            _ => None,
        }
    }

    /// Waits until the answer is there, at most this long, and says whether it is.
    pub fn wait(&self, at_most: Duration) -> bool {
        self.0.block(later(Instant::now(), at_most), || false).is_ok()
    }

    /// Waits until the answer is there, without holding up a thread. How long that may take is for the caller to say.
    pub async fn answered(&self) -> bool {
        self.0.answer().await.is_ok()
    }
}

impl fmt::Debug for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupPending").finish_non_exhaustive()
    }
}

impl fmt::Display for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the store has not answered yet; a connection that is made when it has will find the answer",
        )
    }
}

impl std::error::Error for LookupPending {}
