//! The arguments of `jit-trust get`.

use std::ffi::OsStr;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use clap::builder::TypedValueParser;
use clap::error::ErrorKind;
use hyper::header::{HeaderName, HeaderValue};

use crate::args::{TrustBy, value};
use crate::http::{Library, Override};

/// Get a URL, trusting just the root that the server's certificates ask for
///
/// Prints the body to stdout. Redirects are followed, each hop trusted on its own by the same store; a reply such as
/// 404 is no failure unless --fail is given. Option names are curl's where curl has one.
///
/// The variables http_proxy (lower case only), HTTPS_PROXY, ALL_PROXY and NO_PROXY name proxies, as for curl.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust get https://www.rust-lang.org/
  jit-trust get --trust trust.tblb -o page.html https://www.rust-lang.org/
  jit-trust get -v --trust https://trust.test/ --trust-ca ca.pem --cache hosts https://a.test/
  jit-trust get -v --resolve a.test:443:127.0.0.1 --trust roots.pem https://a.test/

Exit status: 0 when the last hop was answered, whatever its status; 1 when it was not, when a
server was not trusted, when a redirect was refused, when the output could not be written, and
with --fail for a status of 400 or more; 2 for bad usage or a STORE that cannot be read; 129, 130
or 143 when ended by SIGHUP, Ctrl-C or SIGTERM.")]
pub(crate) struct GetArgs {
    /// What to get: an https or http URL
    #[arg(value_parser = value::web_url)]
    pub(crate) url: url::Url,

    #[command(flatten)]
    pub(crate) trust: TrustBy,

    /// Make TLS connections with this library, of those that the command was built with
    ///
    /// Which root is chosen does not depend on it; the rules by which a path is valid are the library's own.
    #[arg(long, value_name = "LIBRARY", default_value = Library::NAMES[0], value_parser = value::tls_library())]
    pub(crate) tls: Library,

    /// Speak HTTP/1.1 only
    #[arg(long = "http1.1", conflicts_with = "http2")]
    pub(crate) http1: bool,

    /// Speak HTTP/2 only, where the URL is https
    #[arg(long)]
    pub(crate) http2: bool,

    /// Connect to ADDR for HOST and PORT, instead of asking DNS; may be repeated
    ///
    /// ADDR may be several addresses with commas between them, an IPv6 address may stand in brackets, and HOST
    /// may be `*` for every host.
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Override>,

    /// Say on stderr what happened: connections, protocol, the root chosen, time of each stage
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Write the body to FILE, which appears whole or not at all; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Print a report of all hops in JSON to stdout, instead of the body; --output still gets that
    #[arg(long)]
    pub(crate) json: bool,

    /// Fail, and write no body, when the status is 400 or more
    #[arg(short, long)]
    pub(crate) fail: bool,

    /// Send this header field; `Name:` leaves one out, `Name;` sends it empty; may be repeated
    ///
    /// Authorization, Cookie, Proxy-Authorization and Host go to the first scheme, host and port only.
    #[arg(short = 'H', long, value_name = "NAME: VALUE", value_parser = not_shown::<Field>())]
    pub(crate) header: Vec<Field>,

    /// Send these cookies to the first scheme, host and port; may be repeated
    ///
    /// Cookies that servers set are kept from hop to hop, by RFC 6265 and the public suffix list, and no longer;
    /// `-H Cookie:` sends none at all.
    #[arg(short = 'b', long, value_name = "NAME=VALUE", value_parser = not_shown::<Cookies>())]
    pub(crate) cookie: Vec<Cookies>,

    /// Authenticate to the first scheme, host and port, by HTTP's Basic scheme
    #[arg(short, long, value_name = "USER:PASSWORD", value_parser = not_shown::<Credentials>())]
    pub(crate) user: Option<Credentials>,

    /// Accept any certificate of the first host; where a redirect leads is verified again
    #[arg(short = 'k', long)]
    pub(crate) insecure: bool,

    /// Follow redirects from https to http too, which are refused otherwise; curl's --proto-redir
    #[arg(long)]
    pub(crate) allow_downgrade: bool,

    /// Seconds that making a connection may take, TLS included; 0 is without end
    #[arg(long, value_name = "S", default_value = "300", value_parser = value::seconds)]
    pub(crate) connect_timeout: Duration,

    /// Seconds that everything together may take; 0 is without end
    #[arg(short, long, value_name = "S", default_value = "0", value_parser = value::seconds)]
    pub(crate) max_time: Duration,

    /// How many redirects to follow
    #[arg(long, value_name = "N", default_value_t = 50)]
    pub(crate) max_redirs: usize,
}

/// Reads a value that may be secret. clap's own parsers show a value that is not as expected.
fn not_shown<T>() -> NotShown<T> {
    NotShown(PhantomData)
}

/// See [`not_shown`].
#[derive(Clone)]
struct NotShown<T>(PhantomData<fn() -> T>);

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
