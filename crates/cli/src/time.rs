//! Points in time for people and for reports.
//!
//! They go through calendar dates, because the date that RFC 5280 section 4.1.2.5 gives to certificates that never
//! expire, 9999-12-31T23:59:59Z, lies beyond what an instant in any time zone can be.

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};

/// RFC 3339 in UTC, to the second; `None` after the year 9999.
pub(crate) fn rfc3339(unix: u64) -> Option<String> {
    Some(format!("{}Z", calendar(unix)?))
}

/// The day alone, in UTC; `None` after the year 9999.
pub(crate) fn day(unix: u64) -> Option<String> {
    Some(calendar(unix)?.date().to_string())
}

fn calendar(unix: u64) -> Option<DateTime> {
    let since = SignedDuration::from_secs(i64::try_from(unix).ok()?);
    date(1970, 1, 1).at(0, 0, 0, 0).checked_add(since).ok()
}

/// Now, in Unix seconds; `None` where the clock is set before 1970.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
