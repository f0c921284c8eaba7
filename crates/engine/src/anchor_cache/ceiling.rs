//! How new a generation may be to be remembered.
//!
//! A store that states a generation far ahead would lock its successor out until then if it were remembered as it is; and a
//! device whose clock is behind cannot tell such a store from a good one. So the response is used, and what is remembered
//! is at most a day past the latest time that is known to have come.

use std::time::{SystemTime, UNIX_EPOCH};

use jit_trust_core::mozilla::LIST_GENERATION;

/// How far past the latest known time a generation is remembered, in seconds: clocks differ.
const DAY: u32 = 24 * 60 * 60;

/// The newest generation that may be remembered: a day past the latest of the time by the clock, the generation of the list
/// that this build comes with, compiled in or not, and that of the local stores, where one states it.
pub(crate) fn generation_ceiling(of_local_stores: Option<u32>) -> u32 {
    ceiling(unix_time(SystemTime::now()), of_local_stores)
}

fn ceiling(clock: u32, of_local_stores: Option<u32>) -> u32 {
    let known = clock.max(LIST_GENERATION).max(of_local_stores.unwrap_or(0));
    known.saturating_add(DAY)
}

/// A time as a generation: in seconds from 1970 to 2106. What is before is the first of them, what is after the last.
fn unix_time(time: SystemTime) -> u32 {
    let since_1970 = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u32::try_from(since_1970.as_secs()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_ceiling_is_a_day_past_the_latest_of_the_clock_the_builds_list_and_the_local_stores() {
        let (past, future) = (7, LIST_GENERATION + 1_000 * DAY);
        assert_eq!(ceiling(past, None), LIST_GENERATION + DAY);
        assert_eq!(ceiling(past, Some(past)), LIST_GENERATION + DAY);
        assert_eq!(ceiling(future, Some(past)), future + DAY);
        assert_eq!(ceiling(past, Some(future)), future + DAY);
        assert_eq!(ceiling(past, Some(u32::MAX)), u32::MAX);
        assert_eq!(ceiling(u32::MAX, None), u32::MAX);
    }

    #[test]
    fn a_clock_before_1970_or_after_2106_is_at_the_end_of_that() {
        assert_eq!(unix_time(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(unix_time(UNIX_EPOCH + Duration::from_secs(7)), 7);
        assert_eq!(unix_time(UNIX_EPOCH + Duration::from_secs(1 << 33)), u32::MAX);
    }
}
