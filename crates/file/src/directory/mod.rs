//! A directory that is held open, and what is in it.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::fmt;
use std::io::{self, ErrorKind};

#[cfg(not(unix))]
pub use elsewhere::{Directory, Entry};
#[cfg(unix)]
pub use unix::{Directory, Entry};

/// What an entry of a directory is. Displayed as a noun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A pipe, a device, a socket.
    Other,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "file",
            Self::Directory => "directory",
            Self::Link => "link",
            Self::Other => "pipe or device",
        })
    }
}

/// Who may read a file that is made, and for a directory, who may look into it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Those that the umask leaves.
    Ordinary,
    /// Its user alone.
    Private,
}

/// That a directory cannot be synced is no failure.
fn unless_it_cannot(synced: io::Result<()>) -> io::Result<()> {
    const CANNOT_SYNC: [ErrorKind; 3] = [
        ErrorKind::InvalidInput,
        ErrorKind::PermissionDenied,
        ErrorKind::Unsupported,
    ];
    match synced {
        Err(error) if CANNOT_SYNC.contains(&error.kind()) => Ok(()),
        synced => synced,
    }
}
