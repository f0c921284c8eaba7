//! The layout, which the reader and the writer share.

use super::super::bytes::{Cursor, MAGIC, MAX_ANCHORS_PER_NAME, append};
use super::super::error::BlobError;
use crate::MAX_CERTIFICATE_LEN;

/// The version that this module reads and writes.
pub const VERSION: u16 = 2;

/// The length of the header without the list of sections.
pub(super) const HEADER_LEN: usize = 0x14;

/// The length of an entry of the list of sections.
pub(super) const SECTION_LEN: usize = 12;

/// The length of the checksum at the end.
pub(super) const CHECKSUM_LEN: usize = 4;

/// The sections that this module knows, by the four letters that the list of sections has for them.
pub(super) mod tag {
    pub(crate) const ANCHORS: [u8; 4] = *b"ANCH";
    pub(crate) const BY_NAME: [u8; 4] = *b"NAMX";
    pub(crate) const BY_KEY_ID: [u8; 4] = *b"SKIX";
    pub(crate) const NAMES: [u8; 4] = *b"NAME";
    pub(crate) const CERTIFICATES: [u8; 4] = *b"CERT";
}

/// The limits of the length of a blob of one name: see [`MAX_LEN_OF_ONE_NAME`].
const MAX_LEN_OF_AN_ANCHOR: usize = {
    let record = super::record::MAX_LEN;
    let indexed = super::by_name::SLOT_LEN + super::by_key_id::SLOT_LEN + 2 * super::table::END_LEN;
    let name_and_certificate = 2 * MAX_CERTIFICATE_LEN;
    record + indexed + name_and_certificate
};

/// The length of the longest blob with only anchors of one name that [`encode`](super::encode) writes.
pub const MAX_LEN_OF_ONE_NAME: usize = HEADER_LEN
    + 5 * SECTION_LEN
    + super::by_name::MIN_LEN
    + MAX_ANCHORS_PER_NAME * MAX_LEN_OF_AN_ANCHOR
    + CHECKSUM_LEN;

/// The header, without the list of sections that follows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) sections: u16,
    pub(super) generation: u32,
    pub(super) total_len: u32,
    pub(super) count: u32,
}

impl Header {
    /// Reads the header of a blob of this version.
    pub(super) fn read(blob: &mut Cursor<'_>) -> Option<Self> {
        let _magic: [u8; 4] = blob.array()?;
        let _version = blob.u16()?;
        Some(Self {
            sections: blob.u16()?,
            generation: blob.u32()?,
            total_len: blob.u32()?,
            count: blob.u32()?,
        })
    }

    pub(super) fn write<'b>(&self, blob: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let rest = append(blob, &MAGIC)?;
        let rest = append(rest, &VERSION.to_be_bytes())?;
        let rest = append(rest, &self.sections.to_be_bytes())?;
        let rest = append(rest, &self.generation.to_be_bytes())?;
        let rest = append(rest, &self.total_len.to_be_bytes())?;
        append(rest, &self.count.to_be_bytes())
    }
}

/// An entry of the list of sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) tag: [u8; 4],
    pub(super) offset: u32,
    pub(super) len: u32,
}

impl Section {
    pub(super) fn read(list: &mut Cursor<'_>) -> Option<Self> {
        Some(Self {
            tag: list.array()?,
            offset: list.u32()?,
            len: list.u32()?,
        })
    }

    pub(super) fn write<'b>(&self, list: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let rest = append(list, &self.tag)?;
        let rest = append(rest, &self.offset.to_be_bytes())?;
        append(rest, &self.len.to_be_bytes())
    }
}

/// The contents of the sections.
#[derive(Clone, Copy, Default)]
pub(super) struct Sections<'a> {
    pub(super) anchors: &'a [u8],
    pub(super) by_name: &'a [u8],
    pub(super) by_key_id: &'a [u8],
    pub(super) names: Option<&'a [u8]>,
    pub(super) certificates: Option<&'a [u8]>,
    /// Where the section of the anchors begins.
    pub(super) anchors_offset: usize,
}

impl<'a> Sections<'a> {
    /// Finds the sections. They must follow each other between their list and the checksum, each once. Unknown ones are
    /// ignored.
    pub(super) fn read(blob: &'a [u8], header: &Header) -> Result<Self, BlobError> {
        let malformed = |offset, expected| BlobError::Malformed { offset, expected };
        let list_len = usize::from(header.sections).saturating_mul(SECTION_LEN);
        let mut next = HEADER_LEN.saturating_add(list_len);
        let mut list = Cursor(blob.get(HEADER_LEN..next).unwrap_or_default());
        let end = blob.len().saturating_sub(CHECKSUM_LEN);
        let mut found: [Option<(usize, &[u8])>; 5] = [None; 5];
        let mut at = HEADER_LEN;
        while let Some(section) = Section::read(&mut list) {
            let offset = usize::try_from(section.offset).unwrap_or(usize::MAX);
            let len = usize::try_from(section.len).unwrap_or(usize::MAX);
            let behind = offset.saturating_add(len);
            if offset != next || behind > end {
                return Err(malformed(
                    at,
                    "a section behind the one before it, and in the blob",
                ));
            }
            let place = match section.tag {
                tag::ANCHORS => found.get_mut(0),
                tag::BY_NAME => found.get_mut(1),
                tag::BY_KEY_ID => found.get_mut(2),
                tag::NAMES => found.get_mut(3),
                tag::CERTIFICATES => found.get_mut(4),
                _ => None,
            };
            if let Some(place) = place {
                if place.is_some() {
                    return Err(malformed(at, "each section once"));
                }
                *place = Some((offset, blob.get(offset..behind).unwrap_or_default()));
            }
            next = behind;
            at = at.saturating_add(SECTION_LEN);
        }
        if at != HEADER_LEN.saturating_add(list_len) || next != end {
            return Err(malformed(at, "sections up to the checksum"));
        }
        let [anchors, by_name, by_key_id, names, certificates] = found;
        let (Some((anchors_offset, anchors)), Some((_, by_name)), Some((_, by_key_id))) =
            (anchors, by_name, by_key_id)
        else {
            return Err(malformed(HEADER_LEN, "the sections ANCH, NAMX and SKIX"));
        };
        Ok(Self {
            anchors,
            by_name,
            by_key_id,
            names: names.map(|(_, section)| section),
            certificates: certificates.map(|(_, section)| section),
            anchors_offset,
        })
    }
}
