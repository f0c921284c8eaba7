//! The error of a failed handshake.

use alloc::boxed::Box;
use core::error::Error;
use core::fmt;

use crate::{Rejection, VerificationReport};

/// The error of a failed handshake. Its [`source`](Error::source) is the [`Rejection`] where the server is not trusted;
/// otherwise it is `E`, the TLS library's own error.
///
/// The connect functions return it inside a `std::io::Error`: `error.get_ref()` downcasts to it.
#[derive(Debug)]
pub struct HandshakeError<E> {
    error: E,
    rejection: Option<Rejection>,
    report: Option<Box<VerificationReport>>,
}

impl<E> HandshakeError<E> {
    /// An error from the TLS library's own, the rejection if the server was rejected, and the report of the verification
    /// if there was one.
    pub fn new(error: E, rejection: Option<Rejection>, report: Option<Box<VerificationReport>>) -> Self {
        Self {
            error,
            rejection,
            report,
        }
    }

    /// The TLS library's error.
    pub fn tls_error(&self) -> &E {
        &self.error
    }

    /// The rejection of the server, if that is why the handshake failed.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The report of the verification, if there was one. The server may have been accepted, and the handshake failed later.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// The report, owned.
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
