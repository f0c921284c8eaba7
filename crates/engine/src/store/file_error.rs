//! The error of a file or directory of a store.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use jit_trust_core::{BlobError, CertificateError};

/// The error of a file or directory of a store.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreFileError {
    /// A file or directory of the store cannot be read.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
    /// A file is not a trust blob, or a damaged one.
    Blob {
        /// The file.
        path: PathBuf,
        /// The error of the blob.
        error: BlobError,
    },
    /// A file is not a certificate that can be read.
    Certificate {
        /// The file.
        path: PathBuf,
        /// The error of the certificate.
        error: CertificateError,
    },
    /// The file was changed since it was opened.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The file was replaced by one of an older generation than was in force before.
    OlderGeneration {
        /// The file.
        path: PathBuf,
        /// The generation of the file, in Unix time.
        came: u32,
        /// The newest generation that was in force, in Unix time.
        newest: u32,
    },
    /// A file is larger than the limit.
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The directory is not a webroot.
    NotAWebroot {
        /// The directory.
        path: PathBuf,
    },
    /// The webroot cannot be asked by subject. It has bare certificates by key identifier:
    /// [`WebrootStore::open_by_key_id`](crate::WebrootStore::open_by_key_id) opens it, without conditions.
    ByKeyIdOnly {
        /// The directory.
        path: PathBuf,
    },
    /// The webroot must not be asked by key identifier, because it has conditions, by subject.
    CarriesConditions {
        /// The directory.
        path: PathBuf,
    },
}

impl StoreFileError {
    pub(super) fn io(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |error| Self::Io { path, error }
    }
}

impl fmt::Display for StoreFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Blob { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Certificate { path, error } => write!(f, "{}: {error}", path.display()),
            Self::Changed { path } => {
                write!(
                    f,
                    "{}: the trust blob was changed while it was in use; replace the file instead, by renaming",
                    path.display()
                )
            }
            Self::OlderGeneration { path, came, newest } => {
                write!(
                    f,
                    "{}: generation {came} is older than {newest}, which was in force; put a newer one there, or allow \
                     this with WatchedFileStore::allow_older_generation",
                    path.display()
                )
            }
            Self::TooLarge { path, limit } => {
                write!(f, "{}: expected at most {limit} bytes", path.display())
            }
            Self::NotAWebroot { path } => {
                write!(
                    f,
                    "{}: not a webroot: expected a directory by-subject or by-skid in it",
                    path.display()
                )
            }
            Self::ByKeyIdOnly { path } => write!(
                f,
                "{}: the webroot has no by-subject: either it is not complete, or it is another tool's and has to be asked \
                 by key identifier, for bare certificates without Mozilla's conditions",
                path.display()
            ),
            Self::CarriesConditions { path } => write!(
                f,
                "{}: by its index.json or its folder by-subject, it is a webroot with conditions on its roots, which \
                 certificates by key identifier do not carry: expected it to be asked by subject",
                path.display()
            ),
        }
    }
}

impl error::Error for StoreFileError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::Blob { error, .. } => Some(error),
            Self::Certificate { error, .. } => Some(error),
            Self::Changed { .. }
            | Self::OlderGeneration { .. }
            | Self::TooLarge { .. }
            | Self::NotAWebroot { .. }
            | Self::ByKeyIdOnly { .. }
            | Self::CarriesConditions { .. } => None,
        }
    }
}
