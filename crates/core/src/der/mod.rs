//! DER (X.690), as far as certificates need it: a reader that goes from one tag-length-value to the next and never reads past
//! the end of its input.
//!
//! [`Reader::read`] accepts exactly the headers that webpki accepts: one-byte tags, lengths in their shortest form, values of at
//! most 65,535 bytes. If only one of the two could read a certificate, the verdict could differ. The `der` crate is used for
//! the calendar only.

mod object_identifier;
mod writer;

pub use object_identifier::ObjectIdentifier;
pub(crate) use writer::Writer;

/// Tags: the first byte of a tag-length-value.
pub mod tag {
    /// BOOLEAN.
    pub const BOOLEAN: u8 = 0x01;
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// BMPString.
    pub const BMP_STRING: u8 = 0x1e;
    /// SEQUENCE and SEQUENCE OF.
    pub const SEQUENCE: u8 = 0x30;
    /// SET and SET OF.
    pub const SET: u8 = 0x31;

    /// The tag `[number]` of a primitive value.
    pub const fn context(number: u8) -> u8 {
        0x80 | number
    }

    /// The tag `[number]` of a constructed value.
    pub const fn context_constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// A place in a certificate. Offsets have 16 bits, which suffices for the longest certificate, so a chain of 64 fits the stack
/// of a small device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Span {
    start: u16,
    len: u16,
}

impl Span {
    /// The place of `part` in `certificate`, from which it was read.
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

/// The offset in `whole` at which its part `part` begins, in bytes.
#[inline]
pub(crate) fn offset(part: &[u8], whole: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr())
}

/// Passes on the header of a value of `len` bytes, fewer than 2^32.
pub(crate) fn with_header<T>(tag: u8, len: usize, take: impl FnOnce(&[u8]) -> T) -> T {
    let len = u32::try_from(len).unwrap_or(u32::MAX);
    match len.to_be_bytes() {
        [0, 0, 0, len @ 0..=0x7f] => take(&[tag, len]),
        [0, 0, 0, len] => take(&[tag, 0x81, len]),
        [0, 0, high, low] => take(&[tag, 0x82, high, low]),
        [0, high, middle, low] => take(&[tag, 0x83, high, middle, low]),
        [a, b, c, d] => take(&[tag, 0x84, a, b, c, d]),
    }
}

/// The encoding of a value of fewer than 2^32 bytes under a tag.
#[cfg(feature = "alloc")]
pub fn encode(tag: u8, value: &[u8]) -> alloc::vec::Vec<u8> {
    with_header(tag, value.len(), |header| [header, value].concat())
}

/// One tag-length-value.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Tlv<'a> {
    /// The tag.
    pub tag: u8,
    /// All of it, the header included.
    pub whole: &'a [u8],
    /// The value alone.
    pub value: &'a [u8],
}

impl<'a> Tlv<'a> {
    /// The content of a BIT STRING that has no unused bits.
    pub fn bits(&self) -> Option<&'a [u8]> {
        match self.value.split_first()? {
            (0, bits) => Some(bits),
            _ => None,
        }
    }
}

/// Reads one tag-length-value after the other.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes from their start.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// The bytes that were not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether every byte has been read.
    #[inline]
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next tag-length-value, with any tag; `None`, without a step ahead, when it is not complete.
    #[inline(always)]
    pub fn read(&mut self) -> Option<Tlv<'a>> {
        let (tag, len, behind_header) = match self.rest {
            [tag, len @ 0..=0x7f, behind @ ..] => (*tag, usize::from(*len), behind),
            [tag, 0x82, high @ 1..=0xff, low, behind @ ..] => {
                (*tag, usize::from(u16::from_be_bytes([*high, *low])), behind)
            }
            [tag, 0x81, len @ 0x80..=0xff, behind @ ..] => (*tag, usize::from(*len), behind),
            _ => return None,
        };
        self.step(tag, len, behind_header)
    }

    /// As [`read`](Self::read), for a value of any length: for structures with many certificates, such as PKCS #7.
    pub fn read_long(&mut self) -> Option<Tlv<'a>> {
        let (tag, len, behind_header) = match self.rest {
            [tag, 0x83, high @ 1..=0xff, middle, low, behind @ ..] => {
                (*tag, u32::from_be_bytes([0, *high, *middle, *low]), behind)
            }
            [tag, 0x84, a @ 1..=0xff, b, c, d, behind @ ..] => {
                (*tag, u32::from_be_bytes([*a, *b, *c, *d]), behind)
            }
            _ => return self.read(),
        };
        self.step(tag, usize::try_from(len).ok()?, behind_header)
    }

    /// The next tag-length-value if it has this tag.
    #[inline(always)]
    pub fn expect(&mut self, tag: u8) -> Option<Tlv<'a>> {
        if self.rest.first() == Some(&tag) {
            self.read()
        } else {
            None
        }
    }

    #[inline(always)]
    fn step(&mut self, tag: u8, len: usize, behind_header: &'a [u8]) -> Option<Tlv<'a>> {
        let has_long_tag = tag & 0x1f == 0x1f;
        if has_long_tag {
            return None;
        }
        let (value, behind) = behind_header.split_at_checked(len)?;
        let whole = self.rest.get(..self.rest.len().wrapping_sub(behind.len()))?;
        self.rest = behind;
        Some(Tlv { tag, whole, value })
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
    fn longer_values_are_read_where_they_may_be() {
        for len in [0x1_0000, 0xff_ffff, 0x100_0000] {
            let mut bytes = with_header(tag::SEQUENCE, len, std::borrow::ToOwned::to_owned);
            let header = bytes.len();
            bytes.resize(header + len + 1, 7);
            assert_eq!(lengths(&bytes), None);
            let mut reader = Reader::new(&bytes);
            let read = reader.read_long().unwrap();
            assert_eq!((read.whole.len(), read.value.len()), (header + len, len));
            assert_eq!(reader.rest(), [7]);
        }
        for bytes in [
            &[0x30, 0x83, 0, 0xff, 0xff][..],
            &[0x30, 0x84, 0, 1, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x85, 1, 0, 0, 0, 0],
            &[0x1f, 0x83, 1, 0, 0],
        ] {
            assert!(Reader::new(bytes).read_long().is_none(), "{bytes:?}");
        }
        assert!(Reader::new(&[4, 1, 7]).read_long().is_some());
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn what_is_encoded_is_read_again() {
        for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff, 0x1_0000] {
            let value = std::vec![7; len];
            let encoded = encode(0x82, &value);
            let read = Reader::new(&encoded).read_long().unwrap();
            assert_eq!((read.tag, read.value), (0x82, &value[..]));
            assert_eq!(read.whole, encoded);
        }
    }

    #[test]
    fn bits_are_whole_bytes() {
        let bits = |bytes: &'static [u8]| Reader::new(bytes).read().unwrap().bits();
        assert_eq!(bits(&[3, 2, 0, 7]), Some(&[7][..]));
        assert_eq!(bits(&[3, 2, 1, 6]), None);
        assert_eq!(bits(&[3, 0]), None);
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
