//! Why no certificate can be written for an anchor.

use core::fmt;

use crate::MAX_CERTIFICATE_LEN;

/// Why a certificate cannot be written for an anchor whose own is not at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorCertificateError {
    /// The buffer is too small.
    BufferTooSmall {
        /// How many bytes the certificate has.
        needed: usize,
    },
    /// The key is none of RSA, RSASSA-PSS, ECDSA, Ed25519 or Ed448, so that no signature algorithm is known for it.
    UnknownKey,
    /// The root's own certificate is X.509 version 1, which has no extensions, and something binds the anchor that only
    /// an extension can say, such as name constraints imposed on it.
    BeyondVersion1,
    /// The certificate would be longer than [`MAX_CERTIFICATE_LEN`].
    TooLong,
}

impl fmt::Display for AnchorCertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BufferTooSmall { needed } => {
                write!(f, "the anchor's certificate needs a buffer of {needed} bytes")
            }
            Self::UnknownKey => f.write_str(
                "the anchor's key is none of RSA, RSASSA-PSS, ECDSA, Ed25519 or Ed448: no certificate can be written \
                 for it",
            ),
            Self::BeyondVersion1 => f.write_str(
                "the anchor's certificate is X.509 version 1, which cannot hold the constraints that bind the anchor",
            ),
            Self::TooLong => write!(
                f,
                "the anchor's certificate would be longer than {MAX_CERTIFICATE_LEN} bytes"
            ),
        }
    }
}

impl core::error::Error for AnchorCertificateError {}
