//! The record of an anchor: all of its fields except the name.

use super::super::bytes::{Cursor, append};
use crate::KeyId;
use crate::certificate::{BasicConstraints, Profile};

/// The length of a record without its parts of variable length and its optional parts.
const FIXED_LEN: usize = 0x14;

/// The length of the longest record.
pub(super) const MAX_LEN: usize = FIXED_LEN + TIME_LEN + 7 + 3 * 0xffff + 2 * 0xff;

/// The offset of the position in the index by name.
pub(super) const POSITION_OFFSET: usize = 2;

/// A time: Unix seconds in 40 bits.
const TIME_LEN: usize = 5;

/// The time that is not known.
const NO_TIME: u64 = (1 << (8 * TIME_LEN)) - 1;

/// The flags: the optional parts that are present, and the differences from a plain root.
mod flag {
    pub(super) const DISTRUST_AFTER: u16 = 1 << 0;
    pub(super) const NAME_CONSTRAINTS: u16 = 1 << 1;
    pub(super) const PATH_LENGTH: u16 = 1 << 2;
    pub(super) const KEY_USAGE: u16 = 1 << 3;
    pub(super) const EXTENDED_KEY_USAGE: u16 = 1 << 4;
    pub(super) const NO_KEY_USAGE: u16 = 1 << 5;
    pub(super) const NO_BASIC_CONSTRAINTS: u16 = 1 << 6;
    pub(super) const NOT_CA: u16 = 1 << 7;
    pub(super) const NOT_SELF_ISSUED: u16 = 1 << 8;
    pub(super) const VERSION_1: u16 = 1 << 9;
    pub(super) const INCOMPLETE: u16 = 1 << 10;
    pub(super) const KNOWN: u16 = (1 << 11) - 1;
}

/// An anchor without its name, as version 2 holds it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Record<'a> {
    pub(crate) spki_value: &'a [u8],
    pub(crate) serial: &'a [u8],
    pub(crate) subject_key_id: Option<KeyId<'a>>,
    pub(crate) not_before: Option<u64>,
    pub(crate) not_after: Option<u64>,
    pub(crate) distrust_after: Option<u64>,
    pub(crate) name_constraints: Option<&'a [u8]>,
    pub(crate) profile: Profile<'a>,
}

/// A record in a blob.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    pub(super) record: Record<'a>,
    /// Its position in the index by name.
    pub(super) position: usize,
    /// The bytes of the record.
    pub(super) bytes: &'a [u8],
}

impl<'a> Placed<'a> {
    /// Reads the record at the start of these bytes.
    #[inline]
    pub(super) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut cursor = Cursor(bytes);
        let flags = cursor.u16().filter(|flags| flags & !flag::KNOWN == 0)?;
        let has = |flag: u16| flags & flag != 0;
        let position = usize::try_from(cursor.u32()?).ok()?;
        let not_before = time(cursor.array()?);
        let not_after = time(cursor.array()?);
        let spki_len = usize::from(cursor.u16()?);
        let serial_len = usize::from(cursor.u8()?);
        let key_id_len = usize::from(cursor.u8()?);

        let distrust_after = match has(flag::DISTRUST_AFTER) {
            true => Some(time(cursor.array()?)?),
            false => None,
        };
        let path_length = match has(flag::PATH_LENGTH) {
            true => Some(cursor.u8()?),
            false => None,
        };
        let key_usage = match (has(flag::KEY_USAGE), has(flag::NO_KEY_USAGE)) {
            (true, false) => Some(cursor.u16()?),
            (false, false) => Some(Profile::PLAIN_KEY_USAGE),
            (false, true) => None,
            (true, true) => return None,
        };
        let extended_key_usage_len = match has(flag::EXTENDED_KEY_USAGE) {
            true => Some(usize::from(cursor.u16()?)),
            false => None,
        };
        let name_constraints_len = match has(flag::NAME_CONSTRAINTS) {
            true => Some(usize::from(cursor.u16()?)),
            false => None,
        };
        let basic_constraints = match (has(flag::NO_BASIC_CONSTRAINTS), has(flag::NOT_CA)) {
            (false, false) => BasicConstraints::Ca { path_length },
            _ if path_length.is_some() => return None,
            (true, false) => BasicConstraints::Absent,
            (false, true) => BasicConstraints::NotCa,
            (true, true) => return None,
        };

        let spki_value = cursor.take(spki_len)?;
        let serial = cursor.take(serial_len)?;
        let subject_key_id = KeyId::new(cursor.take(key_id_len)?);
        let extended_key_usage = match extended_key_usage_len {
            Some(len) => Some(cursor.take(len)?),
            None => None,
        };
        let name_constraints = match name_constraints_len {
            Some(len) => Some(cursor.take(len)?),
            None => None,
        };
        let record = Record {
            spki_value,
            serial,
            subject_key_id,
            not_before,
            not_after,
            distrust_after,
            name_constraints,
            profile: Profile {
                is_version_1: has(flag::VERSION_1),
                is_self_issued: !has(flag::NOT_SELF_ISSUED),
                basic_constraints,
                key_usage,
                extended_key_usage,
                is_incomplete: has(flag::INCOMPLETE),
            },
        };
        let bytes = bytes.get(..bytes.len().checked_sub(cursor.0.len())?)?;
        Some(Self {
            record,
            position,
            bytes,
        })
    }
}

impl<'a> Record<'a> {
    /// Reads one record, with nothing after it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let placed = Placed::read(bytes)?;
        (placed.bytes.len() == bytes.len()).then_some(placed.record)
    }

    /// The record at the start of these bytes, which was read before. That cannot fail; the default only avoids a panic.
    #[inline]
    pub(crate) fn first_of(bytes: &'a [u8]) -> Self {
        Placed::read(bytes)
            .map(|placed| placed.record)
            .unwrap_or_default()
    }

    /// The bytes of the record at the start of these bytes, which was read before.
    pub(crate) fn bytes_of_first(bytes: &'a [u8]) -> &'a [u8] {
        Placed::read(bytes).map(|placed| placed.bytes).unwrap_or_default()
    }

    /// Whether this is the same anchor, if the names are equal: everything except the conditions is equal.
    pub(crate) fn is_same_anchor(&self, other: &Self) -> bool {
        let unconditional = |record: &Self| Self {
            distrust_after: None,
            name_constraints: None,
            ..*record
        };
        unconditional(self) == unconditional(other)
    }

    fn path_length(&self) -> Option<u8> {
        match self.profile.basic_constraints {
            BasicConstraints::Ca { path_length } => path_length,
            _ => None,
        }
    }

    /// The key usage, where it is present and differs from that of a plain root.
    fn unusual_key_usage(&self) -> Option<u16> {
        self.profile
            .key_usage
            .filter(|usage| *usage != Profile::PLAIN_KEY_USAGE)
    }

    fn flags(&self) -> u16 {
        let profile = &self.profile;
        let basic_constraints = profile.basic_constraints;
        [
            (self.distrust_after.is_some(), flag::DISTRUST_AFTER),
            (self.name_constraints.is_some(), flag::NAME_CONSTRAINTS),
            (self.path_length().is_some(), flag::PATH_LENGTH),
            (self.unusual_key_usage().is_some(), flag::KEY_USAGE),
            (profile.extended_key_usage.is_some(), flag::EXTENDED_KEY_USAGE),
            (profile.key_usage.is_none(), flag::NO_KEY_USAGE),
            (
                basic_constraints == BasicConstraints::Absent,
                flag::NO_BASIC_CONSTRAINTS,
            ),
            (basic_constraints == BasicConstraints::NotCa, flag::NOT_CA),
            (!profile.is_self_issued, flag::NOT_SELF_ISSUED),
            (profile.is_version_1, flag::VERSION_1),
            (profile.is_incomplete, flag::INCOMPLETE),
        ]
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .fold(0, |flags, (_, flag)| flags | flag)
    }

    /// The length of the record in bytes; `None` when a part is too long for it, or a date too late.
    pub(super) fn encoded_len(&self) -> Option<usize> {
        let fits_a_byte = |part: &[u8]| u8::try_from(part.len()).is_ok();
        let fits_two_bytes = |part: &[u8]| u16::try_from(part.len()).is_ok();
        let key_id = self.key_id();
        let optional = [self.profile.extended_key_usage, self.name_constraints];
        let optional = || optional.into_iter().flatten();
        let fits = fits_a_byte(self.serial)
            && fits_a_byte(key_id)
            && fits_two_bytes(self.spki_value)
            && optional().all(fits_two_bytes)
            && self.distrust_after.is_none_or(|time| time < NO_TIME);
        let in_all = FIXED_LEN
            .checked_add(self.distrust_after.map_or(0, |_| TIME_LEN))?
            .checked_add(self.path_length().map_or(0, |_| 1))?
            .checked_add(self.unusual_key_usage().map_or(0, |_| 2))?
            .checked_add(self.spki_value.len())?
            .checked_add(self.serial.len())?
            .checked_add(key_id.len())?;
        let in_all = optional().try_fold(in_all, |len, part| len.checked_add(2)?.checked_add(part.len()));
        in_all.filter(|_| fits)
    }

    /// Writes the record, with this position, to the start of the buffer.
    pub(super) fn write<'b>(&self, position: u32, buffer: &'b mut [u8]) -> Option<&'b mut [u8]> {
        let profile = &self.profile;
        let len_of = |part: &[u8]| u16::try_from(part.len()).map(u16::to_be_bytes).ok();
        let short_len_of = |part: &[u8]| u8::try_from(part.len()).map(u8::to_be_bytes).ok();
        let mut rest = append(buffer, &self.flags().to_be_bytes())?;
        rest = append(rest, &position.to_be_bytes())?;
        rest = append(rest, &time_bytes(self.not_before))?;
        rest = append(rest, &time_bytes(self.not_after))?;
        rest = append(rest, &len_of(self.spki_value)?)?;
        rest = append(rest, &short_len_of(self.serial)?)?;
        rest = append(rest, &short_len_of(self.key_id())?)?;
        if self.distrust_after.is_some() {
            rest = append(rest, &time_bytes(self.distrust_after))?;
        }
        if let Some(path_length) = self.path_length() {
            rest = append(rest, &[path_length])?;
        }
        if let Some(key_usage) = self.unusual_key_usage() {
            rest = append(rest, &key_usage.to_be_bytes())?;
        }
        if let Some(purposes) = profile.extended_key_usage {
            rest = append(rest, &len_of(purposes)?)?;
        }
        if let Some(constraints) = self.name_constraints {
            rest = append(rest, &len_of(constraints)?)?;
        }
        rest = append(rest, self.spki_value)?;
        rest = append(rest, self.serial)?;
        rest = append(rest, self.key_id())?;
        rest = append(rest, profile.extended_key_usage.unwrap_or_default())?;
        append(rest, self.name_constraints.unwrap_or_default())
    }

    fn key_id(&self) -> &'a [u8] {
        self.subject_key_id
            .map(|key_id| key_id.as_bytes())
            .unwrap_or_default()
    }
}

fn time([a, b, c, d, e]: [u8; TIME_LEN]) -> Option<u64> {
    let time = u64::from_be_bytes([0, 0, 0, a, b, c, d, e]);
    (time != NO_TIME).then_some(time)
}

/// Encodes a time. One that does not fit is not known: no date of a certificate is so late.
fn time_bytes(time: Option<u64>) -> [u8; TIME_LEN] {
    let time = time.unwrap_or(NO_TIME).min(NO_TIME);
    let [_, _, _, rest @ ..] = time.to_be_bytes();
    rest
}
