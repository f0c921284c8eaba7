//! The lookups that stores on servers have not answered yet: to say which store a command was waiting for.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jit_trust::{AnchorKey, DeferredStore, LookupKind, LookupRequest, Responder};

/// The lookups that are open, the oldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct OpenLookups(Arc<Mutex<Vec<OpenLookup>>>);

/// A store, what it was asked for, and since when.
#[derive(Clone, Debug, PartialEq)]
struct OpenLookup {
    store: String,
    key: AnchorKey,
    since: Instant,
}

impl OpenLookups {
    /// `store`, whose lookups are noted here until there is an answer.
    pub(crate) fn to<S: DeferredStore>(&self, store: S) -> Noted<S> {
        Noted {
            store,
            open: self.clone(),
        }
    }

    /// The store that was asked first of those that have not answered, and what for.
    pub(crate) fn oldest(&self) -> Option<(String, AnchorKey)> {
        let open = self.lock();
        open.first()
            .map(|lookup| (lookup.store.clone(), lookup.key.clone()))
    }

    /// Whether a store has not answered for so long.
    pub(crate) fn wait_for(&self, long: Duration) -> bool {
        let open = self.lock();
        open.first().is_some_and(|lookup| lookup.since.elapsed() >= long)
    }

    fn close(&self, lookup: &OpenLookup) {
        let mut open = self.lock();
        if let Some(at) = open.iter().position(|other| other == lookup) {
            open.remove(at);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<OpenLookup>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A store whose lookups are noted.
#[derive(Debug)]
pub(crate) struct Noted<S> {
    store: S,
    open: OpenLookups,
}

impl<S: DeferredStore> DeferredStore for Noted<S> {
    fn name(&self) -> String {
        self.store.name()
    }

    fn kind(&self) -> LookupKind {
        self.store.kind()
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        let noted = OpenLookup {
            store: self.store.name(),
            key: request.key.clone(),
            since: Instant::now(),
        };
        self.open.lock().push(noted.clone());
        let open = self.open.clone();
        let responder = responder.map(move |answer| {
            open.close(&noted);
            answer
        });
        self.store.look_up(request, responder);
    }
}
