//! The hosts, in the order in which they were used, within a limit of bytes and one of hosts.

use std::collections::BTreeSet;
use std::hash::RandomState;
use std::sync::Arc;

use schnellru::{LruMap, UnlimitedCompact};

use super::{HOST_OVERHEAD, MAX_KEYS};
use crate::{AnchorKey, NameHash};

/// Which anchors served which host. Nothing here looks at a clock or at letters' case: moments are given, in milliseconds
/// since the cache was made, and names as they are compared.
pub(super) struct Hosts {
    map: LruMap<Box<str>, Served, UnlimitedCompact, RandomState>,
    /// Each list of keys that a host has, once: ten thousand hosts are served by some dozens of anchors.
    lists: BTreeSet<Arc<Vec<AnchorKey>>>,
    footprint: usize,
    limits: Limits,
}

/// How much is kept at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Of the sum that [`HostCache::footprint`](super::HostCache::footprint) documents.
    pub(super) footprint: usize,
    pub(super) hosts: usize,
}

/// What is known of a host.
pub(super) struct Served {
    /// The moment from which the host is not known any more.
    pub(super) expires: u64,
    /// One to three, the most recent first.
    pub(super) keys: Arc<Vec<AnchorKey>>,
}

/// A host to look up, for `str` cannot be compared with `Box<str>`.
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

    /// The keys of a host that is known, which counts as use.
    pub(super) fn get(&mut self, host: &str, now: u64) -> Option<Vec<AnchorKey>> {
        let served = self.map.get(&Lookup(host))?;
        if served.expires > now {
            return Some(served.keys.to_vec());
        }
        self.remove(host);
        None
    }

    /// The host was served by anchors with these keys, the most recent first, and is known for so long from now on.
    ///
    /// Says whether that is worth writing to a file: whether the host's keys are others than before, or it had less than
    /// half of its time left.
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
        // Where there is next to no room, the host has fewer keys.
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

    /// Forgets a host, and returns what was known of it.
    pub(super) fn remove(&mut self, host: &str) -> Option<Served> {
        let served = self.map.remove(&Lookup(host))?;
        self.release(host, &served);
        Some(served)
    }

    /// Forgets all hosts, and gives their memory back.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.limits);
    }

    /// All hosts that are known, the most recently used first.
    pub(super) fn iter(&self, now: u64) -> impl Iterator<Item = (&str, &Served)> {
        let hosts = self.map.iter().map(|(host, served)| (&**host, served));
        hosts.filter(move |(_, served)| served.expires > now)
    }

    /// The sum over all hosts, with those whose time is over.
    pub(super) fn footprint(&self) -> usize {
        self.footprint
    }

    /// Forgets the least recently used hosts as long as their time is over.
    ///
    /// That keeps the hosts few without a limit, too: no host is known for longer than its time after it was used, so
    /// that all that were used after one that is still known were used within that time.
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

    /// Takes note that a host is not there any more.
    fn release(&mut self, host: &str, served: &Served) {
        self.footprint = self.footprint.saturating_sub(cost(host, &served.keys));
        let is_last_user = Arc::strong_count(&served.keys) == 2; // beside the set
        if is_last_user {
            self.lists.remove(&served.keys);
        }
    }
}

/// What a host counts in the footprint.
pub(super) fn cost(host: &str, keys: &[AnchorKey]) -> usize {
    let lens = keys.iter().map(|key| match key {
        AnchorKey::Subject(_) => size_of::<NameHash>(),
        AnchorKey::SubjectKeyId(_) => key.bytes().len(),
        AnchorKey::IssuerSerial { .. } => size_of::<NameHash>().saturating_add(key.bytes().len()),
    });
    lens.fold(HOST_OVERHEAD.saturating_add(host.len()), usize::saturating_add)
}
