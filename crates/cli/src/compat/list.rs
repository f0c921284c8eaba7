//! LIST: which sites to ask.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::Path;

use pki_types::DnsName;
use url::Url;

use super::reference::{self, Reference};
use crate::certificates::read_limited;
use crate::exit::Failure;
use crate::shown::shown;

/// The longest LIST, in bytes: some hundred thousand hosts.
const MAX_LEN: u64 = 16 << 20;

/// A site to ask.
#[derive(Clone, Debug)]
pub(super) struct Site {
    /// Its host, and the port if it is not 443, safe to show.
    pub(super) name: String,
    pub(super) url: Url,
    /// How it fared in the reference, if it is there.
    pub(super) reference: Option<Reference>,
}

impl Site {
    /// The site of a host, or of a host and a port.
    fn of(text: &str) -> Option<Self> {
        if text.contains(['/', '\\', '?', '@', '%']) || text.contains(char::is_whitespace) {
            return None;
        }
        let url = Url::parse(&format!("https://{text}/")).ok()?;
        let host = url.host_str()?;
        // What no certificate can be for is no host: `*.a.test`, `a.test,b.test`.
        if url.domain().is_some_and(|name| DnsName::try_from(name).is_err()) {
            return None;
        }
        let name = match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        let reference = reference::rows().find(|row| row.host == host);
        Some(Self { name, url, reference })
    }

    /// The same with `www.` before its host; none where there cannot be one, or is already.
    pub(super) fn with_www(&self) -> Option<Url> {
        let host = self.url.domain().filter(|host| !host.starts_with("www."))?;
        let mut url = self.url.clone();
        url.set_host(Some(&format!("www.{host}"))).ok()?;
        Some(url)
    }
}

/// The sites of a file, `-` being stdin, or those of the reference; each once.
pub(super) fn sites(path: Option<&Path>) -> Result<Vec<Site>, Failure> {
    let Some(path) = path else {
        return Ok(reference::rows().filter_map(|row| Site::of(row.host)).collect());
    };
    let bad = |what: &dyn Display| Failure::bad_file(path, what);
    let text = String::from_utf8(read_limited(path, MAX_LEN)?);
    let text = text.map_err(|_| bad(&"expected text in UTF-8"))?;
    let mut sites: Vec<Site> = Vec::new();
    let mut seen = HashSet::new();
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let host = line.split_once('#').map_or(line, |(host, _)| host).trim();
        if host.is_empty() {
            continue;
        }
        let site = Site::of(host).ok_or_else(|| {
            let number = number + 1;
            let start: String = host.chars().take(80).collect();
            let start = shown(start);
            bad(&format_args!(
                "line {number}: \"{start}\": expected a host alone, such as example.com or example.com:8443, without \
                 https:// and path"
            ))
        })?;
        if seen.insert(site.name.clone()) {
            sites.push(site);
        }
    }
    if sites.is_empty() {
        return Err(bad(&"expected hosts, one a line; there are none"));
    }
    Ok(sites)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_site_is_a_host_with_or_without_a_port() {
        let name = |text: &str| Site::of(text).map(|site| site.name);
        assert_eq!(name("Example.COM").as_deref(), Some("example.com"));
        assert_eq!(name("example.com:443").as_deref(), Some("example.com"));
        assert_eq!(name("[::1]:8443").as_deref(), Some("[::1]:8443"));
        for text in [
            "",
            ":443",
            "a b",
            "https://a.test",
            "a.test/x",
            "u@a.test",
            "a.test:x",
            "a?b",
            "*.a.test",
            "a.test,b.test",
            "1,a.test",
        ] {
            assert_eq!(name(text), None, "{text}");
        }
    }

    #[test]
    fn www_goes_before_names_that_do_not_have_it() {
        let with_www = |text: &str| Some(Site::of(text)?.with_www()?.to_string());
        assert_eq!(
            with_www("a.test:8443").as_deref(),
            Some("https://www.a.test:8443/")
        );
        assert_eq!(with_www("www.a.test"), None);
        assert_eq!(with_www("192.0.2.1"), None);
    }
}
