//! Why there is no connection, for TLS libraries whose own error does not say it.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// Why a certificate was refused: an error of this crate, or the TLS library's.
pub(crate) type Refusal = Arc<dyn Error + Send + Sync>;

/// Why a handshake failed. [`source`](Error::source) is the reason: where a certificate was refused, an error of this crate
/// ([`Distrusted`](crate::Distrusted), [`StoreError`](crate::StoreError), [`ChainError`](crate::ChainError),
/// [`NameConstraintsError`](crate::NameConstraintsError)), or what the TLS library found in it; otherwise `E`, the TLS
/// library's own error.
///
/// It is inside the `std::io::Error` that the connect functions return: `error.get_ref()` downcasts to it.
#[derive(Debug)]
pub struct HandshakeError<E> {
    error: E,
    refusal: Option<Refusal>,
}

impl<E> HandshakeError<E> {
    pub(crate) fn new(error: E, refusal: Option<Refusal>) -> Self {
        Self { error, refusal }
    }

    /// What the TLS library says.
    pub fn tls_error(&self) -> &E {
        &self.error
    }

    /// Why the certificate was refused, if it was.
    pub fn refusal(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.refusal.as_deref()
    }
}

impl<E: fmt::Display> fmt::Display for HandshakeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            Some(refusal) => write!(f, "the server's certificate is refused: {refusal}"),
            None => write!(f, "the TLS handshake failed: {}", self.error),
        }
    }
}

impl<E: Error + 'static> Error for HandshakeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.refusal {
            Some(refusal) => Some(&**refusal),
            None => Some(&self.error),
        }
    }
}
