//! The arguments of `jit-trust explain`.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};
use pki_types::{ServerName, UnixTime};
use url::Url;

use crate::args::{TrustBy, value};
use crate::http::Override;

/// Show how a server's certificates lead to a root, or why they do not
///
/// Draws what the server sent: each certificate, who it says has issued it, whether that is so, which roots were asked
/// for and found, which paths there are and which one was taken; says what is wrong and what to do about it.
///
/// The verdict is that of `verify`, and of `get` with rustls. A HOST is connected to, proxies included, and sent nothing
/// after the handshake, whether it is trusted or not.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust explain www.rust-lang.org
  jit-trust explain --trust trust.tblb --host a.test chain.pem
  jit-trust explain --format svg -o chain.svg www.rust-lang.org
  jit-trust explain --resolve a.test:8443:127.0.0.1 https://a.test:8443/

Exit status: 0 when trusted; 1 when not; 2 for bad usage, input that cannot be read, a host that
cannot be reached, or a STORE that cannot answer; 129, 130 or 143 when ended by SIGHUP, Ctrl-C or
SIGTERM.")]
pub(crate) struct ExplainArgs {
    /// A host, with its port if that is not 443, or its https URL; or a file of certificates as a server sends them
    ///
    /// It is a file if there is one of this name, or if it has a slash or ends as such files do; `-` is stdin.
    #[arg(value_name = "HOST|CHAIN.pem", value_parser = OsStringValueParser::new().try_map(|text| Subject::of(&text)))]
    pub(crate) subject: Subject,

    #[command(flatten)]
    pub(crate) trust: TrustBy,

    /// How to show it: as text, as a picture, or for programs
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Form::Text)]
    pub(crate) format: Form,

    /// Write it to FILE, which appears whole or not at all; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// The host that the certificate in a file is to be for; without it, its names are not checked
    #[arg(long, value_name = "NAME", value_parser = value::server_name)]
    pub(crate) host: Option<ServerName<'static>>,

    /// Judge as of this time instead of now: RFC 3339, such as 2026-01-01T00:00:00Z, or Unix seconds
    #[arg(long, value_name = "TIME", value_parser = value::moment)]
    pub(crate) at: Option<UnixTime>,

    /// Connect to ADDR for HOST and PORT, instead of asking DNS; may be repeated, as for `get`
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Override>,

    /// Seconds that making the connection may take, TLS included; 300 if not given, 0 is without end
    #[arg(long, value_name = "S", value_parser = value::seconds)]
    connect_timeout: Option<Duration>,

    /// Seconds that reaching the server may take in all; 0, or not given, is without end; a STORE that is a URL has its
    /// own ten
    #[arg(short, long, value_name = "S", value_parser = value::seconds)]
    max_time: Option<Duration>,
}

impl ExplainArgs {
    /// How long making the connection may take; zero is without end.
    pub(crate) fn connect_timeout(&self) -> Duration {
        self.connect_timeout.unwrap_or(Duration::from_secs(300))
    }

    /// How long reaching the server may take; zero is without end.
    pub(crate) fn max_time(&self) -> Duration {
        self.max_time.unwrap_or(Duration::ZERO)
    }

    /// An option that was given and means nothing without a server.
    pub(crate) fn option_for_servers(&self) -> Option<&'static str> {
        let given = [
            ("--resolve", !self.resolve.is_empty()),
            ("--connect-timeout", self.connect_timeout.is_some()),
            ("--max-time", self.max_time.is_some()),
        ];
        let given = given.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(option, _)| option)
    }
}

/// The form of an explanation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Form {
    /// For people, in 80 columns.
    Text,
    /// A picture, in light or dark as its viewer likes.
    Svg,
    /// As docs/json.md describes it.
    Json,
}

/// What is to be explained.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The server of an https URL.
    Server(Url),
    /// Certificates in a file.
    File(PathBuf),
}

impl Subject {
    fn of(text: &OsStr) -> Result<Self, String> {
        let path = Path::new(text);
        let is_url = text.to_str().is_some_and(|text| text.contains("://"));
        if !is_url && (text == "-" || path.exists() || is_named_like_a_file(path)) {
            return Ok(Self::File(path.to_owned()));
        }
        let text = text.to_str().ok_or("expected text in UTF-8")?;
        let url = match (is_url, text.parse::<std::net::Ipv6Addr>()) {
            (true, _) => text.to_owned(),
            (false, Ok(address)) => format!("https://[{address}]/"),
            (false, Err(_)) => format!("https://{text}/"),
        };
        value::https_url(&url).map(Self::Server)
    }
}

fn is_named_like_a_file(path: &Path) -> bool {
    let extension = path.extension().and_then(OsStr::to_str);
    let is_known = extension.is_some_and(|extension| {
        ["pem", "crt", "cer", "der", "p7b", "txt"]
            .iter()
            .any(|known| known.eq_ignore_ascii_case(extension))
    });
    is_known || path.components().count() > 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(text: &str) -> Option<String> {
        match Subject::of(OsStr::new(text)) {
            Ok(Subject::Server(url)) => Some(url.to_string()),
            _ => None,
        }
    }

    #[test]
    fn hosts_are_told_from_files() {
        for (text, url) in [
            ("a.test", "https://a.test/"),
            ("a.test:8443", "https://a.test:8443/"),
            ("https://a.test/x", "https://a.test/x"),
            ("192.0.2.1", "https://192.0.2.1/"),
            ("::1", "https://[::1]/"),
            ("[::1]:8443", "https://[::1]:8443/"),
        ] {
            assert_eq!(server(text).as_deref(), Some(url));
        }
        for text in [
            "-",
            "chain.pem",
            "CHAIN.CRT",
            "missing.p7b",
            "chain.txt",
            "./a.test",
            "/nonexistent/a.test",
            "src",
        ] {
            assert!(
                matches!(Subject::of(OsStr::new(text)), Ok(Subject::File(_))),
                "{text}"
            );
        }
        for text in ["http://a.test/", "a b", "", "https://user:secret@a.test/"] {
            assert!(Subject::of(OsStr::new(text)).is_err(), "{text}");
        }
    }
}
