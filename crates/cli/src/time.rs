//! Points in time for people.

use std::time::{SystemTime, UNIX_EPOCH};

use jit_trust_bundle::rfc3339;

/// A second, in RFC 3339; after the year 9999 in Unix time.
pub(crate) fn moment(unix: u64) -> String {
    rfc3339(unix).unwrap_or_else(|| format!("{unix} (Unix time)"))
}

/// The day alone, in UTC; `None` after the year 9999.
pub(crate) fn day(unix: u64) -> Option<String> {
    let moment = rfc3339(unix)?;
    let (day, _) = moment.split_once('T')?;
    Some(day.to_owned())
}

/// The last second of a period: the day alone where it lasts until that ends.
pub(crate) fn last_moment(unix: u64) -> String {
    let moment = moment(unix);
    let day = moment.strip_suffix("T23:59:59Z");
    day.map_or_else(|| moment.clone(), str::to_owned)
}

/// Now, in Unix seconds; `None` where the clock is set before 1970.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_up_to_the_end_of_a_day_is_called_by_the_day() {
        assert_eq!(last_moment(1_733_011_199), "2024-11-30");
        assert_eq!(last_moment(1_733_011_198), "2024-11-30T23:59:58Z");
        assert_eq!(last_moment(u64::MAX), "18446744073709551615 (Unix time)");
    }
}
