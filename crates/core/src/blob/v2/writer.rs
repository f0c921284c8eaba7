//! Writing version 2.

#[cfg(feature = "alloc")]
use alloc::{vec, vec::Vec};

use super::super::bytes::{MAX_ANCHORS_PER_NAME, append, put, u32_at, usize_at};
use super::super::error::WriteError;
use super::by_name::ByName;
use super::checksum::crc32c;
use super::layout::{CHECKSUM_LEN, HEADER_LEN, Header, SECTION_LEN, Section, tag};
use super::record::{POSITION_OFFSET, Placed};
use super::sort::sort;
use super::{by_key_id, by_name, table};
use crate::{Entry, NameHashPrefix};

/// The optional sections of a blob to write.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// The names of the anchors, where they are known: for people, and for programs that load all anchors.
    pub names: bool,
    /// The certificates that the anchors were made of, where they are known: for libraries that take certificates.
    pub certificates: bool,
}

impl Options {
    /// The same options, with or without names.
    pub fn with_names(self, names: bool) -> Self {
        Self { names, ..self }
    }

    /// The same options, with or without certificates.
    pub fn with_certificates(self, certificates: bool) -> Self {
        Self { certificates, ..self }
    }
}

/// The length of the blob of these entries, in bytes.
///
/// # Errors
/// When an entry, or all of them together, do not fit into version 2; when certificates are to be written and an entry has
/// lost the name constraints of its certificate.
pub fn encoded_len(entries: &[Entry<'_>], options: Options) -> Result<usize, WriteError> {
    let plan = Plan::of(entries, options)?;
    usize::try_from(plan.total_len).map_err(|_| WriteError::TooLong)
}

/// Writes the blob of these entries, in this order, to the start of `buffer`, and returns its length. The same entries,
/// options and generation give the same bytes. With the feature `alloc`, `to_vec` makes a buffer of that length.
///
/// The time that it takes grows with *n* log *n*; the indexes are sorted in the buffer.
///
/// # Errors
/// As [`encoded_len`]; when the blob does not fit into the buffer; when more than [`MAX_ANCHORS_PER_NAME`] entries have
/// one name; when an anchor is listed twice, even under different conditions; and when two names have the same hash
/// prefix, of which no example is known. The buffer then holds no blob.
///
/// ```
/// use jit_trust_core::{TrustBlob, WriteError, v2};
///
/// let mut flash = [0xff; 256];
/// let len = v2::encode(&[], v2::Options::default(), 1_777_593_600, &mut flash)?; // no entries
/// let blob = TrustBlob::open(&flash[..len]).unwrap();
/// assert_eq!(blob.generation(), 1_777_593_600);
/// # Ok::<(), WriteError>(())
/// ```
pub fn encode(
    entries: &[Entry<'_>],
    options: Options,
    generation: u32,
    buffer: &mut [u8],
) -> Result<usize, WriteError> {
    let plan = Plan::of(entries, options)?;
    let needed = usize::try_from(plan.total_len).map_err(|_| WriteError::TooLong)?;
    let too_small = WriteError::BufferTooSmall { needed };
    let blob = buffer.get_mut(..needed).ok_or(too_small)?;
    let mut writing = Writing::start(&plan, generation, blob).ok_or(too_small)?;
    writing.write_anchors(entries).ok_or(too_small)?;
    writing.sort_names();
    writing.check_names(entries)?;
    writing.write_positions().ok_or(too_small)?;
    writing.write_key_ids().ok_or(too_small)?;
    if options.names {
        writing
            .write_table(tag::NAMES, entries, name_of)
            .ok_or(too_small)?;
    }
    if options.certificates {
        writing
            .write_table(tag::CERTIFICATES, entries, certificate_of)
            .ok_or(too_small)?;
    }
    writing.finish().ok_or(too_small)?;
    Ok(needed)
}

/// The blob of these entries, in this order: what [`encode`] writes, in a vector of its length.
///
/// # Errors
/// As [`encode`], whose buffer is large enough here.
///
/// ```
/// use jit_trust_core::{Certificate, Entry, TrustBlob, v2};
///
/// # let der = jit_trust_lab::pki::Ca::root("Root").der();
/// # let der = der.as_ref();
/// let root = Certificate::from_der(der)?;
/// let entry = Entry::from_certificate(root).with_distrust_after(Some(1_776_297_599));
/// let options = v2::Options::default().with_names(true);
/// let blob = v2::to_vec(&[entry], options, 1_777_593_600)?;
///
/// let blob = TrustBlob::open(&blob)?;
/// let anchor = blob.by_subject(root.subject()).next().expect("the blob holds it");
/// assert_eq!(anchor.distrust_after(), Some(1_776_297_599));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[cfg(feature = "alloc")]
pub fn to_vec(entries: &[Entry<'_>], options: Options, generation: u32) -> Result<Vec<u8>, WriteError> {
    let mut blob = vec![0; encoded_len(entries, options)?];
    encode(entries, options, generation, &mut blob)?;
    Ok(blob)
}

fn name_of<'a>(entry: &Entry<'a>) -> &'a [u8] {
    entry.subject().map(|name| name.as_der()).unwrap_or_default()
}

fn certificate_of<'a>(entry: &Entry<'a>) -> &'a [u8] {
    entry
        .certificate()
        .map(|certificate| certificate.as_der())
        .unwrap_or_default()
}

/// Whether the entry has lost the name constraints of its certificate.
fn lifts_constraints(entry: &Entry<'_>) -> bool {
    let own = entry
        .certificate()
        .and_then(|certificate| certificate.name_constraints());
    own.is_some() && entry.name_constraints().is_none()
}

/// The positions of all parts of the blob to write.
struct Plan {
    count: u32,
    sections: [Option<Section>; 5],
    total_len: u32,
}

impl Plan {
    fn of(entries: &[Entry<'_>], options: Options) -> Result<Self, WriteError> {
        let mut anchors: usize = 0;
        let mut key_ids: usize = 0;
        let mut names: usize = 0;
        let mut certificates: usize = 0;
        for (index, entry) in entries.iter().enumerate() {
            let record = entry.record();
            let len = record.encoded_len().ok_or(WriteError::EntryTooLong { index })?;
            if options.certificates && lifts_constraints(entry) {
                return Err(WriteError::ConstraintsLifted { index });
            }
            anchors = anchors.saturating_add(len);
            key_ids = key_ids.saturating_add(usize::from(record.subject_key_id.is_some()));
            names = names.saturating_add(name_of(entry).len());
            certificates = certificates.saturating_add(certificate_of(entry).len());
        }
        let count = entries.len();
        let table_len = |values: usize| count.saturating_mul(table::END_LEN).saturating_add(values);
        let by_name = by_name::slots_offset(by_name::bits_for(count)).unwrap_or(usize::MAX);
        let sections = [
            (tag::ANCHORS, Some(anchors)),
            (
                tag::BY_NAME,
                Some(by_name.saturating_add(count.saturating_mul(by_name::SLOT_LEN))),
            ),
            (tag::BY_KEY_ID, Some(key_ids.saturating_mul(by_key_id::SLOT_LEN))),
            (tag::NAMES, options.names.then(|| table_len(names))),
            (
                tag::CERTIFICATES,
                options.certificates.then(|| table_len(certificates)),
            ),
        ];
        let section_count = sections.iter().filter(|(_, len)| len.is_some()).count();
        let mut next = HEADER_LEN.saturating_add(section_count.saturating_mul(SECTION_LEN));
        let sections = sections.map(|(tag, len)| {
            let len = len?;
            let offset = next;
            next = next.saturating_add(len);
            Some(Section {
                tag,
                offset: u32::try_from(offset).unwrap_or(u32::MAX),
                len: u32::try_from(len).unwrap_or(u32::MAX),
            })
        });
        let total_len = u32::try_from(next.saturating_add(CHECKSUM_LEN));
        Ok(Self {
            count: u32::try_from(count).map_err(|_| WriteError::TooLong)?,
            sections,
            total_len: total_len.map_err(|_| WriteError::TooLong)?,
        })
    }

    fn section(&self, tag: [u8; 4]) -> Option<core::ops::Range<usize>> {
        let section = self
            .sections
            .iter()
            .flatten()
            .find(|section| section.tag == tag)?;
        let offset = usize::try_from(section.offset).ok()?;
        Some(offset..offset.checked_add(usize::try_from(section.len).ok()?)?)
    }
}

/// A blob while it is being written. Its steps return `None` when something does not fit, which the plan makes impossible.
struct Writing<'p, 'b> {
    plan: &'p Plan,
    bits: u32,
    blob: &'b mut [u8],
}

impl<'p, 'b> Writing<'p, 'b> {
    fn start(plan: &'p Plan, generation: u32, blob: &'b mut [u8]) -> Option<Self> {
        blob.fill(0);
        let header = Header {
            sections: u16::try_from(plan.sections.iter().flatten().count()).ok()?,
            generation,
            total_len: plan.total_len,
            count: plan.count,
        };
        let mut rest = header.write(blob)?;
        for section in plan.sections.iter().flatten() {
            rest = section.write(rest)?;
        }
        let count = usize::try_from(plan.count).ok()?;
        Some(Self {
            plan,
            bits: by_name::bits_for(count),
            blob,
        })
    }

    fn section(&mut self, tag: [u8; 4]) -> Option<&mut [u8]> {
        self.blob.get_mut(self.plan.section(tag)?)
    }

    /// The places of the index by name, in a blob of the planned length.
    fn slots(&mut self) -> &mut [u8] {
        let start = by_name::slots_offset(self.bits).unwrap_or(usize::MAX);
        let section = self.section(tag::BY_NAME);
        section
            .and_then(|section| section.get_mut(start..))
            .unwrap_or_default()
    }

    /// Writes the records, and the place of each in the index by name, not in order yet. Until the positions are known, each
    /// record has the number of its entry instead of its position.
    fn write_anchors(&mut self, entries: &[Entry<'_>]) -> Option<()> {
        let mut offset: u32 = 0;
        let mut place: usize = 0;
        for (number, entry) in (0_u32..).zip(entries) {
            let anchors = self.section(tag::ANCHORS)?;
            let anchors = anchors.get_mut(usize::try_from(offset).ok()?..)?;
            let len = anchors.len();
            let rest = entry.record().write(number, anchors)?;
            let written = u32::try_from(len.checked_sub(rest.len())?).ok()?;
            let slot = self.slots().get_mut(place..)?;
            let behind = append(slot, entry.name_hash().as_bytes())?;
            append(behind, &offset.to_be_bytes())?;
            offset = offset.checked_add(written)?;
            place = place.checked_add(by_name::SLOT_LEN)?;
        }
        Some(())
    }

    /// Sorts the names by hash and, under one hash, by the order of the records.
    fn sort_names(&mut self) {
        sort(self.slots(), by_name::SLOT_LEN, Ord::cmp);
    }

    /// Checks that there are no more anchors under one name than a store may hold, no two names under one hash, and no anchor
    /// twice.
    fn check_names(&self, entries: &[Entry<'_>]) -> Result<(), WriteError> {
        for position in 0..entries.len() {
            let too_long = WriteError::TooLong; // the plan rules it out
            let (hash, index) = self.entry_number(position).ok_or(too_long)?;
            let entry = entries.get(index).ok_or(too_long)?;
            for back in 1..=MAX_ANCHORS_PER_NAME {
                let Some((before, other)) = position
                    .checked_sub(back)
                    .and_then(|position| self.entry_number(position))
                else {
                    break;
                };
                if before != hash {
                    break;
                }
                if back == MAX_ANCHORS_PER_NAME {
                    return Err(WriteError::TooManyUnderOneName { index });
                }
                let Some(earlier) = entries.get(other) else {
                    return Err(too_long);
                };
                let names = entry.subject().zip(earlier.subject());
                if names.is_some_and(|(name, other)| name != other) {
                    return Err(WriteError::SameNameHash { index, other });
                }
                if entry.record().is_same_anchor(&earlier.record()) {
                    return Err(WriteError::Twice { index, other });
                }
            }
        }
        Ok(())
    }

    /// The hash at a position of the index by name, and the number of the entry.
    fn entry_number(&self, position: usize) -> Option<(NameHashPrefix, usize)> {
        let (hash, at) = self.slot(position)?;
        Some((hash, usize_at(self.blob, at.checked_add(POSITION_OFFSET)?)?))
    }

    /// The hash at a position of the index by name, and where in the blob the record is.
    fn slot(&self, position: usize) -> Option<(NameHashPrefix, usize)> {
        let start =
            by_name::slots_offset(self.bits)?.checked_add(position.checked_mul(by_name::SLOT_LEN)?)?;
        let slot = self.blob.get(self.plan.section(tag::BY_NAME)?)?.get(start..)?;
        let hash = NameHashPrefix::from_bytes(*slot.first_chunk()?);
        let anchors = self.plan.section(tag::ANCHORS)?.start;
        Some((hash, anchors.checked_add(usize_at(slot, NameHashPrefix::LEN)?)?))
    }

    /// Writes where each bucket ends, and in each record its position in the index.
    fn write_positions(&mut self) -> Option<()> {
        let bits = self.bits;
        put(self.section(tag::BY_NAME)?, 0..4, &bits.to_be_bytes())?;
        for position in 0..self.plan.count {
            let (hash, at) = self.slot(usize::try_from(position).ok()?)?;
            let place = at.checked_add(POSITION_OFFSET)?;
            put(self.blob, place..place.checked_add(4)?, &position.to_be_bytes())?;
            let end = by_name::bucket(&hash, bits).checked_add(1)?.checked_mul(4)?;
            let behind = position.checked_add(1)?.to_be_bytes();
            put(self.section(tag::BY_NAME)?, end..end.checked_add(4)?, &behind)?;
        }
        // A bucket without an anchor ends where the one before it does.
        let ends = self
            .section(tag::BY_NAME)?
            .get_mut(4..by_name::slots_offset(bits)?)?;
        let mut last = [0; 4];
        for end in ends.chunks_exact_mut(last.len()) {
            last = last.max(*end.first_chunk()?);
            end.copy_from_slice(&last);
        }
        Some(())
    }

    /// Writes the positions of the anchors that have a SKID, sorted by SKID and then by position.
    fn write_key_ids(&mut self) -> Option<()> {
        let section = self.plan.section(tag::BY_KEY_ID)?;
        let (before, behind) = self.blob.split_at_mut_checked(section.start)?;
        let slots = behind.get_mut(..section.len())?;
        let anchors = before.get(self.plan.section(tag::ANCHORS)?)?;
        let mut rest = &mut *slots;
        for placed in records(anchors) {
            if placed.record.subject_key_id.is_some() {
                rest = append(rest, &u32::try_from(placed.position).ok()?.to_be_bytes())?;
            }
        }
        let by_name = ByName::read(
            before.get(self.plan.section(tag::BY_NAME)?)?,
            usize::try_from(self.plan.count).ok()?,
        )?;
        let key = |slot: &[u8]| {
            let position = usize_at(slot, 0)?;
            let placed = Placed::read(anchors.get(by_name.record_offset(position)?..)?)?;
            Some((placed.record.subject_key_id?.as_bytes(), position))
        };
        sort(slots, by_key_id::SLOT_LEN, |one, other| key(one).cmp(&key(other)));
        Some(())
    }

    /// Writes the values of all entries in the order of the index by name, and before them where each ends.
    fn write_table<'a>(
        &mut self,
        tag: [u8; 4],
        entries: &[Entry<'a>],
        value_of: impl Fn(&Entry<'a>) -> &'a [u8],
    ) -> Option<()> {
        let section = self.plan.section(tag)?;
        let (before, behind) = self.blob.split_at_mut_checked(section.start)?;
        let anchors = before.get(self.plan.section(tag::ANCHORS)?)?;
        let ends_len = entries.len().checked_mul(table::END_LEN)?;
        let (ends, values) = behind.get_mut(..section.len())?.split_at_mut_checked(ends_len)?;
        let place = |position: usize| {
            let start = position.checked_mul(table::END_LEN)?;
            Some(start..start.checked_add(table::END_LEN)?)
        };
        for (placed, entry) in records(anchors).zip(entries) {
            let len = u32::try_from(value_of(entry).len()).ok()?;
            put(ends, place(placed.position)?, &len.to_be_bytes())?;
        }
        let mut end: u32 = 0;
        for position in 0..entries.len() {
            let place = place(position)?;
            end = end.checked_add(u32_at(ends, place.start)?)?;
            put(ends, place, &end.to_be_bytes())?;
        }
        for (placed, entry) in records(anchors).zip(entries) {
            let value = value_of(entry);
            let end = usize_at(ends, place(placed.position)?.start)?;
            put(values, end.checked_sub(value.len())?..end, value)?;
        }
        Some(())
    }

    fn finish(self) -> Option<()> {
        let (content, checksum) = self.blob.split_last_chunk_mut::<CHECKSUM_LEN>()?;
        *checksum = crc32c(content).to_be_bytes();
        Some(())
    }
}

/// The records of a section that was written, in its order.
fn records(mut anchors: &[u8]) -> impl Iterator<Item = Placed<'_>> {
    core::iter::from_fn(move || {
        let placed = Placed::read(anchors)?;
        anchors = anchors.get(placed.bytes.len()..)?;
        Some(placed)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob::v2::Record;
    use crate::{Name, TrustBlob};

    /// The hash is set by hand, because two such names cannot be found.
    #[test]
    fn two_names_with_one_hash_prefix_are_refused() {
        let hash = NameHashPrefix::from_bytes([7; NameHashPrefix::LEN]);
        let mut records = [[0; 21]; 3];
        for (serial, bytes) in (0_u8..).zip(&mut records) {
            let record = Record {
                serial: &[serial],
                ..Record::default()
            };
            assert!(record.write(0, bytes).is_some());
        }
        let [one, second, third] = records.each_ref().map(|bytes| Entry::of_record(bytes, hash));
        let (name, other_name) = (Name::from_der(&[0x30, 0]), Name::from_der(&[0x30, 2, 5, 0]));
        let (one, other) = (
            one.with_optional(name, None),
            third.with_optional(other_name, None),
        );
        for entries in [[one, second, other], [second, one, other]] {
            let refused = encode(&entries, Options::default(), 0, &mut [0; 1_000]);
            assert!(
                matches!(refused, Err(WriteError::SameNameHash { index: 2, .. })),
                "{refused:?}"
            );
        }
        let mut blob = [0; 1_000];
        let len = encode(&[one, second], Options::default(), 0, &mut blob);
        assert_eq!(
            TrustBlob::open(&blob[..len.unwrap_or(0)]).map(|blob| blob.len()),
            Ok(2)
        );
    }
}
