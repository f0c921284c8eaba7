//! The elements of DER that certificates are looked into for, beyond what `jit-trust` reads of them.

/// An element of DER.
pub(crate) struct Element<'a> {
    pub(crate) whole: &'a [u8],
    pub(crate) value: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what comes after it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let first = usize::from(*bytes.get(1)?);
        let (header_len, value_len) = match first {
            0..=0x7f => (2, first),
            0x81..=0x83 => {
                let digits = bytes.get(2..2 + (first - 0x80))?;
                let len = digits.iter().fold(0, |len, digit| len << 8 | usize::from(*digit));
                (2 + digits.len(), len)
            }
            _ => return None,
        };
        let (whole, rest) = bytes.split_at_checked(header_len + value_len)?;
        let value = whole.get(header_len..)?;
        Some((Self { whole, value }, rest))
    }

    pub(crate) fn is_object_identifier(&self) -> bool {
        self.whole.first() == Some(&6)
    }

    /// The bytes of a BIT STRING that has no unused bits.
    pub(crate) fn bits(&self) -> Option<&'a [u8]> {
        match self.value.split_first()? {
            (0, bits) => Some(bits),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_that_are_cut_are_none() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x84, 0, 0, 0, 0],
            &[0x30, 0x82, 1],
        ] {
            assert!(Element::read(bytes).is_none(), "{bytes:?}");
        }
        assert!(
            Element::read(&[0x30, 0x81, 1, 7, 9])
                .is_some_and(|(element, rest)| element.value == [7] && rest == [9])
        );
    }
}
