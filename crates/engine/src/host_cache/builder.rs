//! How a cache is made.

use std::path::PathBuf;
use std::time::Duration;

use super::clock::{Clock, nanoseconds};
use super::{HostCache, HostCacheError};

/// For how long a host is known unless the user says otherwise.
const TIME_TO_LIVE: Duration = Duration::from_secs(60 * 60);

/// What a [`HostCache`] is to be like.
///
/// ```
/// use std::time::Duration;
///
/// let cache = jit_trust::HostCache::builder()
///     .time_to_live(Duration::from_secs(24 * 60 * 60))
///     .max_footprint(64 * 1024)
///     .build()?;
/// # Ok::<(), jit_trust::HostCacheError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct HostCacheBuilder {
    time_to_live: Duration,
    max_footprint: usize,
    file: Option<PathBuf>,
}

impl HostCacheBuilder {
    pub(super) fn new() -> Self {
        Self {
            time_to_live: TIME_TO_LIVE,
            max_footprint: 0,
            file: None,
        }
    }

    /// For how long a host is known after it was served: an hour unless set. Time that the machine sleeps may not count.
    pub fn time_to_live(mut self, time_to_live: Duration) -> Self {
        self.time_to_live = time_to_live;
        self
    }

    /// How many bytes the cache may keep on the heap, its tables included; 0, as it is unless set, for no limit.
    ///
    /// Where there is no room for another host, the least recently used go. The limit holds at every moment: room for a
    /// larger table beside the old one is part of it. Count 100 to 200 bytes a host, and some kilobytes for the keys.
    ///
    /// While the file is read or written, there is a copy of it in memory beside that.
    pub fn max_footprint(mut self, bytes: usize) -> Self {
        self.max_footprint = bytes;
        self
    }

    /// Keeps the hosts in a file, too, from one run of the program to the next. What the file says of its user is in
    /// [`HostCache`]'s documentation.
    pub fn file(mut self, path: impl Into<PathBuf>) -> Self {
        self.file = Some(path.into());
        self
    }

    /// Makes the cache, and reads its file if there is one. A file that cannot be read or is damaged is ignored, which
    /// [`HostCache::notes`] tells.
    ///
    /// # Errors
    /// When the file's directory cannot be read, and when something else is in the file's place, or a file of another user.
    pub fn build(self) -> Result<HostCache, HostCacheError> {
        self.build_with(Clock::system())
    }

    pub(super) fn build_with(self, clock: Clock) -> Result<HostCache, HostCacheError> {
        let limit = match self.max_footprint {
            0 => usize::MAX,
            bytes => bytes,
        };
        HostCache::open(clock, nanoseconds(self.time_to_live), limit, self.file)
    }
}
