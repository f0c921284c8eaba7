//! The host of a connection, as TLS libraries take it.

use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::net::IpAddr;

/// The host of a connection: an address, or a name without the final dot of the DNS root, which is neither in certificates
/// nor in SNI (RFC 6066 section 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    text: String,
    address: Option<IpAddr>,
}

impl Host {
    /// Reads a name or an address. Whether a name is valid in the DNS is not checked.
    ///
    /// # Errors
    /// When it is empty or has a NUL; and when it begins with a dot, because for OpenSSL such a name matches every host below
    /// it.
    pub fn parse(host: &str) -> Result<Self, InvalidHost> {
        let text = without_final_dot(host);
        if text.is_empty() || text.starts_with('.') || text.contains('\0') {
            return Err(InvalidHost);
        }
        Ok(Self {
            text: text.to_owned(),
            address: text.parse().ok(),
        })
    }

    /// The name or address.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The address; `None` for a name.
    pub fn address(&self) -> Option<IpAddr> {
        self.address
    }
}

/// A host without the final dot of the DNS root.
pub(crate) fn without_final_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// The error of a host that is neither a name nor an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidHost;

impl fmt::Display for InvalidHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the host is neither a name nor an address")
    }
}

impl core::error::Error for InvalidHost {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_loses_one_final_dot_and_no_name_begins_with_one() {
        for (given, read) in [
            ("a.test.", "a.test"),
            ("A.test", "A.test"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            assert_eq!(Host::parse(given).unwrap().as_str(), read);
        }
        assert_eq!(
            Host::parse("2001:db8::1").unwrap().address(),
            "2001:db8::1".parse().ok()
        );
        assert_eq!(Host::parse("a.test").unwrap().address(), None);
        for given in ["", ".", "..", ".a.test", "a\0.test"] {
            assert_eq!(Host::parse(given), Err(InvalidHost), "{given:?}");
        }
    }
}
