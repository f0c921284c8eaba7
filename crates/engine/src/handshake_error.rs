//! The error of a failed handshake.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::error::Error;
use core::fmt;

use crate::{Rejection, VerificationReport};

/// The error of a failed handshake. Its [`source`](Error::source) is the [`Rejection`] where the server is not trusted;
/// otherwise it is `E`, the TLS library's own error.
///
/// The connect functions return it inside a `std::io::Error`: `error.get_ref()` downcasts to it.
///
/// `Debug` prints the same as `Display`, because programs print errors with `{:?}`.
pub struct HandshakeError<E> {
    error: Arc<E>,
    rejection: Option<Rejection>,
    report: Option<Box<VerificationReport>>,
}

impl<E: Error + Send + Sync + 'static> HandshakeError<E> {
    /// An error from the TLS library's own, the rejection if the server was rejected, and the report of the verification
    /// if there was one.
    ///
    /// If the report accepts the server, its verdict becomes the rejection, or else [`Rejection::HandshakeFailed`].
    pub fn new(error: E, rejection: Option<Rejection>, mut report: Option<Box<VerificationReport>>) -> Self {
        let error = Arc::new(error);
        if let Some(report) = &mut report {
            let failed = || Rejection::HandshakeFailed {
                original: error.clone(),
            };
            report.reject(rejection.clone().unwrap_or_else(failed));
        }
        Self {
            error,
            rejection,
            report,
        }
    }
}

impl<E> HandshakeError<E> {
    /// The TLS library's error.
    pub fn tls_error(&self) -> &E {
        &self.error
    }

    /// The rejection of the server, if that is why the handshake failed.
    pub fn rejection(&self) -> Option<&Rejection> {
        self.rejection.as_ref()
    }

    /// The report of the verification, if there was one. Its verdict is a rejection. If the certificates were accepted, it
    /// [says so](Rejection::is_after_acceptance).
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

impl<E: fmt::Display> fmt::Debug for HandshakeError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<E: Error + 'static> Error for HandshakeError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.rejection {
            Some(rejection) => Some(rejection),
            None => Some(&*self.error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(result: Result<(), Rejection>) -> Option<Box<VerificationReport>> {
        Some(Box::new(VerificationReport::new(
            "a.test", None, None, None, result,
        )))
    }

    #[test]
    fn the_report_of_a_failed_handshake_accepts_no_server() {
        let error = HandshakeError::new(fmt::Error, None, report(Ok(())));
        assert!(error.rejection().is_none());
        let verdict = error.report().unwrap().result.as_ref().unwrap_err();
        assert!(verdict.is_after_acceptance());
        assert!(verdict.original().unwrap().is::<fmt::Error>());

        let error = HandshakeError::new(fmt::Error, Some(Rejection::Panicked), report(Ok(())));
        assert!(matches!(
            error.into_report().unwrap().result,
            Err(Rejection::Panicked)
        ));

        let error = HandshakeError::new(fmt::Error, None, report(Err(Rejection::NoCertificate)));
        assert!(matches!(
            error.into_report().unwrap().result,
            Err(Rejection::NoCertificate)
        ));
    }

    #[test]
    fn debug_is_for_readers_and_has_no_certificates() {
        let error = HandshakeError::new(fmt::Error, Some(Rejection::NoCertificate), report(Ok(())));
        assert_eq!(alloc::format!("{error:?}"), alloc::format!("{error}"));
        assert!(alloc::format!("{error:?}").contains("the server sent no certificate"));
    }
}
