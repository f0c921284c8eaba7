//! An open directory, and its entries.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};

#[cfg(not(unix))]
pub use elsewhere::{Directory, Entry};
#[cfg(unix)]
pub use unix::{Directory, Entry};

/// The kind of an entry of a directory. Displayed as a noun.
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

/// The users who may read a new file, or list a new directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Those that the umask permits.
    Ordinary,
    /// Its user alone.
    Private,
}

/// Treats the error that a directory cannot be synced as success.
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

/// The number of names that are tried. They cannot be guessed, so the first one is free.
const MAX_TRIES: usize = 8;

/// The beginning of the names of temporary files and directories.
pub const TEMPORARY: &str = ".jit-trust-";

/// Creates an entry under a free name that cannot be guessed: the prefix and 16 hex digits. `create` creates it under the name
/// that it gets, unless that name is taken. Returns the name and the result of `create`.
///
/// # Errors
/// When `create` fails, for another reason than that the name is taken.
pub fn create_unique<T>(
    prefix: impl AsRef<OsStr>,
    mut create: impl FnMut(&OsStr) -> io::Result<T>,
) -> io::Result<(OsString, T)> {
    let mut tries = 0;
    loop {
        // The system chooses the keys of this hash at random.
        let number = RandomState::new().build_hasher().finish();
        let mut name = prefix.as_ref().to_owned();
        name.push(format!("{number:016x}"));
        match create(&name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < MAX_TRIES => tries += 1,
            created => return Ok((name, created?)),
        }
    }
}
