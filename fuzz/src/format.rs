//! Version 2 of the trust blob as `docs/trust-blob.md` has it, read a second time: as that page says it, step by
//! step, by code that shares nothing with the reader that is tested but the reading of certificates and names.

use std::borrow::Cow;

use crc::{CRC_32_ISCSI, Crc};
use jit_trust_core::{BasicConstraints, Certificate, MAX_ANCHORS_PER_NAME, Name, Profile};

/// The length of the header, without the list of sections.
pub const HEADER_LEN: usize = 0x14;

/// The length of an entry of the list of sections.
pub const SECTION_LEN: usize = 12;

/// The length of a slot of the index by name.
pub const SLOT_LEN: usize = 20;

/// A time that is not known.
const NO_TIME: u64 = 0xff_ffff_ffff;

const MAGIC: &[u8] = b"TBLB";
const VERSION: &[u8] = &[0, 2];

/// Without this no changed blob of version 2, whose last four bytes are the CRC-32C of those before, would be looked
/// into.
pub fn put_checksum_right(blob: &mut [u8]) {
    if blob.get(4..6) == Some(VERSION)
        && let Some((before, checksum)) = blob.split_last_chunk_mut()
    {
        *checksum = crc_32c(before).to_be_bytes();
    }
}

fn crc_32c(bytes: &[u8]) -> u32 {
    Crc::<u32>::new(&CRC_32_ISCSI).checksum(bytes)
}

/// The four letters that a section is called.
pub type Tag = [u8; 4];

/// A blob taken apart into its sections, none of them looked into.
#[derive(Clone)]
pub struct Layout<'a> {
    pub generation: u32,
    pub count: u32,
    pub sections: Vec<(Tag, Cow<'a, [u8]>)>,
}

impl<'a> Layout<'a> {
    /// Takes a blob apart, whatever its checksum.
    pub fn of(blob: &'a [u8]) -> Option<Self> {
        let is_whole = blob.starts_with(&[MAGIC, VERSION].concat()) && number(blob, 0x0c)? == blob.len();
        let end = blob.len().checked_sub(4).filter(|_| is_whole)?;
        let count = usize::from(u16::from_be_bytes(*blob.get(6..)?.first_chunk()?));
        let mut next = HEADER_LEN + count * SECTION_LEN;
        let list = blob.get(HEADER_LEN..next.min(end)).unwrap_or_default();
        let mut sections = Vec::new();
        for section in list.chunks_exact(SECTION_LEN) {
            let (offset, len) = (number(section, 4)?, number(section, 8)?);
            let content = blob.get(..end)?.get(offset..offset.checked_add(len)?)?;
            if offset != next {
                return None;
            }
            next += len;
            sections.push((*section.first_chunk()?, content.into()));
        }
        (sections.len() == count && next == end).then_some(Self {
            generation: word(blob, 8)?,
            count: word(blob, 0x10)?,
            sections,
        })
    }

    /// The blob of these sections, with everything right that stands around them.
    pub fn put_together(&self) -> Vec<u8> {
        let mut blob = [MAGIC, VERSION].concat();
        let contents = self.sections.iter().map(|(_, content)| content.len());
        let mut offset = HEADER_LEN + self.sections.len() * SECTION_LEN;
        let total = offset + contents.sum::<usize>() + 4;
        blob.extend((self.sections.len() as u16).to_be_bytes());
        for number in [self.generation, total as u32, self.count] {
            blob.extend(number.to_be_bytes());
        }
        for (tag, content) in &self.sections {
            blob.extend(tag);
            blob.extend((offset as u32).to_be_bytes());
            blob.extend((content.len() as u32).to_be_bytes());
            offset += content.len();
        }
        for (_, content) in &self.sections {
            blob.extend_from_slice(content);
        }
        blob.extend([0; 4]);
        put_checksum_right(&mut blob);
        blob
    }

    /// The only section of this tag; `None` when there are several, an empty list when there is none.
    fn at_most_one(&self, tag: &Tag) -> Option<Option<&'a [u8]>> {
        let mut found = self.sections.iter().filter(|(other, _)| other == tag);
        match (found.next(), found.next()) {
            (None, _) => Some(None),
            (Some((_, Cow::Borrowed(section))), None) => Some(Some(section)),
            _ => None,
        }
    }
}

/// All that a blob says of an anchor.
#[derive(Clone, Debug)]
pub struct Anchor<'a> {
    /// The record, where it stands.
    pub bytes: &'a [u8],
    /// The position in the index by name.
    pub position: usize,
    pub name_hash: [u8; 16],
    pub name: Option<&'a [u8]>,
    pub certificate: Option<&'a [u8]>,
    pub spki_value: &'a [u8],
    pub serial: &'a [u8],
    pub subject_key_id: Option<&'a [u8]>,
    pub not_before: Option<u64>,
    pub not_after: Option<u64>,
    pub distrust_after: Option<u64>,
    pub name_constraints: Option<&'a [u8]>,
    pub profile: Profile<'a>,
}

/// The anchors of a blob, in the order of their records; `None` when it is to be refused.
pub fn read(blob: &[u8]) -> Option<Vec<Anchor<'_>>> {
    let layout = Layout::of(blob)?;
    let (before, checksum) = blob.split_last_chunk()?;
    if crc_32c(before).to_be_bytes() != *checksum {
        return None;
    }
    let section = |tag| layout.at_most_one(tag);
    let count = layout.count as usize;
    let slots = slots(section(b"NAMX")??, count)?;
    let mut anchors = records(section(b"ANCH")??, &slots)?;
    if !is_each_once(&anchors) {
        return None;
    }
    check_key_ids(section(b"SKIX")??, &anchors)?;
    let names = values(section(b"NAME")?, count)?;
    let certificates = values(section(b"CERT")?, count)?;
    for anchor in &mut anchors {
        anchor.name = names[anchor.position];
        anchor.certificate = certificates[anchor.position];
        let is_its_own = |name: Name<'_>| name.hash().prefix().as_bytes() == &anchor.name_hash;
        if anchor
            .name
            .is_some_and(|name| !Name::from_der(name).is_some_and(is_its_own))
        {
            return None;
        }
        if let Some(der) = anchor.certificate {
            let certificate = Certificate::from_der(der).ok()?;
            let says_the_same = is_its_own(certificate.subject())
                && certificate.spki_value() == anchor.spki_value
                && certificate.serial() == anchor.serial
                && certificate.subject_key_id().map(|key_id| key_id.as_bytes()) == anchor.subject_key_id
                && certificate.not_before() == anchor.not_before
                && certificate.not_after() == anchor.not_after
                && certificate.profile() == anchor.profile
                && (certificate.name_constraints().is_none() || anchor.name_constraints.is_some());
            if !says_the_same {
                return None;
            }
        }
    }
    Some(anchors)
}

/// Whether no two anchors under one hash are the same but for their conditions.
fn is_each_once(anchors: &[Anchor<'_>]) -> bool {
    let all_but_conditions = |anchor: &Anchor<'_>| {
        let spki = (anchor.spki_value.to_vec(), anchor.serial.to_vec());
        let key_id = anchor.subject_key_id.map(<[u8]>::to_vec);
        let profile = format!("{:?}", anchor.profile);
        let validity = (anchor.not_before, anchor.not_after);
        (anchor.name_hash, spki, key_id, validity, profile)
    };
    let each: std::collections::HashSet<_> = anchors.iter().map(all_but_conditions).collect();
    each.len() == anchors.len()
}

/// The slots of the index by name.
fn slots(section: &[u8], count: usize) -> Option<Vec<&[u8]>> {
    let bits = word(section, 0).filter(|bits| *bits <= 24)?;
    let buckets = 1_usize << bits;
    if section.len() as u64 != 4 + 4 * buckets as u64 + SLOT_LEN as u64 * count as u64 {
        return None;
    }
    let (ends, slots) = section[4..].split_at(4 * buckets);
    let slots: Vec<_> = slots.chunks_exact(SLOT_LEN).collect();
    let bucket = |slot: &[u8]| u64::from(word(slot, 0).unwrap_or_default()) >> (32 - bits);
    let ends_are_right = (0..).zip(ends.chunks_exact(4)).all(|(index, end)| {
        let expected = slots.partition_point(|slot| bucket(slot) <= index);
        number(end, 0) == Some(expected)
    });
    let ascend = slots.is_sorted_by(|one, next| one < next);
    let mut windows = slots.windows(MAX_ANCHORS_PER_NAME + 1);
    let too_many = windows.any(|slots| slots[0][..16] == slots[MAX_ANCHORS_PER_NAME][..16]);
    (ends_are_right && ascend && !too_many).then_some(slots)
}

fn records<'a>(section: &'a [u8], slots: &[&[u8]]) -> Option<Vec<Anchor<'a>>> {
    let mut anchors = Vec::new();
    let mut rest = section;
    for _ in slots {
        let mut anchor = record(rest)?;
        let slot = slots.get(anchor.position)?;
        if number(slot, 16)? != section.len() - rest.len() {
            return None;
        }
        anchor.name_hash = *slot.first_chunk()?;
        rest = &rest[anchor.bytes.len()..];
        anchors.push(anchor);
    }
    rest.is_empty().then_some(anchors)
}

/// The record that the bytes begin with.
pub fn record(bytes: &[u8]) -> Option<Anchor<'_>> {
    let mut rest = bytes;
    let mut take = |len: usize| {
        let (taken, behind) = rest.split_at_checked(len)?;
        rest = behind;
        Some(taken)
    };
    let value = |bytes: &[u8]| bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte));
    let flags = value(take(2)?);
    let has = |flag: u32| flags >> flag & 1 == 1;
    let is_contradiction =
        flags >> 11 != 0 || has(3) && has(5) || has(6) && has(7) || has(2) && (has(6) || has(7));
    if is_contradiction {
        return None;
    }
    let position = value(take(4)?) as usize;
    let known = |time: u64| (time != NO_TIME).then_some(time);
    let not_before = known(value(take(5)?));
    let not_after = known(value(take(5)?));
    let lengths = [value(take(2)?), value(take(1)?), value(take(1)?)];
    let mut optional = |flag, len| match has(flag) {
        true => take(len).map(|bytes| Some(value(bytes))),
        false => Some(None),
    };
    let distrust_after = optional(0, 5)?;
    let path_length = optional(2, 1)?;
    let key_usage = optional(3, 2)?;
    let extended_key_usage = optional(4, 2)?;
    let name_constraints = optional(1, 2)?;
    if distrust_after == Some(NO_TIME) {
        return None;
    }
    let mut some = |len: u64| take(len as usize);
    let [spki_value, serial, key_id] = [some(lengths[0])?, some(lengths[1])?, some(lengths[2])?];
    let mut some_or_none = |len: Option<u64>| len.map_or(Some(None), |len| some(len).map(Some));
    let extended_key_usage = some_or_none(extended_key_usage)?;
    let name_constraints = some_or_none(name_constraints)?;

    let mut profile = Profile::default();
    profile.is_version_1 = has(9);
    profile.is_self_issued = !has(8);
    profile.is_incomplete = has(10);
    profile.extended_key_usage = extended_key_usage;
    profile.key_usage = (!has(5)).then_some(key_usage.map_or(0x0600, |usage| usage as u16));
    profile.basic_constraints = match (has(6), has(7)) {
        (true, _) => BasicConstraints::Absent,
        (_, true) => BasicConstraints::NotCa,
        _ => BasicConstraints::Ca {
            path_length: path_length.map(|length| length as u8),
        },
    };
    Some(Anchor {
        bytes: &bytes[..bytes.len() - rest.len()],
        position,
        name_hash: [0; 16],
        name: None,
        certificate: None,
        spki_value,
        serial,
        subject_key_id: (!key_id.is_empty()).then_some(key_id),
        not_before,
        not_after,
        distrust_after,
        name_constraints,
        profile,
    })
}

/// The index by SKID is the one that these anchors have.
fn check_key_ids(section: &[u8], anchors: &[Anchor<'_>]) -> Option<()> {
    let with_key_id = anchors
        .iter()
        .filter_map(|anchor| Some((anchor.subject_key_id?, anchor.position)));
    let mut expected: Vec<_> = with_key_id.collect();
    expected.sort_unstable();
    let expected = expected
        .iter()
        .flat_map(|(_, position)| (*position as u32).to_be_bytes());
    expected.eq(section.iter().copied()).then_some(())
}

/// The values of a table, in the order of the index by name.
fn values(section: Option<&[u8]>, count: usize) -> Option<Vec<Option<&[u8]>>> {
    let Some(section) = section else {
        return Some(vec![None; count]);
    };
    let (ends, values) = section.split_at_checked(count.checked_mul(4)?)?;
    let mut start = 0;
    let mut found = Vec::new();
    for end in ends.chunks_exact(4) {
        let end = number(end, 0)?;
        let value = values.get(start..end)?;
        found.push((!value.is_empty()).then_some(value));
        start = end;
    }
    (start == values.len()).then_some(found)
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn number(bytes: &[u8], at: usize) -> Option<usize> {
    word(bytes, at).map(|word| word as usize)
}
