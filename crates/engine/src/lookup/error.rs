//! Why a lookup has no response.

use alloc::boxed::Box;
use core::time::Duration;
use core::{error, fmt};

use jit_trust_core::{BlobError, CertificateError};

use super::MAX_RESPONSE_LEN;

/// Why a lookup has no response that could be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum LookupError {
    /// There was none in time.
    TimedOut(Duration),
    /// The store dropped the request.
    Dropped,
    /// The caller cancelled.
    Cancelled,
    /// The response is larger than [`MAX_RESPONSE_LEN`].
    TooLarge,
    /// The response is no trust blob, or a damaged one.
    Blob(BlobError),
    /// The response is no certificate.
    Certificate(CertificateError),
    /// The response holds an anchor that was not asked for.
    NotAskedFor,
    /// The response is older than one that the store gave before.
    OlderGeneration {
        /// The generation that came, in Unix time.
        came: u32,
        /// The newest that is remembered, in Unix time.
        newest: u32,
    },
    /// Any other error of a store.
    Other(Box<dyn error::Error + Send + Sync>),
}

impl LookupError {
    /// Wraps an error of a store.
    pub fn other(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

impl fmt::Display for LookupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut(after) => write!(f, "no response within {after:?}"),
            Self::Dropped => f.write_str("the store gave no response"),
            Self::Cancelled => f.write_str("the lookup was cancelled"),
            Self::TooLarge => write!(f, "the response is larger than {MAX_RESPONSE_LEN} bytes"),
            Self::Blob(error) => write!(f, "the response is not a valid trust blob: {error}"),
            Self::Certificate(error) => write!(f, "the response is {error}"),
            Self::NotAskedFor => f.write_str("the response holds an anchor that was not asked for"),
            Self::OlderGeneration { came, newest } => write!(
                f,
                "the response is of generation {came}, older than {newest}, which was seen before: either a cache on the \
                 way is out of date, or an old store has replaced a new one"
            ),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl error::Error for LookupError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Blob(error) => Some(error),
            Self::Certificate(error) => Some(error),
            Self::Other(error) => error.source(),
            Self::TimedOut(_)
            | Self::Dropped
            | Self::Cancelled
            | Self::TooLarge
            | Self::NotAskedFor
            | Self::OlderGeneration { .. } => None,
        }
    }
}
