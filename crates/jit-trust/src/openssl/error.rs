//! Why there is no connection.

use std::fmt;

use openssl::ssl;
use openssl::x509::X509VerifyResult;

use super::state::Refusal;

/// Why a handshake failed. [`source`](std::error::Error::source) is the reason: where a certificate was refused, an error of
/// this crate ([`Distrusted`](crate::Distrusted), [`StoreError`](crate::StoreError), [`ChainError`](crate::ChainError)) or
/// an [`X509VerifyResult`]; otherwise OpenSSL's own.
///
/// It is inside the `std::io::Error` that the connect functions return: `error.get_ref()` downcasts to it.
#[derive(Debug)]
pub struct Error {
    error: ssl::Error,
    refusal: Option<Refusal>,
}

impl Error {
    pub(super) fn new(error: ssl::Error, verify_result: X509VerifyResult, refusal: Option<Refusal>) -> Self {
        let refused = verify_result != X509VerifyResult::OK;
        Self {
            error,
            refusal: refusal.or_else(|| {
                refused
                    .then(|| Refusal::from(Box::<dyn std::error::Error + Send + Sync>::from(verify_result)))
            }),
        }
    }

    /// What OpenSSL says.
    pub fn ssl_error(&self) -> &ssl::Error {
        &self.error
    }

    /// Why the certificate was refused, if it was.
    pub fn refusal(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.refusal.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            Some(refusal) => write!(f, "the server's certificate is refused: {refusal}"),
            None => write!(f, "the TLS handshake failed: {}", self.error),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.refusal {
            Some(refusal) => Some(&**refusal),
            None => Some(&self.error),
        }
    }
}

/// What a verifier is not for: it could not be said what is trusted.
#[derive(Debug)]
pub(super) enum NotForThis {
    /// A server that verifies its clients.
    Server,
    /// A connection that may be to one host of several.
    SeveralHosts,
}

impl fmt::Display for NotForThis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Server => "trust just in time is for clients, and this is a server",
            Self::SeveralHosts => {
                "trust just in time is for one host, and several names were set to be checked"
            }
        })
    }
}

impl std::error::Error for NotForThis {}
