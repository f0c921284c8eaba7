//! Points in time for people.

use std::time::{SystemTime, UNIX_EPOCH};

use jit_trust_bundle::rfc3339;

/// The day alone, in UTC; `None` after the year 9999.
pub(crate) fn day(unix: u64) -> Option<String> {
    let moment = rfc3339(unix)?;
    let (day, _) = moment.split_once('T')?;
    Some(day.to_owned())
}

/// Now, in Unix seconds; `None` where the clock is set before 1970.
pub(crate) fn now() -> Option<u64> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(since.as_secs())
}
