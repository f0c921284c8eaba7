//! The newest generation of each deferred store so far, so that no older one is used.
//!
//! # The file
//! Numbers are unsigned, most significant byte first.
//!
//! | offset | length | what |
//! |---|---|---|
//! | `00` | 4 | magic, `JTRG` |
//! | `04` | 2 | version, 1 |
//! | `06` | 2 | number of stores, 0 to 8 |
//! | `08` | | the stores, one after the other, the least recently seen first |
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

use std::fmt;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard};

use crate::canonical_url::canonical;
use crate::state_file::{Expected, Reader, StateFile, StateFileError, StateFileKind, lock, with_checksum};

/// The largest number of stores.
pub(crate) const MAX_STORES: usize = 8;

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
/// remembered. Equivalent https URLs are one name: in either case, with the default port, with `/./` in the path. Eight
/// stores are remembered: a ninth replaces the least recently seen.
pub struct RollbackGuard {
    seen: Mutex<Generations>,
    file: StateFile,
}

/// Names of stores, each with its newest generation, the least recently seen first.
#[derive(Default)]
struct Generations(Vec<(Box<str>, u32)>);

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
    /// When the directory does not exist, and when the file cannot be read, is damaged, is not a guard's, is a link, is not a
    /// regular file, is another user's, or can be written by other users.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, StateFileError> {
        let (file, bytes) = StateFile::open(StateFileKind::RollbackGuard, path.into());
        let mut seen = Generations::default();
        if let Some(bytes) = bytes? {
            seen.merge(&decode(&bytes).map_err(|expected| file.damaged(expected))?);
        }
        let seen = Mutex::new(seen);
        Ok(Self { seen, file })
    }

    /// The newest generation of a store so far, in Unix time.
    pub fn newest_generation(&self, store: &str) -> Option<u32> {
        let store = canonical(store);
        let seen = self.seen();
        let known = seen.0.iter().find(|(known, _)| **known == *store);
        known.map(|(_, newest)| *newest)
    }

    /// Notes that a store had this generation, which is remembered if it is the newest.
    pub fn saw_generation(&self, store: &str, generation: u32) {
        let is_news = self.seen().saw(&canonical(store), generation);
        self.file.note_change(is_news);
    }

    /// All stores that are remembered, by name, each with its newest generation.
    pub fn generations(&self) -> Vec<(String, u32)> {
        let seen = self.seen();
        let generations = seen.0.iter();
        generations
            .map(|(store, newest)| (store.to_string(), *newest))
            .collect()
    }

    /// Writes the file, if there is one and if there is something new. Waits until it is on the disk; other threads may use
    /// the guard meanwhile.
    ///
    /// # Errors
    /// When the file cannot be written, or when the current one cannot be read. The file and the memory stay as they were; the
    /// next `flush` tries again.
    pub fn flush(&self) -> Result<(), StateFileError> {
        let damaged = |expected| self.file.damaged(expected);
        self.file.flush(|old| {
            let old = old?;
            let mut seen = self.seen();
            if let Some(old) = &old {
                seen.merge(&decode(old).map_err(damaged)?);
            }
            seen.encode().ok_or_else(|| damaged("names of 1 to 1024 bytes"))
        })
    }

    /// Adds generations that an earlier version kept elsewhere, and says whether all of them are in the file now.
    pub(crate) fn adopt(&self, generations: &[(impl AsRef<str>, u32)]) -> bool {
        let has_all = self.seen().merge(generations);
        self.file.note_change(true);
        has_all && self.file.path().is_some() && self.flush().is_ok()
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
    /// Takes note of a store's generation, and says whether that is new.
    fn saw(&mut self, store: &str, generation: u32) -> bool {
        if store.is_empty() || store.len() > MAX_NAME_LEN {
            return false;
        }
        let at = self.0.iter().position(|(known, _)| **known == *store);
        let known = at.map(|at| self.0.remove(at));
        let is_news = known.as_ref().is_none_or(|(_, newest)| *newest < generation);
        let (name, newest) = known.unwrap_or_else(|| (store.into(), generation));
        if self.0.len() >= MAX_STORES {
            self.0.remove(0);
        }
        self.0.push((name, newest.max(generation)));
        is_news
    }

    /// Adds the generations of a file without removing a store, and says whether there was room for all.
    fn merge(&mut self, generations: &[(impl AsRef<str>, u32)]) -> bool {
        let mut has_all = true;
        for (store, generation) in generations {
            let (store, has_room) = (canonical(store.as_ref()), self.0.len() < MAX_STORES);
            match self.0.iter_mut().find(|(known, _)| **known == *store) {
                Some((_, newest)) => *newest = (*newest).max(*generation),
                None if has_room => drop(self.saw(&store, *generation)),
                None => has_all = false,
            }
        }
        has_all
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut file = StateFileKind::RollbackGuard.begin();
        file.extend(u16::try_from(self.0.len()).ok()?.to_be_bytes());
        for (store, generation) in &self.0 {
            write_generation(store, *generation, &mut file)?;
        }
        Some(with_checksum(file))
    }
}

/// Decodes a whole file.
fn decode(file: &[u8]) -> Result<Vec<(&str, u32)>, Expected> {
    let mut rest = StateFileKind::RollbackGuard.open(file)?;
    let count = usize::from(rest.u16()?);
    if count > MAX_STORES {
        return Err("at most 8 stores");
    }
    let generations: Result<Vec<_>, _> = (0..count).map(|_| read_generation(&mut rest)).collect();
    match rest.is_empty() {
        true => generations,
        false => generations.and(Err("no more bytes")),
    }
}

/// Encodes a store with its generation. `None` when its name is too long.
pub(crate) fn write_generation(store: &str, generation: u32, file: &mut Vec<u8>) -> Option<()> {
    file.extend(u16::try_from(store.len()).ok()?.to_be_bytes());
    file.extend(store.as_bytes());
    file.extend(generation.to_be_bytes());
    Some(())
}

/// Decodes a store with its generation.
pub(crate) fn read_generation<'a>(rest: &mut Reader<'a>) -> Result<(&'a str, u32), Expected> {
    let len = usize::from(rest.u16()?);
    let store = rest.text(len)?;
    match (1..=MAX_NAME_LEN).contains(&store.len()) {
        true => Ok((store, rest.u32()?)),
        false => Err("a name of 1 to 1024 bytes"),
    }
}
