//! Hosts that are pinned to CAs of their own.

use alloc::borrow::ToOwned;
use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::IpAddr;

use jit_trust_core::Certificate;

use super::{InvalidPin, LocalKind, LocalStore};
use crate::host::without_final_dot;
use crate::{Candidates, StoreError, TrustStore};

/// Hosts that are pinned to CAs of their own.
#[derive(Debug, Default)]
pub(super) struct Pins {
    hosts: BTreeMap<String, Arc<PinnedAuthorities>>,
    /// Domains, without `*.`.
    domains: BTreeMap<String, Arc<PinnedAuthorities>>,
}

/// The CAs that a host is pinned to, in DER.
#[derive(Clone, Debug, Default)]
struct PinnedAuthorities(Vec<Vec<u8>>);

impl Pins {
    /// Adds authorities to those of a host, or of the hosts below a domain.
    pub(super) fn add(
        &mut self,
        pattern: &str,
        authorities: impl Iterator<Item = Vec<u8>>,
    ) -> Result<(), InvalidPin> {
        let (pins, host) = match pattern.strip_prefix("*.") {
            Some(domain) => (&mut self.domains, domain),
            None => (&mut self.hosts, pattern),
        };
        let is_an_address = host.parse::<IpAddr>().is_ok();
        let host = normal(host);
        // A pin of a name that no server can have would never apply.
        let is_below_an_address = is_an_address && pattern.starts_with("*.");
        if is_below_an_address || !(is_an_address || is_a_name(&host)) {
            return Err(InvalidPin::Host(pattern.to_owned()));
        }
        let authorities: Vec<_> = authorities.collect();
        for authority in &authorities {
            Certificate::from_der(authority)?;
        }
        if authorities.is_empty() {
            return Err(InvalidPin::NoAuthority(pattern.to_owned()));
        }
        Arc::make_mut(pins.entry(host).or_default()).0.extend(authorities);
        Ok(())
    }

    /// The CAs that this host is pinned to, if it is.
    pub(super) fn of(&self, host: &str) -> Option<LocalStore> {
        if self.hosts.is_empty() && self.domains.is_empty() {
            return None;
        }
        let host = normal(host);
        let own = self.hosts.get(&host);
        let pinned = own.or_else(|| above(&host).find_map(|domain| self.domains.get(domain)))?;
        Some(LocalStore {
            store: pinned.clone(),
            kind: LocalKind::Pinned,
        })
    }
}

/// The normal form of a host, for comparison: a name in lower case without a final dot, or an address.
fn normal(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => without_final_dot(host).to_ascii_lowercase(),
    }
}

/// Whether this can be a server's name in a certificate: in ASCII, without a port.
fn is_a_name(host: &str) -> bool {
    let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    host.split('.')
        .all(|label| !label.is_empty() && label.len() <= 63 && label.bytes().all(is_of_a_name))
}

/// The domains above a host, the nearest first.
fn above(host: &str) -> impl Iterator<Item = &str> {
    host.match_indices('.').filter_map(|(dot, _)| host.get(dot + 1..))
}

impl TrustStore for PinnedAuthorities {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        self.0.iter().try_for_each(|der| Ok(found.add_certificate(der)?))
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pinned(pins: &Pins, host: &str) -> Option<usize> {
        pins.of(host)?.store.anchor_count()
    }

    #[test]
    fn the_nearest_pin_counts_and_a_domain_is_not_below_itself() {
        let ca = |count: usize| {
            (0..count).map(|number| {
                jit_trust_lab::pki::Ca::root(format!("CA {number}").as_str())
                    .der()
                    .to_vec()
            })
        };
        let mut pins = Pins::default();
        pins.add("*.a.test", ca(1)).unwrap();
        pins.add("*.B.a.test", ca(2)).unwrap();
        pins.add("c.b.a.test", ca(3)).unwrap();
        assert_eq!(pinned(&pins, "www.a.test"), Some(1));
        assert_eq!(pinned(&pins, "x.y.A.test."), Some(1));
        assert_eq!(pinned(&pins, "x.b.a.test"), Some(2));
        assert_eq!(pinned(&pins, "c.b.a.test"), Some(3));
        assert_eq!(pinned(&pins, "a.test"), None);
        assert_eq!(pinned(&pins, "xa.test"), None);
    }

    #[test]
    fn an_address_is_pinned_however_it_is_written() {
        let mut pins = Pins::default();
        let ca = || std::iter::once(jit_trust_lab::pki::Ca::root("CA").der().to_vec());
        pins.add("2001:DB8:0::0001", ca()).unwrap();
        pins.add("192.0.2.1", ca()).unwrap();
        assert_eq!(pinned(&pins, "2001:db8::1"), Some(1));
        assert_eq!(pinned(&pins, "192.0.2.1"), Some(1));
        assert_eq!(pinned(&pins, "192.0.2.2"), None);
    }

    #[test]
    fn what_is_no_host_is_refused() {
        let ca = || std::iter::once(jit_trust_lab::pki::Ca::root("CA").der().to_vec());
        let names = [
            "",
            "*.",
            "a/b",
            "*.*.a",
            "a b",
            ".a",
            "a..b",
            "a:443",
            "b\u{fc}cher.test",
        ];
        for host in names.into_iter().chain(["[::1]", "*.192.0.2.1"]) {
            let refused = Pins::default().add(host, ca());
            assert_eq!(refused, Err(InvalidPin::Host(host.to_owned())), "{host:?}");
        }
        assert!(matches!(
            Pins::default().add("a", std::iter::once(vec![0])),
            Err(InvalidPin::Certificate(_))
        ));
        assert!(Pins::default().add("a", std::iter::empty()).is_err());
    }
}
