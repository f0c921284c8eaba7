//! Names for what is not in its place yet.

use std::collections::hash_map::RandomState;
use std::ffi::{OsStr, OsString};
use std::hash::{BuildHasher, Hasher};
use std::io::{self, ErrorKind};

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
