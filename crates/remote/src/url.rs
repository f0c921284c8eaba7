//! The URL of a webroot.

use std::fmt;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};
use rustls::pki_types::ServerName;

use super::RemoteError;
use jit_trust_engine::AnchorKey;
use jit_trust_engine::canonical_url as canonical;

/// The URL of a webroot: `https://host[:port][/path]` and nothing else.
#[derive(Clone, Debug)]
pub(super) struct WebrootUrl {
    authority: Authority,
    /// In its normal form, without a final `/`.
    path: String,
    /// The whole URL in its normal form, which is the name of the store.
    canonical: String,
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
        if !has_valid_port(authority) {
            return Err(RemoteError::Url("this one has no valid port"));
        }
        let server_name = server_name(authority.host())
            .ok_or(RemoteError::Url("no certificate can be for a host of this name"))?;
        let canonical = canonical(url).into_owned();
        // The scheme and the host end with the third `/`.
        let path = canonical.splitn(4, '/').nth(3);
        Ok(Self {
            authority: authority.clone(),
            path: path.map(|path| format!("/{path}")).unwrap_or_default(),
            canonical,
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

/// In its normal form, without a final `/`.
impl fmt::Display for WebrootUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.canonical)
    }
}

fn has_valid_port(authority: &Authority) -> bool {
    match authority.as_str().strip_prefix(authority.host()) {
        Some("") => true,
        _ => authority.port_u16().is_some_and(|port| port != 0),
    }
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    // An IPv6 address is in brackets.
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    ServerName::try_from(bare.unwrap_or(host).to_owned()).ok()
}

#[cfg(test)]
mod tests {
    use jit_trust_core::Name;

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
            ("https://trust.test:65536/", "no valid port"),
            ("https://me:secret@trust.test/", "credentials"),
            ("https://tr\u{fc}st.test/", "no URL"),
            ("https://a b/", "no URL"),
            ("https://-.test/", "no certificate"),
        ] {
            let error = WebrootUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains(why) && !error.contains("secret"), "{url}: {error}");
        }
    }
}
