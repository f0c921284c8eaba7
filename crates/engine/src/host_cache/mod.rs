//! Which anchors served which host: a hint for stores that are asked over a network.
//!
//! # The file
//! Numbers are unsigned, most significant byte first.
//!
//! | offset | length | what |
//! |---|---|---|
//! | `00` | 4 | magic, `JTHC` |
//! | `04` | 2 | version, 1 |
//! | `06` | 2 | number of stores, 0 to 8 |
//! | `08` | 4 | length of the whole file, at most 8 MiB |
//! | `0c` | 2 | number of keys |
//! | `0e` | 2 | 0 |
//! | `10` | | the stores, the keys and the hosts, one after the other |
//! | at the end | 4 | CRC-32C (RFC 3720 section 12.1) of everything before it |
//!
//! A store, the one first that was not seen for longest:
//!
//! | length | what |
//! |---|---|
//! | 2 | length of the label, 1 to 1024 |
//! | that | label, in UTF-8 |
//! | 4 | newest generation, in Unix time |
//!
//! A key, of 1 to 127 bytes if it is a subject key identifier, 1 to 95 if it is a serial number:
//!
//! | kind (1 byte) | then |
//! |---|---|
//! | 1, subject | hash of the name (32) |
//! | 2, subject key identifier | its length (1), its bytes |
//! | 3, issuer and serial number | hash of the issuer's name (32), the serial number's length (1), its bytes |
//!
//! A host, the least recently used first, up to the checksum:
//!
//! | length | what |
//! |---|---|
//! | 1 | length of the name, 1 to 255 |
//! | that | name, printable ASCII without space and without upper case |
//! | 8 | when it was served, in milliseconds of Unix time |
//! | 1 | number of its keys, 1 to 3 |
//! | 2 each | indexes of its keys, the most recent first |

mod builder;
mod clock;
mod error;
mod file;
mod format;
mod generations;
mod hosts;
mod keys;
mod state;
#[cfg(test)]
mod tests;

pub use builder::HostCacheBuilder;
pub use error::HostCacheError;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::Clock;
use format::Contents;
use state::{State, Time};

use crate::AnchorKey;

/// The longest host that is kept, in bytes.
const MAX_HOST_LEN: usize = 255;

/// How many keys a host has at most.
const MAX_KEYS: usize = 3;

/// Which anchors served which host, so that a store that is asked over a network can be asked for the right one first,
/// or before the host has sent anything.
///
/// It is a hint and decides nothing. What is in it is written [after a success](Self::served) only; an entry that is
/// wrong or stale costs one more question to the store. So does one that is missing, for which reason whatever is the
/// matter with its file disturbs no connection: see [`notes`](Self::notes).
///
/// ```
/// use jit_trust::{AnchorKey, HostCache, Name, Query};
///
/// let cache = HostCache::builder().max_footprint(100_000).build()?;
/// let name = Name::from_der(&[0x30, 0x00]).expect("the issuer of a certificate that was sent");
/// let key = AnchorKey::of(&Query::Subject(name)).expect("a hash fits a file name");
///
/// assert_eq!(cache.get("example.com"), None);
/// // ... the connection succeeds, verified by the anchor that was found by this key:
/// cache.served("example.com", std::slice::from_ref(&key));
/// assert_eq!(cache.get("Example.com"), Some(vec![key]));
/// # Ok::<(), jit_trust::HostCacheError>(())
/// ```
///
/// # Hosts
/// A host is a DNS name or an IP address, with a port if the caller puts one behind it: printable ASCII without spaces,
/// of at most 255 bytes. Others are not kept. Letters' case does not matter, and nothing else is made equal:
/// `example.com`, `example.com.` and `example.com:443` are three hosts.
///
/// # The file
/// With [a file](HostCacheBuilder::file), what is known outlives the program. The file lists the hosts that its user
/// visited within the [time to live](HostCacheBuilder::time_to_live), and when: only that user can read it (mode 0600;
/// on other systems than Unix, whoever the directory lets), and [`clear`](Self::clear) followed by
/// [`flush`](Self::flush) empties it.
///
/// No connection waits for it. It is written by [`flush`](Self::flush) and when the cache is dropped, each time only if
/// there is something new: other keys of a host, a host whose time was half over, a newer generation. Even a program
/// that runs for every connection therefore writes twice in the time to live for a host, which flash memory bears for
/// years. A service that runs long calls `flush` now and then, say every ten minutes and when it is told to stop; what
/// it loses when it is killed are hints.
///
/// The file is replaced as a whole, and one that is damaged is ignored as a whole. So are one that others than its user may
/// write to, and a link, which is not followed. One that belongs to another user is an error when the cache is made, for
/// it may be a trap. One that does not even begin as a cache
/// does is somebody else's: it is neither used nor replaced. Of two processes with one file, the
/// last that writes wins; only generations are those of both.
///
/// # Time
/// In memory, time is that of a clock that nobody sets. The file holds the time of day: hosts that were served in the
/// future, as it looks, are left out, and no host is known for longer than its time to live after it was read.
///
/// # Threads
/// All methods take `&self`. None but those of the file holds another up for longer than it looks something up.
pub struct HostCache {
    state: Mutex<State>,
    clock: Clock,
    /// For how long a host is known, in nanoseconds.
    life: u64,
    file: Option<CacheFile>,
}

/// A host of a cache, as [`HostCache::hosts`] lists them.
///
/// ```
/// let cache = jit_trust::HostCache::builder().build()?;
/// for cached in cache.hosts() {
///     println!("{}: {} keys, {} s left", cached.host, cached.keys.len(), cached.time_left.as_secs());
/// }
/// # Ok::<(), jit_trust::HostCacheError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CachedHost {
    /// The host, in lower case, safe for a terminal.
    pub host: String,
    /// By what the anchors that served it are asked for, one to three, the most recent first.
    pub keys: Vec<AnchorKey>,
    /// How long ago it was served.
    pub age: Duration,
    /// For how long it is still known.
    pub time_left: Duration,
}

/// The file of a cache.
struct CacheFile {
    path: PathBuf,
    /// Held by whoever writes, so that what is newest is written last.
    writing: Mutex<()>,
    notes: Mutex<Notes>,
}

/// What went wrong with the file and disturbed nobody.
#[derive(Default)]
struct Notes {
    read: Option<HostCacheError>,
    written: Option<HostCacheError>,
}

impl HostCache {
    /// A cache that is in memory, without a limit, and knows a host for an hour, unless it is told otherwise.
    pub fn builder() -> HostCacheBuilder {
        HostCacheBuilder::new()
    }

    fn open(clock: Clock, life: u64, limit: usize, path: Option<PathBuf>) -> Result<Self, HostCacheError> {
        let mut cache = Self {
            state: Mutex::new(State::new(limit)),
            clock,
            life,
            file: None,
        };
        if let Some(path) = path {
            file::check(&path)?;
            let read = cache.load(&path).err();
            cache.file = Some(CacheFile {
                path,
                writing: Mutex::new(()),
                notes: Mutex::new(Notes { read, written: None }),
            });
        }
        Ok(cache)
    }

    /// The keys of the anchors that served a host, one to three, the most recent first; `None` when it is not known. Counts
    /// as use when the least recently used have to go.
    pub fn get(&self, host: &str) -> Option<Vec<AnchorKey>> {
        let mut buffer = [0; MAX_HOST_LEN];
        let host = in_lower_case(host, &mut buffer)?;
        let now = self.clock.now();
        self.state().hosts.get(host, now)
    }

    /// The host was served: a connection to it was verified by anchors with these keys, the most recent first. To be
    /// called after a success only.
    ///
    /// They come before those that the host has already, of which as many stay as make three, and the host's time begins
    /// anew. Keys that [fit no file name](AnchorKey::fits_a_file_name) are left out.
    pub fn served(&self, host: &str, keys: &[AnchorKey]) {
        let mut buffer = [0; MAX_HOST_LEN];
        let Some(host) = in_lower_case(host, &mut buffer) else {
            return;
        };
        let now = self.clock.now();
        let mut state = self.state();
        state.is_changed |= state.hosts.served(host, keys, now, self.life);
    }

    /// Forgets a host, for instance after none of its anchors served it.
    pub fn forget(&self, host: &str) {
        let mut buffer = [0; MAX_HOST_LEN];
        let Some(host) = in_lower_case(host, &mut buffer) else {
            return;
        };
        let mut state = self.state();
        state.is_changed |= state.hosts.forget(host);
    }

    /// Forgets all hosts, and gives their memory back. Generations stay.
    pub fn clear(&self) {
        let mut state = self.state();
        state.hosts.clear();
        state.is_changed = true;
    }

    /// How many hosts are known.
    pub fn len(&self) -> usize {
        self.state().hosts.iter(self.clock.now()).count()
    }

    /// Whether no host is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes that the cache keeps on the heap: names of hosts, keys, generations and the tables around them. It is
    /// never more than [the limit](HostCacheBuilder::max_footprint).
    pub fn footprint(&self) -> usize {
        self.state().hosts.footprint()
    }

    /// All hosts that are known, the most recently used first.
    pub fn hosts(&self) -> Vec<CachedHost> {
        let now = self.clock.now();
        let state = self.state();
        let known = state.hosts.iter(now).map(|known| {
            let time_left = known.expires.saturating_sub(now);
            CachedHost {
                host: known.host.to_owned(),
                keys: known.keys().cloned().collect(),
                age: Duration::from_nanos(self.life.saturating_sub(time_left)),
                time_left: Duration::from_nanos(time_left),
            }
        });
        known.collect()
    }

    /// The newest generation of a store that was ever [seen](Self::saw_generation). An older one of the same store is a
    /// step back, which somebody may have a reason to want.
    pub fn newest_generation(&self, store: &str) -> Option<u32> {
        self.state().newest_generation(store)
    }

    /// Keeps that a store had this generation, if that is the newest. No generation is ever lowered.
    ///
    /// `store` is any label that is the store's own and stays the same, such as its URL, of at most 1024 bytes; longer
    /// ones are not kept. All spellings of an https URL count as one: in either case, with the default port, with `/./` in its
    /// path. Eight stores are remembered: for a ninth, the one goes that was not seen for longest.
    pub fn saw_generation(&self, store: &str, generation: u32) {
        self.state().saw_generation(store, generation);
    }

    /// Writes the file if there is one, and something new for it. Waits until it is on the disk; other threads may use
    /// the cache meanwhile.
    ///
    /// # Errors
    /// When the file cannot be written. The old one is as it was then, and so is what is in memory; the next `flush`
    /// tries again.
    pub fn flush(&self) -> Result<(), HostCacheError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let _writing = lock(&file.writing);
        if !self.state().is_changed {
            return Ok(());
        }
        let written = self.write(&file.path);
        if written.is_err() {
            self.state().is_changed = true;
        }
        lock(&file.notes).written = written.as_ref().err().cloned();
        written
    }

    /// What is wrong with the file and has disturbed nobody: that it could not be read when the cache was made, that it
    /// could not be written the last time. For people to see.
    pub fn notes(&self) -> Vec<HostCacheError> {
        let Some(file) = &self.file else {
            return Vec::new();
        };
        let notes = lock(&file.notes);
        [&notes.read, &notes.written]
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    fn load(&self, path: &Path) -> Result<(), HostCacheError> {
        let Some(bytes) = file::read(path)? else {
            return Ok(());
        };
        let contents = decode(path, &bytes)?;
        self.state().load(&contents, self.time());
        Ok(())
    }

    fn write(&self, path: &Path) -> Result<(), HostCacheError> {
        let time = self.time();
        file::replace(path, |old| {
            let mut state = self.state();
            if let Ok(contents) = decode(path, old) {
                state.merge_generations(&contents);
            }
            state.is_changed = false;
            state.contents(time).encode().ok_or_else(|| file::too_large(path))
        })
    }

    fn time(&self) -> Time {
        Time {
            now: self.clock.now(),
            unix: self.clock.unix(),
            life: self.life,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }
}

impl Drop for HostCache {
    fn drop(&mut self) {
        // Who wants to know whether that succeeds has called `flush` before.
        self.flush().ok();
    }
}

/// Says nothing of the hosts.
impl fmt::Debug for HostCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCache")
            .field("time_to_live", &Duration::from_nanos(self.life))
            .field("file", &self.file.as_ref().map(|file| &file.path))
            .finish_non_exhaustive()
    }
}

fn decode<'b>(path: &Path, bytes: &'b [u8]) -> Result<Contents<'b>, HostCacheError> {
    Contents::decode(bytes).map_err(|expected| HostCacheError::Damaged {
        path: path.to_owned(),
        expected,
    })
}

/// Takes a lock. Nothing that holds one panics.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The host as it is compared, if it is one that is kept.
fn in_lower_case<'b>(host: &str, buffer: &'b mut [u8; MAX_HOST_LEN]) -> Option<&'b str> {
    let host_in_buffer = buffer.get_mut(..host.len())?;
    host_in_buffer.copy_from_slice(host.as_bytes());
    host_in_buffer.make_ascii_lowercase();
    let host = std::str::from_utf8(host_in_buffer).ok()?;
    is_host_name(host).then_some(host)
}

/// Whether a cache may hold a host under this name.
fn is_host_name(host: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    (1..=MAX_HOST_LEN).contains(&host.len()) && host.as_bytes().iter().all(is_plain)
}
