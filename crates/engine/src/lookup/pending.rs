//! A lookup that a connection does not wait for.

use std::fmt;
use std::time::{Duration, Instant};

use super::{LookupResult, Waiter};

/// A lookup that a handshake did not wait for. It goes on: a later connection finds the response in the cache.
///
/// A verifier for rustls that [does not wait](https://docs.rs/jit-trust) rejects the server with it:
/// [`Rejection::LookupPending`](crate::Rejection::LookupPending).
///
/// ```no_run
/// # fn connect() -> std::io::Result<()> { Ok(()) }
/// use std::time::Duration;
///
/// use jit_trust::{Rejection, rejection};
///
/// if let Err(error) = connect() {
///     if let Some(Rejection::LookupPending(pending)) = rejection(&error) {
///         pending.wait(Duration::from_secs(10)); // or pending.answered().await
///         connect()?;
///     }
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct LookupPending {
    /// The index of the store in the policy.
    pub(crate) store: usize,
    pub(crate) waiter: Waiter,
    pub(crate) asked: Instant,
}

impl LookupPending {
    /// The [`lookup_timeout`](crate::TrustPolicyBuilder::lookup_timeout) of the policy.
    pub fn limit(&self) -> Duration {
        self.waiter.limit()
    }

    /// Blocks until there is a response, at most this long, and says whether there is one.
    pub fn wait(&self, at_most: Duration) -> bool {
        self.waiter
            .block(later(Instant::now(), at_most), || false)
            .is_ok()
    }

    /// Waits until there is a response, and says whether it can be used. It blocks no thread; the caller limits the time.
    pub async fn answered(&self) -> bool {
        self.waiter.wait().await.is_ok()
    }

    /// Waits for the response, without blocking a thread.
    pub async fn response(&self) -> LookupResult {
        self.waiter.wait().await
    }
}

/// A time later by this duration; one year later where the clock cannot hold that.
pub(crate) fn later(from: Instant, by: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    from.checked_add(by).unwrap_or(from + YEAR)
}

impl fmt::Debug for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupPending").finish_non_exhaustive()
    }
}

impl fmt::Display for LookupPending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "the store has not answered yet; a connection that is made when it has will find the response",
        )
    }
}

impl std::error::Error for LookupPending {}
