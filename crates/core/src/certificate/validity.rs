//! The validity period (RFC 5280 section 4.1.2.5).

use der::DateTime;

use crate::der::{Reader, Tlv, tag};

/// A date of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Date {
    Before1970,
    /// In Unix time.
    At(u64),
}

/// `notBefore` and `notAfter`. One of them may be readable although the other is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Validity {
    not_before: Option<Date>,
    not_after: Option<Date>,
}

impl Validity {
    /// Reads the value of the `Validity` SEQUENCE.
    pub(super) fn read(validity: &[u8]) -> Self {
        let mut reader = Reader::new(validity);
        let mut next = || reader.read().and_then(|time| read_time(&time));
        Self {
            not_before: next(),
            not_after: next(),
        }
    }

    /// In Unix time; 0 for a date before 1970, because nothing is validated as of an earlier time. `None` for a date that
    /// cannot be read.
    pub(super) fn not_before(self) -> Option<u64> {
        self.not_before.map(Date::unix)
    }

    /// As [`not_before`](Self::not_before).
    pub(super) fn not_after(self) -> Option<u64> {
        self.not_after.map(Date::unix)
    }

    /// Whether a date is readable, and before 1970.
    pub(super) fn begins_or_ends_before_1970(self) -> bool {
        [self.not_before, self.not_after].contains(&Some(Date::Before1970))
    }
}

impl Date {
    fn unix(self) -> u64 {
        match self {
            Self::Before1970 => 0,
            Self::At(unix) => unix,
        }
    }
}

/// `Time ::= CHOICE { utcTime, generalTime }`, to the second and in UTC.
fn read_time(time: &Tlv<'_>) -> Option<Date> {
    let digits = time.value.strip_suffix(b"Z")?;
    let two = |at: usize| match digits.get(at..)? {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9', ..] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    };
    let (century, at) = match (time.tag, digits.len()) {
        (tag::UTC_TIME, 12) if two(0)? < 50 => (20, 0),
        (tag::UTC_TIME, 12) => (19, 0),
        (tag::GENERALIZED_TIME, 14) => (two(0)?, 2),
        _ => return None,
    };
    let year = u16::from(century) * 100 + u16::from(two(at)?);
    let is_before_1970 = year < 1970;
    // The calendar repeats every 400 years.
    let known_year = if is_before_1970 { year % 400 + 2000 } else { year };
    let date = DateTime::new(
        known_year,
        two(at + 2)?,
        two(at + 4)?,
        two(at + 6)?,
        two(at + 8)?,
        two(at + 10)?,
    );
    let unix = date.ok()?.unix_duration().as_secs();
    Some(if is_before_1970 {
        Date::Before1970
    } else {
        Date::At(unix)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tag: u8, text: &str) -> Option<Date> {
        read_time(&Tlv {
            tag,
            whole: text.as_bytes(),
            value: text.as_bytes(),
        })
    }

    #[test]
    fn a_date_is_read_in_both_forms_whatever_its_year() {
        let cases = [
            (tag::UTC_TIME, "700101000000Z", Date::At(0)),
            (tag::UTC_TIME, "691231235959Z", Date::Before1970),
            (tag::UTC_TIME, "500101000000Z", Date::Before1970),
            (tag::UTC_TIME, "491231235959Z", Date::At(2_524_607_999)),
            (tag::GENERALIZED_TIME, "19700101000001Z", Date::At(1)),
            (tag::GENERALIZED_TIME, "19691231235959Z", Date::Before1970),
            (tag::GENERALIZED_TIME, "00000229000000Z", Date::Before1970),
            (tag::GENERALIZED_TIME, "20240229120000Z", Date::At(1_709_208_000)),
            (
                tag::GENERALIZED_TIME,
                "99991231235959Z",
                Date::At(253_402_300_799),
            ),
        ];
        for (tag, text, expected) in cases {
            assert_eq!(read(tag, text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_none_before_1970_too() {
        for text in [
            "",
            "Z",
            "240230000000Z",
            "241301000000Z",
            "240001000000Z",
            "240100000000Z",
            "240101240000Z",
            "240101006000Z",
            "240101000060Z",
            "2401010000Z",
            "240101000000+0000",
            "24010100000Z",
            "2401o1000000Z",
            "510229000000Z",
            "+40101000000Z",
        ] {
            assert_eq!(read(tag::UTC_TIME, text), None, "{text}");
        }
        for text in [
            "19000229000000Z",
            "240101000000Z",
            "20240101000000.5Z",
            "100000101000000Z",
            "19001301000000Z",
        ] {
            assert_eq!(read(tag::GENERALIZED_TIME, text), None, "{text}");
        }
        assert_eq!(read(tag::INTEGER, "240101000000Z"), None);
    }
}
