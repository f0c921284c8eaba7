//! The policy for one host.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use jit_trust_core::{Entry, PeerChain};

use super::{LocalStore, TrustPolicy};
use crate::binding::{BoundAnchor, Presence};
use crate::candidates::Candidates;
use crate::lookup::StoreKey;
use crate::{AnchorKey, LookupKind, StoreError};

/// The policy for one host at one time: the stores of the [`TrustPolicy`], or the CAs that the host is pinned to.
#[derive(Clone, Debug)]
pub struct HostPolicy {
    policy: TrustPolicy,
    host: Arc<str>,
    local: Arc<[LocalStore]>,
    #[cfg(feature = "std")]
    is_pinned: bool,
}

impl HostPolicy {
    pub(super) fn new(policy: &TrustPolicy, host: &str, pinned: Option<LocalStore>) -> Self {
        Self {
            host: host.into(),
            #[cfg(feature = "std")]
            is_pinned: pinned.is_some(),
            local: match pinned {
                Some(pinned) => Arc::new([pinned]),
                None => policy.0.local.get(),
            },
            policy: policy.clone(),
        }
    }

    /// The host.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The policy that it was made from.
    pub fn policy(&self) -> &TrustPolicy {
        &self.policy
    }

    /// Whether both are of one policy and for one host. Their stores may have been replaced in between.
    pub(crate) fn is_of_same_host(&self, other: &Self) -> bool {
        self.host == other.host && self.policy.is(&other.policy)
    }

    /// Asks every local store, so that the conditions of each bind the anchors of all.
    pub(crate) fn select_local<'s>(&'s self, candidates: &mut Candidates<'s>) -> Result<(), StoreError> {
        for (place, local) in self.local.iter().enumerate() {
            candidates.enter(local.scope(place));
            local.store.select(candidates)?;
        }
        Ok(())
    }

    /// Whether an anchor that a connection depends on is still there, unchanged.
    pub fn presence(&self, anchor: &BoundAnchor) -> Presence {
        let Ok(chain) = PeerChain::read(anchor.naming()) else {
            return Presence::Gone;
        };
        let mut local = Candidates::new(&chain);
        let asked = self.select_local(&mut local);
        if asked.is_ok() && anchor.is_held_in(&local) {
            return Presence::Here;
        }
        match (anchor.origin(), asked) {
            (Some(origin), Ok(())) => {
                let conditions = anchor.conditions_in(&local);
                self.presence_at(origin, |response| anchor.is_held_by(response, &conditions))
            }
            // Its conditions are not known.
            (Some(_), Err(_)) => Presence::Unknown,
            (None, _) => Presence::Gone,
        }
    }

    /// The number of anchors, where all stores know theirs.
    pub fn anchor_count(&self) -> Option<usize> {
        if self.has_deferred() {
            return None;
        }
        self.local.iter().map(|local| local.store.anchor_count()).sum()
    }
}

#[cfg(feature = "std")]
mod with_std {
    use std::sync::Arc;

    use super::{AnchorKey, Entry, HostPolicy, LookupKind, Presence, StoreKey, String, Vec};
    use crate::anchor_cache::AnchorCache;

    impl HostPolicy {
        /// The deferred stores that decide about the host, each with the cache of its anchors.
        fn caches(&self) -> &[Arc<AnchorCache>] {
            match self.is_pinned {
                true => &[],
                false => &self.policy.0.deferred,
            }
        }

        pub(crate) fn deferred(&self, store: usize) -> Option<&Arc<AnchorCache>> {
            self.caches().get(store)
        }

        pub(crate) fn has_deferred(&self) -> bool {
            !self.caches().is_empty()
        }

        pub(crate) fn deferred_kinds(&self) -> impl Iterator<Item = LookupKind> + '_ {
            self.caches().iter().map(|cache| cache.store().kind())
        }

        pub(crate) fn deferred_name(&self, store: usize) -> String {
            self.deferred(store)
                .map(|cache| cache.store().name())
                .unwrap_or_default()
        }

        /// Whether an anchor that a deferred store had is still cached.
        pub(super) fn presence_at(&self, place: &StoreKey, is_in: impl Fn(&[Entry<'_>]) -> bool) -> Presence {
            let Some(cache) = self.deferred(place.store) else {
                return Presence::Gone;
            };
            match cache.cached(&place.key) {
                None => Presence::Unknown,
                Some(response) if is_in(&response.entries().collect::<Vec<_>>()) => Presence::Here,
                Some(_) => Presence::Gone,
            }
        }

        /// The keys of the imported anchors that served this host before.
        pub(crate) fn served_before(&self) -> Vec<AnchorKey> {
            let cache = self.policy.host_cache().filter(|_| !self.is_pinned);
            let keys = cache.and_then(|cache| cache.get(&self.host));
            keys.map(|keys| keys.into_iter().collect()).unwrap_or_default()
        }

        /// Remembers the newest generation that a store was seen to have.
        pub(crate) fn note_generation(&self, store: usize) {
            let Some(cache) = self.deferred(store) else {
                return;
            };
            if let Some(generation) = cache.newest_generation() {
                let guard = &self.policy.0.rollback_guard;
                guard.saw_generation(&cache.store().name(), generation);
            }
        }
    }
}

#[cfg(not(feature = "std"))]
mod without_std {
    use super::{AnchorKey, Entry, HostPolicy, LookupKind, Presence, StoreKey, String, Vec};

    /// There are no deferred stores without `std`, which their cache needs.
    impl HostPolicy {
        pub(crate) fn has_deferred(&self) -> bool {
            false
        }

        pub(crate) fn deferred_kinds(&self) -> impl Iterator<Item = LookupKind> + '_ {
            core::iter::empty()
        }

        pub(crate) fn deferred_name(&self, _: usize) -> String {
            String::new()
        }

        pub(super) fn presence_at(&self, _: &StoreKey, _: impl Fn(&[Entry<'_>]) -> bool) -> Presence {
            Presence::Gone
        }

        pub(crate) fn served_before(&self) -> Vec<AnchorKey> {
            Vec::new()
        }
    }
}
