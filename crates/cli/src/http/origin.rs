//! The server that a connection, a credential or a decision about trust is for.

use std::fmt;

use url::Url;

/// Scheme, host and port (RFC 6454 section 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) is_https: bool,
    /// An IPv6 address stands in brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Origin {
    /// The origin of an http or https URL; `None` for any other.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let is_https = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        Some(Self {
            is_https,
            host: url.host_str()?.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// `host:port`, the port always there.
    pub(crate) fn host_and_port(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// The value of the `Host` field: the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let default = if self.is_https { 443 } else { 80 };
        if self.port == default {
            self.host.clone()
        } else {
            self.host_and_port()
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}
