//! directoryName.

use super::subtrees::{NotUnderstood, Subtrees};
use crate::Name;
use crate::der::{Reader, Tlv, tag};

/// id-at-commonName (RFC 5280 appendix A.1) and id-emailAddress: the contents of OBJECT IDENTIFIERs.
pub(super) const COMMON_NAME: &[u8] = b"\x55\x04\x03";
pub(super) const EMAIL_ADDRESS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01";

/// The attributes that one RelativeDistinguishedName may have. Real ones have one.
const MAX_ATTRIBUTES: usize = 8;

/// UTF8String, NumericString, PrintableString, IA5String and VisibleString: ASCII, as long as it is.
const TEXT: [u8; 5] = [tag::UTF8_STRING, 0x12, 0x13, 0x16, 0x1a];

/// An attribute's type and value.
type Attribute<'a> = (&'a [u8], Tlv<'a>);

/// Whether a name begins with that of the subtree.
pub(super) fn contains(subtrees: Subtrees, base: &[u8], name: &[u8]) -> Result<bool, NotUnderstood> {
    let base = Name::from_der(base).ok_or(NotUnderstood)?.value();
    let name = Name::from_der(name).ok_or(NotUnderstood)?.value();
    if !is_read(base) || !is_read(name) {
        return Err(NotUnderstood);
    }
    // What has been read is whole, so that the same bytes are the same attributes.
    if subtrees == Subtrees::Permitted {
        return Ok(name.starts_with(base));
    }
    let (mut base, mut name) = (Reader::new(base), Reader::new(name));
    while let Some(wanted) = base.read() {
        match name.read() {
            Some(given) if may_be_same(wanted, given) => {}
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// Whether two names could be the same to a library that folds case, spaces or kinds of strings: OpenSSL and mbedTLS do.
/// What cannot be read could be.
pub(crate) fn may_be_same_name(one: Name<'_>, other: Name<'_>) -> bool {
    let (one, other) = (one.value(), other.value());
    if one == other || !is_read(one) || !is_read(other) {
        return true;
    }
    let (mut one, mut other) = (Reader::new(one), Reader::new(other));
    while let Some(part) = one.read() {
        match other.read() {
            Some(counterpart) if may_be_same(part, counterpart) => {}
            _ => return false,
        }
    }
    other.is_at_end()
}

/// All attributes of a name, given as its inside; `None`, once, for what cannot be read.
pub(super) fn attributes(name: &[u8]) -> impl Iterator<Item = Option<Attribute<'_>>> {
    let mut name = Reader::new(name);
    let mut set = Reader::new(&[]);
    core::iter::from_fn(move || {
        while set.is_at_end() {
            if name.is_at_end() {
                return None;
            }
            match name.expect(tag::SET) {
                Some(next) => set = Reader::new(next.value),
                None => {
                    name = Reader::new(&[]);
                    return Some(None);
                }
            }
        }
        let attribute = set.expect(tag::SEQUENCE).and_then(attribute);
        if attribute.is_none() {
            (name, set) = (Reader::new(&[]), Reader::new(&[]));
        }
        Some(attribute)
    })
}

/// `AttributeTypeAndValue ::= SEQUENCE { type OBJECT IDENTIFIER, value ANY }`.
fn attribute(sequence: Tlv<'_>) -> Option<Attribute<'_>> {
    let mut fields = Reader::new(sequence.value);
    let id = fields.expect(tag::OBJECT_IDENTIFIER)?;
    let value = fields.read()?;
    fields.is_at_end().then_some((id.value, value))
}

/// Whether a name's inside can be read, and no part of it is too large.
fn is_read(name: &[u8]) -> bool {
    let mut parts = Reader::new(name);
    let mut are_small = true;
    while let Some(part) = parts.read() {
        are_small &= attributes(part.whole).take(MAX_ATTRIBUTES + 1).count() <= MAX_ATTRIBUTES;
    }
    are_small && attributes(name).all(|attribute| attribute.is_some())
}

/// Whether two RelativeDistinguishedNames could be the same to somebody.
fn may_be_same(one: Tlv<'_>, other: Tlv<'_>) -> bool {
    attributes(one.whole).flatten().all(|(id, value)| {
        let mut others = attributes(other.whole).flatten();
        others.any(|(other_id, other)| id == other_id && may_be_equal(value, other))
    })
}

/// Whether two values could be the same to somebody: they surely are not if both are plain ASCII text and differ in more
/// than case and spaces.
fn may_be_equal(one: Tlv<'_>, other: Tlv<'_>) -> bool {
    let is_text = |value: Tlv<'_>| TEXT.contains(&value.tag) && value.value.is_ascii();
    if !is_text(one) || !is_text(other) {
        return true;
    }
    folded(one.value).eq(folded(other.value))
}

/// The text without spaces, in lower case.
fn folded(text: &[u8]) -> impl Iterator<Item = u8> {
    let visible = text.iter().filter(|byte| byte.is_ascii_graphic());
    visible.map(u8::to_ascii_lowercase)
}
