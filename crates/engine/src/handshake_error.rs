//! Why there is no connection.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

use crate::{Rejection, VerificationReport};

/// Why a handshake failed. [`source`](Error::source) is the reason: the [`Rejection`], where the server is not trusted;
/// otherwise `E`, the TLS library's own error.
///
/// It is inside the `std::io::Error` that the connect functions return: `error.get_ref()` downcasts to it.
#[derive(Debug)]
pub struct HandshakeError<E> {
    error: E,
    rejection: Option<Rejection>,
    report: Option<Box<VerificationReport>>,
}

impl<E> HandshakeError<E> {
    /// The TLS library's error, why the server was rejected, if it was, and the report of its verification, if it got so
    /// far.
    pub fn new(error: E, rejection: Option<Rejection>, report: Option<Box<VerificationReport>>) -> Self {
        Self {
            error,
            rejection,
            report,
        }
    }

    /// What the TLS library says.
    pub fn tls_error(&self) -> &E {
        &self.error
    }

    /// Why the server is not trusted, if that is why there is no connection.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The report of the verification, if there was one: of a server that is trusted too, where the handshake failed later.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// The same, to keep.
    pub fn into_report(self) -> Option<Box<VerificationReport>> {
        self.report
    }
}

impl<E: fmt::Display> fmt::Display for HandshakeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rejection {
            Some(rejection) => write!(f, "the server's certificate is rejected: {rejection}"),
            None => write!(f, "the TLS handshake failed: {}", self.error),
        }
    }
}

impl<E: Error + 'static> Error for HandshakeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.rejection {
            Some(rejection) => Some(rejection),
            None => Some(&self.error),
        }
    }
}
