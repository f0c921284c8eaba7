//! The newest generation of each store that was ever seen.

/// Of how many stores generations are kept.
pub(super) const MAX_STORES: usize = 8;

/// The longest label of a store, in bytes.
pub(super) const MAX_LABEL_LEN: usize = 1024;

/// Labels of stores with the newest generation of each, the store first that was not seen for longest.
#[derive(Default)]
pub(super) struct Generations {
    seen: Vec<Seen>,
}

struct Seen {
    label: Box<str>,
    newest: u32,
}

impl Generations {
    /// Whether a label is one that can be kept.
    pub(super) fn takes(label: &str) -> bool {
        !label.is_empty() && label.len() <= MAX_LABEL_LEN
    }

    pub(super) fn newest(&self, label: &str) -> Option<u32> {
        self.position(label)
            .and_then(|at| self.seen.get(at))
            .map(|seen| seen.newest)
    }

    /// The store was seen with this generation; says whether that is new. `false` too when the store is not known.
    pub(super) fn raise(&mut self, label: &str, generation: u32) -> bool {
        let Some(at) = self.position(label) else {
            return false;
        };
        if let Some(behind) = self.seen.get_mut(at..) {
            behind.rotate_left(1);
        }
        match self.seen.last_mut() {
            Some(seen) if seen.newest < generation => {
                seen.newest = generation;
                true
            }
            _ => false,
        }
    }

    /// Adds a store that is not known. Where there are too many, the one goes that was not seen for longest.
    pub(super) fn add(&mut self, label: &str, generation: u32) {
        if self.seen.len() >= MAX_STORES {
            self.drop_first();
        }
        self.seen
            .reserve_exact(MAX_STORES.saturating_sub(self.seen.len()));
        self.seen.push(Seen {
            label: label.into(),
            newest: generation,
        });
    }

    /// Drops the store that was not seen for longest; says whether there was one.
    pub(super) fn drop_first(&mut self) -> bool {
        let is_some = !self.seen.is_empty();
        if is_some {
            self.seen.remove(0);
        }
        is_some
    }

    /// The bytes on the heap.
    pub(super) fn footprint(&self) -> usize {
        let table = self.seen.capacity().saturating_mul(size_of::<Seen>());
        self.seen
            .iter()
            .fold(table, |bytes, seen| bytes.saturating_add(seen.label.len()))
    }

    /// How many bytes more there are when a store is added.
    pub(super) fn need(&self, label: &str) -> usize {
        let table = match self.seen.capacity() {
            0 => MAX_STORES * size_of::<Seen>(),
            _ => 0,
        };
        table.saturating_add(label.len())
    }

    /// How many stores there are.
    pub(super) fn len(&self) -> usize {
        self.seen.len()
    }

    /// In the order in which the stores were last seen.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, u32)> {
        self.seen.iter().map(|seen| (&*seen.label, seen.newest))
    }

    fn position(&self, label: &str) -> Option<usize> {
        self.seen.iter().position(|seen| *seen.label == *label)
    }
}
