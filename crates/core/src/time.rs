//! Points in time as text.

use core::fmt;
use core::time::Duration;

use der::DateTime;

/// A second in Unix time, displayed in the form of RFC 3339 in UTC, `2026-11-30T12:00:00Z`; after the year 9999 as a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub u64);

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match DateTime::from_unix_duration(Duration::from_secs(self.0)) {
            Ok(date) => date.fmt(f),
            Err(_) => write!(f, "{} (Unix time)", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_second_is_displayed_in_utc_and_as_a_number_where_there_is_no_date() {
        assert_eq!(Time(0).to_string(), "1970-01-01T00:00:00Z");
        assert_eq!(Time(1_795_132_800).to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(Time(u64::MAX).to_string(), "18446744073709551615 (Unix time)");
    }
}
