//! The index by subject key identifier: the positions, in the index by name, of all anchors that have one, in ascending
//! order of the identifiers.

use super::super::bytes::usize_at;

/// The length of a place in the index.
pub(super) const SLOT_LEN: usize = 4;

/// The index by subject key identifier. It does not hold the identifiers: they are in the records.
#[derive(Clone, Copy)]
pub(super) struct ByKeyId<'a> {
    slots: &'a [u8],
}

impl<'a> ByKeyId<'a> {
    /// The index of these places, which was checked before.
    pub(super) fn of(slots: &'a [u8]) -> Self {
        Self { slots }
    }

    /// The places.
    pub(super) fn slots(&self) -> &'a [u8] {
        self.slots
    }

    pub(super) fn read(section: &'a [u8]) -> Option<Self> {
        let is_whole = section.len() % SLOT_LEN == 0;
        is_whole.then_some(Self { slots: section })
    }

    /// The number of anchors that have a subject key identifier.
    pub(super) fn len(&self) -> usize {
        self.slots.len() / SLOT_LEN
    }

    /// The position in the index by name at this place.
    pub(super) fn get(&self, place: usize) -> Option<usize> {
        usize_at(self.slots, place.checked_mul(SLOT_LEN)?)
    }

    /// The first place whose position is not before the identifier that is searched.
    pub(super) fn partition_point(&self, is_before: impl Fn(usize) -> bool) -> usize {
        let (mut start, mut end) = (0, self.len());
        while start < end {
            let middle = start.midpoint(end);
            if self.get(middle).is_some_and(&is_before) {
                start = middle.saturating_add(1);
            } else {
                end = middle;
            }
        }
        start
    }
}
