//! Requests as a server saw them.

use std::net::Ipv4Addr;

use http_body_util::BodyExt;
use hyper::body::Incoming;

/// The version of HTTP that a request came in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// HTTP/1.1, or 1.0.
    Http1,
    /// HTTP/2.
    Http2,
}

/// A request, read whole.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method, in upper case.
    pub method: String,
    /// Host and port as the client named them: the `Host` field, or `:authority` of HTTP/2.
    pub authority: String,
    /// Path and query.
    pub path: String,
    /// The version of HTTP.
    pub version: Version,
    /// The header fields, names in lower case, in order. A value that isn't UTF-8 has replacement characters.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// The name that the client sent as SNI, in lower case; none without SNI or TLS.
    pub server_name: Option<String>,
    /// The server's port.
    pub port: u16,
}

impl Request {
    /// The first value of a header field; `name` is in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// The value of a cookie that the client sent, the first of this name. To have it sent, answer with the field
    /// `set-cookie`.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        // HTTP/2 may have each in a field of its own (RFC 9113 section 8.2.3).
        self.headers
            .iter()
            .filter(|(field, _)| field == "cookie")
            .flat_map(|(_, value)| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(cookie, _)| *cookie == name)
            .map(|(_, value)| value)
    }

    /// The host of [`authority`](Self::authority), in lower case, without its port.
    pub fn host(&self) -> String {
        let host = match self.authority.rsplit_once(':') {
            // An IPv6 address in brackets has colons, and its last group is no port.
            Some((host, port)) if !port.ends_with(']') => host,
            _ => self.authority.as_str(),
        };
        host.to_ascii_lowercase()
    }

    /// The https URL of `path` at another site of the same server, for redirects.
    pub fn url(&self, name: &str, path: &str) -> String {
        format!("https://{name}:{}{path}", self.port)
    }

    pub(super) async fn read(
        request: hyper::Request<Incoming>,
        server_name: Option<String>,
        port: u16,
    ) -> Result<Self, hyper::Error> {
        let (parts, body) = request.into_parts();
        let headers: Vec<(String, String)> = parts
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let host = || {
            headers
                .iter()
                .find(|(name, _)| name == "host")
                .map(|(_, value)| value.clone())
        };
        let authority = parts.uri.authority().map(ToString::to_string).or_else(host);
        Ok(Self {
            method: parts.method.to_string(),
            authority: authority.unwrap_or_else(|| format!("{}:{port}", Ipv4Addr::LOCALHOST)),
            path: parts
                .uri
                .path_and_query()
                .map_or_else(|| "/".to_owned(), ToString::to_string),
            version: if parts.version == hyper::Version::HTTP_2 {
                Version::Http2
            } else {
                Version::Http1
            },
            headers,
            body: body.collect().await?.to_bytes().to_vec(),
            server_name,
            port,
        })
    }
}
