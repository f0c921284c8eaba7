//! The anchors that served each host: a hint for deferred stores.
//!
//! # The file
//! Numbers are unsigned, most significant byte first.
//!
//! | offset | length | what |
//! |---|---|---|
//! | `00` | 4 | magic, `JTHC` |
//! | `04` | 2 | version, 1 |
//! | `06` | 2 | number of keys |
//! | `08` | 4 | length of the whole file, at most 8 MiB |
//! | `0c` | | the keys and the hosts, one after the other |
//! | at the end | 4 | CRC-32C (RFC 3720 section 12.1) of everything before it |
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
mod format;
mod hosts;
#[cfg(test)]
mod tests;

pub use builder::HostCacheBuilder;

use std::fmt;
use std::sync::{Mutex, MutexGuard};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use format::Stored;
use hosts::Hosts;

use crate::AnchorKey;
use crate::state_file::{StateFile, StateFileError, StateFileFault, lock};

/// The longest host that is kept, in bytes.
const MAX_HOST_LEN: usize = 255;

/// The largest number of keys of a host.
const MAX_KEYS: usize = 3;

/// The bytes of a host in [`HostCache::footprint`] beside its name and its keys.
const HOST_OVERHEAD: usize = 80;

/// A cache of the anchors that served each host. By it, a deferred store is asked for the right anchor first, and before the
/// host has sent anything.
///
/// It is a hint and decides nothing. It is written [after a success](Self::served) only. An entry that is wrong, stale or
/// missing costs one more lookup. Therefore an error of its file fails no connection: see [`last_error`](Self::last_error).
///
/// ```
/// use jit_trust::{AnchorKey, HostCache};
/// use jit_trust::core::{Name, Query};
///
/// let cache = HostCache::builder().max_footprint(100_000).build()?;
/// let name = Name::from_der(&[0x30, 0x00]).expect("the issuer of a certificate that was sent");
/// let key = AnchorKey::of(&Query::Subject(name)).expect("a hash fits a file name");
///
/// assert_eq!(cache.get("example.com"), None);
/// // ... the connection succeeds, verified by the anchor that was found by this key:
/// cache.served("example.com", std::slice::from_ref(&key));
/// assert_eq!(cache.get("Example.com"), Some(vec![key]));
/// # Ok::<(), jit_trust::StateFileError>(())
/// ```
///
/// # Hosts
/// A host is a DNS name or an IP address, with a port if the caller appends one: printable ASCII without spaces, of at most
/// 255 bytes. Other hosts are not kept. Upper and lower case are equal; nothing else is: `example.com`, `example.com.` and
/// `example.com:443` are three hosts.
///
/// # The file
/// With [a file](HostCacheBuilder::file), the cache outlives the program. The file lists the hosts that its user visited
/// within the [time to live](HostCacheBuilder::time_to_live), and when. Only that user can read it (mode 0600; on other
/// systems than Unix, all users that the directory permits). [`clear`](Self::clear) followed by [`flush`](Self::flush)
/// empties it.
///
/// No connection waits for it. [`flush`](Self::flush) writes it, and so does dropping the cache, each time only if there is
/// something new: other keys of a host, or a host whose time was half over. Even a program that runs for every connection
/// therefore writes twice in the time to live for a host, which flash memory endures for years. A service that runs long
/// calls `flush` now and then, such as every ten minutes and when it stops. A service that is killed loses hints only.
///
/// The file is replaced as a whole. A file that is damaged is ignored as a whole; so are one that other users may write to,
/// and a link, which is not followed. A file of another user is an error when the cache is made, because it may be an
/// attack. A file that does not start with our magic is neither used nor overwritten. Of two processes with one file, the
/// last that writes wins.
///
/// # Time
/// In memory, time is that of a monotonic clock. The file holds the time of day: hosts that were served in the future are
/// left out, and no host is known for longer than its time to live after it was read.
///
/// # Threads
/// All methods take `&self`. Only those that read or write the file block for longer than a lookup in the cache.
pub struct HostCache {
    hosts: Mutex<Hosts>,
    clock: Clock,
    /// The time for which a host is known, in milliseconds.
    life: u64,
    file: StateFile,
}

/// The two clocks of a machine, in milliseconds.
struct Clock {
    /// Time since the cache was made, by a monotonic clock.
    now: Box<dyn Fn() -> u64 + Send + Sync>,
    /// Unix time; 0 before 1970.
    unix: Box<dyn Fn() -> u64 + Send + Sync>,
}

impl Clock {
    fn system() -> Self {
        let started = Instant::now();
        let since_1970 = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            now: Box::new(move || milliseconds(started.elapsed())),
            unix: Box::new(move || milliseconds(since_1970())),
        }
    }
}

/// A duration in milliseconds, `u64::MAX` at most.
fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

/// A host of a cache, as [`HostCache::hosts`] lists them.
///
/// ```
/// let cache = jit_trust::HostCache::builder().build()?;
/// for cached in cache.hosts() {
///     println!("{}: {} keys, {} s left", cached.host, cached.keys.len(), cached.time_left.as_secs());
/// }
/// # Ok::<(), jit_trust::StateFileError>(())
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

impl HostCache {
    /// A builder of a cache. Unless set otherwise, the cache is in memory, has no limit and knows a host for an hour.
    pub fn builder() -> HostCacheBuilder {
        HostCacheBuilder::new()
    }

    /// Adds the hosts of the file, without those that were served in the future or have expired.
    fn load(&self, bytes: &[u8]) -> Result<(), StateFileError> {
        let stored_hosts = format::decode(bytes).map_err(|expected| self.file.damaged(expected))?;
        let (now, unix) = ((self.clock.now)(), (self.clock.unix)());
        let mut hosts = self.hosts_in_memory();
        for stored in stored_hosts {
            let age = unix.checked_sub(stored.served_at);
            let left = age.map_or(0, |age| self.life.saturating_sub(age));
            if left > 0 {
                hosts.served(stored.host, &stored.keys, now, left);
            }
        }
        Ok(())
    }

    /// The keys of the anchors that served a host, one to three, the most recent first; `None` when it is not known. The call
    /// counts as use for the eviction of the least recently used.
    pub fn get(&self, host: &str) -> Option<Vec<AnchorKey>> {
        let mut buffer = [0; MAX_HOST_LEN];
        let host = in_lower_case(host, &mut buffer)?;
        self.hosts_in_memory().get(host, (self.clock.now)())
    }

    /// Notes that the host was served: a connection to it was verified by anchors with these keys, the most recent first. It
    /// is to be called after a success only.
    ///
    /// The keys are put before those that the host has already; three are kept. The host's time begins anew. Keys that do not
    /// [fit a file name](AnchorKey::fits_a_file_name) are left out.
    pub fn served(&self, host: &str, keys: &[AnchorKey]) {
        let mut buffer = [0; MAX_HOST_LEN];
        if let Some(host) = in_lower_case(host, &mut buffer) {
            let now = (self.clock.now)();
            let is_news = self.hosts_in_memory().served(host, keys, now, self.life);
            self.file.note_change(is_news);
        }
    }

    /// Removes a host, for instance after none of its anchors served it.
    pub fn forget(&self, host: &str) {
        let mut buffer = [0; MAX_HOST_LEN];
        if let Some(host) = in_lower_case(host, &mut buffer) {
            let was_known = self.hosts_in_memory().remove(host).is_some();
            self.file.note_change(was_known);
        }
    }

    /// Removes all hosts, and frees their memory.
    pub fn clear(&self) {
        self.hosts_in_memory().clear();
        self.file.note_change(true);
    }

    /// The number of hosts that are known.
    pub fn len(&self) -> usize {
        self.hosts_in_memory().iter((self.clock.now)()).count()
    }

    /// Whether no host is known.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The size of the cache: for each host 80 bytes, the length of its name and the lengths of its keys, where a hash has 32
    /// bytes. It is never more than [the limit](HostCacheBuilder::max_footprint).
    ///
    /// The use of the heap depends on the allocator, on the load of the table, and on how many hosts share their anchors. It
    /// is about the same for thousands of hosts, and never more than five times as much.
    pub fn footprint(&self) -> usize {
        self.hosts_in_memory().footprint()
    }

    /// All hosts that are known, the most recently used first.
    pub fn hosts(&self) -> Vec<CachedHost> {
        let now = (self.clock.now)();
        let hosts = self.hosts_in_memory();
        let known = hosts.iter(now).map(|(host, served)| {
            let time_left = served.expires.saturating_sub(now);
            CachedHost {
                host: host.to_owned(),
                keys: served.keys.to_vec(),
                age: Duration::from_millis(self.life.saturating_sub(time_left)),
                time_left: Duration::from_millis(time_left),
            }
        });
        known.collect()
    }

    /// Writes the file, if there is one and if there is something new. Waits until it is on the disk; other threads may use
    /// the cache meanwhile.
    ///
    /// # Errors
    /// When the file cannot be written. The old file and the memory stay as they were; the next `flush` tries again.
    pub fn flush(&self) -> Result<(), StateFileError> {
        self.file.flush(|old| {
            match old {
                Err(error) if error.is_of_the_place() => return Err(error),
                Err(error) if matches!(error.fault, StateFileFault::NotOurs) => return Err(error),
                // Any other error of the old file does not matter, because the file is replaced.
                Ok(_) | Err(_) => {}
            }
            let (now, unix) = ((self.clock.now)(), (self.clock.unix)());
            let hosts = self.hosts_in_memory();
            let stored = hosts.iter(now).map(|(host, served)| {
                let age = self.life.saturating_sub(served.expires.saturating_sub(now));
                Stored {
                    host,
                    served_at: unix.saturating_sub(age),
                    keys: served.keys.as_slice().into(),
                }
            });
            let file = format::encode(stored);
            file.ok_or_else(|| self.file.damaged("names that fit"))
        })
    }

    /// The error of the last read or write of the file, if it failed. It fails no connection, so a program should show it.
    pub fn last_error(&self) -> Option<StateFileError> {
        self.file.last_error()
    }

    fn hosts_in_memory(&self) -> MutexGuard<'_, Hosts> {
        lock(&self.hosts)
    }
}

impl Drop for HostCache {
    fn drop(&mut self) {
        // A caller that needs the error calls `flush` before.
        self.flush().ok();
    }
}

/// Without the hosts, which are private.
impl fmt::Debug for HostCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostCache")
            .field("time_to_live", &Duration::from_millis(self.life))
            .field("file", &self.file.path())
            .finish_non_exhaustive()
    }
}

/// The host in lower case, if it can be kept.
fn in_lower_case<'b>(host: &str, buffer: &'b mut [u8; MAX_HOST_LEN]) -> Option<&'b str> {
    let host_in_buffer = buffer.get_mut(..host.len())?;
    host_in_buffer.copy_from_slice(host.as_bytes());
    host_in_buffer.make_ascii_lowercase();
    let host = std::str::from_utf8(host_in_buffer).ok()?;
    is_host_name(host).then_some(host)
}

/// Whether a cache can keep a host of this name.
fn is_host_name(host: &str) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_graphic() && !byte.is_ascii_uppercase();
    (1..=MAX_HOST_LEN).contains(&host.len()) && host.as_bytes().iter().all(is_plain)
}
