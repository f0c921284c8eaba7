//! The headers of DER (X.690 section 8.1), as far as a certificate needs them: a reader that hops from one
//! tag-length-value to the next and never looks behind the end of what it was given.
//!
//! It takes exactly the headers that webpki takes: one-byte tags, lengths in their shortest form, values of at
//! most 65,535 bytes. A certificate that one of the two can read and the other cannot would be looked at by one
//! of them alone, and the verdict could differ. For dates, the `der` crate serves.

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// The tag `[number]` of a primitive value.
    pub(crate) const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// The tag `[number]` of a constructed value.
    pub(crate) const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// A place in the certificate at hand. Offsets are 16 bits wide, which is all that a certificate may have, so
/// that a chain of 64 fits the stack of a small device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    end: u16,
}

impl Span {
    /// The bytes at this place of the certificate that the span was made from.
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(usize::from(self.start)..usize::from(self.end))
            .unwrap_or_default()
    }

    /// `None` for the span of nothing.
    pub(crate) fn non_empty(self) -> Option<Self> {
        (self.start < self.end).then_some(self)
    }

    pub(crate) fn start(self) -> u16 {
        self.start
    }
}

/// One tag-length-value: the whole of it, and its value alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv {
    pub(crate) tag: u8,
    pub(crate) whole: Span,
    pub(crate) value: Span,
}

/// Reads one tag-length-value after the other from a part of `bytes`.
#[derive(Clone, Debug)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: u16,
    end: u16,
}

impl<'a> Reader<'a> {
    /// `None` when there are more bytes than a certificate may have.
    pub(crate) fn new(bytes: &'a [u8]) -> Option<Self> {
        let end = u16::try_from(bytes.len()).ok()?;
        Some(Self { bytes, at: 0, end })
    }

    /// A reader of what is inside `value`, a place that this reader has found.
    pub(crate) fn enter(&self, value: Span) -> Self {
        Self {
            bytes: self.bytes,
            at: value.start,
            end: value.end.min(self.end),
        }
    }

    /// Where the next tag-length-value begins, counted from the start of the certificate.
    pub(crate) fn position(&self) -> u16 {
        self.at
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.end
    }

    /// Whether the next tag-length-value has this tag.
    pub(crate) fn next_is(&self, tag: u8) -> bool {
        !self.is_at_end() && self.bytes.get(usize::from(self.at)) == Some(&tag)
    }

    /// The next tag-length-value, whatever its tag; `None`, and no step ahead, when it is not whole.
    pub(crate) fn read(&mut self) -> Option<Tlv> {
        const LONG_FORM_ONE_BYTE: u8 = 0x81;
        const LONG_FORM_TWO_BYTES: u8 = 0x82;

        let rest = self.bytes.get(usize::from(self.at)..usize::from(self.end))?;
        let (tag, header, len) = match *rest {
            [tag, len @ 0..=0x7f, ..] => (tag, 2, u16::from(len)),
            [tag, LONG_FORM_ONE_BYTE, len @ 0x80..=0xff, ..] => (tag, 3, u16::from(len)),
            [tag, LONG_FORM_TWO_BYTES, high @ 1..=0xff, low, ..] => (tag, 4, u16::from_be_bytes([high, low])),
            _ => return None,
        };
        let has_long_tag = tag & 0x1f == 0x1f;
        if has_long_tag {
            return None;
        }
        let start = self.at.checked_add(header)?;
        let end = start.checked_add(len).filter(|end| *end <= self.end)?;
        let whole = Span { start: self.at, end };
        self.at = end;
        Some(Tlv {
            tag,
            whole,
            value: Span { start, end },
        })
    }

    /// The next tag-length-value if it has this tag.
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Tlv> {
        if self.next_is(tag) { self.read() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
        let tlv = Reader::new(bytes)?.read()?;
        Some((tlv.whole.of(bytes).len(), tlv.value.of(bytes).len()))
    }

    #[test]
    fn short_and_long_lengths_are_read() {
        assert_eq!(lengths(&[0x04, 0x02, 1, 2, 9]), Some((4, 2)));
        let mut long = std::vec![0x04, 0x81, 0x80];
        long.resize(3 + 0x80, 7);
        assert_eq!(lengths(&long), Some((0x83, 0x80)));
        let mut longer = std::vec![0x04, 0x82, 0x01, 0x00];
        longer.resize(4 + 0x100, 7);
        assert_eq!(lengths(&longer), Some((0x104, 0x100)));
    }

    #[test]
    fn lengths_that_are_not_the_shortest_form_are_refused() {
        assert_eq!(lengths(&[0x04, 0x81, 0x01, 7]), None);
        let mut padded = std::vec![0x04, 0x82, 0x00, 0x80];
        padded.resize(4 + 0x80, 7);
        assert_eq!(lengths(&padded), None);
    }

    #[test]
    fn indefinite_lengths_long_tags_and_values_past_the_end_are_refused() {
        assert_eq!(lengths(&[0x30, 0x80, 0, 0]), None);
        assert_eq!(lengths(&[0x1f, 0x01, 0]), None);
        assert_eq!(lengths(&[0x04, 0x03, 1, 2]), None);
        assert_eq!(lengths(&[0x04, 0x83, 0, 0, 1, 7]), None);
        assert_eq!(lengths(&[0x04]), None);
        assert_eq!(lengths(&[]), None);
    }

    #[test]
    fn a_nested_reader_does_not_look_behind_its_value() {
        let bytes = [0x30, 0x02, 0x04, 0x05, 1, 2, 3, 4, 5];
        let mut outer = Reader::new(&bytes).unwrap();
        let sequence = outer.expect(tag::SEQUENCE).unwrap();
        let mut inner = outer.enter(sequence.value);
        assert!(inner.read().is_none());
    }
}
