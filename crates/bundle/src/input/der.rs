//! DER, as far as the structures around certificates need it.

pub(super) use jit_trust_core::der::Tlv as Element;
use jit_trust_core::der::{Reader, tag};
pub(super) use tag::{BIT_STRING, BOOLEAN, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, SET};

/// The tag `[0]` of a constructed value.
pub(super) const CONTEXT_0: u8 = tag::context_constructed(0);

/// The tag-length-values at the beginning of these bytes, up to the first bytes that are not one.
#[derive(Clone, Copy)]
pub(super) struct Elements<'a>(Reader<'a>);

impl<'a> Elements<'a> {
    pub(super) fn of(bytes: &'a [u8]) -> Self {
        Self(Reader::new(bytes))
    }

    /// The value, if these bytes are one value with this tag and nothing else.
    pub(super) fn within(tag: u8, bytes: &'a [u8]) -> Option<Self> {
        let mut elements = Self::of(bytes);
        let value = elements.next_of(tag)?;
        elements.is_at_end().then(|| Self::of(value))
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
        self.0.is_at_end()
    }

    /// The bytes that were not read.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0.rest()
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        self.0.read_long()
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
