//! From names to addresses: DNS, and what the user says instead.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::str::FromStr;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// The addresses of a host and port, as `--resolve` gives them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Override {
    /// In lower case; none for every host.
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
        let (host, rest) = match text.strip_prefix('[') {
            Some(address) => address.split_once("]:").ok_or(EXPECTED)?,
            None => text.split_once(':').ok_or(EXPECTED)?,
        };
        let (port, addresses) = rest.split_once(':').ok_or(EXPECTED)?;
        let addresses: Result<Vec<IpAddr>, _> = addresses.split(',').map(address).collect();
        if host.is_empty() {
            return Err(EXPECTED);
        }
        Ok(Self {
            host: (host != "*").then(|| host.to_ascii_lowercase()),
            port: port.parse().map_err(|_| EXPECTED)?,
            addresses: addresses.map_err(|_| EXPECTED)?,
        })
    }
}

fn address(text: &str) -> Result<IpAddr, std::net::AddrParseError> {
    let text = text.trim();
    let inside = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    inside.unwrap_or(text).parse()
}

/// All that the user says instead of DNS.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overrides(Vec<Override>);

impl Overrides {
    pub(crate) fn new(overrides: &[Override]) -> Self {
        Self(overrides.to_vec())
    }

    /// What was said last of this host and port counts, and what was said of it counts more than what was said of
    /// every host.
    fn addresses(&self, host: &str, port: u16) -> Option<&[IpAddr]> {
        let host = host.strip_suffix('.').unwrap_or(host);
        let of_port = || self.0.iter().rev().filter(|known| known.port == port);
        let named = of_port().find(|known| {
            known
                .host
                .as_deref()
                .is_some_and(|name| name.eq_ignore_ascii_case(host))
        });
        let found = named.or_else(|| of_port().find(|known| known.host.is_none()));
        found.map(|known| known.addresses.as_slice())
    }
}

/// The resolver of one connection, which notes how long it took.
#[derive(Clone, Debug)]
pub(super) struct Resolver {
    overrides: Arc<Overrides>,
    port: u16,
    took: Arc<Mutex<Option<Duration>>>,
}

impl Resolver {
    pub(super) fn new(overrides: &Arc<Overrides>, port: u16) -> Self {
        Self {
            overrides: Arc::clone(overrides),
            port,
            took: Arc::default(),
        }
    }

    /// How long it took to find addresses; none when that has not ended, or there was nothing to resolve.
    pub(super) fn took(&self) -> Option<Duration> {
        *self.took.lock().ok()?
    }

    async fn resolve(self, name: Name) -> io::Result<std::vec::IntoIter<SocketAddr>> {
        let started = Instant::now();
        let found: Vec<SocketAddr> = match self.overrides.addresses(name.as_str(), self.port) {
            Some(addresses) => addresses
                .iter()
                .map(|address| (*address, self.port).into())
                .collect(),
            None => tokio::net::lookup_host((name.as_str(), self.port))
                .await?
                .collect(),
        };
        if let Ok(mut took) = self.took.lock() {
            *took = Some(started.elapsed());
        }
        Ok(found.into_iter())
    }
}

impl Service<Name> for Resolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pin<Box<dyn Future<Output = io::Result<Self::Response>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        Box::pin(self.clone().resolve(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overrides(texts: &[&str]) -> Overrides {
        Overrides::new(&texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<_>>())
    }

    fn first(overrides: &Overrides, host: &str, port: u16) -> Option<String> {
        Some(overrides.addresses(host, port)?.first()?.to_string())
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
        assert_eq!(said.addresses("b.test", 2).unwrap().len(), 2);
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
