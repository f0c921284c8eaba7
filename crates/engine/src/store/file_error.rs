//! What is wrong with a file or a directory of a store.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use jit_trust_core::{BlobError, CertificateError};

/// What is wrong with a file or a directory of a store.
#[derive(Debug)]
#[non_exhaustive]
pub enum StoreFileError {
    /// A file or directory of the store cannot be read.
    Io {
        /// Which one.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// A trust blob is damaged, or none.
    Blob {
        /// The blob's file.
        path: PathBuf,
        /// What is wrong with it.
        error: BlobError,
    },
    /// A file of the store holds something that is no certificate.
    Certificate {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// The file is not what it was when it was opened.
    Changed {
        /// Which file.
        path: PathBuf,
    },
    /// The file was replaced by one that is older than what was in force before.
    OlderGeneration {
        /// Which file.
        path: PathBuf,
        /// When the file that came was made, in Unix time.
        came: u32,
        /// When the newest that was in force was made, in Unix time.
        newest: u32,
    },
    /// A file of the store is larger than anything that belongs there.
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The largest length that is read, in bytes.
        limit: u64,
    },
    /// The directory is no webroot.
    NotAWebroot {
        /// Which directory.
        path: PathBuf,
    },
    /// The directory is a webroot that is not asked by subject, but has bare certificates by key identifier:
    /// [`WebrootStore::open_by_key_id`](crate::WebrootStore::open_by_key_id) opens it, without conditions.
    ByKeyIdOnly {
        /// Which directory.
        path: PathBuf,
    },
    /// The webroot is to be asked by key identifier, though it is one that carries conditions, by subject.
    CarriesConditions {
        /// Which directory.
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
