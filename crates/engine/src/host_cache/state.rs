//! All that a cache knows, in memory.

use std::collections::BTreeMap;

use super::format::{self, Contents, Stored};
use super::generations::{Generations, MAX_STORES};
use super::hosts::{Hosts, Known};
use super::keys::KeyNumber;
use crate::AnchorKey;
use crate::canonical_url::canonical;

const NANOSECONDS_OF_A_MILLISECOND: u64 = 1_000_000;

/// The hosts and the generations, and whether a file should hear of it.
pub(super) struct State {
    pub(super) hosts: Hosts,
    generations: Generations,
    pub(super) is_changed: bool,
}

/// A moment by both clocks, and for how long a host is known.
#[derive(Clone, Copy)]
pub(super) struct Time {
    /// Nanoseconds since the cache was made.
    pub(super) now: u64,
    /// Milliseconds of Unix time.
    pub(super) unix: u64,
    /// For how long a host is known, in nanoseconds.
    pub(super) life: u64,
}

impl State {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            hosts: Hosts::new(limit),
            generations: Generations::default(),
            is_changed: false,
        }
    }

    pub(super) fn newest_generation(&self, label: &str) -> Option<u32> {
        self.generations.newest(&canonical(label))
    }

    pub(super) fn saw_generation(&mut self, label: &str, generation: u32) {
        let label = &*canonical(label);
        if self.generations.newest(label).is_some() {
            self.is_changed |= self.generations.raise(label, generation);
        } else if Generations::takes(label) && self.make_room_for(label) {
            self.generations.add(label, generation);
            self.is_changed = true;
        }
        self.hosts.set_beside(self.generations.footprint());
    }

    /// Takes in what is in the file by now, so that writing it lowers no generation that another process has seen.
    pub(super) fn merge_generations(&mut self, contents: &Contents<'_>) {
        for (label, generation) in &contents.generations {
            if self.newest_generation(label).is_some() || self.generations.len() < MAX_STORES {
                self.saw_generation(label, *generation);
            }
        }
    }

    /// Takes in what a file holds: no host that was served in the future, or so long ago that it is forgotten.
    pub(super) fn load(&mut self, contents: &Contents<'_>, time: Time) {
        self.merge_generations(contents);
        for stored in &contents.hosts {
            let Some(age) = time.unix.checked_sub(stored.served_at) else {
                continue;
            };
            let age = age.saturating_mul(NANOSECONDS_OF_A_MILLISECOND);
            let left = time.life.saturating_sub(age);
            if left == 0 {
                continue;
            }
            let keys = stored.keys.iter().map(|index| usize::from(*index));
            let keys: Vec<AnchorKey> = keys
                .filter_map(|index| contents.keys.get(index))
                .cloned()
                .collect();
            self.hosts.served(stored.host, &keys, time.now, left);
        }
        self.is_changed = false;
    }

    /// What a file should hold: the most recently used hosts that fit.
    pub(super) fn contents(&self, time: Time) -> Contents<'_> {
        let generations: Vec<_> = self.generations.iter().collect();
        let generation_lens = generations.iter().map(|(label, _)| format::generation_len(label));
        let fixed_len =
            generation_lens.fold(format::HEADER_LEN + format::CHECKSUM_LEN, usize::saturating_add);
        let mut shelf = Shelf {
            left: format::MAX_FILE_LEN.saturating_sub(fixed_len),
            contents: Contents {
                generations,
                ..Contents::default()
            },
            indexes: BTreeMap::new(),
        };
        for known in self.hosts.iter(time.now) {
            if !shelf.put(&known, time) {
                break;
            }
        }
        shelf.contents.hosts.reverse();
        shelf.contents
    }

    /// Makes room for a store, at the cost of hosts, and of stores if it must be.
    fn make_room_for(&mut self, label: &str) -> bool {
        loop {
            let need = self.generations.need(label);
            if self.hosts.make_room(need) {
                return true;
            }
            self.hosts.clear(); // their table is in the way still
            if self.hosts.make_room(need) {
                return true;
            }
            if !self.generations.drop_first() {
                return false;
            }
            self.hosts.set_beside(self.generations.footprint());
        }
    }
}

/// The contents of a file while hosts are put into it.
struct Shelf<'c> {
    left: usize,
    contents: Contents<'c>,
    /// Where in the file a key is, by its number.
    indexes: BTreeMap<KeyNumber, u16>,
}

impl<'c> Shelf<'c> {
    /// Puts a host on the shelf; says whether there was room.
    fn put(&mut self, known: &Known<'c>, time: Time) -> bool {
        let numbers: Vec<_> = known.numbers().collect();
        let new_keys = numbers
            .iter()
            .zip(known.keys())
            .filter(|(number, _)| !self.indexes.contains_key(number));
        let new_keys: Vec<_> = new_keys.collect();
        let keys_len = new_keys.iter().map(|(_, key)| format::key_len(key));
        let len = keys_len.fold(format::host_len(known.host, numbers.len()), usize::saturating_add);
        let Some(left) = self.left.checked_sub(len) else {
            return false;
        };
        self.left = left;
        for (number, key) in new_keys {
            let Ok(index) = u16::try_from(self.contents.keys.len()) else {
                return false;
            };
            self.contents.keys.push(key.clone());
            self.indexes.insert(*number, index);
        }
        let age = time.life.saturating_sub(known.expires.saturating_sub(time.now));
        self.contents.hosts.push(Stored {
            host: known.host,
            served_at: time
                .unix
                .saturating_sub(age.div_ceil(NANOSECONDS_OF_A_MILLISECOND)),
            keys: numbers
                .iter()
                .filter_map(|number| self.indexes.get(number).copied())
                .collect(),
        });
        true
    }
}
