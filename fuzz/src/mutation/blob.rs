//! Changing a trust blob so that most of it stays right: an anchor goes, comes or gets conditions, and everything is
//! made anew; or a section, a place in an index or the flag of a record changes, and what stands around it is put
//! right.

use std::borrow::Cow;

use jit_trust_core::{Certificate, Entry, TrustBlob, v1, v2};

use super::{ChangeBytes, Choices, changed, der};
use crate::format::{HEADER_LEN, Layout, SECTION_LEN, SLOT_LEN, record};
use crate::pool;

/// Something in `blob`, chosen by `seed`, is changed. What cannot be taken apart is changed as bytes.
pub fn mutate(blob: &[u8], seed: u32, change_bytes: ChangeBytes) -> Vec<u8> {
    let mut choices = Choices(seed.into());
    let done = match choices.below(3) {
        0 => with_other_anchors(blob, &mut choices, change_bytes),
        _ => with_other_bytes(blob, &mut choices, change_bytes),
    };
    done.unwrap_or_else(|| changed(blob, change_bytes))
}

/// As [`mutate`], of an input whose last byte is no part of the blob.
pub fn mutate_before_the_last_byte(input: &[u8], seed: u32, change_bytes: ChangeBytes) -> Vec<u8> {
    let Some((last, blob)) = input.split_last() else {
        return Vec::new();
    };
    let mut input = mutate(blob, seed, change_bytes);
    input.push(if seed >> 29 == 0 {
        (seed >> 16) as u8
    } else {
        *last
    });
    input
}

fn with_other_anchors(blob: &[u8], choices: &mut Choices, change_bytes: ChangeBytes) -> Option<Vec<u8>> {
    let blob = TrustBlob::open(blob).ok()?;
    let mut entries: Vec<_> = blob.entries().collect();
    let at = choices.below(entries.len());
    let other = choices.below(entries.len());
    let from_the_pool = pool::CERTIFICATES[choices.below(pool::CERTIFICATES.len())];
    let odd = der::mutate(from_the_pool, choices.below(1 << 30) as u32, change_bytes);
    let entry_of = |der| Certificate::from_der(der).ok().map(Entry::from_certificate);
    let constraints: &[u8] =
        [&b"\xa0\x07\x30\x05\x82\x03.tr"[..], b"\xa1\x02\x30\x00", &[]][choices.below(3)];
    match choices.below(8) {
        0 | 1 => entries.insert(at, entry_of(from_the_pool)?),
        2 | 3 => entries.insert(at, entry_of(&odd)?),
        4 if !entries.is_empty() => drop(entries.remove(at)),
        5 if !entries.is_empty() => entries.insert(at, entries[other]),
        6 if !entries.is_empty() => entries.swap(at, other),
        _ => {
            let entry = entries.get_mut(at)?;
            let issued_at = pool::LEAVES_NOT_BEFORE;
            let date = [
                Some(issued_at - 1),
                Some(issued_at),
                Some(0),
                Some((1 << 40) - 2),
                None,
            ];
            *entry = match choices.below(2) {
                0 => entry.with_distrust_after(date[choices.below(date.len())]),
                _ => entry.with_name_constraints(Some(constraints).filter(|_| choices.below(4) > 0)),
            };
        }
    }
    if choices.below(8) == 0 {
        return version_1(&entries, blob.generation());
    }
    let options = v2::Options::default()
        .with_names(choices.below(2) == 0)
        .with_certificates(choices.below(2) == 0);
    v2::to_vec(&entries, options, blob.generation()).ok()
}

fn version_1(entries: &[Entry<'_>], generation: u32) -> Option<Vec<u8>> {
    let certificates = entries.iter().map(Entry::certificate);
    let certificates: Vec<_> = certificates.collect::<Option<_>>()?;
    v1::to_vec(&certificates, generation).ok()
}

fn with_other_bytes(blob: &[u8], choices: &mut Choices, change_bytes: ChangeBytes) -> Option<Vec<u8>> {
    let mut layout = Layout::of(blob)?;
    match choices.below(8) {
        0 => change_sections(&mut layout, choices, change_bytes),
        1 => {
            let mut blob = layout.put_together();
            let at = 6 + choices.below(HEADER_LEN - 6 + layout.sections.len() * SECTION_LEN);
            blob[at] = blob[at].wrapping_add([1, 0xff, 4, 0x80][choices.below(4)]);
            return Some(blob);
        }
        2 => choose_buckets_by(choices.below(6) as u32, &mut layout)?,
        3 | 4 => change_record(&mut layout, choices)?,
        _ => change_place(&mut layout, choices)?,
    }
    Some(layout.put_together())
}

fn change_sections(layout: &mut Layout<'_>, choices: &mut Choices, change_bytes: ChangeBytes) {
    let sections = &mut layout.sections;
    let at = choices.below(sections.len());
    let other = choices.below(sections.len());
    match choices.below(8) {
        _ if sections.is_empty() => sections.push((*b"ANCH", Cow::default())),
        0 => drop(sections.remove(at)),
        1 => sections.insert(at, sections[other].clone()),
        2 | 3 => sections.swap(at, other),
        4 => sections.insert(at, (*b"SIGN", vec![0; choices.below(9)].into())),
        5 => sections[at].0[choices.below(4)] ^= 0x20,
        6 => sections[at].1 = changed(&sections[at].1, change_bytes).into(),
        _ => {
            let content = sections[at].1.to_mut();
            match choices.below(2) {
                0 => drop(content.pop()),
                _ => content.push(0),
            }
        }
    }
}

fn section<'l>(layout: &'l mut Layout<'_>, tag: [u8; 4]) -> Option<&'l mut Vec<u8>> {
    let mut sections = layout.sections.iter_mut();
    let (_, content) = sections.find(|(other, _)| *other == tag)?;
    Some(content.to_mut())
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn put_word(bytes: &mut [u8], at: usize, word: u32) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = word.to_be_bytes();
    Some(())
}

/// Where the slots of the index by name begin.
fn slots_offset(by_name: &[u8]) -> Option<usize> {
    let bits = word(by_name, 0).filter(|bits| *bits <= 24)?;
    Some(4 + (4 << bits))
}

/// Another number of buckets, each of which ends where it must.
fn choose_buckets_by(bits: u32, layout: &mut Layout<'_>) -> Option<()> {
    let by_name = section(layout, *b"NAMX")?;
    let slots = by_name.get(slots_offset(by_name)?..)?.to_vec();
    let bucket = |slot: &[u8]| word(slot, 0).map(|word| u64::from(word) >> (32 - bits));
    by_name.clear();
    by_name.extend(bits.to_be_bytes());
    for index in 0..1_u64 << bits {
        let before = slots
            .chunks_exact(SLOT_LEN)
            .filter(|slot| bucket(slot) <= Some(index));
        by_name.extend((before.count() as u32).to_be_bytes());
    }
    by_name.extend(slots);
    Some(())
}

/// The flags of a record and the fields of a fixed length that they stand for, in the order in which those stand.
const FIELDS: [(u16, usize); 5] = [(0, 5), (2, 1), (3, 2), (4, 2), (1, 2)];

/// Where the fields begin that not every record has.
const FIELDS_OFFSET: usize = 0x14;

/// A record gets a flag, or loses it, with or without the field that belongs to it; or one of its other bytes
/// changes. The index by name is told where the records behind it are.
fn change_record(layout: &mut Layout<'_>, choices: &mut Choices) -> Option<()> {
    let anchors = section(layout, *b"ANCH")?;
    let mut starts = vec![0];
    while let Some(found) = record(anchors.get(*starts.last()?..)?) {
        starts.push(starts.last()? + found.bytes.len());
    }
    let chosen = choices.below(starts.len());
    let start = starts[chosen];
    let before = anchors.len();
    let flags = u16::from_be_bytes(*anchors.get(start..)?.first_chunk()?);
    match choices.below(4) {
        0 | 1 => {
            let (flag, len) = FIELDS[choices.below(FIELDS.len())];
            let earlier = FIELDS.iter().take_while(|(other, _)| *other != flag);
            let earlier = earlier.filter(|(other, _)| flags >> other & 1 == 1);
            let at = start + FIELDS_OFFSET + earlier.map(|(_, len)| len).sum::<usize>();
            let byte = [0, 0, 1, 0xff][choices.below(4)];
            if flags >> flag & 1 == 0 && at <= anchors.len() {
                anchors.splice(at..at, vec![byte; len]);
            } else if at + len <= anchors.len() {
                anchors.drain(at..at + len);
            }
            let flags = (flags ^ 1 << flag).to_be_bytes();
            anchors.get_mut(start..start + 2)?.copy_from_slice(&flags);
        }
        2 => {
            let flags = (flags ^ 1 << choices.below(12)).to_be_bytes();
            anchors.get_mut(start..start + 2)?.copy_from_slice(&flags);
        }
        _ => {
            let byte = anchors.get_mut(start + choices.below(FIELDS_OFFSET + 8))?;
            *byte = [byte.wrapping_add(1), byte.wrapping_sub(1), 0, 0xff][choices.below(4)];
        }
    }
    let grown = anchors.len().wrapping_sub(before) as u32;
    let by_name = section(layout, *b"NAMX")?;
    let slots = slots_offset(by_name)?;
    for slot in by_name.get_mut(slots..)?.chunks_exact_mut(SLOT_LEN) {
        let offset = word(slot, 16)?;
        if offset as usize > start {
            put_word(slot, 16, offset.wrapping_add(grown))?;
        }
    }
    Some(())
}

/// A number in an index or a table changes, or two places of one change places.
fn change_place(layout: &mut Layout<'_>, choices: &mut Choices) -> Option<()> {
    let count = layout.count as usize;
    let tag = [*b"NAMX", *b"NAMX", *b"SKIX", *b"NAME", *b"CERT", *b"ANCH"][choices.below(6)];
    let content = section(layout, tag)?;
    // Where the places begin, how long each is, and how many there are.
    let (start, len, places) = match &tag {
        b"NAMX" if choices.below(2) == 0 => (slots_offset(content)?, SLOT_LEN, count),
        b"NAMX" => (0, 4, slots_offset(content)? / 4),
        b"SKIX" => (0, 4, content.len() / 4),
        b"ANCH" => (2 + record(content)?.bytes.len() * choices.below(2), 4, 1),
        _ => (0, 4, count),
    };
    let [one, other] = [0; 2].map(|_| start + len * choices.below(places));
    if one.max(other) + len > content.len() {
        return None;
    }
    let number_at = one + len - 4;
    let number = word(content, number_at)?;
    let random = choices.below(count + 2) as u32;
    match choices.below(6) {
        0 => put_word(content, number_at, number.wrapping_add(1))?,
        1 => put_word(content, number_at, number.wrapping_sub(1))?,
        2 => put_word(content, number_at, random)?,
        3 => content.copy_within(one..one + len, other),
        _ => {
            let before = content[one..one + len].to_vec();
            content.copy_within(other..other + len, one);
            content[other..other + len].copy_from_slice(&before);
        }
    }
    Some(())
}
