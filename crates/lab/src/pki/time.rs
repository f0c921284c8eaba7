//! Time as certificates write it (RFC 5280 section 4.1.2.5).

use std::time::SystemTime;

use super::der;

/// An hour, in seconds.
pub const HOUR: i64 = 3600;
/// A day, in seconds.
pub const DAY: i64 = 24 * HOUR;
/// A year of 365.25 days, in seconds.
pub const YEAR: i64 = 365 * DAY + 6 * HOUR;

/// The current time in Unix seconds.
pub fn now() -> i64 {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .expect("the clock is set after 1970");
    since.as_secs() as i64
}

/// The Time of `unix` seconds: UTCTime in 1950 to 2049, GeneralizedTime outside of these years.
pub(super) fn encode(unix: i64) -> Vec<u8> {
    let (year, month, day) = civil(unix.div_euclid(DAY));
    let second = unix.rem_euclid(DAY);
    let rest = format!(
        "{month:02}{day:02}{:02}{:02}{:02}Z",
        second / HOUR,
        second / 60 % 60,
        second % 60
    );
    if (1950..2050).contains(&year) {
        der::tlv(0x17, format!("{:02}{rest}", year % 100).as_bytes())
    } else {
        der::tlv(0x18, format!("{year:04}{rest}").as_bytes())
    }
}

/// The Unix seconds of a Time, the value of its tag and contents; none if it isn't as RFC 5280 wants it.
pub(super) fn decode(tag: u8, contents: &[u8]) -> Option<i64> {
    let digits = std::str::from_utf8(contents).ok()?.strip_suffix('Z')?;
    let (year, rest) = match tag {
        0x17 => {
            let (year, rest) = digits.split_at_checked(2)?;
            let year: i64 = year.parse().ok()?;
            (year + if year < 50 { 2000 } else { 1900 }, rest)
        }
        0x18 => {
            let (year, rest) = digits.split_at_checked(4)?;
            (year.parse().ok()?, rest)
        }
        _ => return None,
    };
    let two = |at: usize| rest.get(at..at + 2)?.parse::<i64>().ok();
    let (month, day) = (two(0)?, two(2)?);
    let seconds = two(4)? * HOUR + two(6)? * 60 + two(8)?;
    Some(days(year, month, day) * DAY + seconds)
}

/// The count of days since 1970-01-01; what [`civil`] undoes.
fn days(year: i64, month: i64, day: i64) -> i64 {
    // The year is counted from March, and its length is that of the Julian calendar less the leap days since
    // left out.
    let year = year - i64::from(month <= 2);
    let months_from_march = (month + 9) % 12;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    365 * year + leap_days + (153 * months_from_march + 2) / 5 + day - 1 - 719_468
}

/// Year, month and day of the proleptic Gregorian calendar for a count of days since 1970-01-01. The year is
/// counted from March, so that the leap day is its last.
fn civil(days: i64) -> (i64, i64, i64) {
    const DAYS_IN_400_YEARS: i64 = 146_097;
    let from_march_0000 = days + 719_468;
    let era = from_march_0000.div_euclid(DAYS_IN_400_YEARS);
    let day_of_era = from_march_0000.rem_euclid(DAYS_IN_400_YEARS);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let months_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * months_from_march + 2) / 5 + 1;
    let month = (months_from_march + 2) % 12 + 1;
    let january_or_february = i64::from(month <= 2);
    (era * 400 + year_of_era + january_or_february, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_as_it_was_written() {
        for time in (-3_000_000_000..200_000_000_000).step_by(86_411 * 997) {
            let written = encode(time);
            assert_eq!(decode(written[0], &written[2..]), Some(time));
        }
        assert_eq!(decode(0x17, b"7001010000Z"), None);
        assert_eq!(decode(0x16, b"700101000000Z"), None);
    }

    #[test]
    fn times_are_written_in_the_form_of_their_year() {
        assert_eq!(encode(0), der::tlv(0x17, b"700101000000Z"));
        assert_eq!(encode(951_782_400), der::tlv(0x17, b"000229000000Z"));
        assert_eq!(encode(2_524_607_999), der::tlv(0x17, b"491231235959Z"));
        assert_eq!(encode(2_524_608_000), der::tlv(0x18, b"20500101000000Z"));
        assert_eq!(encode(253_402_300_799), der::tlv(0x18, b"99991231235959Z"));
        assert_eq!(encode(-631_152_001), der::tlv(0x18, b"19491231235959Z"));
    }
}
