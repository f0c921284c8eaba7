//! The hosts, in the order in which they were used, within a limit of bytes and one of hosts.

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::sync::Arc;

use schnellru::{LruMap, UnlimitedCompact};

use super::{HOST_OVERHEAD, MAX_KEYS};
use crate::{AnchorKey, NameHash};

/// The anchors that served each host. The caller gives times, in milliseconds since the cache was made, and names in lower
/// case.
pub(super) struct Hosts {
    map: LruMap<Box<str>, Served, UnlimitedCompact, RandomState>,
    /// Each list of keys, kept once: ten thousand hosts are served by some dozens of anchors.
    lists: BTreeSet<Arc<Vec<AnchorKey>>>,
    footprint: usize,
    limits: Limits,
}

/// The limits of what is kept.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of the sum that [`HostCache::footprint`](super::HostCache::footprint) documents.
    pub(super) footprint: usize,
    pub(super) hosts: usize,
}

/// The entry of a host.
pub(super) struct Served {
    /// The time from which the host is not known any more.
    pub(super) expires: u64,
    /// One to three, the most recent first.
    pub(super) keys: Arc<Vec<AnchorKey>>,
}

/// A host to look up, because `str` cannot be compared with `Box<str>`.
#[derive(Hash)]
struct Lookup<'h>(&'h str);

impl PartialEq<Box<str>> for Lookup<'_> {
    fn eq(&self, host: &Box<str>) -> bool {
        *self.0 == **host
    }
}

impl Hosts {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            map: LruMap::with_hasher(UnlimitedCompact, RandomState::new()),
            lists: BTreeSet::new(),
            footprint: 0,
            limits,
        }
    }

    /// Returns the keys of a host that is known. That counts as use.
    pub(super) fn get(&mut self, host: &str, now: u64) -> Option<Vec<AnchorKey>> {
        let served = self.map.get(&Lookup(host))?;
        if served.expires > now {
            return Some(served.keys.to_vec());
        }
        self.remove(host);
        None
    }

    /// Notes that the host was served by anchors with these keys, the most recent first. It is known for `life` from now on.
    ///
    /// Returns whether the change should be written to a file: whether the host's keys have changed, or less than half of
    /// its time was left.
    pub(super) fn served(&mut self, host: &str, keys: &[AnchorKey], now: u64, life: u64) -> bool {
        self.remove_expired(now);
        let is_new = keys.iter().any(AnchorKey::fits_a_file_name);
        if !is_new {
            self.map.get(&Lookup(host)); // counts as use
            return false;
        }
        let before = self.remove(host).filter(|before| before.expires > now);
        let older = before.iter().flat_map(|before| &*before.keys);
        let mut list: Vec<AnchorKey> = Vec::with_capacity(MAX_KEYS);
        for key in keys.iter().filter(|key| key.fits_a_file_name()).chain(older) {
            if list.len() < MAX_KEYS && !list.contains(key) {
                list.push(key.clone());
            }
        }
        // A host that alone exceeds the limit keeps fewer keys.
        while !list.is_empty() && cost(host, &list) > self.limits.footprint {
            list.pop();
        }
        if list.is_empty() {
            return before.is_some();
        }
        let is_worth_writing =
            before.is_none_or(|before| *before.keys != list || before.expires.saturating_sub(now) < life / 2);
        self.insert(host, list, now.saturating_add(life));
        is_worth_writing
    }

    /// Removes a host, and returns its entry.
    pub(super) fn remove(&mut self, host: &str) -> Option<Served> {
        let served = self.map.remove(&Lookup(host))?;
        self.release(host, &served);
        Some(served)
    }

    /// Removes all hosts, and frees their memory.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// All hosts that are known, the most recently used first.
    pub(super) fn iter(&self, now: u64) -> impl Iterator<Item = (&str, &Served)> {
        let hosts = self.map.iter().map(|(host, served)| (&**host, served));
        hosts.filter(move |(_, served)| served.expires > now)
    }

    /// The sum over all hosts, expired ones included.
    pub(super) fn footprint(&self) -> usize {
        self.footprint
    }

    /// Removes the least recently used hosts until one has not expired.
    ///
    /// That bounds the number of hosts without a limit, too: all hosts that were used after one that is still known were used
    /// within its time to live.
    fn remove_expired(&mut self, now: u64) {
        while self
            .map
            .peek_oldest()
            .is_some_and(|(_, served)| served.expires <= now)
        {
            self.remove_oldest();
        }
    }

    fn remove_oldest(&mut self) -> bool {
        let oldest = self.map.pop_oldest();
        oldest.is_some_and(|(host, served)| {
            self.release(&host, &served);
            true
        })
    }

    /// Adds a host that is not there, whose cost is within the limit.
    fn insert(&mut self, host: &str, list: Vec<AnchorKey>, expires: u64) {
        let cost = cost(host, &list);
        let room = self.limits.footprint.saturating_sub(cost);
        while self.footprint > room || self.map.len() >= self.limits.hosts {
            if !self.remove_oldest() {
                return;
            }
        }
        let keys = match self.lists.get(&list) {
            Some(keys) => Arc::clone(keys),
            None => {
                let keys = Arc::new(list);
                self.lists.insert(Arc::clone(&keys));
                keys
            }
        };
        if self.map.insert(host.into(), Served { expires, keys }) {
            self.footprint = self.footprint.saturating_add(cost);
        }
    }

    /// Updates the footprint and the lists of keys for a host that was removed.
    fn release(&mut self, host: &str, served: &Served) {
        self.footprint = self.footprint.saturating_sub(cost(host, &served.keys));
        let is_last_user = Arc::strong_count(&served.keys) == 2; // beside the set
        if is_last_user {
            self.lists.remove(&served.keys);
        }
    }
}

/// The footprint of a host, in bytes.
pub(super) fn cost(host: &str, keys: &[AnchorKey]) -> usize {
    let lens = keys.iter().map(|key| match key {
        AnchorKey::Subject(_) => size_of::<NameHash>(),
        AnchorKey::SubjectKeyId(_) => key.bytes().len(),
        AnchorKey::IssuerSerial { .. } => size_of::<NameHash>().saturating_add(key.bytes().len()),
    });
    lens.fold(HOST_OVERHEAD.saturating_add(host.len()), usize::saturating_add)
}
