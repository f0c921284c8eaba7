//! Comparisons of names: whether one is equal to another, could be equal to it, or begins with it.

use super::Name;
use super::attributes::attributes;
use crate::der::{Reader, Tlv, tag};

/// The largest number of attributes of one RelativeDistinguishedName. Real ones have one.
const MAX_ATTRIBUTES: usize = 8;

/// UTF8String, NumericString, PrintableString, IA5String and VisibleString, which contain ASCII text as it is.
const TEXT: [u8; 5] = [tag::UTF8_STRING, 0x12, 0x13, 0x16, 0x1a];

impl Name<'_> {
    /// Whether this name and another could be equal for a library that folds case, spaces or kinds of strings, as OpenSSL and
    /// mbedTLS do. Names that cannot be read could be equal. No anchor is found by this; it is for conditions, which another
    /// spelling of the name must not lift.
    pub fn may_equal(&self, other: Name<'_>) -> bool {
        let (one, other) = (self.value(), other.value());
        if one == other || !is_readable(one) || !is_readable(other) {
            return true;
        }
        rest_behind(one, other).is_some_and(|rest| rest.is_at_end())
    }

    /// Whether this name begins with the bytes of another; `None` when one of them cannot be read.
    pub(crate) fn begins_with(&self, base: Name<'_>) -> Option<bool> {
        let (base, name) = (base.value(), self.value());
        // The parts that were read are complete, so the same bytes are the same attributes.
        (is_readable(base) && is_readable(name)).then(|| name.starts_with(base))
    }

    /// Whether the beginning of this name could be equal to another name for a library that [folds](Self::may_equal); `None`
    /// when one of them cannot be read.
    pub(crate) fn may_begin_with(&self, base: Name<'_>) -> Option<bool> {
        let (base, name) = (base.value(), self.value());
        (is_readable(base) && is_readable(name)).then(|| rest_behind(base, name).is_some())
    }
}

/// The rest of a name, given as its value, after parts that could be equal to those of `base`; `None` where one could not be.
fn rest_behind<'a>(base: &[u8], name: &'a [u8]) -> Option<Reader<'a>> {
    let (mut base, mut name) = (Reader::new(base), Reader::new(name));
    while let Some(wanted) = base.read() {
        if !may_be_same(wanted, name.read()?) {
            return None;
        }
    }
    Some(name)
}

/// Whether a name's value can be read, and no part of it is too large.
fn is_readable(name: &[u8]) -> bool {
    let mut parts = Reader::new(name);
    let mut are_small = true;
    while let Some(part) = parts.read() {
        are_small &= attributes(part.whole).take(MAX_ATTRIBUTES + 1).count() <= MAX_ATTRIBUTES;
    }
    are_small && attributes(name).all(|attribute| attribute.is_some())
}

/// Whether two RelativeDistinguishedNames could be equal for a library that folds.
fn may_be_same(one: Tlv<'_>, other: Tlv<'_>) -> bool {
    attributes(one.whole).flatten().all(|attribute| {
        let mut others = attributes(other.whole).flatten();
        others.any(|other| attribute.id == other.id && may_be_equal(attribute.value, other.value))
    })
}

/// Whether two values could be equal for a library that folds. They could not if both are plain ASCII text and differ in more
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
