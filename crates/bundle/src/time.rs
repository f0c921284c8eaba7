//! Points in time, as Unix seconds, and how inputs and outputs write them.
//!
//! Calendar dates carry them here, because the last date of all, 9999-12-31T23:59:59Z, which RFC 5280 section
//! 4.1.2.5 gives to certificates that never expire, lies beyond what an instant in any time zone can be.

use jiff::civil::{Date, DateTime, date};
use jiff::{SignedDuration, ToSpan};

/// A Unix time in RFC 3339, in UTC and to the second; `None` after the year 9999.
///
/// ```
/// let never = jit_trust_bundle::rfc3339(253_402_300_799);
/// assert_eq!(never.as_deref(), Some("9999-12-31T23:59:59Z"));
/// ```
pub fn rfc3339(unix: u64) -> Option<String> {
    Some(format!("{}Z", calendar(unix)?))
}

/// The same second of the same day so many calendar years later; `None` after the year 9999.
pub(crate) fn years_after(unix: u64, years: i64) -> Option<u64> {
    unix_seconds(calendar(unix)?.checked_add(years.years()).ok()?)
}

/// The last second of a day that is written `YYYY.MM.DD` or `YYYY-MM-DD`, as CCADB's reports have it.
pub(crate) fn end_of_day(text: &str) -> Option<u64> {
    let (year, rest) = text.split_at_checked(4)?;
    let (month, day) = match rest.split_at_checked(1)? {
        ("-", rest) => rest.split_once('-')?,
        (".", rest) => rest.split_once('.')?,
        _ => return None,
    };
    let day = Date::new(number(year)?, number(month)?, number(day)?).ok()?;
    unix_seconds(day.at(23, 59, 59, 0))
}

/// The contents of an ASN.1 `UTCTime` or `GeneralizedTime` in the one form that RFC 5280 section 4.1.2.5 allows:
/// to the second, and in UTC.
pub(crate) fn asn1_time(text: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (year, rest) = match digits.len() {
        12 => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i16 = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        14 => {
            let (year, rest) = digits.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let field = |at: usize| number(rest.get(at..at + 2)?);
    let day = Date::new(year, field(0)?, field(2)?).ok()?;
    let time = jiff::civil::Time::new(field(4)?, field(6)?, field(8)?, 0).ok()?;
    unix_seconds(day.to_datetime(time))
}

/// Digits only, where `parse` would take a sign too.
fn number<N: std::str::FromStr>(digits: &str) -> Option<N> {
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok())?
}

fn epoch() -> DateTime {
    date(1970, 1, 1).at(0, 0, 0, 0)
}

fn calendar(unix: u64) -> Option<DateTime> {
    let since = SignedDuration::from_secs(i64::try_from(unix).ok()?);
    epoch().checked_add(since).ok()
}

fn unix_seconds(time: DateTime) -> Option<u64> {
    u64::try_from(time.duration_since(epoch()).as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_in_each_published_form() {
        assert_eq!(asn1_time(b"241130235959Z"), Some(1_733_011_199));
        assert_eq!(asn1_time(b"20241130235959Z"), Some(1_733_011_199));
        assert_eq!(end_of_day("2024.11.30"), Some(1_733_011_199));
        assert_eq!(end_of_day("2024-11-30"), Some(1_733_011_199));
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "Z",
            "2411302359Z",
            "241330235959Z",
            "+41130235959Z",
            "241130235959",
            "2411302359é9Z",
        ] {
            assert_eq!(asn1_time(text.as_bytes()), None, "{text}");
        }
        for text in [
            "",
            "2024",
            "2024.11",
            "2024.11-30",
            "2024-11-31",
            "30.11.2024",
            "2024-+1-30",
            "202é-11-30",
        ] {
            assert_eq!(end_of_day(text), None, "{text}");
        }
    }

    #[test]
    fn the_date_that_never_comes_can_be_written() {
        assert_eq!(rfc3339(253_402_300_799).as_deref(), Some("9999-12-31T23:59:59Z"));
        assert_eq!(rfc3339(253_402_300_800), None);
        assert_eq!(rfc3339(u64::MAX), None);
        assert_eq!(years_after(253_402_300_799, 3), None);
    }

    #[test]
    fn years_are_calendar_years() {
        let leap_day = end_of_day("2024-02-29").unwrap();
        assert_eq!(years_after(leap_day, 3), end_of_day("2027-02-28"));
    }
}
