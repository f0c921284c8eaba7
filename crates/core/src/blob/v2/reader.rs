//! Reading version 2 in place.

use core::cmp::Ordering;

use super::super::bytes::{Cursor, MAX_ANCHORS_PER_NAME, Part, u32_at};
use super::super::error::BlobError;
use super::by_key_id::ByKeyId;
use super::by_name::ByName;
use super::checksum::crc32c;
use super::layout::{CHECKSUM_LEN, HEADER_LEN, Header, SECTION_LEN, Sections};
use super::record::Placed;
use super::table::Table;
use crate::{Certificate, Entry, KeyId, Name, NameHashPrefix};

/// A blob of version 2, all of which was checked.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    generation: u32,
    count: usize,
    anchors: &'a [u8],
    by_name: ByName<'a>,
    by_key_id: ByKeyId<'a>,
    names: Option<Table<'a>>,
    certificates: Option<Table<'a>>,
}

/// A [`Reader`] without its bytes.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    generation: u32,
    count: usize,
    bits: u32,
    anchors: Part,
    /// The ends of the buckets and the places of the index by name, and the index by SKID.
    indexes: [Part; 3],
    /// The ends and the values of the names, and of the certificates, where there are some.
    tables: [Option<[Part; 2]>; 2],
}

impl Layout {
    #[inline]
    pub(crate) fn attach<'a>(&self, blob: &'a [u8]) -> Reader<'a> {
        let [ends, slots, key_ids] = self.indexes.map(|part| part.of_blob(blob));
        let [names, certificates] = self
            .tables
            .map(|table| table.map(|parts| Table::of(parts.map(|part| part.of_blob(blob)))));
        Reader {
            generation: self.generation,
            count: self.count,
            anchors: self.anchors.of_blob(blob),
            by_name: ByName::of(self.bits, ends, slots),
            by_key_id: ByKeyId::of(key_ids),
            names,
            certificates,
        }
    }
}

impl<'a> Reader<'a> {
    /// Where its parts are in the blob that it was read from.
    pub(crate) fn layout(&self, blob: &[u8]) -> Layout {
        let part = |part: &[u8]| Part::of(part, blob);
        let (bits, ends, slots) = self.by_name.parts();
        let table = |table: Option<Table<'_>>| table.map(|table| table.parts().map(part));
        Layout {
            generation: self.generation,
            count: self.count,
            bits,
            anchors: part(self.anchors),
            indexes: [part(ends), part(slots), part(self.by_key_id.slots())],
            tables: [table(self.names), table(self.certificates)],
        }
    }

    pub(crate) fn open(blob: &'a [u8]) -> Result<Self, BlobError> {
        let header = check_length(blob)?;
        check_sum(blob)?;
        let sections = Sections::read(blob, &header)?;
        let count = usize::try_from(header.count).unwrap_or(usize::MAX);
        let malformed = |expected| BlobError::Malformed {
            offset: HEADER_LEN,
            expected,
        };
        let table = |section: Option<&'a [u8]>, expected| match section {
            Some(section) => Table::read(section, count).map(Some).ok_or(malformed(expected)),
            None => Ok(None),
        };
        let by_name = ByName::read(sections.by_name, count);
        let reader = Self {
            generation: header.generation,
            count,
            anchors: sections.anchors,
            by_name: by_name.ok_or(malformed("an index by name with a place for each anchor"))?,
            by_key_id: ByKeyId::read(sections.by_key_id).ok_or(malformed("an index by SKID"))?,
            names: table(sections.names, "a name, or none, for each anchor")?,
            certificates: table(sections.certificates, "a certificate, or none, for each anchor")?,
        };
        if !reader.by_name.is_in_order(MAX_ANCHORS_PER_NAME) {
            return Err(malformed(
                "an index by name in ascending order, with at most 8 anchors a name",
            ));
        }
        reader.check_anchors(sections.anchors_offset)?;
        if !reader.holds_each_once() {
            return Err(malformed("each anchor once, whatever its conditions"));
        }
        if !reader.key_ids_ascend() {
            return Err(malformed("an index by SKID in ascending order"));
        }
        Ok(reader)
    }

    /// Every record must be readable and be where the index by name says, and its name and certificate, where there are
    /// some, must be its own.
    fn check_anchors(&self, section_offset: usize) -> Result<(), BlobError> {
        let mut offset: usize = 0;
        let mut with_key_id: usize = 0;
        for _ in 0..self.count {
            let malformed = |expected| BlobError::Malformed {
                offset: section_offset.saturating_add(offset),
                expected,
            };
            let placed = self
                .placed_at(offset)
                .ok_or(malformed("the record of an anchor"))?;
            if self.by_name.record_offset(placed.position) != Some(offset) {
                return Err(malformed("a record where the index by name says"));
            }
            with_key_id = with_key_id.saturating_add(usize::from(placed.record.subject_key_id.is_some()));
            let entry = self
                .entry_at(placed.position)
                .ok_or(malformed("a place in the index by name"))?;
            self.check_name(placed.position, &entry)
                .ok_or(malformed("the name that has the hash of the anchor"))?;
            self.check_certificate(placed.position, &entry)
                .ok_or(malformed("the certificate that the anchor was made of"))?;
            offset = offset.saturating_add(placed.bytes.len());
        }
        if offset != self.anchors.len() || with_key_id != self.by_key_id.len() {
            return Err(BlobError::Malformed {
                offset: section_offset.saturating_add(offset),
                expected: "as many anchors, and as many SKIDs, as there are records",
            });
        }
        Ok(())
    }

    /// Whether no two anchors of one name are equal except for their conditions.
    fn holds_each_once(&self) -> bool {
        let record_at = |position: usize| self.placed_at(self.by_name.record_offset(position)?);
        (0..self.count).all(|position| {
            let hash = self.by_name.hash(position);
            let earlier = (0..position).rev().take(MAX_ANCHORS_PER_NAME);
            let mut of_this_name = earlier.take_while(|earlier| self.by_name.hash(*earlier) == hash);
            of_this_name.all(|earlier| {
                let records = record_at(position).zip(record_at(earlier));
                records.is_some_and(|(one, other)| !one.record.is_same_anchor(&other.record))
            })
        })
    }

    fn check_name(&self, position: usize, entry: &Entry<'a>) -> Option<()> {
        let Some(name) = self.names.and_then(|names| names.get(position)) else {
            return Some(());
        };
        Name::from_der(name)
            .and_then(|name| entry.named(name))
            .map(|_| ())
    }

    fn check_certificate(&self, position: usize, entry: &Entry<'a>) -> Option<()> {
        let Some(der) = self
            .certificates
            .and_then(|certificates| certificates.get(position))
        else {
            return Some(());
        };
        let certificate = Certificate::from_der(der).ok()?;
        let original = Entry::from_certificate(certificate)
            .with_distrust_after(entry.distrust_after())
            .with_name_constraints(entry.name_constraints());
        let is_its_own = original.record() == entry.record() && original.name_hash() == entry.name_hash();
        // Constraints can be imposed, but those of the certificate cannot be lifted.
        let is_constrained = certificate.name_constraints().is_none() || entry.name_constraints().is_some();
        (is_its_own && is_constrained).then_some(())
    }

    /// Each place must hold another anchor that has a SKID, and none a lower one than the place before it.
    fn key_ids_ascend(&self) -> bool {
        let key_of = |place: usize| {
            let position = self.by_key_id.get(place)?;
            Some((self.key_id_at(position)?.as_bytes(), position))
        };
        let mut before = None;
        for place in 0..self.by_key_id.len() {
            let key = key_of(place);
            if key.is_none() || key <= before {
                return false;
            }
            before = key;
        }
        true
    }

    pub(crate) fn generation(&self) -> u32 {
        self.generation
    }

    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// All entries, in the order in which they were written.
    pub(crate) fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        let reader = self.clone();
        let mut offset = 0;
        (0..self.count).map_while(move |_| {
            let placed = reader.placed_at(offset)?;
            offset = offset.saturating_add(placed.bytes.len());
            reader.entry_at(placed.position)
        })
    }

    /// The entries whose name has this hash, in the order in which they were written.
    pub(crate) fn by_name_hash(&self, hash: NameHashPrefix) -> impl Iterator<Item = Entry<'a>> + use<'_, 'a> {
        self.by_name
            .find(&hash)
            .filter_map(|position| self.entry_at(position))
    }

    /// The entries with this subject key identifier.
    pub(crate) fn by_key_id<'q>(
        &self,
        key_id: KeyId<'q>,
    ) -> impl Iterator<Item = Entry<'a>> + use<'_, 'a, 'q> {
        let order = move |position: usize| {
            let found = self.key_id_at(position);
            found.map_or(Ordering::Less, |found| found.as_bytes().cmp(key_id.as_bytes()))
        };
        let first = self.by_key_id.partition_point(|position| order(position).is_lt());
        let places = first..self.by_key_id.len();
        let positions = places.filter_map(|place| self.by_key_id.get(place));
        positions
            .take_while(move |position| order(*position).is_eq())
            .filter_map(|position| self.entry_at(position))
    }

    fn key_id_at(&self, position: usize) -> Option<KeyId<'a>> {
        let placed = self.placed_at(self.by_name.record_offset(position)?)?;
        placed.record.subject_key_id
    }

    /// The entry at a position of the index by name.
    #[inline]
    fn entry_at(&self, position: usize) -> Option<Entry<'a>> {
        let section = self.anchors.get(self.by_name.record_offset(position)?..)?;
        let entry = Entry::of_record(section, self.by_name.hash(position)?);
        if self.names.is_none() && self.certificates.is_none() {
            return Some(entry);
        }
        let own = |table: &Option<Table<'a>>| table.and_then(|table| table.get(position));
        let name = own(&self.names).and_then(Name::from_der);
        Some(entry.with_optional(name, own(&self.certificates)))
    }

    #[inline]
    fn placed_at(&self, offset: usize) -> Option<Placed<'a>> {
        Placed::read(self.anchors.get(offset..)?)
    }
}

fn check_length(blob: &[u8]) -> Result<Header, BlobError> {
    let wrong = |expected| BlobError::WrongLength {
        expected,
        found: blob.len(),
    };
    let header = Header::read(&mut Cursor(blob)).ok_or(wrong(HEADER_LEN))?;
    let total_len = usize::try_from(header.total_len).unwrap_or(usize::MAX);
    let least = usize::from(header.sections)
        .saturating_mul(SECTION_LEN)
        .saturating_add(HEADER_LEN)
        .saturating_add(CHECKSUM_LEN);
    if total_len != blob.len() {
        return Err(wrong(total_len));
    }
    if blob.len() < least {
        return Err(wrong(least));
    }
    Ok(header)
}

fn check_sum(blob: &[u8]) -> Result<(), BlobError> {
    let end = blob.len().saturating_sub(CHECKSUM_LEN);
    let stored = u32_at(blob, end).unwrap_or_default();
    let computed = crc32c(blob.get(..end).unwrap_or_default());
    if stored != computed {
        return Err(BlobError::WrongChecksum { stored, computed });
    }
    Ok(())
}
