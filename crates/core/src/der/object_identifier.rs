//! Object identifiers in their dotted form.

use core::fmt;

/// The content of an OBJECT IDENTIFIER, displayed as numbers with dots between them, `2.5.29.17` (X.690 section 8.19). A
/// number that is too large for 64 bits, or cut off, is shown as `?`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectIdentifier<'a>(pub &'a [u8]);

impl fmt::Display for ObjectIdentifier<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_last = |byte: &u8| byte & 0x80 == 0;
        for (place, digits) in self.0.split_inclusive(is_last).enumerate() {
            if place > 0 {
                f.write_str(".")?;
            }
            match number(digits) {
                // The first two numbers are encoded as one: 40 times the first, which is at most 2, plus the second.
                Some(number) if place == 0 => {
                    let root = (number / 40).min(2);
                    write!(f, "{root}.{}", number.saturating_sub(root.saturating_mul(40)))?;
                }
                Some(number) => write!(f, "{number}")?,
                None => f.write_str("?")?,
            }
        }
        Ok(())
    }
}

/// A number of seven bits in each byte; all bytes except the last have the highest bit set.
fn number(digits: &[u8]) -> Option<u64> {
    digits.last().filter(|last| **last & 0x80 == 0)?;
    digits.iter().try_fold(0_u64, |number, digit| {
        number.checked_mul(128)?.checked_add(u64::from(digit & 0x7f))
    })
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn numbers_are_shown_with_dots() {
        for (content, dotted) in [
            (&[0x55, 0x1d, 0x11][..], "2.5.29.17"),
            (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d], "1.2.840.113549"),
            (&[0x88, 0x37, 0x03], "2.999.3"),
            (&[0x27], "0.39"),
            (
                &[0x2b, 0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
                "1.3.18446744073709551615",
            ),
            (
                &[
                    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1,
                ],
                "?.1",
            ),
            (&[0x2a, 0x83], "1.2.?"),
            (&[], ""),
        ] {
            assert_eq!(ObjectIdentifier(content).to_string(), dotted);
        }
    }
}
