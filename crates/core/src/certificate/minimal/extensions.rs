//! The extensions of a minimal certificate: those that a library judges a root by.

use super::writer::Writer;
use crate::blob::v2::Record;
use crate::certificate::BasicConstraints;
use crate::certificate::extensions::id_ce;
use crate::der::tag;

/// `critical BOOLEAN DEFAULT FALSE`, and `cA`, which has the same default.
const TRUE: &[u8] = &[tag::BOOLEAN, 1, 0xff];
const FALSE: &[u8] = &[];

/// A critical extension that nobody knows and nobody will: 2.999 is the arc for examples.
const UNKNOWN_AND_CRITICAL: &[u8] = b"\x30\x09\x06\x02\x88\x37\x01\x01\xff\x04\x00";

/// Whether there is anything to say in extensions.
pub(super) fn has_any(record: &Record<'_>) -> bool {
    let profile = &record.profile;
    record.subject_key_id.is_some()
        || record.name_constraints.is_some()
        || profile.basic_constraints != BasicConstraints::Absent
        || profile.key_usage.is_some()
        || profile.extended_key_usage.is_some()
        || profile.is_incomplete
}

/// Writes the inside of the SEQUENCE of extensions, the last of them first.
///
/// Critical are those that RFC 5280 section 4.2.1 wants critical in the certificate of a CA. Those that it leaves open,
/// the extended key usage, are not: a library that does not know it would have taken most originals too.
pub(super) fn write(record: &Record<'_>, list: &mut Writer<'_>) {
    let profile = &record.profile;
    if profile.is_incomplete {
        list.prepend(UNKNOWN_AND_CRITICAL);
    }
    if let Some(constraints) = record.name_constraints {
        write_one(id_ce::NAME_CONSTRAINTS, TRUE, list, |value| {
            value.prepend_sequence(|inside| inside.prepend(constraints));
        });
    }
    if let Some(purposes) = profile.extended_key_usage {
        write_one(id_ce::EXT_KEY_USAGE, FALSE, list, |value| {
            value.prepend_sequence(|inside| inside.prepend(purposes));
        });
    }
    if let Some(bits) = profile.key_usage {
        write_one(id_ce::KEY_USAGE, TRUE, list, |value| {
            write_named_bits(bits, value);
        });
    }
    if profile.basic_constraints != BasicConstraints::Absent {
        write_one(id_ce::BASIC_CONSTRAINTS, TRUE, list, |value| {
            value.prepend_sequence(|inside| write_basic_constraints(profile.basic_constraints, inside));
        });
    }
    if let Some(key_id) = record.subject_key_id {
        write_one(id_ce::SUBJECT_KEY_IDENTIFIER, FALSE, list, |value| {
            value.prepend_tagged(tag::OCTET_STRING, |inside| inside.prepend(key_id.as_bytes()));
        });
    }
}

/// `Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }`, of the identifiers
/// 2.5.29.x.
fn write_one(id: u8, critical: &[u8], list: &mut Writer<'_>, value: impl FnOnce(&mut Writer<'_>)) {
    list.prepend_sequence(|extension| {
        extension.prepend_tagged(tag::OCTET_STRING, |octets| value(octets));
        extension.prepend(critical);
        extension.prepend_tagged(tag::OBJECT_IDENTIFIER, |oid| oid.prepend(&[0x55, 0x1d, id]));
    });
}

/// The inside of the SEQUENCE of the basic constraints.
fn write_basic_constraints(constraints: BasicConstraints, inside: &mut Writer<'_>) {
    let BasicConstraints::Ca { path_length } = constraints else {
        return;
    };
    match path_length {
        Some(length @ 0x80..) => inside.prepend(&[tag::INTEGER, 2, 0, length]),
        Some(length) => inside.prepend(&[tag::INTEGER, 1, length]),
        None => {}
    }
    inside.prepend(TRUE);
}

/// A BIT STRING of named bits, which ends with the last that is set (X.690 section 11.2.2).
fn write_named_bits(bits: u16, value: &mut Writer<'_>) {
    let [high, low] = bits.to_be_bytes();
    let unused = |byte: u8| byte.trailing_zeros().to_be_bytes()[3];
    value.prepend_tagged(tag::BIT_STRING, |inside| match (high, low) {
        (0, 0) => inside.prepend(&[0]),
        (_, 0) => inside.prepend(&[unused(high), high]),
        _ => inside.prepend(&[unused(low), high, low]),
    });
}
