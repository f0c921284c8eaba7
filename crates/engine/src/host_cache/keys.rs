//! The keys that hosts share: each is held once, and has a number.

use super::MAX_KEYS;
use crate::AnchorKey;

/// The number of a key.
pub(super) type KeyNumber = u16;

/// The number that no key has.
const NO_KEY: KeyNumber = KeyNumber::MAX;

/// By how many places the table grows at least.
const MIN_GROWTH: usize = 8;

/// The bytes of a place, with that of its number in the order of the keys.
const PLACE_LEN: usize = size_of::<Option<Counted>>() + size_of::<KeyNumber>();

/// The keys of one host, by their numbers, the most recent first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyNumbers([KeyNumber; MAX_KEYS]);

/// All keys that any host has. Ten thousand hosts are served by some dozens of anchors, so that a host holds numbers of
/// two bytes in the place of keys.
#[derive(Default)]
pub(super) struct Keys {
    places: Vec<Option<Counted>>,
    /// The numbers of the places in use, in the order of their keys, to find a key in.
    in_order: Vec<KeyNumber>,
    /// What the keys themselves hold on the heap.
    held: usize,
}

/// A key, and by how many hosts it is used.
struct Counted {
    key: AnchorKey,
    uses: u32,
}

impl KeyNumbers {
    pub(super) const NONE: Self = Self([NO_KEY; MAX_KEYS]);

    pub(super) fn iter(self) -> impl Iterator<Item = KeyNumber> {
        self.0.into_iter().filter(|number| *number != NO_KEY)
    }

    pub(super) fn is_full(self) -> bool {
        self.iter().count() == MAX_KEYS
    }

    /// Puts a number behind the others. `false` when it is there already, and when there is no place left.
    pub(super) fn push(&mut self, number: KeyNumber) -> bool {
        if self.0.contains(&number) {
            return false;
        }
        let free = self.0.iter_mut().find(|place| **place == NO_KEY);
        free.map(|place| *place = number).is_some()
    }
}

impl Keys {
    /// The key with this number.
    pub(super) fn get(&self, number: KeyNumber) -> Option<&AnchorKey> {
        let place = self.places.get(usize::from(number))?;
        place.as_ref().map(|counted| &counted.key)
    }

    /// The keys with these numbers.
    pub(super) fn get_all(&self, numbers: KeyNumbers) -> impl Iterator<Item = &AnchorKey> {
        numbers.iter().filter_map(|number| self.get(number))
    }

    /// The bytes on the heap.
    pub(super) fn footprint(&self) -> usize {
        let places = self
            .places
            .capacity()
            .saturating_mul(size_of::<Option<Counted>>());
        let order = self.in_order.capacity().saturating_mul(size_of::<KeyNumber>());
        places.saturating_add(order).saturating_add(self.held)
    }

    /// Whether all numbers are in use.
    pub(super) fn is_full(&self) -> bool {
        self.in_order.len() >= usize::from(NO_KEY)
    }

    /// How many bytes more there are, for a moment at least, while a key is added. When the table has to grow, the new
    /// one and the old are there at once.
    pub(super) fn need(&self, key: &AnchorKey) -> usize {
        let table = self.grown().map_or(0, |places| places.saturating_mul(PLACE_LEN));
        table.saturating_add(key.bytes().len())
    }

    /// One use more of a key that is known, and its number.
    pub(super) fn use_known(&mut self, key: &AnchorKey) -> Option<KeyNumber> {
        let at = self.find(key).ok()?;
        let number = *self.in_order.get(at)?;
        let counted = self.places.get_mut(usize::from(number))?.as_mut()?;
        counted.uses = counted.uses.saturating_add(1);
        Some(number)
    }

    /// Adds a key that is not known yet, with one use. `None` when there are no numbers left.
    pub(super) fn add(&mut self, key: &AnchorKey) -> Option<KeyNumber> {
        let at = self.find(key).err()?;
        if let Some(grown) = self.grown() {
            self.places.reserve_exact(grown.saturating_sub(self.places.len()));
            self.in_order
                .reserve_exact(grown.saturating_sub(self.in_order.len()));
        }
        let free = if self.in_order.len() < self.places.len() {
            self.places.iter().position(Option::is_none)
        } else {
            None
        };
        let free = free.unwrap_or(self.places.len());
        let number = KeyNumber::try_from(free)
            .ok()
            .filter(|number| *number != NO_KEY)?;
        let counted = Some(Counted {
            key: key.clone(),
            uses: 1,
        });
        match self.places.get_mut(free) {
            Some(place) => *place = counted,
            None => self.places.push(counted),
        }
        self.in_order.insert(at, number);
        self.held = self.held.saturating_add(key.bytes().len());
        Some(number)
    }

    /// One use less. A key without a use is dropped.
    pub(super) fn release(&mut self, number: KeyNumber) {
        let Some(Some(counted)) = self.places.get_mut(usize::from(number)) else {
            return;
        };
        counted.uses = counted.uses.saturating_sub(1);
        if counted.uses > 0 {
            return;
        }
        if let Some(at) = self.get(number).and_then(|key| self.find(key).ok()) {
            self.in_order.remove(at);
        }
        if let Some(counted) = self.places.get_mut(usize::from(number)).and_then(Option::take) {
            self.held = self.held.saturating_sub(counted.key.bytes().len());
        }
    }

    /// Where in the order a key is, or would be.
    fn find(&self, key: &AnchorKey) -> Result<usize, usize> {
        self.in_order
            .binary_search_by(|number| self.get(*number).cmp(&Some(key)))
    }

    /// How many places there are when the table has grown, if another key makes it grow.
    fn grown(&self) -> Option<usize> {
        let places = self.places.capacity();
        let is_full = self.in_order.len() >= places.min(self.in_order.capacity());
        is_full.then(|| places.saturating_add(MIN_GROWTH.max(places / 2)))
    }
}
