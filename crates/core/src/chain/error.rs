//! Why a chain cannot be looked at.

use core::fmt;

use super::MAX_CERTIFICATES;
use crate::CertificateError;

/// Why what a peer sent cannot be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ChainError {
    /// The peer sent no certificate.
    Empty,
    /// The peer sent more than [`MAX_CERTIFICATES`].
    TooManyCertificates,
    /// The first certificate, the end entity's, cannot be read.
    EndEntity(CertificateError),
}

impl fmt::Display for ChainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the peer sent no certificate"),
            Self::TooManyCertificates => {
                write!(f, "the peer sent more than {MAX_CERTIFICATES} certificates")
            }
            Self::EndEntity(error) => write!(f, "the peer's own certificate is {error}"),
        }
    }
}

impl core::error::Error for ChainError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::EndEntity(error) => Some(error),
            Self::Empty | Self::TooManyCertificates => None,
        }
    }
}
