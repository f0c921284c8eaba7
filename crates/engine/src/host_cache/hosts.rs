//! The hosts, in the order in which they were used, within a limit of bytes.

use std::cell::Cell;
use std::hash::{Hash, Hasher, RandomState};

use schnellru::{Limiter, LruMap};

use super::keys::{KeyNumber, KeyNumbers, Keys};
use crate::AnchorKey;

/// Which anchors served which host. Nothing here looks at a clock or at letters' case: moments are given, in nanoseconds
/// since the cache was made, and names as they are compared.
///
/// The bytes on the heap stay within a limit at every moment, also while something is added: room is made before, and
/// the map grows only where the new table fits beside the old.
pub(super) struct Hosts {
    map: LruMap<Box<Host>, (), Budget, RandomState>,
}

/// A host that is known.
pub(super) struct Known<'c> {
    pub(super) host: &'c str,
    /// The moment from which it is not known any more.
    pub(super) expires: u64,
    numbers: KeyNumbers,
    all_keys: &'c Keys,
}

/// A host, and what is known of it. The map holds pointers to them, because a table has more places than hosts.
struct Host {
    name: Box<str>,
    served: Cell<Served>,
}

/// A host, as it is looked up.
struct HostName<'h>(&'h str);

/// What is known of a host.
#[derive(Clone, Copy)]
struct Served {
    expires: u64,
    by: KeyNumbers,
}

/// The limit, and what counts.
struct Budget {
    limit: usize,
    keys: Keys,
    /// The bytes of the hosts, without the map's table.
    hosts: usize,
    /// The bytes of the map's table.
    table: usize,
    /// The bytes of what is kept beside the hosts.
    beside: usize,
}

/// The least that a bucket of the map's table takes: a pointer, two links, and a byte that says whether it is free.
const MIN_BUCKET_LEN: usize = size_of::<Box<Host>>() + 2 * size_of::<u32>() + 1;

/// The most that the map allocates for each bucket, for a moment, when it moves what its table holds: two links.
const SCRATCH_LEN: usize = 2 * size_of::<u32>();

impl Hosts {
    /// No hosts yet, and never more bytes than this.
    pub(super) fn new(limit: usize) -> Self {
        let budget = Budget {
            limit,
            keys: Keys::default(),
            hosts: 0,
            table: 0,
            beside: 0,
        };
        Self {
            map: LruMap::with_hasher(budget, RandomState::new()),
        }
    }

    /// The keys of a host that is known, which counts as use.
    pub(super) fn get(&mut self, host: &str, now: u64) -> Option<Vec<AnchorKey>> {
        let served = self.find(host)?.served.get();
        if served.expires <= now {
            self.map.remove(&HostName(host));
            return None;
        }
        let all_keys = &self.map.limiter().keys;
        Some(all_keys.get_all(served.by).cloned().collect())
    }

    /// The host was served by anchors with these keys, the most recent first, and is known for so long from now on.
    ///
    /// Says whether that is worth writing to a file: whether the host's keys are others than before, or it had less than
    /// half of its time left.
    pub(super) fn served(&mut self, host: &str, keys: &[AnchorKey], now: u64, life: u64) -> bool {
        self.drop_expired(now);
        let before = self.find(host); // from here on, it is the last that has to go
        if before.is_some_and(|before| before.served.get().expires <= now) {
            self.map.remove(&HostName(host));
        }
        let by = self.use_keys(keys);
        if by == KeyNumbers::NONE {
            return false;
        }
        let served = Served {
            expires: now.saturating_add(life),
            by,
        };
        let Some(before) = self.find(host).map(|host| host.served.get()) else {
            return self.insert(host, served);
        };
        let by = self.replace(host, before, served);
        before.by != by || before.expires.saturating_sub(now) < life / 2
    }

    /// Forgets a host; says whether there was one.
    pub(super) fn forget(&mut self, host: &str) -> bool {
        self.map.remove(&HostName(host)).is_some()
    }

    /// Forgets all hosts, and gives their memory back.
    pub(super) fn clear(&mut self) {
        let Budget { limit, beside, .. } = *self.map.limiter();
        *self = Self::new(limit);
        self.set_beside(beside);
    }

    /// All hosts that are known, the most recently used first.
    pub(super) fn iter(&self, now: u64) -> impl Iterator<Item = Known<'_>> {
        let all_keys = &self.map.limiter().keys;
        let known = self.map.iter().map(|(host, ())| (host, host.served.get()));
        let known = known.filter(move |(_, served)| served.expires > now);
        known.map(|(host, served)| Known {
            host: &host.name,
            expires: served.expires,
            numbers: served.by,
            all_keys,
        })
    }

    /// How many hosts there are, with those whose time is over.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.map.len()
    }

    /// The bytes on the heap, with those beside.
    pub(super) fn footprint(&self) -> usize {
        self.map.limiter().footprint()
    }

    /// How many bytes are kept beside the hosts, and count like theirs.
    pub(super) fn set_beside(&mut self, bytes: usize) {
        self.map.limiter_mut().beside = bytes;
    }

    /// Forgets hosts, the least recently used first, until there is room for so many bytes; says whether there is.
    pub(super) fn make_room(&mut self, need: usize) -> bool {
        while !self.map.limiter().has_room(need) {
            if self.map.pop_oldest().is_none() {
                return false;
            }
        }
        true
    }

    /// A host that is there, which is the most recently used one then.
    fn find(&mut self, host: &str) -> Option<&Host> {
        self.map.get(&HostName(host))?;
        self.map.peek_newest().map(|(host, ())| &**host)
    }

    /// Forgets the least recently used hosts as long as their time is over.
    ///
    /// That keeps the hosts few without a limit, too: no host is known for longer than its time after it was used, so
    /// that all that were used after one that is still known were used within that time.
    fn drop_expired(&mut self, now: u64) {
        while self
            .map
            .peek_oldest()
            .is_some_and(|(host, ())| host.served.get().expires <= now)
        {
            self.map.pop_oldest();
        }
    }

    /// One use more of each of the first keys, as many as a host has.
    fn use_keys(&mut self, keys: &[AnchorKey]) -> KeyNumbers {
        let mut numbers = KeyNumbers::NONE;
        for key in keys.iter().filter(|key| key.fits_a_file_name()) {
            if numbers.is_full() {
                break;
            }
            let number = self.use_key(key);
            number
                .filter(|number| !numbers.push(*number))
                .into_iter()
                .for_each(|there| self.release(there));
        }
        numbers
    }

    /// One use more of a key; `None` when there is no room for it.
    fn use_key(&mut self, key: &AnchorKey) -> Option<KeyNumber> {
        if let Some(number) = self.map.limiter_mut().keys.use_known(key) {
            return Some(number);
        }
        // What is forgotten to make room may leave a place among the keys, so that less is needed.
        while !self.map.limiter().has_room_for_key(key) {
            self.map.pop_oldest()?;
        }
        self.map.limiter_mut().keys.add(key)
    }

    fn release(&mut self, number: KeyNumber) {
        self.map.limiter_mut().keys.release(number);
    }

    /// Puts what was known before behind what is known now, as far as there is place.
    fn replace(&mut self, host: &str, before: Served, mut served: Served) -> KeyNumbers {
        for number in before.by.iter() {
            if !served.by.push(number) {
                self.release(number);
            }
        }
        if let Some(host) = self.find(host) {
            host.served.set(served);
        }
        served.by
    }

    /// Adds a host; says whether there was room for it.
    fn insert(&mut self, name: &str, served: Served) -> bool {
        while self.map.limiter().is_crowded(self.map.len(), host_len(name)) {
            self.map.pop_oldest();
        }
        let is_in = self.make_room(host_len(name)) && {
            let host = Host {
                name: name.into(),
                served: Cell::new(served),
            };
            // Counted before, because the table is asked to grow while the host is there already.
            self.map.limiter_mut().hosts += host_len(name);
            let is_in = self.map.insert(Box::new(host), ());
            let table = self.map.memory_usage();
            let budget = self.map.limiter_mut();
            budget.table = table;
            if !is_in {
                budget.hosts -= host_len(name);
            }
            is_in
        };
        if !is_in {
            served.by.iter().for_each(|number| self.release(number));
        }
        is_in
    }
}

impl<'c> Known<'c> {
    /// By what it was served, the most recent first.
    pub(super) fn keys(&self) -> impl Iterator<Item = &'c AnchorKey> {
        self.all_keys.get_all(self.numbers)
    }

    /// The numbers of these keys.
    pub(super) fn numbers(&self) -> impl Iterator<Item = KeyNumber> {
        self.numbers.iter()
    }
}

impl Budget {
    fn footprint(&self) -> usize {
        let parts = [self.keys.footprint(), self.hosts, self.table, self.beside];
        parts.into_iter().fold(0, usize::saturating_add)
    }

    /// Whether so many bytes more are within the limit, and the map may still move what it holds.
    fn has_room(&self, need: usize) -> bool {
        let parts = [self.footprint(), scratch(self.table), need];
        parts.into_iter().fold(0, usize::saturating_add) <= self.limit
    }

    /// Whether there is room for a larger table beside the one that there is now.
    fn has_room_for_table(&self, table: usize) -> bool {
        let grown_by = table.saturating_sub(self.table);
        self.has_room(table) && self.has_room(grown_by.saturating_add(scratch(table)))
    }

    /// Whether so many hosts are enough for a table that cannot grow, with so many bytes more.
    ///
    /// Places that become free are not at once free for every host. The map makes them so in its place as long as its table
    /// is half full at most. In a fuller one that cannot grow, it would forget hosts for that until it is half full: the
    /// room to grow is therefore kept.
    fn is_crowded(&self, len: usize, need: usize) -> bool {
        let buckets = self.table / MIN_BUCKET_LEN;
        let capacity = buckets.saturating_sub(buckets.div_ceil(8));
        let grown = self.table.saturating_mul(2).saturating_add(need);
        self.table > 0 && len >= capacity / 2 && !self.has_room_for_table(grown)
    }

    fn has_room_for_key(&self, key: &AnchorKey) -> bool {
        !self.keys.is_full() && self.has_room(self.keys.need(key))
    }
}

/// What the map allocates for a moment, at most, when it moves what a table of so many bytes holds.
fn scratch(table: usize) -> usize {
    (table / MIN_BUCKET_LEN).saturating_mul(SCRATCH_LEN)
}

/// What a host takes beside its place in the map's table.
fn host_len(name: &str) -> usize {
    size_of::<Host>().saturating_add(name.len())
}

impl Limiter<Box<Host>, ()> for Budget {
    type KeyToInsert<'h> = Box<Host>;
    type LinkType = u32;

    /// Room is made before.
    fn is_over_the_limit(&self, _len: usize) -> bool {
        false
    }

    fn on_insert(&mut self, _len: usize, host: Box<Host>, (): ()) -> Option<(Box<Host>, ())> {
        Some((host, ()))
    }

    /// Hosts that are there are changed in their place.
    fn on_replace(&mut self, _: usize, _: &mut Box<Host>, _: Box<Host>, (): &mut (), (): &mut ()) -> bool {
        true
    }

    fn on_removed(&mut self, host: &mut Box<Host>, (): &mut ()) {
        self.hosts = self.hosts.saturating_sub(host_len(&host.name));
        let by = host.served.get().by;
        by.iter().for_each(|number| self.keys.release(number));
    }

    /// A map that is cleared is dropped with all that counts.
    fn on_cleared(&mut self) {}

    /// The old table is there until the new one is filled.
    fn on_grow(&mut self, table: usize) -> bool {
        self.has_room_for_table(table)
    }
}

impl Hash for Host {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl PartialEq for Host {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Hash for HostName<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl PartialEq<Box<Host>> for HostName<'_> {
    fn eq(&self, host: &Box<Host>) -> bool {
        *self.0 == *host.name
    }
}
