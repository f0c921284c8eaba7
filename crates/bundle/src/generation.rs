//! The generation of a store.

use std::env;
use std::ffi::OsStr;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::shown::shown;

/// The generation of a store that is being made, in Unix time: the time that the user asks for, else
/// [`SOURCE_DATE_EPOCH`](https://reproducible-builds.org/specs/source-date-epoch/), else now.
///
/// # Errors
/// When the time that was asked for is not a whole number of seconds that a trust blob can hold.
pub fn generation(asked_for: Option<&str>) -> Result<u32, GenerationError> {
    let source_date_epoch = env::var_os("SOURCE_DATE_EPOCH");
    decide(asked_for, source_date_epoch.as_deref(), SystemTime::now())
}

fn decide(
    asked_for: Option<&str>,
    source_date_epoch: Option<&OsStr>,
    now: SystemTime,
) -> Result<u32, GenerationError> {
    let parse = |text: &str, from| {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = is_number.then(|| text.parse().ok()).flatten();
        seconds.ok_or_else(|| GenerationError::NotATime {
            text: text.to_owned(),
            from,
        })
    };
    if let Some(asked_for) = asked_for {
        return parse(asked_for, "--generated-at");
    }
    // An empty variable is one that was unset in a way that some build systems have.
    if let Some(epoch) = source_date_epoch.filter(|epoch| !epoch.is_empty()) {
        return parse(&epoch.to_string_lossy(), "SOURCE_DATE_EPOCH");
    }
    let now = now
        .duration_since(UNIX_EPOCH)
        .map_err(|_| GenerationError::NoClock)?;
    u32::try_from(now.as_secs()).map_err(|_| GenerationError::NoClock)
}

/// The reason why a store has no generation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum GenerationError {
    /// The requested generation is not a Unix time of 32 bits.
    #[error("{from} \"{}\": expected Unix seconds, 0 to {max}", shown(text), max = u32::MAX)]
    NotATime {
        /// The value.
        text: String,
        /// The source of the value.
        from: &'static str,
    },
    /// The clock of this machine is before 1970 or after 2106.
    #[error("the clock of this machine is wrong: expected 1970 to 2106")]
    NoClock,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_asked_for_comes_before_the_environment_and_the_clock() {
        let epoch = Some(OsStr::new("2"));
        assert_eq!(decide(Some("1"), epoch, at(3)), Ok(1));
        assert_eq!(decide(None, epoch, at(3)), Ok(2));
        assert_eq!(decide(None, None, at(3)), Ok(3));
        assert_eq!(decide(None, Some(OsStr::new("")), at(3)), Ok(3));
    }

    #[test]
    fn a_bad_time_is_an_error_and_never_replaced_by_another() {
        for bad in ["", "-1", "+1", "1.5", "4294967296", "2026-05-01T00:00:00Z"] {
            assert!(decide(Some(bad), None, at(3)).is_err(), "{bad}");
        }
        let error = decide(None, Some(OsStr::new("soon\u{1b}")), at(3)).unwrap_err();
        assert_eq!(
            error.to_string(),
            r#"SOURCE_DATE_EPOCH "soon\u{1b}": expected Unix seconds, 0 to 4294967295"#
        );
        assert_eq!(
            decide(None, None, UNIX_EPOCH - Duration::from_secs(1)),
            Err(GenerationError::NoClock)
        );
        assert_eq!(decide(None, None, at(1 << 32)), Err(GenerationError::NoClock));
    }
}
