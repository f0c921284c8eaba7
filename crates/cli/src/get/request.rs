//! The request that the options ask for.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{AUTHORIZATION, COOKIE, HOST, HeaderName, HeaderValue, PROXY_AUTHORIZATION};
use url::Url;

use super::args::{Cookies, Credentials, Field, GetArgs};
use crate::http::Request;
use crate::shown::joined;

/// Fields that are meant for the host that the user has named, and for no other.
const PRIVATE: [HeaderName; 4] = [AUTHORIZATION, COOKIE, HOST, PROXY_AUTHORIZATION];

pub(super) fn of(args: &GetArgs) -> Request {
    let mut request = Request::new(args.url.clone());
    let Request {
        url,
        headers,
        private_headers,
        keeps_cookies,
    } = &mut request;
    let credentials = args.user.clone().or_else(|| credentials_in(url));
    if let Some(value) = credentials.as_ref().and_then(basic) {
        private_headers.insert(AUTHORIZATION, value);
    }
    if let Some(value) = cookies(&args.cookie) {
        private_headers.insert(COOKIE, value);
    }
    // They cannot be set only where there is no host, and then there is nothing to get.
    let _ = url.set_username("");
    let _ = url.set_password(None);

    for field in &args.header {
        headers.remove(&field.name);
        private_headers.remove(&field.name);
    }
    for field in &args.header {
        if let Some(value) = &field.value {
            let headers = match PRIVATE.contains(&field.name) {
                true => &mut *private_headers,
                false => &mut *headers,
            };
            headers.append(&field.name, value.clone());
        }
    }
    // `-H Cookie:` leaves the field out, no matter what would set it.
    let leaves_cookies_out = |field: &Field| field.name == COOKIE && field.value.is_none();
    *keeps_cookies = !args.header.iter().any(leaves_cookies_out);
    request
}

/// What all of `--cookie` give, in one field (RFC 6265 section 5.4).
fn cookies(given: &[Cookies]) -> Option<HeaderValue> {
    let all = joined(given.iter().map(|cookies| &cookies.0), "; ");
    let mut value = HeaderValue::from_str(&all).ok()?;
    value.set_sensitive(true);
    (!given.is_empty()).then_some(value)
}

/// User and password of the URL itself.
fn credentials_in(url: &Url) -> Option<Credentials> {
    let has_some = !url.username().is_empty() || url.password().is_some();
    has_some.then(|| Credentials {
        user: percent_decoded(url.username()),
        password: percent_decoded(url.password().unwrap_or_default()),
    })
}

fn percent_decoded(text: &str) -> String {
    percent_encoding::percent_decode_str(text)
        .decode_utf8_lossy()
        .into_owned()
}

/// RFC 7617.
fn basic(credentials: &Credentials) -> Option<HeaderValue> {
    let encoded = BASE64_STANDARD.encode(format!("{}:{}", credentials.user, credentials.password));
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}
