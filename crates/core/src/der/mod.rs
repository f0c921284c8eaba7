//! The headers of DER (X.690 section 8.1), as far as a certificate needs them: a reader that hops from one
//! tag-length-value to the next and never looks behind the end of what it was given.
//!
//! It takes exactly the headers that webpki takes: one-byte tags, lengths in their shortest form, values of at
//! most 65,535 bytes. A certificate that one of the two can read and the other cannot would be looked at by one
//! of them alone, and the verdict could differ. For the calendar, the `der` crate serves.

mod writer;

pub(crate) use writer::Writer;

pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
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

/// A place in a certificate. Offsets are 16 bits wide, which is all that a certificate may have, so that a chain
/// of 64 fits the stack of a small device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    /// Where `part`, which was read from `certificate`, stands in it.
    #[inline]
    pub(crate) fn of(part: &[u8], certificate: &[u8]) -> Self {
        let span = u16::try_from(offset(part, certificate)).ok().and_then(|start| {
            let len = u16::try_from(part.len()).ok()?;
            Some(Self { start, len })
        });
        span.unwrap_or_default()
    }

    /// The bytes at this place of the certificate that the span was made from.
    #[inline]
    pub(crate) fn in_certificate(self, certificate: &[u8]) -> &[u8] {
        let behind = certificate.get(usize::from(self.start)..);
        behind
            .and_then(|behind| behind.get(..usize::from(self.len)))
            .unwrap_or_default()
    }
}

/// How many bytes into `whole` its part `part` begins.
#[inline]
pub(crate) fn offset(part: &[u8], whole: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr())
}

/// Hands over the header of a value of `len` bytes, at most 65,535 of them.
pub(crate) fn with_header<T>(tag: u8, len: usize, take: impl FnOnce(&[u8]) -> T) -> T {
    let [.., high, low] = len.to_be_bytes();
    match (high, low) {
        (0, 0..=0x7f) => take(&[tag, low]),
        (0, _) => take(&[tag, 0x81, low]),
        _ => take(&[tag, 0x82, high, low]),
    }
}

/// One tag-length-value: the whole of it, and its value alone.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tlv<'a> {
    pub(crate) tag: u8,
    pub(crate) whole: &'a [u8],
    pub(crate) value: &'a [u8],
}

/// Reads one tag-length-value after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// What has not been read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next tag-length-value, whatever its tag; `None`, and no step ahead, when it is not whole.
    #[inline(always)]
    pub(crate) fn read(&mut self) -> Option<Tlv<'a>> {
        let (tag, len, behind_header) = match self.rest {
            [tag, len @ 0..=0x7f, behind @ ..] => (*tag, usize::from(*len), behind),
            [tag, 0x82, high @ 1..=0xff, low, behind @ ..] => {
                (*tag, usize::from(u16::from_be_bytes([*high, *low])), behind)
            }
            [tag, 0x81, len @ 0x80..=0xff, behind @ ..] => (*tag, usize::from(*len), behind),
            _ => return None,
        };
        let has_long_tag = tag & 0x1f == 0x1f;
        if has_long_tag {
            return None;
        }
        let (value, behind) = behind_header.split_at_checked(len)?;
        let whole = self.rest.get(..self.rest.len().wrapping_sub(behind.len()))?;
        self.rest = behind;
        Some(Tlv { tag, whole, value })
    }

    /// The next tag-length-value if it has this tag.
    #[inline(always)]
    pub(crate) fn expect(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.rest.first() == Some(&tag) {
            self.read()
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lengths(bytes: &[u8]) -> Option<(usize, usize)> {
        let tlv = Reader::new(bytes).read()?;
        Some((tlv.whole.len(), tlv.value.len()))
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
    fn a_header_that_was_written_is_read() {
        for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let mut bytes = with_header(tag::SEQUENCE, len, std::borrow::ToOwned::to_owned);
            let header = bytes.len();
            bytes.resize(header + len, 7);
            assert_eq!(lengths(&bytes), Some((header + len, len)));
        }
    }

    #[test]
    fn a_nested_reader_does_not_look_behind_its_value() {
        let bytes = [0x30, 0x02, 0x04, 0x05, 1, 2, 3, 4, 5];
        let sequence = Reader::new(&bytes).expect(tag::SEQUENCE).unwrap();
        assert!(Reader::new(sequence.value).read().is_none());
    }

    #[test]
    fn a_span_finds_its_part_again() {
        let bytes = [0x30, 0x02, 0x04, 0x00, 9];
        let sequence = Reader::new(&bytes).read().unwrap();
        assert_eq!(
            Span::of(sequence.value, &bytes).in_certificate(&bytes),
            [0x04, 0x00]
        );
        assert_eq!(Span::of(&[1, 2, 3], &bytes[..0]).in_certificate(&[]), []);
        assert_eq!(Span::default().in_certificate(&bytes), []);
    }
}
