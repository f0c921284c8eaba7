//! DER, as far as what stands around certificates needs it.

use der::asn1::AnyRef;
use der::{Decode, Reader, SliceReader};

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;
/// The tag `[0]` of a constructed value.
pub(super) const CONTEXT_0: u8 = 0xa0;

/// One tag-length-value: the whole of it, and its value alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// The tag-length-values that these bytes begin with, one after the other; ends at what is none.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a>(&'a [u8]);

impl<'a> Elements<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Of a text that is one value under this tag and nothing else: what is in it.
    pub(super) fn within(tag: u8, bytes: &'a [u8]) -> Option<Self> {
        let mut elements = Self(bytes);
        let value = elements.next_of(tag)?;
        elements.is_at_end().then_some(Self(value))
    }

    /// The value of the next element, if it has this tag. Else it stays the next.
    pub(super) fn next_of(&mut self, tag: u8) -> Option<&'a [u8]> {
        let mut ahead = *self;
        let element = ahead.next().filter(|element| element.tag == tag)?;
        *self = ahead;
        Some(element.value)
    }

    /// Whether every byte was read.
    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_empty()
    }

    /// What was not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        let tag = *self.0.first()?;
        let whole = SliceReader::new(self.0).ok()?.tlv_bytes().ok()?;
        let element = AnyRef::from_der(whole).ok()?;
        self.0 = self.0.get(whole.len()..)?;
        Some(Element {
            tag,
            value: element.value(),
            whole,
        })
    }
}

/// Whether these bytes are one SEQUENCE and nothing else, as a name and a subject public key info are.
pub(super) fn is_sequence(bytes: &[u8]) -> bool {
    Elements::within(SEQUENCE, bytes).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_end_where_the_bytes_are_no_der() {
        let mut elements = Elements::of(&[0x02, 1, 7, 0x05, 0, 0x30, 3, 1]);
        assert_eq!(elements.next_of(SEQUENCE), None);
        assert_eq!(elements.next_of(INTEGER), Some(&[7][..]));
        assert_eq!(elements.next().map(|element| element.whole), Some(&[5, 0][..]));
        assert!(elements.next().is_none() && !elements.is_at_end());
        assert_eq!(elements.rest(), [0x30, 3, 1]);
        for not_der in [
            &[0x30, 0x80, 0, 0][..],
            &[0x30, 0x81, 1, 1],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        ] {
            assert!(Elements::within(SEQUENCE, not_der).is_none());
        }
        assert!(Elements::within(SEQUENCE, &[0x30, 0, 0]).is_none());
    }
}
