//! A directory that is held open, and what is in it.

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

/// Takes it for success that a directory cannot be synced.
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

/// How many names are tried. They cannot be guessed, so that the first is good.
const MAX_TRIES: usize = 8;

/// What the names of temporary files and directories begin with.
pub const TEMPORARY: &str = ".jit-trust-";

/// Makes something under a name that nothing else has and that cannot be guessed: the prefix and 16 hex digits. `create` is
/// to make it under the name that it is given, unless something has that name. Returns that name, and what was made.
///
/// # Errors
/// When `create` fails, for another reason than that the name is taken.
pub fn create_unique<T>(
    prefix: impl AsRef<OsStr>,
    mut create: impl FnMut(&OsStr) -> io::Result<T>,
) -> io::Result<(OsString, T)> {
    let mut tries = 0;
    loop {
        // The keys of this hash are drawn at random by the system.
        let number = RandomState::new().build_hasher().finish();
        let mut name = prefix.as_ref().to_owned();
        name.push(format!("{number:016x}"));
        match create(&name) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && tries < MAX_TRIES => tries += 1,
            created => return Ok((name, created?)),
        }
    }
}
