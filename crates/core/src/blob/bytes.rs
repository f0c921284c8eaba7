//! The parts that both versions share: the magic, the limit of anchors for each name, and numbers, which are unsigned, with
//! the most significant byte first and at any alignment.

use core::ops::Range;

/// The largest number of anchors that a written store holds under one name. Several are rare but real: a CA
/// that renews its root under the old name. The limit bounds the work for one name.
pub const MAX_ANCHORS_PER_NAME: usize = 8;

/// The beginning of every version.
pub(super) const MAGIC: [u8; 4] = *b"TBLB";

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

#[inline]
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

/// A `u32` that is an offset or a count.
#[inline]
pub(super) fn usize_at(bytes: &[u8], at: usize) -> Option<usize> {
    usize::try_from(u32_at(bytes, at)?).ok()
}

/// Writes `bytes` to `range` of the buffer; `None` when it does not fit.
pub(super) fn put(buffer: &mut [u8], range: Range<usize>, bytes: &[u8]) -> Option<()> {
    let place = buffer.get_mut(range).filter(|place| place.len() == bytes.len())?;
    place.copy_from_slice(bytes);
    Some(())
}

/// Writes `bytes` to the start of the buffer and returns the rest of it.
pub(super) fn append<'b>(buffer: &'b mut [u8], bytes: &[u8]) -> Option<&'b mut [u8]> {
    let (place, behind) = buffer.split_at_mut_checked(bytes.len())?;
    place.copy_from_slice(bytes);
    Some(behind)
}

/// A slice that is read from its start.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'a>(pub(super) &'a [u8]);

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    #[inline]
    pub(super) fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    #[inline]
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.array().map(|[byte]| byte)
    }

    #[inline]
    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }
}

/// A part of a blob, by its place.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Part {
    start: usize,
    len: usize,
}

impl Part {
    /// The place of `part` in `blob`, from which it was read.
    pub(super) fn of(part: &[u8], blob: &[u8]) -> Self {
        Self {
            start: crate::der::offset(part, blob),
            len: part.len(),
        }
    }

    /// The bytes at this place; empty if the blob is another.
    #[inline]
    pub(super) fn of_blob(self, blob: &[u8]) -> &[u8] {
        let behind = blob.get(self.start..).unwrap_or_default();
        behind.get(..self.len).unwrap_or_default()
    }
}
