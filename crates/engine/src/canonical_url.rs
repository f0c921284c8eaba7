//! URL normalization (RFC 3986 section 6.2).

use std::borrow::Cow;
use std::net::Ipv6Addr;

const SCHEME: &str = "https://";

/// The normal form of a webroot's URL, by which a store is remembered. It is the same for all URLs that are equivalent by
/// RFC 3986 and the DNS. A text that is not such a URL is returned unchanged.
///
/// Scheme and host are in lower case, without the dot of the DNS's root; an IPv6 address is in its shortest form. The port
/// of https is left out. In the path only the necessary characters are escaped, escapes are in upper case, and there are no
/// segments `.` and `..` and no final `/`.
pub fn canonical(url: &str) -> Cow<'_, str> {
    match canonical_webroot(url) {
        Some(canonical) if canonical != url => Cow::Owned(canonical),
        _ => Cow::Borrowed(url),
    }
}

fn canonical_webroot(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_at_checked(SCHEME.len())?;
    let is_of_a_url = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'@' | b'\\');
    if !scheme.eq_ignore_ascii_case(SCHEME) || !rest.bytes().all(is_of_a_url) {
        return None;
    }
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    Some(format!(
        "{SCHEME}{}{}",
        canonical_authority(authority)?,
        canonical_path(path)
    ))
}

fn canonical_authority(authority: &str) -> Option<String> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (address, port) = rest.split_once(']')?;
            let address: Ipv6Addr = address.parse().ok()?;
            (format!("[{address}]"), port)
        }
        None => {
            let (host, port) = authority.split_at(authority.find(':').unwrap_or(authority.len()));
            (host.trim_end_matches('.').to_ascii_lowercase(), port)
        }
    };
    if host.is_empty() {
        return None;
    }
    match port.strip_prefix(':') {
        None if port.is_empty() => Some(host),
        None => None,
        Some("") => Some(host),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => match digits.parse().ok()? {
            443_u16 => Some(host),
            port => Some(format!("{host}:{port}")),
        },
        Some(_) => None,
    }
}

fn canonical_path(path: &str) -> String {
    let path = canonical_escapes(path);
    let mut segments = Vec::new();
    for segment in path.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let path: String = segments.into_iter().flat_map(|segment| ["/", segment]).collect();
    path.trim_end_matches('/').to_owned()
}

fn canonical_escapes(path: &str) -> String {
    let mut canonical = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((plain, escaped)) = rest.split_once('%') {
        canonical.push_str(plain);
        let code = escaped
            .get(..2)
            .filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let code = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        // A `%` that begins no escape stays as it is.
        let Some(code) = code else {
            canonical.push('%');
            rest = escaped;
            continue;
        };
        match char::from(code) {
            unreserved if is_unreserved(unreserved) => canonical.push(unreserved),
            _ => canonical.push_str(&format!("%{code:02X}")),
        }
        rest = escaped.get(2..).unwrap_or_default();
    }
    canonical.push_str(rest);
    canonical
}

/// Whether a character means the same escaped or not (RFC 3986 section 2.3).
fn is_unreserved(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '.' | '_' | '~')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
                    "https://localhost:/",
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
    fn what_is_no_url_of_a_webroot_stays_as_it_is() {
        for label in [
            "",
            "https:/",
            "https://",
            "https://:443/",
            "https://./",
            "http://LOCALHOST/",
            "https://LOCALHOST:65536/",
            "https://LOCALHOST:+443/",
            "https://LOCALHOST:a/",
            "https://[::1/",
            "https://[::1]a/",
            "https://[fe80::1%25eth0]/",
            "https://ME@LOCALHOST/",
            "https://LOCALHOST/?a",
            "https://LOCALHOST/#a",
            "https://LOCALHOST/ a",
            "https://TR\u{dc}ST.test/",
            "\u{dc}\u{dc}\u{dc}\u{dc}\u{dc}",
            "/srv/./trust/",
            "A store of mine",
        ] {
            assert_eq!(canonical(label), label);
        }
        assert_eq!(canonical("https://a.test/%zz%"), "https://a.test/%zz%");
    }

    proptest! {
        #[test]
        fn the_one_spelling_is_its_own(url in "(https://)?[aA.%/:2e5F\\[\\]0-9]{0,24}") {
            let once = canonical(&url).into_owned();
            prop_assert_eq!(canonical(&once), once.as_str());
        }

        #[test]
        fn any_text_has_one(text in "\\PC{0,24}") {
            canonical(&text);
            canonical(&format!("https://{text}"));
        }
    }
}
