//! Conversion from the errors of mbedTLS to rejections.

use std::fmt;
use std::sync::Arc;

use jit_trust_engine::{Original, Rejection};
use mbedtls::error::codes;
use mbedtls::x509::VerifyError;

/// The error of a failed handshake. If mbedTLS rejected a certificate, the [original](Rejection::original) of the rejection is
/// an [`Invalid`].
pub type Error = jit_trust_engine::HandshakeError<mbedtls::Error>;

/// The rejection for the most important of mbedTLS's flags: it reports all errors at once. The flags stay its original.
pub(crate) fn of_mbedtls(flags: VerifyError) -> Rejection {
    let original: Option<Original> = Some(Arc::new(Invalid(flags)));
    if flags.contains(VerifyError::CERT_EXPIRED) {
        return Rejection::expired(None, None, original);
    }
    if flags.contains(VerifyError::CERT_FUTURE) {
        return Rejection::not_yet_valid(None, None, original);
    }
    if flags.intersects(VerifyError::CERT_KEY_USAGE | VerifyError::CERT_EXT_KEY_USAGE) {
        return Rejection::WrongPurpose { original };
    }
    // mbedTLS does not distinguish a missing issuer, a key that does not fit, and an issuer that is not a CA.
    if flags.contains(VerifyError::CERT_NOT_TRUSTED) {
        return Rejection::no_such_root(original);
    }
    if flags.contains(VerifyError::CERT_CN_MISMATCH) {
        return Rejection::wrong_host(None, original);
    }
    Rejection::other(Invalid(flags))
}

/// The rejection for an error of a handshake after its certificates were accepted, if mbedTLS reports that the signature of the
/// server is not valid. The errors of the connectors have it already.
pub fn key_not_proven(error: &mbedtls::Error) -> Option<Rejection> {
    let is_bad_signature = matches!(
        error.high_level(),
        Some(
            codes::EcpVerifyFailed
                | codes::EcpSigLenMismatch
                | codes::PkSigLenMismatch
                | codes::RsaInvalidPadding
                | codes::RsaVerifyFailed
        )
    );
    is_bad_signature.then(|| Rejection::KeyNotProven {
        original: Some(copied(error)),
    })
}

/// An error of mbedTLS as the original of a rejection.
pub(crate) fn copied(error: &mbedtls::Error) -> Original {
    Arc::new(mbedtls::Error::from(error.to_int()))
}

/// The errors that mbedTLS reports for a server's certificate or for the path to its root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Invalid(VerifyError);

impl Invalid {
    /// All flags.
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
