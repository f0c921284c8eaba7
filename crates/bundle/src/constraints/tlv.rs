//! DER, as far as name constraints need it: one tag-length-value after the other, lengths in their shortest form.

/// One tag-length-value: the whole of it, and its value alone.
#[derive(Clone, Copy)]
pub(super) struct Tlv<'a> {
    pub(super) tag: u8,
    pub(super) value: &'a [u8],
    pub(super) whole: &'a [u8],
}

/// What these bytes consist of; `None` when that is something else than whole tag-length-values of up to 65,535 bytes.
pub(super) fn read_all(mut bytes: &[u8]) -> Option<Vec<Tlv<'_>>> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (tag, len, behind_header) = match bytes {
            [tag, len @ 0..=0x7f, behind @ ..] => (*tag, usize::from(*len), behind),
            [tag, 0x81, len @ 0x80..=0xff, behind @ ..] => (*tag, usize::from(*len), behind),
            [tag, 0x82, high @ 1..=0xff, low, behind @ ..] => {
                (*tag, usize::from(u16::from_be_bytes([*high, *low])), behind)
            }
            _ => return None,
        };
        let (value, behind) = behind_header.split_at_checked(len)?;
        let whole = bytes.get(..bytes.len() - behind.len())?;
        found.push(Tlv { tag, value, whole });
        bytes = behind;
    }
    Some(found)
}

/// The encoding of a value under a tag.
pub(super) fn encode(tag: u8, value: &[u8]) -> Vec<u8> {
    let len = value.len().to_be_bytes();
    let zeros = len.iter().take_while(|byte| **byte == 0).count();
    let digits = len.get(zeros..).unwrap_or_default();
    let mut encoded = vec![tag];
    match (digits, u8::try_from(digits.len())) {
        ([], _) => encoded.push(0),
        ([short @ 0..=0x7f], _) => encoded.push(*short),
        (digits, count) => {
            encoded.push(0x80 | count.unwrap_or_default());
            encoded.extend_from_slice(digits);
        }
    }
    encoded.extend_from_slice(value);
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_read_again() {
        for len in [0, 1, 0x7f, 0x80, 0xff, 0x100, 0xffff] {
            let value = vec![7; len];
            let encoded = encode(0x82, &value);
            let read = read_all(&encoded).unwrap();
            assert_eq!((read.len(), read[0].tag, read[0].value), (1, 0x82, &value[..]));
            assert_eq!(read[0].whole, encoded);
        }
    }

    #[test]
    fn what_is_not_whole_or_not_in_its_shortest_form_is_not_read() {
        for bytes in [
            &[0x30][..],
            &[0x30, 2, 1],
            &[0x30, 0x80],
            &[0x30, 0x81, 1, 1],
            &[0x30, 0x82, 0, 1, 1],
        ] {
            assert!(read_all(bytes).is_none(), "{bytes:?}");
        }
    }
}
