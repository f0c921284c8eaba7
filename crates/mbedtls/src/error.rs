//! Why there is no connection.

use std::fmt;
use std::sync::Arc;

use mbedtls::x509::VerifyError;

use crate::handshake_error::HandshakeError;

/// Why a certificate was refused: an error of this crate, or mbedTLS's.
pub(super) type Refusal = Box<dyn std::error::Error + Send + Sync>;

/// Why a handshake failed. What mbedTLS finds in a certificate is [`Invalid`].
pub type Error = HandshakeError<mbedtls::Error>;

pub(super) fn failed(error: mbedtls::Error, refusal: Option<Refusal>) -> Error {
    Error::new(error, refusal.map(Arc::from))
}

/// What mbedTLS finds wrong with a server's certificate, or with the path to its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(VerifyError);

impl Invalid {
    pub(super) fn new(flags: VerifyError) -> Self {
        Self(flags)
    }

    /// All of it.
    pub fn flags(&self) -> VerifyError {
        self.0
    }
}

const WORDS: [(VerifyError, &str); 12] = [
    (VerifyError::CERT_NOT_TRUSTED, "no path leads to a trusted root"),
    (VerifyError::CERT_CN_MISMATCH, "it is not for this host"),
    (VerifyError::CERT_EXPIRED, "it, or a CA's, has expired"),
    (VerifyError::CERT_FUTURE, "it, or a CA's, is not valid yet"),
    (VerifyError::CERT_REVOKED, "it, or a CA's, is revoked"),
    (
        VerifyError::CERT_BAD_MD,
        "it, or a CA's, is signed with a hash that is too weak",
    ),
    (
        VerifyError::CERT_BAD_PK,
        "it, or a CA's, is signed in a way that is not acceptable",
    ),
    (
        VerifyError::CERT_BAD_KEY,
        "its key, or a CA's, is too weak or of an unacceptable kind",
    ),
    (VerifyError::CERT_KEY_USAGE, "its key is not for this"),
    (VerifyError::CERT_EXT_KEY_USAGE, "it is not for a server"),
    (VerifyError::CERT_NS_CERT_TYPE, "it is not of the type for this"),
    (VerifyError::CERT_MISSING, "there is none"),
];

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut separator = "";
        for (flag, words) in WORDS {
            if rest.contains(flag) {
                write!(f, "{separator}{words}")?;
                rest.remove(flag);
                separator = "; ";
            }
        }
        match rest.is_empty() {
            true => Ok(()),
            false => write!(f, "{separator}mbedTLS says {:#x}", rest.bits()),
        }
    }
}

impl std::error::Error for Invalid {}

/// The handshake went past the verification.
#[derive(Debug)]
pub(super) struct NotVerified;

impl fmt::Display for NotVerified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the server was not verified by a certificate")
    }
}

impl std::error::Error for NotVerified {}

/// A certificate in the path cannot be read here.
#[derive(Debug)]
pub(super) struct Unreadable;

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the path that mbedTLS found is not one of these certificates and anchors")
    }
}

impl std::error::Error for Unreadable {}
