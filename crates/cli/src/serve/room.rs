//! Places for connections: a new client always gets one.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::{Activity, Limits};
#[cfg(unix)]
use crate::terminal::warning;

/// How many of the files that are longer than a chunk are open at a time for one connection.
pub(super) const MAX_LONG_FILES: u32 = 2;
/// The descriptors of a connection, and of what it may have open.
#[cfg(unix)]
const EACH: u64 = 1 + MAX_LONG_FILES as u64;
/// Those of the rest of the program, and of files that are open for a moment.
#[cfg(unix)]
const REST: u64 = 128;

/// How many of the connections that are wanted the system allows. It is asked for as many file descriptors as are needed.
#[cfg(unix)]
pub(super) fn allowed(wanted: u32) -> u32 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    let needed = u64::from(wanted) * EACH + REST;
    let limit = getrlimit(Resource::Nofile);
    // `None` is no limit.
    if limit.current.is_none_or(|current| current >= needed) {
        return wanted;
    }
    let current = Some(limit.maximum.map_or(needed, |maximum| maximum.min(needed)));
    let raised = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
    let granted = if raised.is_ok() { current } else { limit.current };
    let granted = granted.map_or(needed, |granted| granted.min(needed));
    let possible = (granted.saturating_sub(REST) / EACH).max(1);
    let possible = u32::try_from(possible).map_or(wanted, |possible| possible.min(wanted));
    if possible < wanted {
        warning(format_args!(
            "{possible} connections at a time instead of {wanted}: the system allows {granted} open files (ulimit -n)"
        ));
    }
    possible
}

/// All of them, where descriptors are not counted.
#[cfg(not(unix))]
pub(super) fn allowed(wanted: u32) -> u32 {
    wanted
}

/// The connections that are served at a time.
#[derive(Debug)]
pub(super) struct Room {
    max: u32,
    free: Arc<Semaphore>,
    /// What they are doing: those that are gone, and those that were told to end, have left or leave it.
    held: Mutex<Vec<Weak<Activity>>>,
}

impl Room {
    pub(super) fn new(max: u32) -> Self {
        Self {
            max,
            free: Arc::new(Semaphore::new(max as usize)),
            held: Mutex::default(),
        }
    }

    /// A place for one more client. Where there is none, the one that has done nothing for longest has to go.
    pub(super) async fn place(&self, limits: Limits) -> Option<Place> {
        let permit = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.displace_one();
                // It is closed nowhere, so that there always is one in the end.
                Arc::clone(&self.free).acquire_owned().await.ok()?
            }
        };
        let activity = Arc::new(Activity::new(limits));
        let mut held = self.held();
        held.retain(|activity| activity.strong_count() > 0);
        held.push(Arc::downgrade(&activity));
        Some(Place {
            activity,
            _permit: permit,
        })
    }

    /// Ends the connection that has done nothing for longest.
    pub(super) fn displace_one(&self) {
        let mut held = self.held();
        let present = held.iter().enumerate();
        let present = present.filter_map(|(at, activity)| Some((at, activity.upgrade()?)));
        let first = present.min_by_key(|(_, activity)| activity.rank());
        // One that was told to end is not chosen again.
        if let Some((at, activity)) = first {
            held.swap_remove(at);
            activity.displace();
        }
    }

    /// Waits until all clients are gone. No place may be given any more.
    pub(super) async fn is_empty(&self) {
        let _ = self.free.acquire_many(self.max).await;
    }

    fn held(&self) -> MutexGuard<'_, Vec<Weak<Activity>>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one client, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) activity: Arc<Activity>,
    _permit: OwnedSemaphorePermit,
}
