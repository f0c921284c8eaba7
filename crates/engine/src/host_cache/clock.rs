//! The time, by both clocks of a machine.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// The clock by which hosts are forgotten, which nobody sets, and the one whose time a file can hold.
pub(super) enum Clock {
    /// That of the system.
    System {
        /// When the cache was made.
        started: Instant,
    },
    /// One that a test sets.
    #[cfg(test)]
    Set(std::sync::Arc<SetClock>),
}

/// What a test sets.
#[cfg(test)]
#[derive(Default)]
pub(super) struct SetClock {
    /// Nanoseconds since the cache was made.
    pub(super) now: std::sync::atomic::AtomicU64,
    /// Milliseconds of Unix time.
    pub(super) unix: std::sync::atomic::AtomicU64,
}

impl Clock {
    pub(super) fn system() -> Self {
        Self::System {
            started: Instant::now(),
        }
    }

    /// Nanoseconds since the cache was made. It never goes back.
    pub(super) fn now(&self) -> u64 {
        match self {
            Self::System { started } => nanoseconds(started.elapsed()),
            #[cfg(test)]
            Self::Set(clock) => clock.now.load(std::sync::atomic::Ordering::Relaxed),
        }
    }

    /// Unix time in milliseconds; 0 before 1970.
    pub(super) fn unix(&self) -> u64 {
        match self {
            Self::System { .. } => {
                let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX)
            }
            #[cfg(test)]
            Self::Set(clock) => clock.unix.load(std::sync::atomic::Ordering::Relaxed),
        }
    }
}

/// A span of time in nanoseconds, of which a `u64` holds 584 years; one that is longer is as long as that.
pub(super) fn nanoseconds(span: Duration) -> u64 {
    u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)
}
