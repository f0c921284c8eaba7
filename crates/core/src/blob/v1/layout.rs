//! The layout, which the reader and the writer share.

use core::ops::Range;

use super::super::bytes::{MAGIC, MAX_ANCHORS_PER_NAME, put, u16_at, u32_at, usize_at};
use super::super::error::{BlobError, WriteError};
use crate::MAX_CERTIFICATE_LEN;

/// The version that this module reads and writes.
pub const VERSION: u16 = 1;

/// The fields of the header, as the ranges of bytes that hold them.
pub(super) mod field {
    use core::ops::Range;

    pub(crate) const MAGIC: Range<usize> = 0x00..0x04;
    pub(crate) const VERSION: Range<usize> = 0x04..0x06;
    pub(crate) const COUNT: Range<usize> = 0x06..0x08;
    pub(crate) const GENERATION: Range<usize> = 0x08..0x0c;
    pub(crate) const CERTIFICATE_LENGTHS: Range<usize> = 0x0c..0x10;
    pub(crate) const KEY_ID_LENGTHS: Range<usize> = 0x10..0x14;
    pub(crate) const KEY_IDS: Range<usize> = 0x14..0x18;
    pub(crate) const TOTAL_LEN: Range<usize> = 0x18..0x1c;
}

/// The length of the header, which is where the certificates begin.
pub(super) const HEADER_LEN: usize = 0x1c;

/// The width of an entry of the table of certificate lengths.
pub(super) const CERTIFICATE_LENGTH_WIDTH: usize = 2;

/// The length of the longest blob with only anchors of one name: as many as a store may hold under one name, each a
/// certificate of the largest size with the longest subject key identifier.
pub const MAX_LEN_OF_ONE_NAME: usize =
    HEADER_LEN + MAX_ANCHORS_PER_NAME * (MAX_CERTIFICATE_LEN + CERTIFICATE_LENGTH_WIDTH + 1 + 0xff);

/// The header, with the offsets of all other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) count: u16,
    pub(super) generation: u32,
    pub(super) certificate_lengths: usize,
    pub(super) key_id_lengths: usize,
    pub(super) key_ids: usize,
    pub(super) total_len: usize,
}

impl Header {
    /// The header of a blob with these contents, one table after the other.
    pub(super) fn of(
        generation: u32,
        count: usize,
        certificates_len: usize,
        key_ids_len: usize,
    ) -> Result<Self, WriteError> {
        let count = u16::try_from(count).map_err(|_| WriteError::TooManyCertificates)?;
        let certificate_lengths = HEADER_LEN.checked_add(certificates_len);
        let header = certificate_lengths.and_then(|certificate_lengths| {
            let key_id_lengths = certificate_lengths.checked_add(certificate_lengths_len(count))?;
            let key_ids = key_id_lengths.checked_add(usize::from(count))?;
            let total_len = key_ids.checked_add(key_ids_len)?;
            Some(Self {
                count,
                generation,
                certificate_lengths,
                key_id_lengths,
                key_ids,
                total_len,
            })
        });
        header
            .filter(|header| u32::try_from(header.total_len).is_ok())
            .ok_or(WriteError::TooLong)
    }

    /// Reads the header and checks that its tables fit into a blob of this length, one after the other.
    pub(super) fn read(blob: &[u8]) -> Result<Self, BlobError> {
        let too_short = BlobError::WrongLength {
            expected: HEADER_LEN,
            found: blob.len(),
        };
        let offset = |field: Range<usize>| usize_at(blob, field.start);
        let header = Self {
            count: u16_at(blob, field::COUNT.start).ok_or(too_short)?,
            generation: u32_at(blob, field::GENERATION.start).ok_or(too_short)?,
            certificate_lengths: offset(field::CERTIFICATE_LENGTHS).ok_or(too_short)?,
            key_id_lengths: offset(field::KEY_ID_LENGTHS).ok_or(too_short)?,
            key_ids: offset(field::KEY_IDS).ok_or(too_short)?,
            total_len: offset(field::TOTAL_LEN).ok_or(too_short)?,
        };
        if header.total_len != blob.len() {
            return Err(BlobError::WrongLength {
                expected: header.total_len,
                found: blob.len(),
            });
        }
        header.check_tables()?;
        Ok(header)
    }

    fn check_tables(&self) -> Result<(), BlobError> {
        let after_lengths = self
            .certificate_lengths
            .saturating_add(certificate_lengths_len(self.count));
        let after_key_id_lengths = self.key_id_lengths.saturating_add(usize::from(self.count));
        let misplaced = |table, offset, expected| BlobError::MisplacedTable {
            table,
            offset,
            expected,
        };
        if self.certificate_lengths < HEADER_LEN {
            return Err(misplaced(
                "certificate lengths",
                self.certificate_lengths,
                HEADER_LEN,
            ));
        }
        if self.key_id_lengths != after_lengths {
            return Err(misplaced("SKID lengths", self.key_id_lengths, after_lengths));
        }
        if self.key_ids != after_key_id_lengths {
            return Err(misplaced("SKIDs", self.key_ids, after_key_id_lengths));
        }
        if self.key_ids > self.total_len {
            return Err(misplaced("end of the tables", self.total_len, self.key_ids));
        }
        Ok(())
    }

    /// Writes the header to the start of a buffer that has room for it. The offsets fit into 32 bits because
    /// [`of`](Self::of) has checked it.
    pub(super) fn write(&self, blob: &mut [u8]) -> Option<()> {
        let offset = |offset: usize| u32::try_from(offset).ok();
        put(blob, field::MAGIC, &MAGIC)?;
        put(blob, field::VERSION, &VERSION.to_be_bytes())?;
        put(blob, field::COUNT, &self.count.to_be_bytes())?;
        put(blob, field::GENERATION, &self.generation.to_be_bytes())?;
        put(
            blob,
            field::CERTIFICATE_LENGTHS,
            &offset(self.certificate_lengths)?.to_be_bytes(),
        )?;
        put(
            blob,
            field::KEY_ID_LENGTHS,
            &offset(self.key_id_lengths)?.to_be_bytes(),
        )?;
        put(blob, field::KEY_IDS, &offset(self.key_ids)?.to_be_bytes())?;
        put(blob, field::TOTAL_LEN, &offset(self.total_len)?.to_be_bytes())
    }
}

fn certificate_lengths_len(count: u16) -> usize {
    usize::from(count).saturating_mul(CERTIFICATE_LENGTH_WIDTH)
}
