//! What is wrong with a cache's file.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{error, fmt, io};

/// What is wrong with the file of a [`HostCache`](super::HostCache). None of it says that a connection cannot be trusted:
/// without its file, the cache works in memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum HostCacheError {
    /// The directory that the file is to be in cannot be read.
    Directory {
        /// Which directory.
        path: PathBuf,
        /// What the system says.
        error: Arc<io::Error>,
    },
    /// There is something at the file's path that is no regular file.
    NotAFile {
        /// Which path.
        path: PathBuf,
    },
    /// The file, or a link on the way to it, belongs to another user, who may have put anything into it. It is neither
    /// used nor replaced.
    Foreign {
        /// The file or link.
        path: PathBuf,
        /// Which of them it is, for people.
        kind: String,
        /// The number of its user.
        owner: u32,
    },
    /// Others than its user may write to the file, so that anybody may have put anything into it.
    OthersMayWrite {
        /// Which file.
        path: PathBuf,
    },
    /// There is a link in the file's place. It is not followed.
    IsALink {
        /// Which path.
        path: PathBuf,
    },
    /// The file cannot be read.
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: Arc<io::Error>,
    },
    /// The file is not as it was written, or no cache at all.
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What was expected.
        expected: &'static str,
    },
    /// The file is none of a cache. It stays as it is.
    NotACache {
        /// Which file.
        path: PathBuf,
    },
    /// The file is larger than a cache may be.
    TooLarge {
        /// Which file.
        path: PathBuf,
        /// The largest length in bytes.
        limit: usize,
    },
    /// The file cannot be written.
    Write {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        error: Arc<io::Error>,
    },
}

impl HostCacheError {
    pub(super) fn directory(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Directory {
            path,
            error: Arc::new(error),
        }
    }

    pub(super) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Read {
            path,
            error: Arc::new(error),
        }
    }

    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        |error| Self::Write {
            path,
            error: Arc::new(error),
        }
    }
}

impl fmt::Display for HostCacheError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory { path, error } => write!(
                f,
                "{}: {error}; create this directory for the host cache, or name another",
                path.display()
            ),
            Self::NotAFile { path } => write!(
                f,
                "{}: expected a regular file, or none yet; name another for the host cache",
                path.display()
            ),
            Self::Foreign { path, kind, owner } => write!(
                f,
                "{}: this {kind} belongs to another user (uid {owner}), and is neither used nor replaced: remove it, or \
                 name another file for the host cache, in a directory that only its user may write to",
                path.display()
            ),
            Self::OthersMayWrite { path } => write!(
                f,
                "{}: others may write to it: expected a file that only its user may write to; the host cache begins \
                 anew, and replaces it",
                path.display()
            ),
            Self::IsALink { path } => write!(
                f,
                "{}: a link, which is not followed; the host cache begins anew, and replaces it",
                path.display()
            ),
            Self::Read { path, error } => write!(
                f,
                "{}: {error}; the host cache begins anew: make the file readable, or remove it",
                path.display()
            ),
            Self::Damaged { path, expected } => write!(
                f,
                "{}: not a host cache, or a damaged one: expected {expected}; the cache begins anew, and replaces it",
                path.display()
            ),
            Self::NotACache { path } => write!(
                f,
                "{}: no file of a host cache, and left as it is: name another for the cache, or remove it",
                path.display()
            ),
            Self::TooLarge { path, limit } => write!(
                f,
                "{}: expected at most {limit} bytes; the host cache begins anew, and replaces it",
                path.display()
            ),
            Self::Write { path, error } => write!(
                f,
                "{}: {error}; the host cache is in memory only: make the file and its directory writable, or name \
                 another",
                path.display()
            ),
        }
    }
}

impl error::Error for HostCacheError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Directory { error, .. } | Self::Read { error, .. } | Self::Write { error, .. } => {
                Some(error)
            }
            _ => None,
        }
    }
}
