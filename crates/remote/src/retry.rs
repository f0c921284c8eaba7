//! Retries.

use std::time::{Duration, SystemTime};

use backon::ExponentialBuilder;
use hyper::HeaderMap;
use hyper::header::{DATE, RETRY_AFTER};
use tokio::time::Instant;

use super::RemoteError;

/// The shortest pause before a retry.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// The largest number of retries of a request.
pub(super) const MAX_RETRIES: usize = 3;

/// The pauses before retries, each up to twice as long at random, so that the clients of a server that was down do not all
/// retry at once.
pub(super) fn pauses(retries: usize) -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_PAUSE)
        .with_factor(2.0)
        .with_jitter()
        .with_max_times(retries)
}

/// The pause before the next retry, not shorter than the server's `Retry-After`. `None` where it would end after the deadline.
pub(super) fn pause(error: &RemoteError, planned: Option<Duration>, deadline: Instant) -> Option<Duration> {
    let pause = planned?.max(error.retry_after().unwrap_or_default());
    let left = deadline.saturating_duration_since(Instant::now());
    (pause < left).then_some(pause)
}

/// The time of a `Retry-After` (RFC 9110 section 10.2.3), if the response has one that can be read. A number of seconds that is
/// too large for `u64` is `u64::MAX`. A date is relative to the server's own `Date`, if there is one, because the local clock
/// may be wrong.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name| Some(headers.get(name)?.to_str().ok()?.trim());
    let date = |text: Option<&str>| httpdate::parse_http_date(text?).ok();
    let value = text(RETRY_AFTER).filter(|value| !value.is_empty())?;
    if value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let now = date(text(DATE)).unwrap_or(now);
    Some(date(Some(value))?.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    fn said(value: &str) -> Option<Duration> {
        let headers = [(RETRY_AFTER, value.parse().unwrap())].into_iter().collect();
        retry_after(&headers, UNIX_EPOCH + Duration::from_secs(784_111_777)) // Sun, 06 Nov 1994 08:49:37 GMT
    }

    #[test]
    fn retry_after_is_seconds_or_a_date_and_anything_else_is_nothing() {
        assert_eq!(said("120"), Some(Duration::from_secs(120)));
        assert_eq!(
            said("Sun, 06 Nov 1994 08:50:37 GMT"),
            Some(Duration::from_secs(60))
        );
        assert_eq!(said("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(said(&u64::MAX.to_string()), Some(Duration::from_secs(u64::MAX)));
        assert_eq!(said("99999999999999999999"), Some(Duration::from_secs(u64::MAX)));
        let far_ahead = said("Fri, 31 Dec 9999 23:59:59 GMT").unwrap();
        assert!(far_ahead > Duration::from_secs(8_000 * 365 * 24 * 60 * 60));
        for nothing in ["", "-1", "+1", "1.5", "1e18", "soon", "120 s"] {
            assert_eq!(said(nothing), None, "{nothing}");
        }
        assert_eq!(retry_after(&HeaderMap::new(), UNIX_EPOCH), None);
    }

    #[test]
    fn a_date_is_taken_by_the_clock_of_the_server_that_says_it() {
        let headers = |date: &str| {
            let said = "Sun, 06 Nov 1994 08:50:37 GMT".parse().unwrap();
            [(RETRY_AFTER, said), (DATE, date.parse().unwrap())]
                .into_iter()
                .collect()
        };
        let in_1970 = |date| retry_after(&headers(date), UNIX_EPOCH);
        assert_eq!(
            in_1970("Sun, 06 Nov 1994 08:50:30 GMT"),
            Some(Duration::from_secs(7))
        );
        assert_eq!(in_1970("now"), Some(Duration::from_secs(784_111_837)));
    }

    #[tokio::test]
    async fn a_pause_is_as_long_as_the_server_wants_it_or_there_is_none() {
        let wants = |seconds: Option<u64>| RemoteError::Status {
            status: 503,
            retry_after: seconds.map(Duration::from_secs),
        };
        let deadline = Instant::now() + Duration::from_secs(100);
        let pause = |seconds, planned| pause(&wants(seconds), planned, deadline);
        let planned = Some(FIRST_PAUSE);
        assert_eq!(pause(None, planned), planned);
        assert_eq!(pause(Some(0), planned), planned);
        assert_eq!(pause(Some(50), planned), Some(Duration::from_secs(50)));
        assert_eq!(pause(Some(101), planned), None);
        assert_eq!(pause(Some(u64::MAX), planned), None);
        assert_eq!(pause(Some(50), None), None, "no more tries");
    }
}
