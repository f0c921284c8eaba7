//! Values of options, each checked where it is read.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::builder::{PathBufValueParser, PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use hyper::header::{HeaderName, HeaderValue};
use jit_trust_bundle::BlobVersion;
use pki_types::{ServerName, UnixTime};
use url::Url;

use crate::compat::OtherRoots;
use crate::http::{self, Library};

/// A URL that can be got.
pub(super) fn web_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("{error}; expected https://HOST/…"))?;
    match url.scheme() {
        "https" | "http" => Ok(url),
        scheme => Err(format!("scheme {scheme}: expected https or http")),
    }
}

/// A URL that can be got and trusted.
pub(super) fn https_url(text: &str) -> Result<Url, String> {
    let url = web_url(text)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("expected no user and password in it".to_owned());
    }
    match url.scheme() {
        "https" => Ok(url),
        scheme => Err(format!("scheme {scheme}: expected https")),
    }
}

/// Where to listen.
pub(super) fn socket_address(text: &str) -> Result<SocketAddr, String> {
    let address = text.parse();
    address.map_err(|_| "expected an IP address and a port, such as 127.0.0.1:8443 or [::1]:8443".to_owned())
}

/// Seconds with decimals, as curl has them.
pub(super) fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected seconds, such as 2.5")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// A file to write. Stdout is one too, by the name that it has among files.
pub(super) fn output_file() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| match (path.as_os_str() == "-", cfg!(unix)) {
        (false, _) => Ok(path),
        (true, true) => Ok(PathBuf::from("/dev/stdout")),
        (true, false) => Err("expected the path of a file, such as ./- for one of that name"),
    })
}

/// A directory to write.
pub(super) fn output_directory() -> impl TypedValueParser<Value = PathBuf> {
    PathBufValueParser::new().try_map(|path| {
        if path.as_os_str() == "-" {
            Err("stdout is no directory; ./- is one of that name")
        } else {
            Ok(path)
        }
    })
}

/// The version of a trust blob.
pub(super) fn blob_version() -> impl TypedValueParser<Value = BlobVersion> {
    PossibleValuesParser::new(["1", "2"]).map(|version| match version.as_str() {
        "1" => BlobVersion::V1,
        _ => BlobVersion::V2,
    })
}

/// A TLS library that the command was built with.
pub(super) fn tls_library() -> impl TypedValueParser<Value = Library> {
    built_in(Library::NAMES, Library::named)
}

/// A list of roots, and a library that judges by it, of those that the command was built with.
pub(super) fn other_roots() -> impl TypedValueParser<Value = OtherRoots> {
    built_in(OtherRoots::NAMES, OtherRoots::named)
}

/// One of several names; what is not in every build has a feature of its name.
fn built_in<T: Clone + Send + Sync + 'static>(
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

/// The same, and some time has to be given.
pub(super) fn some_seconds(text: &str) -> Result<Duration, String> {
    match seconds(text)? {
        Duration::ZERO => Err("expected more than 0 seconds".to_owned()),
        some => Ok(some),
    }
}

/// A host as certificates name it. A URL's brackets around an IPv6 address may stay.
pub(super) fn server_name(text: &str) -> Result<ServerName<'static>, String> {
    http::server_name(text).ok_or_else(|| "expected a DNS name or an IP address".to_owned())
}

/// A point in time, as RFC 3339 or Unix seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Moment(pub(crate) UnixTime);

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let seconds = match text.parse::<u64>() {
            Ok(seconds) => Some(seconds),
            Err(_) => {
                let timestamp = text.parse::<jiff::Timestamp>();
                timestamp
                    .ok()
                    .and_then(|time| u64::try_from(time.as_second()).ok())
            }
        };
        let seconds =
            seconds.ok_or("expected a time since 1970 such as 2026-01-01T00:00:00Z, or Unix seconds")?;
        Ok(Self(UnixTime::since_unix_epoch(Duration::from_secs(seconds))))
    }
}

/// Reads a value that may be secret. clap's own parsers show a value that is not as expected.
pub(super) fn not_shown<T>() -> NotShown<T> {
    NotShown(PhantomData)
}

/// See [`not_shown`].
#[derive(Clone)]
pub(super) struct NotShown<T>(PhantomData<fn() -> T>);

impl<T> TypedValueParser for NotShown<T>
where
    T: FromStr<Err = String> + Clone + Send + Sync + 'static,
{
    type Value = T;

    fn parse_ref(
        &self,
        command: &clap::Command,
        option: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<T, clap::Error> {
        let text = value.to_str().ok_or_else(|| "expected text in UTF-8".to_owned());
        text.and_then(str::parse).map_err(|expected| {
            let option = option.map(ToString::to_string).unwrap_or_default();
            let message = format!("invalid value for '{option}': {expected}\n");
            clap::Error::raw(ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

/// A header field of `--header`, in curl's notation.
#[derive(Clone, Debug)]
pub(crate) struct Field {
    pub(crate) name: HeaderName,
    /// None leaves the field out that would be sent otherwise.
    pub(crate) value: Option<HeaderValue>,
}

impl FromStr for Field {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = match (text.split_once(':'), text.strip_suffix(';')) {
            (Some((name, value)), _) => (name, Some(value.trim()).filter(|value| !value.is_empty())),
            (None, Some(name)) => (name, Some("")),
            (None, None) => return Err("expected NAME: VALUE".to_owned()),
        };
        let name = name.trim().parse();
        let name = name.map_err(|_| "expected the name of a header field before the colon")?;
        let value = value.map(HeaderValue::from_str).transpose();
        let value = value.map_err(|_| "expected text without control characters after the colon")?;
        Ok(Self { name, value })
    }
}

/// A user and a password. `Debug` does not show the password.
#[derive(Clone)]
pub(crate) struct Credentials {
    pub(crate) user: String,
    pub(crate) password: String,
}

impl FromStr for Credentials {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (user, password) = text.split_once(':').ok_or("expected USER:PASSWORD")?;
        Ok(Self {
            user: user.to_owned(),
            password: password.to_owned(),
        })
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Cookies of `--cookie`: `NAME=VALUE`, or several with semicolons between them.
#[derive(Clone)]
pub(crate) struct Cookies(pub(crate) String);

impl FromStr for Cookies {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // curl takes what has no = for a file, or for the wish to keep cookies at all.
        if !text.contains('=') {
            return Err(
                "expected NAME=VALUE; files of cookies are not read, and those that servers set are kept without it"
                    .to_owned(),
            );
        }
        if HeaderValue::from_str(text).is_err() {
            return Err("expected text without control characters".to_owned());
        }
        let text = text.trim_matches(|character: char| character == ';' || character.is_ascii_whitespace());
        Ok(Self(text.to_owned()))
    }
}

impl std::fmt::Debug for Cookies {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cookies").finish_non_exhaustive()
    }
}

/// A key identifier in hex, in either case, with or without colons.
#[derive(Clone, Debug)]
pub(crate) struct HexKeyId(pub(crate) Vec<u8>);

impl FromStr for HexKeyId {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits: Option<Vec<u8>> = text
            .chars()
            .filter(|character| *character != ':')
            .map(|digit| u8::try_from(digit.to_digit(16)?).ok())
            .collect();
        let digits = digits.filter(|digits| !digits.is_empty() && digits.len() % 2 == 0);
        let digits = digits.ok_or("expected pairs of hex digits, such as 79B459E6… or 79:B4:59:E6:…")?;
        Ok(Self(
            digits
                .chunks_exact(2)
                .filter_map(|pair| Some(pair.first()? << 4 | pair.last()?))
                .collect(),
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_or_unix_seconds() {
        let seconds = |text: &str| text.parse::<Moment>().map(|moment| moment.0.as_secs());
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

    #[test]
    fn header_fields_are_written_as_for_curl() {
        let field = |text: &str| {
            let field: Field = text.parse().ok()?;
            Some((
                field.name.to_string(),
                field.value.map(|value| value.as_bytes().to_vec()),
            ))
        };
        assert_eq!(field("X-A: b: c "), Some(("x-a".into(), Some(b"b: c".to_vec()))));
        assert_eq!(field("Accept:"), Some(("accept".into(), None)));
        assert_eq!(field("X-A;"), Some(("x-a".into(), Some(Vec::new()))));
        for text in ["", "X-A", ": b", "X A: b", "X-A: b\nX-B: c"] {
            assert_eq!(field(text), None, "{text:?}");
        }
    }

    #[test]
    fn key_identifiers_are_hex_with_or_without_colons() {
        let key_id = |text: &str| text.parse::<HexKeyId>().map(|key_id| key_id.0).ok();
        assert_eq!(key_id("79:b4:0A"), Some(vec![0x79, 0xb4, 0x0a]));
        assert_eq!(key_id("79B40a"), Some(vec![0x79, 0xb4, 0x0a]));
        for text in ["", ":", "7", "79:B", "zz", "79 B4"] {
            assert_eq!(key_id(text), None, "{text}");
        }
    }
}
