//! The error of a store.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::{error, fmt};

use jit_trust_core::CertificateError;

#[cfg(feature = "std")]
use super::StoreFileError;
use crate::{AnchorKey, LookupError};

/// The error of a store that could not be opened, or failed when it was asked.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreError {
    /// A file or directory of the store cannot be used.
    #[cfg(feature = "std")]
    File(StoreFileError),
    /// An entry of the store is not a certificate that can be read.
    Certificate(CertificateError),
    /// A deferred store gave no response, or one that cannot be used.
    Lookup {
        /// The name of the store.
        store: String,
        /// The key that it was asked for.
        key: AnchorKey,
        /// The error of the lookup.
        error: Arc<LookupError>,
    },
    /// An error of a program's own store.
    Other(Box<dyn error::Error + Send + Sync>),
}

impl StoreError {
    /// An error of a program's own store.
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
