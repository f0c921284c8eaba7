//! Which proxy to go through, as the environment says it to curl.

use std::env;
use std::fmt;

use hyper::Uri;
use hyper::header::HeaderValue;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};

use crate::exit::Failure;
use crate::shown::shown;

/// The proxies of the environment, and the hosts to reach without.
#[derive(Debug)]
pub(crate) struct Proxies(Matcher);

impl Proxies {
    /// Reads `http_proxy` (in lower case only, because a web server hands `HTTP_PROXY` to CGI programs as it came
    /// from the network), `https_proxy`, `all_proxy` and `no_proxy`, these in either case.
    pub(crate) fn from_env() -> Result<Self, Failure> {
        let matcher = Matcher::builder()
            .http(proxy_variable(&["http_proxy"])?)
            .https(proxy_variable(&["https_proxy", "HTTPS_PROXY"])?)
            .all(proxy_variable(&["all_proxy", "ALL_PROXY"])?)
            .no(variable(&["no_proxy", "NO_PROXY"])?.map_or_else(String::new, |(_, value)| value));
        Ok(Self(matcher.build()))
    }

    pub(super) fn for_url(&self, url: &Uri) -> Option<Proxy> {
        self.0.intercept(url).and_then(Proxy::new)
    }
}

/// The first of these variables that is set to something.
fn variable(names: &[&'static str]) -> Result<Option<(&'static str, String)>, Failure> {
    for name in names {
        match env::var(name) {
            Ok(value) if !value.is_empty() => return Ok(Some((name, value))),
            Ok(_) | Err(env::VarError::NotPresent) => {}
            Err(env::VarError::NotUnicode(_)) => {
                return Err(Failure::bad_input(format!("{name}: expected text in UTF-8")));
            }
        }
    }
    Ok(None)
}

/// A variable that must name a proxy, because one that cannot be read must not mean: without a proxy.
fn proxy_variable(names: &[&'static str]) -> Result<String, Failure> {
    let Some((name, value)) = variable(names)? else {
        return Ok(String::new());
    };
    let probe = Matcher::builder().all(value.as_str()).build();
    let proxy = probe.intercept(&Uri::from_static("http://host.invalid/"));
    match proxy.and_then(Proxy::new) {
        Some(_) => Ok(value),
        // The value is not shown: there may be a password in it.
        None => Err(Failure::bad_input(format!(
            "{name}: expected a proxy such as http://HOST:PORT, https://HOST:PORT or socks5h://HOST:PORT"
        ))),
    }
}

/// One proxy. Displayed without its password.
#[derive(Clone, Debug)]
pub(super) struct Proxy {
    /// Scheme, host and port.
    pub(super) uri: Uri,
    pub(super) port: u16,
    intercept: Intercept,
}

impl Proxy {
    fn new(intercept: Intercept) -> Option<Self> {
        let given = intercept.uri();
        let scheme = given.scheme_str()?;
        // curl's default for all kinds but https.
        let default = if scheme == "https" { 443 } else { 1080 };
        let (_, after_host) = given.authority()?.as_str().split_once(given.host()?)?;
        let port = match after_host.trim_start_matches(':') {
            "" => default,
            port => port.parse().ok()?,
        };
        let uri = format!("{scheme}://{}:{port}/", given.host()?).parse().ok()?;
        Some(Self { uri, port, intercept })
    }

    pub(super) fn scheme(&self) -> &str {
        self.uri.scheme_str().unwrap_or_default()
    }

    /// Whether it hands on bytes without knowing of HTTP.
    pub(super) fn is_socks(&self) -> bool {
        self.scheme().starts_with("socks")
    }

    pub(super) fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// The value of `Proxy-Authorization`, if there is one to send.
    pub(super) fn basic_auth(&self) -> Option<HeaderValue> {
        let mut value = self.intercept.basic_auth()?.clone();
        value.set_sensitive(true);
        Some(value)
    }

    /// User and password, for a SOCKS proxy.
    pub(super) fn socks_auth(&self) -> Option<(String, String)> {
        let (user, password) = self.intercept.raw_auth()?;
        Some((user.to_owned(), password.to_owned()))
    }
}

impl fmt::Display for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}://{}:{}",
            shown(self.scheme()),
            shown(self.host()),
            self.port
        )
    }
}
