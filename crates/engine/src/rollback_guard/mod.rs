//! The newest generation of each deferred store so far, so that no older one is used.
//!
//! # The file
//! Numbers are unsigned, most significant byte first.
//!
//! | offset | length | what |
//! |---|---|---|
//! | `00` | 4 | magic, `JTRG` |
//! | `04` | 2 | version, 1 |
//! | `06` | 2 | number of stores, 0 to 64 |
//! | `08` | | the stores, one after the other |
//! | at the end | 4 | CRC-32C (RFC 3720 section 12.1) of everything before it |
//!
//! A store:
//!
//! | length | what |
//! |---|---|
//! | 2 | length of the name, 1 to 1024 |
//! | that | name, in UTF-8 |
//! | 4 | newest generation, in Unix time |

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use crate::state_file::{
    Expected, StateFile, StateFileError, StateFileFault, StateFileKind, lock, with_checksum,
};

/// The largest number of stores.
const MAX_STORES: usize = 64;

/// The longest name of a store, in bytes.
const MAX_NAME_LEN: usize = 1024;

/// A guard that remembers the newest generation of each deferred store. A response of an older generation is not used,
/// because it could bring back a root that was removed since.
///
/// In memory, the guard lasts as long as the program; with [a file](Self::open), across restarts. [`flush`](Self::flush)
/// writes the file if there is a newer generation, and so does dropping the guard. A program that may be killed calls `flush`
/// now and then, such as after it has connected.
///
/// No generation is ever lowered, neither by a store nor by another process with the same file. The contents of the file are
/// never discarded silently: a file that is damaged, that is another user's, or that other users may write to, is an error.
/// So is a directory in which other users may delete the file, because its absence would say nothing: on Unix, the directory
/// has to belong to the user or root, and if its group or everybody may write to it, it must have the sticky bit, as `/tmp`
/// has. Access control lists are not looked at.
///
/// ```
/// use jit_trust::{RollbackGuard, TrustPolicy};
///
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("generations");
/// let policy = TrustPolicy::builder()
///     .store(jit_trust::mozilla())
///     // .deferred_store(RemoteStore::builder("https://trust.example.com/") ...
///     .rollback_guard(RollbackGuard::open(path)?)
///     .build();
/// // ... connect, and then:
/// policy.rollback_guard().flush()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Stores
/// A store is identified by [its name](crate::DeferredStore::name), of at most 1024 bytes; stores of longer names are not
/// remembered. Names are compared as they are. The name of a remote store is the normal form of its URL, so that it is the
/// same store under each spelling of that.
///
/// 64 stores are remembered, and none is forgotten for another. Beyond them, [`flush`](Self::flush) is an error
/// ([`StateFileFault::Full`]), in which the generations of the stores that the file has are written all the same.
pub struct RollbackGuard {
    seen: Mutex<Generations>,
    file: StateFile,
}

/// The stores that are remembered, by name, each with its newest generation.
#[derive(Default)]
struct Generations {
    newest: BTreeMap<Box<str>, u32>,
    /// Whether a store was seen for which there was no room.
    is_overfull: bool,
}

/// A guard in memory.
impl Default for RollbackGuard {
    fn default() -> Self {
        Self::in_memory()
    }
}

impl RollbackGuard {
    /// A guard without a file.
    pub fn in_memory() -> Self {
        Self {
            seen: Mutex::default(),
            file: StateFile::none(StateFileKind::RollbackGuard),
        }
    }

    /// A guard with a file, which need not exist yet. Only its user can read it (mode 0600, on Unix).
    ///
    /// # Errors
    /// When the directory does not exist or other users may delete files in it, and when the file cannot be read, is damaged,
    /// is not a guard's, is a link, is not a regular file, is another user's, or can be written by other users.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StateFileError> {
        let (file, bytes) = StateFile::open(StateFileKind::RollbackGuard, path.into());
        let seen = match bytes? {
            Some(bytes) => Generations::decode(&bytes).map_err(|expected| file.damaged(expected))?,
            None => Generations::default(),
        };
        let seen = Mutex::new(seen);
        Ok(Self { seen, file })
    }

    /// The newest generation of a store so far, in Unix time.
    pub fn newest_generation(&self, store: &str) -> Option<u32> {
        self.seen().newest.get(store).copied()
    }

    /// Notes that a store had this generation, which is remembered if it is the newest.
    pub fn saw_generation(&self, store: &str, generation: u32) {
        let mut seen = self.seen();
        let noted = seen.saw(store, generation);
        seen.is_overfull |= noted.is_none();
        drop(seen);
        self.file.note_change(noted != Some(false));
    }

    /// All stores that are remembered, by name, each with its newest generation.
    pub fn generations(&self) -> Vec<(String, u32)> {
        let seen = self.seen();
        let generations = seen.newest.iter();
        generations
            .map(|(store, newest)| (store.to_string(), *newest))
            .collect()
    }

    /// Writes the file, if there is one and if there is something new. Waits until it is on the disk; other threads may use
    /// the guard meanwhile.
    ///
    /// # Errors
    /// When the file cannot be written, or when the current one cannot be read: then the file and the memory stay as they
    /// were. When the file has no room for a store: then it is written without that store. The next `flush` tries again.
    pub fn flush(&self) -> Result<(), StateFileError> {
        let damaged = |expected| self.file.damaged(expected);
        let mut is_overfull = false;
        self.file.flush(|old| {
            // What the file has comes first: it is not to lose a store for one of this process.
            let mut merged = match old? {
                Some(old) => Generations::decode(&old).map_err(damaged)?,
                None => Generations::default(),
            };
            let mut seen = self.seen();
            is_overfull = !merged.merge(&seen) || seen.is_overfull;
            seen.merge(&merged);
            merged.encode().ok_or_else(|| damaged("names of 1 to 1024 bytes"))
        })?;
        match is_overfull {
            true => {
                self.file.note_change(true);
                Err(self.file.faulty(StateFileFault::Full(MAX_STORES)))
            }
            false => Ok(()),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Generations> {
        lock(&self.seen)
    }
}

impl Drop for RollbackGuard {
    fn drop(&mut self) {
        // A caller that needs the error calls `flush` before.
        self.flush().ok();
    }
}

impl fmt::Debug for RollbackGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RollbackGuard")
            .field("generations", &self.generations())
            .field("file", &self.file.path())
            .finish()
    }
}

impl Generations {
    /// Takes note of a store's generation, and says whether that is new. `None` when there is no room for the store.
    fn saw(&mut self, store: &str, generation: u32) -> Option<bool> {
        if store.is_empty() || store.len() > MAX_NAME_LEN {
            return Some(false);
        }
        if let Some(newest) = self.newest.get_mut(store) {
            let is_news = *newest < generation;
            *newest = generation.max(*newest);
            return Some(is_news);
        }
        if self.newest.len() >= MAX_STORES {
            return None;
        }
        self.newest.insert(store.into(), generation);
        Some(true)
    }

    /// Adds what another has without removing a store, and says whether there was room for all.
    fn merge(&mut self, other: &Self) -> bool {
        let mut has_all = true;
        for (store, generation) in &other.newest {
            has_all &= self.saw(store, *generation).is_some();
        }
        has_all
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut file = StateFileKind::RollbackGuard.begin();
        file.extend(u16::try_from(self.newest.len()).ok()?.to_be_bytes());
        for (store, generation) in &self.newest {
            file.extend(u16::try_from(store.len()).ok()?.to_be_bytes());
            file.extend(store.as_bytes());
            file.extend(generation.to_be_bytes());
        }
        Some(with_checksum(file))
    }

    /// Decodes a whole file.
    fn decode(file: &[u8]) -> Result<Self, Expected> {
        let mut rest = StateFileKind::RollbackGuard.open(file)?;
        let count = usize::from(rest.u16()?);
        if count > MAX_STORES {
            return Err("at most 64 stores");
        }
        let mut generations = Self::default();
        for _ in 0..count {
            let len = usize::from(rest.u16()?);
            let store = rest.text(len)?;
            if !(1..=MAX_NAME_LEN).contains(&len) {
                return Err("a name of 1 to 1024 bytes");
            }
            generations.saw(store, rest.u32()?);
        }
        match rest.is_empty() {
            true => Ok(generations),
            false => Err("no more bytes"),
        }
    }
}
