//! The options of a trust policy.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt;

use super::local::LocalStores;
use super::pins::Pins;
use super::{Inner, LocalKind, LocalStore, TrustPolicy};
use crate::{CertificateError, TrustStore};

/// A builder of a [`TrustPolicy`].
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
    /// Pins a host to these CAs, in DER: its path must end in one of them, and no store is asked for it. `*.` before a domain
    /// means every host below the domain, at any depth, and not the domain itself. The pin of a host outranks that of a
    /// domain, and the pin of a longer domain outranks that of a shorter one.
    ///
    /// # Errors
    /// When the host is not a valid one, and when a CA cannot be read.
    pub fn pin<C>(mut self, host: &str, authorities: impl IntoIterator<Item = C>) -> Result<Self, InvalidPin>
    where
        C: Into<Vec<u8>>,
    {
        self.pins.add(host, authorities.into_iter().map(Into::into))?;
        Ok(self)
    }

    /// Adds a local store. The anchors of all stores are trusted.
    ///
    /// The conditions that one store states for a name and key bind every anchor of that name and key, from any store: of
    /// several dates the earliest counts, and a path must conform to each set of name constraints. So a bare copy of a root's
    /// certificate lifts no condition. [`store_as_is`](Self::store_as_is) is the exception.
    #[must_use]
    pub fn store(mut self, store: impl TrustStore + 'static) -> Self {
        self.local.push(LocalStore::of_policy(store));
        self
    }

    /// Adds a local store whose anchors are trusted under its own conditions only: the conditions of other stores do not bind
    /// its anchors, and its conditions do not bind the anchors of other stores. It is for a root that a public list has dated
    /// and that a company continues to trust.
    ///
    /// OpenSSL ends a path at the first root that fits. Add this store before one that holds the same root with other name
    /// constraints; otherwise OpenSSL validates by those.
    #[must_use]
    pub fn store_as_is(mut self, store: impl TrustStore + 'static) -> Self {
        self.local.push(LocalStore {
            store: Arc::new(store),
            kind: LocalKind::AsItIs,
        });
        self
    }

    /// Builds the policy.
    pub fn build(self) -> TrustPolicy {
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

/// Deferred stores, and the times of their caches.
#[cfg(feature = "std")]
mod deferred {
    use std::sync::Arc;
    use std::time::Duration;

    use super::{LocalStores, TrustPolicyBuilder};
    use crate::anchor_cache::{AnchorCache, Times, generation_ceiling};
    use crate::{DeferredStore, HostCache, RollbackGuard};

    /// The longest time, a century: a clock cannot hold any time.
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
        /// Adds a deferred store, which may respond later. It is asked only where the stores before it give no path.
        #[must_use]
        pub fn deferred_store(mut self, store: impl DeferredStore + 'static) -> Self {
            self.deferred.stores.push(Box::new(store));
            self
        }

        /// Sets the cache of the anchors that served each host, so that they can be looked up while the connection is made.
        #[must_use]
        pub fn host_cache(mut self, host_cache: HostCache) -> Self {
            self.host_cache = Some(host_cache);
            self
        }

        /// Sets the guard that remembers the newest generation of each deferred store, so that no older one is used. The
        /// default guard is in memory; one with a file works across restarts.
        #[must_use]
        pub fn rollback_guard(mut self, rollback_guard: RollbackGuard) -> Self {
            self.rollback_guard = rollback_guard;
            self
        }

        /// Sets how long an imported anchor stays cached after the last connection that depends on it: 5 seconds unless set.
        #[must_use]
        pub fn idle_grace(mut self, idle_grace: Duration) -> Self {
            self.deferred.times.idle_grace = idle_grace.min(LONGEST);
            self
        }

        /// Sets how long an imported anchor serves new connections before the store is asked again: 5 minutes unless set,
        /// for any number of connections that depend on it. A root that a store removed serves new connections no longer
        /// than this.
        #[must_use]
        pub fn max_age(mut self, max_age: Duration) -> Self {
            self.deferred.times.max_age = max_age.min(LONGEST);
            self
        }

        /// Sets how long it is cached that a deferred store does not have an anchor: 10 minutes unless set, or until a response
        /// has a newer generation. A root that is new in a store is found after this time at the latest. A hostile server can
        /// cause a useless lookup of one name no more often than that.
        #[must_use]
        pub fn negative_ttl(mut self, negative_ttl: Duration) -> Self {
            self.deferred.times.negative_ttl = negative_ttl.min(LONGEST);
            self
        }

        /// Sets how long one connection waits for deferred stores, in all its lookups together: 10 seconds unless set.
        #[must_use]
        pub fn lookup_timeout(mut self, lookup_timeout: Duration) -> Self {
            self.deferred.times.lookup_timeout = lookup_timeout.min(LONGEST);
            self
        }
    }
}

/// The error that a host cannot be pinned.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidPin {
    /// This is neither a host nor `*.` and a domain.
    Host(String),
    /// A CA cannot be read.
    Certificate(CertificateError),
    /// No CA was given for this host.
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
