//! The cookies of one run: which of them are kept, and where they are sent (RFC 6265).
//!
//! `cookie_store` reads `Set-Cookie` and knows what a cookie's domain, path and age mean. It leaves to its user which
//! domains are public suffixes, what the prefixes of names promise, what plain HTTP may do, and how much is kept.

use std::borrow::Cow;
use std::fmt;

use cookie_store::{Cookie, CookieDomain, CookieError, CookieStore, RawCookie, StoreAction};
use hyper::header::{COOKIE, HeaderMap, HeaderValue, SET_COOKIE};
use url::Url;

/// The longest name and value together, in bytes, as browsers have it.
const MAX_PAIR: usize = 4096;
/// The longest `Set-Cookie` field, in bytes: as much again for the attributes. RFC 6265 section 6.1 asks for half of
/// it at least.
const MAX_FIELD: usize = 2 * MAX_PAIR;
/// Cookies of one domain: the least that section 6.1 asks for.
const MAX_OF_DOMAIN: usize = 50;
/// Cookies in all. It asks for 3000 of what keeps them for years; this is for one run.
const MAX_IN_ALL: usize = 300;

/// The cookies that were set so far.
#[derive(Debug, Default)]
pub(super) struct Jar(CookieStore);

/// A cookie that an answer wanted to set, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SetCookie {
    /// Empty where it could not be read.
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Kept,
    /// It came expired, which is how a server takes a cookie back.
    Deleted,
    Ignored(Refusal),
}

/// Why a cookie is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Unreadable,
    TooLong,
    OtherSite,
    PublicSuffix,
    NotEncrypted,
    Prefix,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unreadable => "not of the form NAME=VALUE in UTF-8",
            Self::TooLong => "too long",
            Self::OtherSite => "its Domain is not one of this host",
            Self::PublicSuffix => "its Domain is a public suffix, which many sites share",
            Self::NotEncrypted => "http cannot set a cookie that is for https alone",
            Self::Prefix => "not as secure as its name promises",
        })
    }
}

impl Jar {
    /// Takes the cookies that the answer from `url` sets.
    pub(super) fn keep(&mut self, url: &Url, answer: &HeaderMap) -> Vec<SetCookie> {
        let fields = answer.get_all(SET_COOKIE).iter();
        fields.map(|field| self.keep_one(url, field.as_bytes())).collect()
    }

    /// Adds the cookies for `url` to the `Cookie` that a request has already, in one field (RFC 6265 section 5.4),
    /// and tells their names. What a server has set since is newer than what the request has of the same name.
    pub(super) fn send(&self, url: &Url, headers: &mut HeaderMap) -> Vec<String> {
        let mut cookies = self.0.matches(url);
        // The library takes http to loopback for secure.
        cookies.retain(|cookie| url.scheme() == "https" || !is_secure(cookie));
        // Equally long paths stay in the order in which they were set.
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let names: Vec<String> = cookies.iter().map(|cookie| cookie.name().to_owned()).collect();
        if names.is_empty() {
            return names;
        }
        let mut pairs: Vec<Cow<'_, [u8]>> = cookies
            .iter()
            .map(|cookie| Cow::Owned(pair(cookie).into_bytes()))
            .collect();
        let own = headers.get_all(COOKIE).iter();
        let own = own.flat_map(|field| field.as_bytes().split(|byte| *byte == b';'));
        let own = own.map(<[u8]>::trim_ascii).filter(|pair| {
            let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
            !pair.is_empty() && !names.iter().any(|set| set.as_bytes() == name.trim_ascii())
        });
        pairs.extend(own.map(Cow::Borrowed));
        // It is made of what were header fields already.
        if let Ok(mut value) = HeaderValue::from_bytes(&pairs.join(&b"; "[..])) {
            value.set_sensitive(true);
            headers.insert(COOKIE, value);
        }
        names
    }

    fn keep_one(&mut self, url: &Url, field: &[u8]) -> SetCookie {
        let raw = raw_cookie(field);
        let name = raw.as_ref().map_or("", |raw| raw.name()).to_owned();
        let outcome = raw.and_then(|raw| self.try_to_keep(url, &raw));
        let outcome = outcome.unwrap_or_else(Outcome::Ignored);
        SetCookie { name, outcome }
    }

    fn try_to_keep(&mut self, url: &Url, raw: &RawCookie<'static>) -> Result<Outcome, Refusal> {
        let cookie = self.checked(url, raw)?;
        let domain = domain_of(&cookie).to_owned();
        let outcome = match self.0.insert(cookie, url) {
            Ok(StoreAction::Inserted | StoreAction::UpdatedExisting) => Outcome::Kept,
            Ok(StoreAction::ExpiredExisting) | Err(CookieError::Expired) => Outcome::Deleted,
            Err(error) => return Err(error.into()),
        };
        self.forget_excess(&domain);
        Ok(outcome)
    }

    /// The cookie, if `url` may set it.
    fn checked(&self, url: &Url, raw: &RawCookie<'static>) -> Result<Cookie<'static>, Refusal> {
        if raw.name().len() + raw.value().len() > MAX_PAIR {
            return Err(Refusal::TooLong);
        }
        let mut cookie = Cookie::try_from_raw_cookie(raw, url)?;
        if let CookieDomain::Suffix(domain) = &cookie.domain {
            if is_public_suffix(domain) {
                if url.host_str() != Some(domain) {
                    return Err(Refusal::PublicSuffix);
                }
                // RFC 6265 section 5.3, step 5: such a host may set cookies for itself alone.
                cookie.domain = CookieDomain::HostOnly(domain.clone());
            }
        }
        if url.scheme() != "https" && (is_secure(&cookie) || self.hides_a_secure_one(&cookie)) {
            return Err(Refusal::NotEncrypted);
        }
        if !keeps_promise_of_name(raw) {
            return Err(Refusal::Prefix);
        }
        Ok(cookie)
    }

    /// Whether the cookie, sent to a host, could be taken there for one that only https has set. RFC 6265 allows it;
    /// its successor does not (draft-ietf-httpbis-rfc6265bis section 5.7), nor do browsers and curl.
    fn hides_a_secure_one(&self, cookie: &Cookie<'_>) -> bool {
        let domain = domain_of(cookie);
        self.0.iter_unexpired().any(|kept| {
            let kept_domain = domain_of(kept);
            is_secure(kept)
                && kept.name() == cookie.name()
                && (is_within(domain, kept_domain) || is_within(kept_domain, domain))
        })
    }

    /// Lets go of the expired cookies, and of the oldest of `domain` and of all where there are too many.
    fn forget_excess(&mut self, domain: &str) {
        while self.forget_first(Cookie::is_expired) {}
        let of_domain = |cookie: &Cookie<'static>| domain_of(cookie) == domain;
        while self.0.iter_any().filter(|cookie| of_domain(cookie)).count() > MAX_OF_DOMAIN
            && self.forget_first(of_domain)
        {}
        while self.0.iter_any().count() > MAX_IN_ALL && self.forget_first(|_| true) {}
    }

    /// Whether there was one to forget.
    fn forget_first(&mut self, which: impl Fn(&Cookie<'static>) -> bool) -> bool {
        let Some(cookie) = self.0.iter_any().find(|cookie| which(cookie)) else {
            return false;
        };
        let (domain, path) = (domain_of(cookie).to_owned(), cookie.path.to_string());
        let name = cookie.name().to_owned();
        self.0.remove(&domain, &path, &name).is_some()
    }
}

/// The cookie as it is written, if its name and value can be sent back.
fn raw_cookie(field: &[u8]) -> Result<RawCookie<'static>, Refusal> {
    if field.len() > MAX_FIELD {
        return Err(Refusal::TooLong);
    }
    let text = std::str::from_utf8(field).map_err(|_| Refusal::Unreadable)?;
    let raw = RawCookie::parse(text.to_owned()).map_err(|_| Refusal::Unreadable)?;
    let is_sendable = HeaderValue::from_str(&pair(&raw)).is_ok();
    is_sendable.then_some(raw).ok_or(Refusal::Unreadable)
}

fn pair(raw: &RawCookie<'_>) -> String {
    format!("{}={}", raw.name(), raw.value())
}

fn is_secure(cookie: &Cookie<'_>) -> bool {
    cookie.secure() == Some(true)
}

/// The prefixes of names and what they promise (draft-ietf-httpbis-rfc6265bis section 4.1.3). `Secure` is checked
/// against the scheme elsewhere.
fn keeps_promise_of_name(raw: &RawCookie<'_>) -> bool {
    let name = raw.name().to_ascii_lowercase();
    let secure = raw.secure() == Some(true);
    if name.starts_with("__host-") {
        return secure && raw.domain().is_none() && raw.path() == Some("/");
    }
    secure || !name.starts_with("__secure-")
}

/// Whether this very name cannot be registered: it is on the list, or a single label. `psl` is the list as code, made
/// anew whenever the list changes; there is nothing to load, and a newer list is a newer version of the crate.
fn is_public_suffix(domain: &str) -> bool {
    psl::domain_str(domain).is_none()
}

/// Whether the host is the domain or below it.
fn is_within(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain)
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// The library's key for a cookie's domain, which every cookie has that it makes.
fn domain_of<'a>(cookie: &'a Cookie<'_>) -> &'a str {
    match &cookie.domain {
        CookieDomain::HostOnly(domain) | CookieDomain::Suffix(domain) => domain,
        CookieDomain::NotPresent | CookieDomain::Empty => "",
    }
}

impl From<CookieError> for Refusal {
    fn from(error: CookieError) -> Self {
        match error {
            CookieError::DomainMismatch => Self::OtherSite,
            _ => Self::Unreadable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn set(jar: &mut Jar, from: &str, field: &str) -> Outcome {
        let mut answer = HeaderMap::new();
        answer.insert(SET_COOKIE, HeaderValue::from_str(field).unwrap());
        jar.keep(&url(from), &answer).remove(0).outcome
    }

    fn sent(jar: &Jar, to: &str, own: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for field in own {
            headers.append(COOKIE, HeaderValue::from_static(field));
        }
        jar.send(&url(to), &mut headers);
        let fields: Vec<&str> = headers
            .get_all(COOKIE)
            .iter()
            .map(|field| field.to_str().unwrap())
            .collect();
        fields.join(" | ")
    }

    #[test]
    fn no_site_sets_a_cookie_for_a_public_suffix_or_a_site_beside_it() {
        for (from, domain, expected) in [
            ("www.a.co.uk", "co.uk", Refusal::PublicSuffix),
            ("www.a.co.uk", ".CO.UK", Refusal::PublicSuffix),
            ("www.a.co.uk", "uk", Refusal::PublicSuffix),
            ("www.a.co.uk.", "co.uk.", Refusal::PublicSuffix),
            // On the list for what is below it alone.
            ("a.b.ck", "b.ck", Refusal::PublicSuffix),
            ("a.b.ck", "ck", Refusal::PublicSuffix),
            ("me.github.io", "github.io", Refusal::PublicSuffix),
            ("a.xn--55qx5d.cn", "公司.cn", Refusal::PublicSuffix),
            ("a.xn--55qx5d.cn", "xn--55qx5d.cn", Refusal::PublicSuffix),
            // On no list.
            ("a.test", "test", Refusal::PublicSuffix),
            ("a.test", "b.test", Refusal::OtherSite),
            ("a.test", "www.a.test", Refusal::OtherSite),
            ("ba.test", "a.test", Refusal::OtherSite),
            ("127.0.0.1", "0.0.1", Refusal::OtherSite),
            ("127.0.0.1", "1", Refusal::OtherSite),
        ] {
            let from = format!("https://{from}/");
            let mut jar = Jar::default();
            let outcome = set(&mut jar, &from, &format!("c=1; Domain={domain}"));
            assert_eq!(outcome, Outcome::Ignored(expected), "{from} {domain}");
            assert_eq!(sent(&jar, &from, &[]), "");
        }
        let mut jar = Jar::default();
        for domain in ["a.co.uk", "www.a.co.uk", "www.ck", ""] {
            let from = if domain == "www.ck" { domain } else { "www.a.co.uk" };
            let field = format!("c=1; Domain={domain}");
            assert_eq!(set(&mut jar, &format!("https://{from}/"), &field), Outcome::Kept);
        }
    }

    #[test]
    fn a_host_that_is_a_public_suffix_sets_cookies_for_itself_alone() {
        for host in ["github.io", "localhost", "[::1]", "127.0.0.1"] {
            let mut jar = Jar::default();
            let at = format!("https://{host}/");
            assert_eq!(set(&mut jar, &at, &format!("c=1; Domain={host}")), Outcome::Kept);
            assert_eq!(sent(&jar, &at, &[]), "c=1", "{host}");
            assert_eq!(set(&mut jar, &at, "d=2"), Outcome::Kept);
            assert_eq!(sent(&jar, &at, &[]), "c=1; d=2", "{host}");
            assert_eq!(sent(&jar, "https://me.github.io/", &[]), "");
        }
    }

    #[test]
    fn names_with_a_promise_need_what_they_promise() {
        let refused = Outcome::Ignored(Refusal::Prefix);
        for (field, outcome) in [
            ("__Secure-c=1; Secure", Outcome::Kept),
            ("__Secure-c=1", refused),
            ("__Host-c=1; Secure; Path=/", Outcome::Kept),
            ("__host-c=1; Secure; Path=/x", refused),
            ("__Host-c=1; Secure", refused),
            ("__HOST-c=1; Path=/", refused),
            ("__Host-c=1; Secure; Path=/; Domain=a.test", refused),
        ] {
            let mut jar = Jar::default();
            assert_eq!(set(&mut jar, "https://a.test/", field), outcome, "{field}");
        }
    }

    #[test]
    fn http_neither_sets_nor_hides_what_is_for_https() {
        let refused = Outcome::Ignored(Refusal::NotEncrypted);
        let mut jar = Jar::default();
        assert_eq!(set(&mut jar, "http://a.test/", "c=1; Secure"), refused);
        assert_eq!(set(&mut jar, "https://www.a.test/", "c=1; Secure"), Outcome::Kept);
        for field in ["c=2; Domain=a.test", "c=2; Path=/x", "c=; Max-Age=0"] {
            assert_eq!(set(&mut jar, "http://www.a.test/", field), refused, "{field}");
        }
        assert_eq!(set(&mut jar, "http://b.test/", "c=2"), Outcome::Kept);
        assert_eq!(sent(&jar, "https://www.a.test/x", &[]), "c=1");
        assert_eq!(set(&mut jar, "https://localhost/", "c=1; Secure"), Outcome::Kept);
        assert_eq!(sent(&jar, "http://localhost/", &[]), "");
    }

    #[test]
    fn the_longest_path_comes_first_and_what_is_newer_replaces() {
        let mut jar = Jar::default();
        for field in ["a=1; Path=/", "b=1; Path=/x/y", "c=1; Path=/x", "d=1; Path=/"] {
            assert_eq!(set(&mut jar, "https://a.test/x/y/z", field), Outcome::Kept);
        }
        assert_eq!(sent(&jar, "https://a.test/x/y/", &[]), "b=1; c=1; a=1; d=1");
        assert_eq!(sent(&jar, "https://a.test/xy", &[]), "a=1; d=1");
        assert_eq!(
            sent(&jar, "https://a.test/", &["a=0; e=0;", "d = 0;f"]),
            "a=1; d=1; e=0; f"
        );
        assert_eq!(sent(&jar, "https://b.test/", &["a=0;", "f"]), "a=0; | f");
    }

    #[test]
    fn a_site_fills_its_own_place_and_the_oldest_go() {
        let mut jar = Jar::default();
        for site in 0..10 {
            for number in 0..60 {
                let from = format!("https://site{site}.test/");
                assert_eq!(set(&mut jar, &from, &format!("c{number}=1")), Outcome::Kept);
            }
        }
        assert_eq!(jar.0.iter_any().count(), MAX_IN_ALL);
        let last = sent(&jar, "https://site9.test/", &[]);
        assert_eq!(last.split("; ").count(), MAX_OF_DOMAIN);
        assert!(last.starts_with("c10=1") && last.ends_with("c59=1"), "{last}");
        assert_eq!(sent(&jar, "https://site0.test/", &[]), "");
        for number in 0..60 {
            let gone = format!("c{number}=; Expires=Thu, 01 Jan 1970 00:00:00 GMT");
            assert_eq!(set(&mut jar, "https://site9.test/", &gone), Outcome::Deleted);
        }
        assert_eq!(jar.0.iter_any().count(), MAX_IN_ALL - MAX_OF_DOMAIN);
    }

    #[test]
    fn a_cookie_is_as_long_as_browsers_let_it_be() {
        let mut jar = Jar::default();
        let longest = "v".repeat(MAX_PAIR - 1);
        assert_eq!(
            set(&mut jar, "https://a.test/", &format!("c={longest}")),
            Outcome::Kept
        );
        let too_long = Outcome::Ignored(Refusal::TooLong);
        assert_eq!(
            set(&mut jar, "https://a.test/", &format!("c=v{longest}")),
            too_long
        );
        let path = "p".repeat(MAX_FIELD);
        assert_eq!(
            set(&mut jar, "https://a.test/", &format!("c=1; Path=/{path}")),
            too_long
        );
    }

    /// Whatever stands in the field, it is kept for the host alone or for a name above it that is not a public suffix.
    #[test]
    fn garbage_is_taken_or_left_without_harm() {
        let words: [&[u8]; 32] = [
            b"",
            b"c",
            b"=",
            b"==",
            b";",
            b"; ",
            b",",
            b"\"",
            b" ",
            b"\t",
            b".",
            b"..",
            b"-",
            b"\xff",
            b"\xc3\xa9",
            b"Domain=",
            b"domain",
            b"Path=",
            b"/",
            b"Max-Age=",
            b"99999999999999999999",
            b"0",
            b"Expires=",
            b"Thu, 01 Jan 1970 00:00:00 GMT",
            b"-70 00:00:00 GMT",
            b"Secure",
            b"__Host-",
            b"co.uk",
            b"uk",
            b"www.a.co.uk",
            b"a.co.uk",
            b"xn--",
        ];
        let mut random = 1_u32;
        let mut jar = Jar::default();
        for _ in 0..5_000 {
            let mut field = Vec::new();
            for _ in 0..12 {
                random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                field.extend_from_slice(words[(random >> 27) as usize]);
            }
            let at = ["https://www.a.co.uk/", "https://[::1]/", "http://www.a.co.uk./x"][random as usize % 3];
            jar.keep_one(&url(at), &field);
        }
        for cookie in jar.0.iter_any() {
            let domain = domain_of(cookie);
            assert!(
                ["[::1]", "www.a.co.uk", "a.co.uk", "www.a.co.uk.", "a.co.uk."].contains(&domain),
                "{cookie:?}"
            );
        }
        assert!(jar.0.iter_any().count() <= MAX_IN_ALL);
    }
}
