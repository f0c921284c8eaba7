//! Values of options, each checked where it is read.

use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use pki_types::{ServerName, UnixTime};
use url::Url;

use crate::http::{self, Library};

/// A URL that can be got.
pub(crate) fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; expected https://HOST/…"))?;
    match url.scheme() {
        "https" | "http" => Ok(url),
        scheme => Err(format!("scheme {scheme}: expected https or http")),
    }
}

/// A URL that can be got and trusted.
pub(crate) fn https_url(text: &str) -> Result<Url, String> {
    let url = web_url(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected no user and password in it".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        scheme => Err(format!("scheme {scheme}: expected https")),
    }
}

/// Seconds with decimals, as curl has them.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 2.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A TLS library that the command was built with.
pub(crate) fn tls_library() -> impl TypedValueParser<Value = Library> {
    built_in(Library::NAMES, Library::named)
}

/// One of several names; what is not in every build has a feature of its name.
pub(crate) fn built_in<T: Clone + Send + Sync + 'static>(
    names: [&'static str; 3],
    named: fn(&str) -> Option<T>,
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(names).try_map(move |name| {
        named(&name).ok_or_else(|| {
            format!(
                "this jit-trust was built without it; `cargo install --path crates/cli --features {name}` builds one \
                 with it"
            )
        })
    })
}

/// A host as certificates name it. A URL's brackets around an IPv6 address may stay.
pub(crate) fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    http::server_name(text).ok_or_else(|| "expected a DNS name or an IP address".to_owned())
}

/// A point in time, as RFC 3339 or Unix seconds.
pub(crate) fn moment(text: &str) -> Result<UnixTime, String> {
    let rfc_3339 = || u64::try_from(text.parse::<jiff::Timestamp>().ok()?.as_second()).ok();
    let seconds = text.parse().ok().or_else(rfc_3339);
    let seconds =
        seconds.ok_or("expected a time since 1970 such as 2026-01-01T00:00:00Z, or Unix seconds")?;
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_or_unix_seconds() {
        let seconds = |text: &str| moment(text).map(|moment| moment.as_secs());
        assert_eq!(seconds("0"), Ok(0));
        assert_eq!(seconds("2026-01-01T00:00:00Z"), Ok(1_767_225_600));
        assert_eq!(seconds("2026-01-01T01:00:00+01:00"), Ok(1_767_225_600));
        for text in [
            "",
            "-1",
            "now",
            "2026-01-01",
            "2026-01-01T00:00:00",
            "1960-01-01T00:00:00Z",
        ] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
