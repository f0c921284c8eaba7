//! Places for connections: a new client always gets one.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::{Activity, Limits};

/// The connections that are served at a time.
#[derive(Debug)]
pub(super) struct Room {
    max: u32,
    free: Arc<Semaphore>,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    by: HashMap<u64, Arc<Activity>>,
    next: u64,
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
    pub(super) async fn place(self: &Arc<Self>, limits: Limits) -> Option<Place> {
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
        let id = held.next;
        held.next += 1;
        held.by.insert(id, Arc::clone(&activity));
        Some(Place {
            activity,
            room: Arc::clone(self),
            id,
            _permit: permit,
        })
    }

    /// Ends the connection that has done nothing for longest.
    pub(super) fn displace_one(&self) {
        let mut held = self.held();
        let first = held.by.iter().min_by_key(|(_, activity)| activity.rank());
        // What is not held any more is not chosen again.
        if let Some(activity) = first.map(|(id, _)| *id).and_then(|id| held.by.remove(&id)) {
            activity.displace();
        }
    }

    /// Waits until all clients are gone. No place may be given any more.
    pub(super) async fn is_empty(&self) {
        let _ = self.free.acquire_many(self.max).await;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place for one client, free again when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) activity: Arc<Activity>,
    room: Arc<Room>,
    id: u64,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.room.held().by.remove(&self.id);
    }
}
