//! Points in time for people.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jit_trust::Certificate;
use jit_trust_bundle::rfc3339;
use pki_types::UnixTime;

use crate::exit::Failure;

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

/// The day of a certificate's date, which is 0 for one before 1970; `None` after the year 9999.
pub(crate) fn day_of_certificate(unix: u64) -> Option<String> {
    match unix {
        0 => Some("1970 or before".to_owned()),
        _ => day(unix),
    }
}

/// When a certificate expired, by its notAfter.
pub(crate) fn expiry(not_after: u64) -> String {
    match not_after {
        0 => "in 1970 or before".to_owned(),
        _ => format!("at {}", moment(not_after)),
    }
}

/// That a date of this certificate cannot be read, if so.
pub(crate) fn unreadable_date(certificate: &Certificate<'_>) -> Option<&'static str> {
    match (certificate.not_before(), certificate.not_after()) {
        (None, None) => Some("neither its notBefore nor its notAfter can be read"),
        (None, Some(_)) => Some("its notBefore cannot be read"),
        (Some(_), None) => Some("its notAfter cannot be read"),
        (Some(_), Some(_)) => None,
    }
}

/// That the validity of this certificate begins or ends before 1970, if so: rustls does not read such a date.
pub(crate) fn date_before_1970(certificate: &Certificate<'_>) -> Option<&'static str> {
    let is_over = certificate.not_after() == Some(0);
    certificate.begins_or_ends_before_1970().then_some(match is_over {
        true => "it expired before 1970, and such a date is not accepted",
        false => "its notBefore lies before 1970, and such a date is not accepted",
    })
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

/// As of when certificates are judged: as given, else now.
pub(crate) fn of_judgement(given: Option<UnixTime>) -> Result<UnixTime, Failure> {
    match given {
        Some(moment) => Ok(moment),
        None => now()
            .map(|seconds| UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
            .ok_or_else(|| Failure::failed("the clock is set before 1970")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_that_may_lie_before_1970_is_not_given_to_the_day() {
        assert_eq!(day_of_certificate(0).as_deref(), Some("1970 or before"));
        assert_eq!(day_of_certificate(1).as_deref(), Some("1970-01-01"));
        assert_eq!(expiry(0), "in 1970 or before");
        assert_eq!(expiry(1), "at 1970-01-01T00:00:01Z");
    }

    #[test]
    fn a_period_up_to_the_end_of_a_day_is_called_by_the_day() {
        assert_eq!(last_moment(1_733_011_199), "2024-11-30");
        assert_eq!(last_moment(1_733_011_198), "2024-11-30T23:59:58Z");
        assert_eq!(last_moment(u64::MAX), "18446744073709551615 (Unix time)");
    }
}
