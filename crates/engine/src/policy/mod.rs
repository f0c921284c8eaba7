//! The trust policy: a program's stores in their order, its pinned hosts and its caches.

mod builder;
mod host;
mod local;
mod pins;
#[cfg(feature = "std")]
mod replacement;

pub use builder::{InvalidPin, TrustPolicyBuilder};
pub use host::HostPolicy;
#[cfg(feature = "std")]
pub use replacement::OlderGeneration;

use alloc::sync::Arc;
use core::fmt;

use crate::TrustStore;
use crate::candidates::Scope;
use local::LocalStores;
use pins::Pins;

/// What a program trusts: its stores in their order, and hosts that are pinned to CAs of their own.
///
/// A chain is first validated against the anchors of the local stores. If these give no path, deferred stores are asked for
/// one issuer after the other until there is a path: at most six lookups and three imported anchors a connection.
///
/// Clones share one object. Make all connectors and verifiers of a program from one policy, so that an anchor that was
/// looked up for one connection serves the next.
///
/// ```
/// use jit_trust::TrustPolicy;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let company_ca = jit_trust_lab::pki::Ca::root("Company").der().to_vec();
/// let policy = TrustPolicy::builder()
///     .pin("*.example.com", [company_ca])? // these hosts depend on this CA and on no other
///     .store(jit_trust::mozilla())
///     .build();
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct TrustPolicy(Arc<Inner>);

struct Inner {
    pins: Pins,
    local: Arc<LocalStores>,
    #[cfg(feature = "std")]
    deferred: alloc::boxed::Box<[Arc<crate::anchor_cache::AnchorCache>]>,
    #[cfg(feature = "std")]
    host_cache: Option<crate::HostCache>,
    #[cfg(feature = "std")]
    rollback_guard: crate::RollbackGuard,
    #[cfg(feature = "std")]
    connections: crate::connection::Connections,
}

/// A local store, with the scope of its conditions.
#[derive(Clone, Debug)]
struct LocalStore {
    store: Arc<dyn TrustStore>,
    kind: LocalKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LocalKind {
    /// Its conditions bind the anchors of all stores, and the conditions of those bind its anchors.
    Policy,
    /// Its conditions bind its own anchors only, and no others bind them.
    AsItIs,
    /// The CAs that a host is pinned to.
    Pinned,
}

impl LocalStore {
    fn of_policy(store: impl TrustStore + 'static) -> Self {
        Self {
            store: Arc::new(store),
            kind: LocalKind::Policy,
        }
    }

    /// The scope of its anchors; `place` is its index among the stores.
    fn scope(&self, place: usize) -> Scope {
        match self.kind {
            LocalKind::Policy => Scope::Policy,
            LocalKind::AsItIs => Scope::AsItIs(place),
            LocalKind::Pinned => Scope::Pinned,
        }
    }
}

impl TrustPolicy {
    /// A policy with this one store.
    pub fn new(store: impl TrustStore + 'static) -> Self {
        Self::builder().store(store).build()
    }

    /// A builder of a policy, without a store.
    pub fn builder() -> TrustPolicyBuilder {
        TrustPolicyBuilder::default()
    }

    /// The policy for this host, with the stores that are in force now.
    pub fn for_host(&self, host: &str) -> HostPolicy {
        let pinned = self.0.pins.of(host);
        HostPolicy::new(self, host, pinned)
    }

    /// Whether both are clones of one policy.
    pub fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

#[cfg(feature = "std")]
mod with_std {
    use std::sync::Arc;
    use std::vec::Vec;

    use super::TrustPolicy;
    use crate::anchor_cache::{AnchorCache, Lookup};
    use crate::binding::{BoundAnchor, Presence, TrustBinding};
    use crate::connection::{Connection, Connections};
    use crate::lookup::{MAX_IMPORTS, Waiter};
    use crate::{HostCache, RollbackGuard};

    impl TrustPolicy {
        /// The host cache, if one was set.
        pub fn host_cache(&self) -> Option<&HostCache> {
            self.0.host_cache.as_ref()
        }

        /// The guard that remembers the newest generation of each deferred store.
        pub fn rollback_guard(&self) -> &RollbackGuard {
            &self.0.rollback_guard
        }

        /// The open connections that were made with connectors of this policy, the oldest first.
        pub fn connections(&self) -> Vec<Connection> {
            self.0.connections.list(self)
        }

        pub(crate) fn tracked(&self) -> &Connections {
            &self.0.connections
        }

        /// Whether a connection may have to wait for a deferred store.
        pub fn may_wait(&self) -> bool {
            !self.0.deferred.is_empty()
        }

        pub(crate) fn deferred(&self, store: usize) -> Option<&Arc<AnchorCache>> {
            self.0.deferred.get(store)
        }

        /// Looks up the anchors that served this host before, if they are not cached any more, and does not wait for them. A
        /// connection holds the return value until its handshake is over, and finds the responses or the pending lookups.
        pub fn prefetch(&self, host: &str) -> Prefetched {
            let asked = self.ask_ahead(host);
            Prefetched {
                _waiters: asked.into_iter().map(|(_, waiter)| waiter).collect(),
            }
        }

        /// Looks them up for a later connection. Returns the number of lookups.
        pub fn prefetch_ahead(&self, host: &str) -> usize {
            let asked = self.ask_ahead(host);
            asked.iter().for_each(|(cache, waiter)| cache.keep_ahead(waiter));
            asked.len()
        }

        fn ask_ahead(&self, host: &str) -> Vec<(&Arc<AnchorCache>, Waiter)> {
            let policy = self.for_host(host);
            // One connection would import no more than these.
            let served = policy.served_before().into_iter().take(MAX_IMPORTS);
            let asked = served.filter_map(|key| {
                let mut caches = self.0.deferred.iter();
                let cache = caches.find(|cache| cache.store().kind().is_of(&key))?;
                match cache.look_up(&key) {
                    Lookup::InFlight(waiter) => Some((cache, waiter)),
                    Lookup::Cached(_) => None,
                }
            });
            asked.collect()
        }

        /// Whether an anchor that a connection to this host depends on is still in a store.
        pub fn presence(&self, host: &str, anchor: &BoundAnchor) -> Presence {
            self.for_host(host).presence(anchor)
        }

        /// The binding for a connection that resumes a session of this host, if all anchors that the session depends on are
        /// still trusted unchanged; otherwise the session must not be resumed.
        pub fn may_resume(&self, host: &str, anchors: &[Arc<BoundAnchor>]) -> Option<TrustBinding> {
            let policy = self.for_host(host);
            let mut here = anchors.iter();
            if !here.all(|anchor| policy.presence(anchor) == Presence::Here) {
                return None;
            }
            let origins = anchors.iter().filter_map(|anchor| anchor.origin());
            let leases = origins.filter_map(|origin| self.deferred(origin.store)?.lease(&origin.key, None));
            Some(TrustBinding {
                anchors: anchors.to_vec(),
                leases: leases.map(Arc::new).collect(),
            })
        }
    }

    /// Lookups that were made ahead of a connection. They are not cancelled until this is dropped.
    #[derive(Debug, Default)]
    pub struct Prefetched {
        _waiters: Vec<Waiter>,
    }
}

#[cfg(feature = "std")]
pub use with_std::Prefetched;

/// A policy with this one store.
impl<S: TrustStore + 'static> From<S> for TrustPolicy {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl fmt::Debug for TrustPolicy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("TrustPolicy");
        debug.field("pins", &self.0.pins).field("local", &self.0.local);
        #[cfg(feature = "std")]
        debug.field("deferred", &self.0.deferred);
        debug.finish_non_exhaustive()
    }
}
