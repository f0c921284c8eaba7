//! The options of a host cache.

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use super::hosts::{Hosts, Limits};
use super::{Clock, HostCache, milliseconds};
use crate::state_file::{StateFile, StateFileError, StateFileKind};

/// The default time for which a host is known.
const TIME_TO_LIVE: Duration = Duration::from_secs(60 * 60);

/// A builder of a [`HostCache`].
///
/// ```
/// use std::time::Duration;
///
/// let cache = jit_trust::HostCache::builder()
///     .time_to_live(Duration::from_secs(24 * 60 * 60))
///     .max_footprint(64 * 1024)
///     .build()?;
/// # Ok::<(), jit_trust::StateFileError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HostCacheBuilder {
    time_to_live: Duration,
    max_footprint: usize,
    max_hosts: usize,
    file: Option<PathBuf>,
}

impl HostCacheBuilder {
    pub(super) fn new() -> Self {
        Self {
            time_to_live: TIME_TO_LIVE,
            max_footprint: 0,
            max_hosts: 0,
            file: None,
        }
    }

    /// Sets the time for which a host is known after it was served: an hour unless set. Time for which the machine sleeps may
    /// not count.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = time_to_live;
        self
    }

    /// Sets the limit of the cache in bytes, as [`HostCache::footprint`] counts them; 0, the default, is no limit.
    ///
    /// Where there is no room for another host, the least recently used are evicted first. Count 150 bytes a host.
    pub fn max_footprint(mut self, bytes: usize) -> Self {
        self.max_footprint = bytes;
        self
    }

    /// Sets the largest number of hosts; 0, the default, is no limit. For another host, the least recently used is evicted.
    pub fn max_hosts(mut self, hosts: usize) -> Self {
        self.max_hosts = hosts;
        self
    }

    /// Keeps the hosts in a file, too, from one run of the program to the next. The documentation of [`HostCache`] says what
    /// the file reveals about its user.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Makes the cache, and reads its file if there is one. A file that cannot be read or is damaged is ignored;
    /// [`HostCache::last_error`] returns the error.
    ///
    /// # Errors
    /// When the file's directory does not exist, when the path is not a regular file, and when the file is another user's.
    pub fn build(self) -> Result<HostCache, StateFileError> {
        self.build_with(Clock::system())
    }

    pub(super) fn build_with(self, clock: Clock) -> Result<HostCache, StateFileError> {
        let or_none = |limit| match limit {
            0 => usize::MAX,
            limit => limit,
        };
        let limits = Limits {
            footprint: or_none(self.max_footprint),
            hosts: or_none(self.max_hosts),
        };
        let kind = StateFileKind::HostCache;
        let file = self.file.map(|path| StateFile::open(kind, path));
        let (file, bytes) = file.unwrap_or_else(|| (StateFile::none(kind), Ok(None)));
        let cache = HostCache {
            hosts: Mutex::new(Hosts::new(limits)),
            clock,
            life: milliseconds(self.time_to_live),
            file,
        };
        let loaded = bytes.and_then(|bytes| bytes.map_or(Ok(()), |bytes| cache.load(&bytes)));
        match loaded {
            Err(error) if error.is_of_the_place() => return Err(error),
            Err(error) => cache.file.note_error(error),
            Ok(()) => {}
        }
        Ok(cache)
    }
}
