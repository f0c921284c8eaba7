//! Putting together what a program trusts.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::local::LocalStores;
use super::pins::Pins;
use super::{Inner, LocalKind, LocalStore, TrustPolicy};
use crate::{CertificateError, TrustStore};

/// Puts together what a program trusts: see [`TrustPolicy`].
#[derive(Debug, Default)]
pub struct TrustPolicyBuilder {
    pins: Pins,
    local: Vec<LocalStore>,
    #[cfg(feature = "std")]
    deferred: deferred::Deferred,
    #[cfg(feature = "std")]
    host_cache: Option<crate::HostCache>,
    #[cfg(feature = "std")]
    rollback_guard: crate::RollbackGuard,
}

impl TrustPolicyBuilder {
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
    /// What one of them states of a name and key binds every anchor of that name and key, from any store: of several
    /// dates the earliest counts, and a path must conform to each set of name constraints. So a bare copy of a root's
    /// certificate lifts no condition. [`store_as_is`](Self::store_as_is) is the exception.
    #[must_use]
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
    #[must_use]
    pub fn store_as_is(mut self, store: impl TrustStore + 'static) -> Self {
        self.local.push(LocalStore {
            store: Arc::new(store),
            kind: LocalKind::AsItIs,
        });
        self
    }

    /// What the program trusts.
    pub fn build(self) -> TrustPolicy {
        #[cfg(feature = "std")]
        if let Some(host_cache) = &self.host_cache {
            host_cache.hand_generations_to(&self.rollback_guard);
        }
        let local = Arc::new(LocalStores::new(self.local));
        TrustPolicy(Arc::new(Inner {
            pins: self.pins,
            #[cfg(feature = "std")]
            deferred: self.deferred.caches(&local, &self.rollback_guard),
            local,
            #[cfg(feature = "std")]
            host_cache: self.host_cache,
            #[cfg(feature = "std")]
            rollback_guard: self.rollback_guard,
            #[cfg(feature = "std")]
            connections: crate::connection::Connections::default(),
        }))
    }
}

/// Deferred stores, and how long what they answer is kept.
#[cfg(feature = "std")]
mod deferred {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{LocalStores, TrustPolicyBuilder};
    use crate::anchor_cache::{AnchorCache, Times, generation_ceiling};
    use crate::{DeferredStore, HostCache, RollbackGuard};

    /// What is longer is this long, a century: clocks have an end.
    const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    #[derive(Debug, Default)]
    pub(super) struct Deferred {
        stores: Vec<Box<dyn DeferredStore>>,
        times: Times,
    }

    impl Deferred {
        pub(super) fn caches(
            self,
            local: &Arc<LocalStores>,
            guard: &RollbackGuard,
        ) -> Box<[Arc<AnchorCache>]> {
            let caches = self.stores.into_iter().map(|store| {
                let generation = guard.newest_generation(&store.name());
                let local = Arc::clone(local);
                let ceiling = move || generation_ceiling(local.newest_in_force());
                let cache = AnchorCache::new(store, self.times, ceiling);
                generation.into_iter().for_each(|seen| cache.saw_generation(seen));
                Arc::new(cache)
            });
            caches.collect()
        }
    }

    impl TrustPolicyBuilder {
        /// Trusts what this store holds, which may answer later. It is asked only where the stores before it do not suffice.
        #[must_use]
        pub fn deferred_store(mut self, store: impl DeferredStore + 'static) -> Self {
            self.deferred.stores.push(Box::new(store));
            self
        }

        /// Remembers which anchors served which host, so that they can be asked for while the connection is being made.
        #[must_use]
        pub fn host_cache(mut self, host_cache: HostCache) -> Self {
            self.host_cache = Some(host_cache);
            self
        }

        /// Remembers the newest generation of each deferred store, so that no older one is taken: with a guard that has a
        /// file, also after a restart. Without one, as long as the program runs.
        #[must_use]
        pub fn rollback_guard(mut self, rollback_guard: RollbackGuard) -> Self {
            self.rollback_guard = rollback_guard;
            self
        }

        /// How long an imported anchor stays cached after the last connection that depends on it, 5 seconds unless set.
        #[must_use]
        pub fn idle_grace(mut self, idle_grace: Duration) -> Self {
            self.deferred.times.idle_grace = idle_grace.min(LONGEST);
            self
        }

        /// How long after it came an anchor serves new connections before the store is asked again, 5 minutes unless set,
        /// however many connections depend on it. A root that a store withdraws serves new connections no longer than this.
        #[must_use]
        pub fn max_age(mut self, max_age: Duration) -> Self {
            self.deferred.times.max_age = max_age.min(LONGEST);
            self
        }

        /// How long it is remembered that a deferred store has no such anchor, 10 minutes unless set, or until the store is
        /// seen to have a newer generation. A root that is new in a store is found after this time at the latest; a hostile
        /// server can have the store asked in vain for one name no more often than that.
        #[must_use]
        pub fn negative_ttl(mut self, negative_ttl: Duration) -> Self {
            self.deferred.times.negative_ttl = negative_ttl.min(LONGEST);
            self
        }

        /// How long one connection waits for deferred stores, in all its lookups together, 10 seconds unless set.
        #[must_use]
        pub fn lookup_timeout(mut self, lookup_timeout: Duration) -> Self {
            self.deferred.times.lookup_timeout = lookup_timeout.min(LONGEST);
            self
        }
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

impl core::error::Error for InvalidPin {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
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
