//! Why a store could not be opened, or could not answer.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::{error, fmt};

use jit_trust_core::CertificateError;

#[cfg(feature = "std")]
use super::StoreFileError;
use crate::{AnchorKey, LookupError};

/// Why a store could not be opened, or could not answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory of the store is not as it has to be.
    #[cfg(feature = "std")]
    File(StoreFileError),
    /// What the store holds is no certificate.
    Certificate(CertificateError),
    /// A deferred store did not answer, or gave a response that cannot be used.
    Lookup {
        /// What the store is called.
        store: String,
        /// What it was asked for.
        key: AnchorKey,
        /// What came of it.
        error: Arc<LookupError>,
    },
    /// A store of the user's own could not answer.
    Other(Box<dyn error::Error + Send + Sync>),
}

impl StoreError {
    /// For a store of the user's own that cannot answer.
    pub fn other(error: impl Into<Box<dyn error::Error + Send + Sync>>) -> Self {
        Self::Other(error.into())
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            #[cfg(feature = "std")]
            Self::File(error) => error.fmt(f),
            Self::Certificate(error) => write!(f, "the store's entry is {error}"),
            Self::Lookup { store, key, error } => write!(f, "{store}: asked for {key}: {error}"),
            Self::Other(error) => error.fmt(f),
        }
    }
}

impl error::Error for StoreError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            #[cfg(feature = "std")]
            Self::File(error) => error.source(),
            Self::Certificate(error) => Some(error),
            Self::Lookup { error, .. } => Some(error.as_ref()),
            Self::Other(error) => Some(error.as_ref()),
        }
    }
}

impl From<CertificateError> for StoreError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}

#[cfg(feature = "std")]
impl From<StoreFileError> for StoreError {
    fn from(error: StoreFileError) -> Self {
        Self::File(error)
    }
}
