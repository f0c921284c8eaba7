//! From names to addresses: DNS, and what the user says instead.

use std::future::{Ready, ready};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;
use url::Host;

/// The addresses of a host and port, as `--resolve` gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    /// As URLs have it, without a dot at its end; none for every host.
    host: Option<String>,
    port: u16,
    addresses: Vec<IpAddr>,
}

impl FromStr for Override {
    type Err = &'static str;

    /// `HOST:PORT:ADDR[,ADDR]…` as curl has it, with the `+` before it that means nothing here.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "expected HOST:PORT:ADDR[,ADDR]…, such as a.test:443:127.0.0.1";

        let text = text.strip_prefix('+').unwrap_or(text);
        let end = if text.starts_with('[') {
            text.find("]:").map(|bracket| bracket + 1)
        } else {
            text.find(':')
        };
        let (host, rest) = text.split_at(end.ok_or(EXPECTED)?);
        let rest = rest.strip_prefix(':').ok_or(EXPECTED)?;
        let (port, addresses) = rest.split_once(':').ok_or(EXPECTED)?;
        let addresses: Result<Vec<IpAddr>, _> = addresses.split(',').map(address).collect();
        let host = match host {
            "*" => None,
            host => Some(as_in_urls(host).ok_or(EXPECTED)?),
        };
        Ok(Self {
            host,
            port: port.parse().map_err(|_| EXPECTED)?,
            addresses: addresses.map_err(|_| EXPECTED)?,
        })
    }
}

/// A host as URLs have it once they are read: names in lower case and in Punycode, IPv6 addresses in brackets.
fn as_in_urls(host: &str) -> Option<String> {
    let host = Host::parse(host.strip_suffix('.').unwrap_or(host)).ok()?;
    Some(host.to_string())
}

/// Whether a host is an address, and there is nothing to resolve.
pub(super) fn is_address(host: &str) -> bool {
    address(host).is_ok()
}

fn address(text: &str) -> Result<IpAddr, std::net::AddrParseError> {
    let text = text.trim();
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(text).parse()
}

/// The addresses that the user gives a host and port: those given last, and those of the host rather than of every host.
fn given<'o>(overrides: &'o [Override], host: &str, port: u16) -> Option<&'o [IpAddr]> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let of_port = || overrides.iter().rev().filter(|known| known.port == port);
    let is_it = |name: &str| name.eq_ignore_ascii_case(host);
    let named = of_port().find(|known| known.host.as_deref().is_some_and(is_it));
    let found = named.or_else(|| of_port().find(|known| known.host.is_none()));
    found.map(|known| known.addresses.as_slice())
}

/// The addresses of one host and port, in the order to try them in, for a connector that would ask DNS.
#[derive(Clone, Debug)]
pub(super) struct Addresses(Vec<SocketAddr>);

impl Addresses {
    /// What the user says of this host, else what it is itself if that is an address, else what DNS says.
    pub(super) async fn of(host: &str, port: u16, overrides: &[Override]) -> io::Result<Self> {
        let literal = || address(host).ok().map(|address| vec![address]);
        let known = given(overrides, host, port).map(<[IpAddr]>::to_vec);
        Ok(Self(match known.or_else(literal) {
            Some(addresses) => addresses
                .into_iter()
                .map(|address| (address, port).into())
                .collect(),
            None => tokio::net::lookup_host((host, port)).await?.collect(),
        }))
    }

    /// The first one that will do.
    pub(super) fn first(&self, will_do: impl Fn(&SocketAddr) -> bool) -> Option<SocketAddr> {
        self.0.iter().copied().find(will_do)
    }
}

impl Service<Name> for Addresses {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Ready<io::Result<Self::Response>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Name) -> Self::Future {
        ready(Ok(self.0.clone().into_iter()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(texts: &[&str]) -> Vec<Override> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn first(overrides: &[Override], host: &str, port: u16) -> Option<String> {
        Some(given(overrides, host, port)?.first()?.to_string())
    }

    #[test]
    fn a_host_and_port_gets_the_address_that_was_said_last() {
        let said = overrides(&[
            "*:1:127.0.0.9",
            "A.test:1:127.0.0.1",
            "a.test:1:127.0.0.2",
            "b.test:2:[::1],127.0.0.3",
        ]);
        assert_eq!(first(&said, "a.TEST", 1).as_deref(), Some("127.0.0.2"));
        assert_eq!(first(&said, "a.test.", 1).as_deref(), Some("127.0.0.2"));
        assert_eq!(first(&said, "c.test", 1).as_deref(), Some("127.0.0.9"));
        assert_eq!(first(&said, "b.test", 2).as_deref(), Some("::1"));
        assert_eq!(first(&said, "a.test", 2), None);
        assert_eq!(given(&said, "b.test", 2).unwrap().len(), 2);
        let said = overrides(&[
            "Bücher.test.:1:127.0.0.1",
            "[0:0::1]:1:127.0.0.2",
            "127.0.0.9:1:127.0.0.3",
        ]);
        assert_eq!(
            first(&said, "xn--bcher-kva.test", 1).as_deref(),
            Some("127.0.0.1")
        );
        assert_eq!(first(&said, "[::1]", 1).as_deref(), Some("127.0.0.2"));
        assert_eq!(first(&said, "127.0.0.9", 1).as_deref(), Some("127.0.0.3"));
    }

    #[test]
    fn addresses_may_stand_in_brackets() {
        assert!("[::1]:443:[::1]".parse::<Override>().is_ok());
        assert!("+a.test:443:::1".parse::<Override>().is_ok());
    }

    #[test]
    fn what_is_no_override_is_refused() {
        for text in [
            "",
            "a.test",
            "a.test:443",
            "a.test:443:",
            "a.test:x:127.0.0.1",
            "a.test:443:b.test",
            ":443:::1",
        ] {
            assert!(text.parse::<Override>().is_err(), "{text}");
        }
    }
}
