//! The URL of a webroot, and its normal form (RFC 3986 section 6.2).

use std::fmt;
use std::net::Ipv6Addr;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use rustls::pki_types::ServerName;

use super::RemoteError;
use jit_trust_engine::AnchorKey;

/// The URL of a webroot: `https://host[:port][/path]` and nothing else.
///
/// [Its normal form](fmt::Display) is the name of the store, under which generations are remembered. It is the same for all
/// URLs that are equivalent by RFC 3986 and the DNS. The host is in lower case, without the dot of the DNS's root; an IPv6
/// address is in its shortest form. The port of https is left out. In the path only the necessary characters are escaped,
/// escapes are in upper case, and there are no segments `.` and `..` and no final `/`.
#[derive(Clone, Debug)]
pub(super) struct WebrootUrl {
    authority: Authority,
    /// In its normal form.
    path: String,
    /// Scheme, host and port in their normal form.
    origin: String,
    /// The name for which the server's certificate has to be.
    server_name: ServerName<'static>,
}

impl WebrootUrl {
    pub(super) fn parse(url: &str) -> Result<Self, RemoteError> {
        if url.contains('#') {
            return Err(RemoteError::Url("this one has a fragment"));
        }
        let uri: Uri = url.parse().map_err(|_| {
            RemoteError::Url("this is no URL (a host with letters other than ASCII is written as xn--...)")
        })?;
        if uri.scheme() != Some(&Scheme::HTTPS) {
            return Err(RemoteError::Url("this is no https URL"));
        }
        if uri.query().is_some() {
            return Err(RemoteError::Url("this one has a query"));
        }
        let Some(authority) = uri.authority() else {
            return Err(RemoteError::Url("this one has no host"));
        };
        if authority.as_str().contains('@') {
            return Err(RemoteError::Url("this one has credentials"));
        }
        let port = port(authority).ok_or(RemoteError::Url("this one has no valid port"))?;
        let server_name = server_name(authority.host())
            .ok_or(RemoteError::Url("no certificate can be for a host of this name"))?;
        let host = canonical_host(authority.host());
        Ok(Self {
            authority: authority.clone(),
            path: canonical_path(uri.path()),
            origin: match port {
                HTTPS_PORT => format!("https://{host}"),
                port => format!("https://{host}:{port}"),
            },
            server_name,
        })
    }

    /// The name for which the server's certificate has to be.
    pub(super) fn server_name(&self) -> ServerName<'static> {
        self.server_name.clone()
    }

    /// The URL of the server.
    pub(super) fn server(&self) -> Result<Uri, hyper::http::Error> {
        self.with_path("/")
    }

    /// The URL of the file for a key; with a generation, one for which no cache has an older file.
    pub(super) fn of(&self, key: &AnchorKey, generation: Option<u32>) -> Result<Uri, hyper::http::Error> {
        let path = format!("{}/{key}", self.path);
        match generation {
            None => self.with_path(&path),
            Some(generation) => self.with_path(&format!("{path}?newest={generation}")),
        }
    }

    fn with_path(&self, path: &str) -> Result<Uri, hyper::http::Error> {
        let uri = Uri::builder().scheme(Scheme::HTTPS);
        uri.authority(self.authority.clone()).path_and_query(path).build()
    }
}

/// In its normal form.
impl fmt::Display for WebrootUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin, self.path)
    }
}

const HTTPS_PORT: u16 = 443;

/// The port, that of https where there is none. `None` when it is not valid.
fn port(authority: &Authority) -> Option<u16> {
    match authority.as_str().strip_prefix(authority.host())? {
        "" => Some(HTTPS_PORT),
        port => {
            let digits = port.strip_prefix(':')?;
            let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
            digits.parse().ok().filter(|port| is_number && *port != 0)
        }
    }
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    ServerName::try_from(without_brackets(host).unwrap_or(host).to_owned()).ok()
}

/// An IPv6 address, which has brackets in a URL.
fn without_brackets(host: &str) -> Option<&str> {
    host.strip_prefix('[')?.strip_suffix(']')
}

fn canonical_host(host: &str) -> String {
    match without_brackets(host).and_then(|address| address.parse::<Ipv6Addr>().ok()) {
        Some(address) => format!("[{address}]"),
        None => host.trim_end_matches('.').to_ascii_lowercase(),
    }
}

fn canonical_path(path: &str) -> String {
    // A path in which a `%` begins no escape stays as it is: what it means is up to the server.
    let canonical = canonical_escapes(path).map(|path| without_dot_segments(&path));
    let path = canonical.unwrap_or_else(|| path.to_owned());
    path.trim_end_matches('/').to_owned()
}

fn without_dot_segments(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    segments.into_iter().flat_map(|segment| ["/", segment]).collect()
}

/// With the necessary escapes only. `None` when a `%` begins no escape.
fn canonical_escapes(path: &str) -> Option<String> {
    let mut canonical = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, escaped)) = rest.split_once('%') {
        canonical.push_str(plain);
        let (digits, behind) = escaped.split_at_checked(2)?;
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let code = u8::from_str_radix(digits, 16).ok()?;
        match char::from(code) {
            unreserved if is_unreserved(unreserved) => canonical.push(unreserved),
            _ => canonical.push_str(&format!("%{code:02X}")),
        }
        rest = behind;
    }
    canonical.push_str(rest);
    Some(canonical)
}

/// Whether a character means the same escaped or not (RFC 3986 section 2.3).
fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~')
}

#[cfg(test)]
mod tests {
    use jit_trust_core::Name;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_below_the_webroots_url() {
        let name = Name::from_der(&[0x30, 0x00]).unwrap().hash();
        let key = AnchorKey::Subject(name);
        for (url, start) in [
            ("https://trust.test", "https://trust.test"),
            ("https://trust.test/", "https://trust.test"),
            ("https://trust.test:8443/a/b/", "https://trust.test:8443/a/b"),
            ("https://192.0.2.1/a", "https://192.0.2.1/a"),
            ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ] {
            let webroot = WebrootUrl::parse(url).unwrap();
            assert_eq!(webroot.to_string(), start);
            let file = webroot.of(&key, None).unwrap();
            assert_eq!(file.to_string(), format!("{start}/by-subject/{name}.tblb"));
            let newer = webroot.of(&key, Some(7)).unwrap();
            assert_eq!(newer.to_string(), format!("{file}?newest=7"));
        }
    }

    #[test]
    fn a_webroot_is_known_under_one_spelling_and_its_host_asked_for_as_it_was_given() {
        let key = AnchorKey::SubjectKeyId([7].into());
        for (url, asked) in [
            ("https://trust.test/a", "https://trust.test/a"),
            ("HTTPS://TRUST.test:443/a/", "https://TRUST.test:443/a"),
            ("https://trust.test./b/../a", "https://trust.test./a"),
            ("https://trust.test/%61", "https://trust.test/a"),
        ] {
            let webroot = WebrootUrl::parse(url).unwrap();
            assert_eq!(webroot.to_string(), "https://trust.test/a");
            assert_eq!(
                webroot.of(&key, None).unwrap().to_string(),
                format!("{asked}/{key}")
            );
        }
    }

    #[test]
    fn a_url_that_no_webroot_can_have_is_refused_without_repeating_its_password() {
        for (url, why) in [
            ("", "no URL"),
            ("trust.test", "no https URL"),
            ("/srv/trust", "no https URL"),
            ("http://trust.test/", "no https URL"),
            ("https://", "no URL"),
            ("https:///a", "no URL"),
            ("https://trust.test/?a", "a query"),
            ("https://trust.test/#a", "a fragment"),
            ("https://trust.test:0/", "no valid port"),
            ("https://trust.test:/", "no valid port"),
            ("https://trust.test:+443/", "no valid port"),
            ("https://trust.test:65536/", "no valid port"),
            ("https://me:secret@trust.test/", "credentials"),
            ("https://tr\u{fc}st.test/", "no URL"),
            ("https://a b/", "no URL"),
            ("https:/", "no"),
            ("https://:443/", "no"),
            ("https://./", "no certificate"),
            ("https://trust.test:a/", "no"),
            ("https://[::1/", "no URL"),
            ("https://[::1]a/", "no"),
            ("https://[fe80::1%25eth0]/", "no"),
            ("A store of mine", "no URL"),
            ("https://-.test/", "no certificate"),
        ] {
            let error = WebrootUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }

    /// The normal form of a URL.
    fn canonical(url: &str) -> String {
        WebrootUrl::parse(url).unwrap().to_string()
    }

    #[test]
    fn spellings_of_one_webroot_are_one() {
        for (url, spellings) in [
            (
                "https://localhost",
                &[
                    "https://localhost",
                    "https://localhost/",
                    "https://LOCALHOST/",
                    "HTTPS://LocalHost",
                    "https://localhost./",
                    "https://localhost:443",
                    "https://localhost:0443/./",
                    "https://localhost/./",
                    "https://localhost/a/..",
                    "https://localhost/../",
                    "https://localhost/%2e/%2E%2e/",
                ] as &[&str],
            ),
            (
                "https://trust.test:8443/roots/v1~",
                &[
                    "https://trust.test:8443/roots/v1~/",
                    "https://Trust.Test.:08443/roots/./v1~",
                    "https://trust.test:8443/x/../roots/v1%7e",
                    "https://trust.test:8443/%72oots/v1%7E/.",
                ],
            ),
            (
                "https://trust.test/a%2Fb/%C3%BC",
                &[
                    "https://trust.test/a%2fb/%c3%bc",
                    "https://trust.test/%61%2Fb/%c3%BC/",
                ],
            ),
            (
                "https://[2001:db8::1]/a",
                &[
                    "https://[2001:DB8:0:0:0:0:0:1]:443/a",
                    "https://[2001:0db8::0001]/a/",
                ],
            ),
        ] {
            for spelling in spellings {
                assert_eq!(canonical(spelling), url, "{spelling}");
            }
        }
    }

    #[test]
    fn what_leads_elsewhere_stays_another() {
        let different = [
            "https://trust.test",
            "https://trust.test:444",
            "https://trust.test:8443",
            "https://trust.test/a",
            "https://trust.test/A",
            "https://trust.test/a/b",
            "https://trust.test/a%2Fb",
            "https://trust.test/a//b",
            "https://trust.test/a%25",
            "https://www.trust.test",
            "https://127.0.0.1",
            "https://[::1]",
        ];
        for url in different {
            assert_eq!(canonical(url), url);
        }
    }

    #[test]
    fn a_path_with_a_percent_sign_that_begins_no_escape_stays_as_it_is() {
        for path in ["%zz%", "%%341", "a/../%", "%/../%41"] {
            let url = format!("https://a.test/{path}");
            assert_eq!(canonical(&url), url);
            assert_eq!(canonical(&format!("{url}/")), url);
        }
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_its_own(rest in "[aA.%/:2e5F\\[\\]0-9]{0,24}") {
            if let Ok(once) = WebrootUrl::parse(&format!("https://{rest}")) {
                prop_assert_eq!(canonical(&once.to_string()), once.to_string());
            }
        }

        #[test]
        fn any_text_has_one_or_is_refused(text in "\\PC{0,24}") {
            for url in [text.clone(), format!("https://{text}"), format!("https://a.test/{text}")] {
                if let Ok(once) = WebrootUrl::parse(&url) {
                    prop_assert_eq!(canonical(&once.to_string()), once.to_string());
                }
            }
        }
    }
}
