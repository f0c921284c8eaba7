//! The index by name: for each anchor the first 16 bytes of its name hash and where its record is, in ascending order; and
//! before them where each bucket of hashes ends.
//!
//! Hashes are distributed evenly, so their first bits almost give their position. The number of bits is chosen so that a bucket
//! has 2 to 4 anchors. A lookup among a million anchors therefore takes as long as among a hundred, except for the effects of
//! the processor's caches.

use core::ops::Range;

use super::super::bytes::{Cursor, u32_at, usize_at};
use crate::NameHashPrefix;

/// The length of a place in the index: the hash and the offset of the record in its section.
pub(super) const SLOT_LEN: usize = HASH_LEN + 4;

const HASH_LEN: usize = NameHashPrefix::LEN;

/// The length of the number of bits, and of a place in the list of ends.
const END_LEN: usize = 4;

/// The length of the index of no anchor, with one bucket.
pub(super) const MIN_LEN: usize = 2 * END_LEN;

/// The most bits that may choose a bucket.
const MAX_BITS: u32 = 24;

/// The number of bits that choose the bucket, in an index of this many anchors.
pub(super) fn bits_for(count: usize) -> u32 {
    let log = count.checked_ilog2().unwrap_or(0);
    log.saturating_sub(1).min(MAX_BITS)
}

/// The length of what is before the slots, in bytes: the number of bits, and the ends of the buckets.
pub(super) fn slots_offset(bits: u32) -> Option<usize> {
    1_usize
        .checked_shl(bits)?
        .checked_mul(END_LEN)?
        .checked_add(END_LEN)
}

/// Which bucket a hash belongs to.
#[inline]
pub(super) fn bucket(hash: &NameHashPrefix, bits: u32) -> usize {
    let first = hash
        .as_bytes()
        .first_chunk()
        .copied()
        .map_or(0, u32::from_be_bytes);
    let bucket = first.checked_shr(u32::BITS.wrapping_sub(bits)).unwrap_or(0);
    usize::try_from(bucket).unwrap_or(0)
}

/// The index by name.
#[derive(Clone, Copy)]
pub(super) struct ByName<'a> {
    bits: u32,
    /// Where each bucket ends, as a position in the index.
    ends: &'a [u8],
    slots: &'a [u8],
}

impl<'a> ByName<'a> {
    /// The index of these parts, which was checked before.
    pub(super) fn of(bits: u32, ends: &'a [u8], slots: &'a [u8]) -> Self {
        Self { bits, ends, slots }
    }

    /// The number of bits, the ends and the places.
    pub(super) fn parts(&self) -> (u32, &'a [u8], &'a [u8]) {
        (self.bits, self.ends, self.slots)
    }

    /// Splits the section into its parts. [`is_in_order`](Self::is_in_order) says whether it is an index.
    pub(super) fn read(section: &'a [u8], count: usize) -> Option<Self> {
        let mut cursor = Cursor(section);
        let bits = cursor.u32().filter(|bits| *bits <= MAX_BITS)?;
        let ends = cursor.take(slots_offset(bits)?.checked_sub(END_LEN)?)?;
        let slots = cursor.take(count.checked_mul(SLOT_LEN)?)?;
        cursor.is_at_end().then_some(Self { bits, ends, slots })
    }

    /// Whether the slots ascend, each in its bucket, with no more anchors under one hash than `most`.
    pub(super) fn is_in_order(&self, most: usize) -> bool {
        let mut before: &[u8] = &[];
        let mut of_one_name = 0;
        let mut open_bucket = 0;
        for (position, slot) in self.slots.chunks_exact(SLOT_LEN).enumerate() {
            if slot <= before {
                return false;
            }
            let hash = slot.get(..HASH_LEN);
            of_one_name = match hash == before.get(..HASH_LEN) {
                true => of_one_name + 1,
                false => 1,
            };
            let Some(hash) = self.hash(position) else {
                return false;
            };
            let bucket = bucket(&hash, self.bits);
            if of_one_name > most || !self.end_at(open_bucket..bucket, position) {
                return false;
            }
            open_bucket = bucket;
            before = slot;
        }
        let buckets = self.ends.len() / END_LEN;
        self.end_at(open_bucket..buckets, self.slots.len() / SLOT_LEN)
    }

    /// Whether all of these buckets end at this position.
    fn end_at(&self, mut buckets: Range<usize>, position: usize) -> bool {
        buckets.all(|bucket| self.end(bucket) == Some(position))
    }

    /// The hash at a position of the index.
    #[inline]
    pub(super) fn hash(&self, position: usize) -> Option<NameHashPrefix> {
        let slot = self.slots.get(position.checked_mul(SLOT_LEN)?..)?;
        slot.first_chunk().copied().map(NameHashPrefix::from_bytes)
    }

    /// Where, in their section, the record of the anchor at a position of the index is.
    #[inline]
    pub(super) fn record_offset(&self, position: usize) -> Option<usize> {
        let slot = position.checked_mul(SLOT_LEN)?;
        let offset = u32_at(self.slots, slot.checked_add(HASH_LEN)?)?;
        usize::try_from(offset).ok()
    }

    /// The positions of the anchors that have this hash.
    #[inline]
    pub(super) fn find(&self, hash: &NameHashPrefix) -> Range<usize> {
        self.try_find(hash).unwrap_or(0..0)
    }

    #[inline]
    fn try_find(&self, hash: &NameHashPrefix) -> Option<Range<usize>> {
        let bucket = bucket(hash, self.bits);
        let end = self.end(bucket)?;
        let mut start = match bucket.checked_sub(1) {
            Some(before) => self.end(before)?,
            None => 0,
        };
        let wanted = hash.to_number();
        let mut len = end.checked_sub(start)?;
        while len > 1 {
            let half = len / 2;
            let middle = start.checked_add(half)?;
            // Without a branch that would be mispredicted every other time.
            let is_before = self.hash(middle.checked_sub(1)?)?.to_number() < wanted;
            start = if is_before { middle } else { start };
            len = len.checked_sub(half)?;
        }
        let has_it = |position: usize| position < end && self.hash(position).as_ref() == Some(hash);
        if !has_it(start) {
            return None;
        }
        let mut behind = start.checked_add(1)?;
        while has_it(behind) {
            behind = behind.checked_add(1)?;
        }
        Some(start..behind)
    }

    #[inline]
    fn end(&self, bucket: usize) -> Option<usize> {
        usize_at(self.ends, bucket.checked_mul(END_LEN)?)
    }
}
