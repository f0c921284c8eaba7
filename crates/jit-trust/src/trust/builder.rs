//! Putting together what a program trusts.

use std::fmt;
use std::sync::{Arc, RwLock};
use std::time::Duration;

use super::connection::Connections;
use super::pins::Pins;
use super::{Inner, Local, LocalKind, LocalStore, Trust, newest_in_force};
use crate::host_cache::HostCache;
use crate::residency::{Floor, Residency, Times};
use crate::rollback_guard::RollbackGuard;
use crate::{CertificateError, QueryStore, TrustStore};

/// How long an anchor stays after the last connection that leaned on it, unless set.
const IDLE_GRACE: Duration = Duration::from_secs(5);
/// How long after it came an anchor serves new connections, unless set.
const MAX_AGE: Duration = Duration::from_secs(5 * 60);
/// How long it is remembered that a store has no such anchor.
const NOT_FOUND_FOR: Duration = Duration::from_secs(10 * 60);
/// How long a connection waits for stores in all, unless set.
const PATIENCE: Duration = Duration::from_secs(10);
/// What is longer is this long, a century: clocks have an end.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// Puts together what a program trusts: see [`Trust`].
#[derive(Debug)]
pub struct TrustBuilder {
    pins: Pins,
    local: Vec<LocalStore>,
    remote: Vec<Box<dyn QueryStore>>,
    host_cache: Option<HostCache>,
    rollback_guard: RollbackGuard,
    idle_grace: Duration,
    max_age: Duration,
    not_found_for: Duration,
    patience: Duration,
}

impl Default for TrustBuilder {
    fn default() -> Self {
        Self {
            pins: Pins::default(),
            local: Vec::new(),
            remote: Vec::new(),
            host_cache: None,
            rollback_guard: RollbackGuard::in_memory(),
            idle_grace: IDLE_GRACE,
            max_age: MAX_AGE,
            not_found_for: NOT_FOUND_FOR,
            patience: PATIENCE,
        }
    }
}

impl TrustBuilder {
    /// Pins a host to these CAs, in DER: its chain must lead to one of them, and no store is asked about it. `*.` before
    /// a domain means every host below it, however deep, and not the domain itself. A host that has a pin of its own is
    /// not under that of a domain, and a longer domain counts before a shorter.
    ///
    /// # Errors
    /// When the host is none, and when a CA cannot be read.
    pub fn pin<C>(mut self, host: &str, authorities: impl IntoIterator<Item = C>) -> Result<Self, InvalidPin>
    where
        C: Into<Vec<u8>>,
    {
        self.pins.add(host, authorities.into_iter().map(Into::into))?;
        Ok(self)
    }

    /// Trusts what this store holds: of several, all count.
    ///
    /// What one of them says of a name and key binds every anchor of that name and key, from whichever store: of several
    /// dates the earliest counts, and a path must conform to each set of name constraints. So a bare copy of a root's
    /// certificate lifts no condition. [`store_as_is`](Self::store_as_is) is the exception.
    pub fn store(mut self, store: impl TrustStore + 'static) -> Self {
        self.local.push(LocalStore::of_policy(store));
        self
    }

    /// Trusts what this store holds under the conditions that it states itself, and no others: no other store's conditions
    /// bind its anchors, and its conditions bind no other store's. For a root that a public list has dated, and that a
    /// company goes on trusting.
    ///
    /// OpenSSL ends at the first root that fits. Add this store before one that holds the same root with name constraints of
    /// its own, or OpenSSL judges by those.
    pub fn store_as_is(mut self, store: impl TrustStore + 'static) -> Self {
        self.local.push(LocalStore {
            store: Arc::new(store),
            kind: LocalKind::AsItIs,
        });
        self
    }

    /// Trusts what this store holds, which may answer later. It is asked only where the stores before it do not suffice.
    pub fn query_store(mut self, store: impl QueryStore + 'static) -> Self {
        self.remote.push(Box::new(store));
        self
    }

    /// Remembers which anchors served which host, so that they can be asked for while the connection is being made.
    pub fn host_cache(mut self, host_cache: HostCache) -> Self {
        self.host_cache = Some(host_cache);
        self
    }

    /// Remembers the newest generation of each store that may answer later, so that no older one is taken: with a guard
    /// that has a file, also after a restart. Without one, as long as the program runs.
    pub fn rollback_guard(mut self, rollback_guard: RollbackGuard) -> Self {
        self.rollback_guard = rollback_guard;
        self
    }

    /// How long an anchor that was fetched stays after the last connection that leaned on it, 5 seconds unless set.
    pub fn idle_grace(mut self, idle_grace: Duration) -> Self {
        self.idle_grace = idle_grace;
        self
    }

    /// How long after it came an anchor serves new connections before the store is asked again, 5 minutes unless set, however
    /// many connections lean on it. A root that a store takes back vouches for new connections no longer than this.
    pub fn max_age(mut self, max_age: Duration) -> Self {
        self.max_age = max_age;
        self
    }

    /// How long it is remembered that a store which may answer later has no such anchor, 10 minutes unless set, or until the
    /// store is seen to have a newer generation. A root that is new in a store is found after this time at the latest;
    /// a hostile server can have the store asked in vain for one name no more often than that.
    pub fn not_found_for(mut self, not_found_for: Duration) -> Self {
        self.not_found_for = not_found_for;
        self
    }

    /// How long one connection waits for stores, in all its questions together, 10 seconds unless set.
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// What the program trusts.
    pub fn build(self) -> Trust {
        let times = Times {
            idle_grace: self.idle_grace.min(LONGEST),
            max_age: self.max_age.min(LONGEST),
            not_found: self.not_found_for.min(LONGEST),
            query: self.patience.min(LONGEST),
        };
        let local = Arc::new(RwLock::new(Local::new(self.local)));
        if let Some(host_cache) = &self.host_cache {
            host_cache.hand_generations_to(&self.rollback_guard);
        }
        let remote = self.remote.into_iter().map(|store| {
            let generation = self.rollback_guard.newest_generation(&store.name());
            let local = Arc::clone(&local);
            let floor = Floor::new(move || newest_in_force(&local));
            let residency = Residency::new(store, times, floor);
            generation
                .into_iter()
                .for_each(|seen| residency.saw_generation(seen));
            residency
        });
        Trust(Arc::new(Inner {
            pins: self.pins,
            remote: remote.collect(),
            local,
            host_cache: self.host_cache,
            rollback_guard: self.rollback_guard,
            connections: Connections::default(),
        }))
    }
}

/// Why a host cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPin {
    /// This is neither a host nor `*.` and a domain.
    Host(String),
    /// A CA cannot be read.
    Certificate(CertificateError),
    /// No CA was given: nothing could be reached.
    NoAuthority(String),
}

impl fmt::Display for InvalidPin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(host) => write!(f, "{host}: expected a host, or *. and a domain"),
            Self::Certificate(error) => write!(f, "the CA to pin to is {error}"),
            Self::NoAuthority(host) => write!(f, "{host}: expected a CA to pin it to"),
        }
    }
}

impl std::error::Error for InvalidPin {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificate(error) => Some(error),
            Self::Host(_) | Self::NoAuthority(_) => None,
        }
    }
}

impl From<CertificateError> for InvalidPin {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}
