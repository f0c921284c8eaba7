//! Why there is no connection.

use std::fmt;
use std::sync::Arc;

use openssl::ssl;
use openssl::x509::X509VerifyResult;

use crate::handshake_error::{HandshakeError, Refusal};

/// Why a handshake failed. What OpenSSL finds in a certificate is an [`X509VerifyResult`].
pub type Error = HandshakeError<ssl::Error>;

/// Without a refusal of ours, OpenSSL's counts.
pub(super) fn failed(error: ssl::Error, verified: X509VerifyResult, refusal: Option<Refusal>) -> Error {
    let refused = (verified != X509VerifyResult::OK).then_some(verified);
    Error::new(
        error,
        refusal.or(refused.map(|result| Arc::new(result) as Refusal)),
    )
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
