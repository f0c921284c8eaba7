//! `--against`: what a client with every root of another list loaded says of the same certificates.

#[cfg(feature = "openssl")]
mod openssl;
mod webpki;

use std::fmt;

use pki_types::ServerName;
use serde::Serialize;

use crate::exit::Failure;
use crate::http::Hop;
use crate::shown::shown;
use crate::store::Store;

/// Another list of roots, and who judges by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OtherRoots {
    WebpkiRoots,
    Native,
    #[cfg(feature = "openssl")]
    Openssl,
}

impl OtherRoots {
    /// Those that the command can be built with, by name. All but the last are in every build.
    pub(crate) const NAMES: [&str; 3] = ["webpki-roots", "native", "openssl"];

    /// The one of this name; `None` if the command was built without it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "webpki-roots" => Some(Self::WebpkiRoots),
            "native" => Some(Self::Native),
            #[cfg(feature = "openssl")]
            "openssl" => Some(Self::Openssl),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::WebpkiRoots => "webpki-roots",
            Self::Native => "native",
            #[cfg(feature = "openssl")]
            Self::Openssl => "openssl",
        }
    }

    fn load(self) -> Result<Box<dyn Judge>, Failure> {
        match self {
            Self::WebpkiRoots => webpki::with_webpki_roots(),
            Self::Native => webpki::with_native_roots(),
            #[cfg(feature = "openssl")]
            Self::Openssl => openssl::with_its_default_roots(),
        }
    }
}

/// A TLS library with all roots loaded.
trait Judge: fmt::Debug {
    /// Whether it trusts the server of this name by the certificate that it sent, and the others after it, or why not.
    fn judge(&self, host: &ServerName<'_>, own: &[u8], others: &[&[u8]]) -> Result<(), String>;
}

/// Another list of roots, all loaded.
#[derive(Debug)]
pub(super) struct Against {
    name: &'static str,
    judge: Box<dyn Judge>,
}

/// What the other list says of the certificates that were sent on the way.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison {
    pub(super) roots: &'static str,
    /// None where no certificate was seen.
    pub(super) trusted: Option<bool>,
    /// Why it does not.
    pub(super) refusal: Option<String>,
    /// Whether the store says otherwise of any of the servers.
    pub(super) differs: bool,
}

impl Against {
    pub(super) fn load(roots: OtherRoots) -> Result<Self, Failure> {
        Ok(Self {
            name: roots.name(),
            judge: roots.load()?,
        })
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// Judges what the servers of these hops have sent.
    pub(super) fn judge(&self, store: &Store, hops: &[Hop]) -> Comparison {
        let mut comparison = Comparison {
            roots: self.name,
            trusted: None,
            refusal: None,
            differs: false,
        };
        for hop in hops {
            let Some(decision) = &hop.decision else { continue };
            let host = hop.url.host_str().unwrap_or_default();
            // What is pinned is asked of no list of roots.
            if store.is_pinned(host) {
                continue;
            }
            let sent: Vec<&[u8]> = decision.sent.iter().map(|sent| sent.der.as_slice()).collect();
            let Some(judged) = self.judge_one(host, &sent) else {
                continue;
            };
            // A store that could not answer has said nothing.
            comparison.differs |= !decision.store_failed && judged.is_ok() != decision.cause.is_none();
            comparison.trusted = Some(judged.is_ok() && comparison.trusted.unwrap_or(true));
            if let Err(error) = judged {
                let refusal = format!("{}: {error}", shown(host));
                comparison.refusal.get_or_insert(refusal);
            }
        }
        comparison
    }

    /// None where there is nothing to judge.
    fn judge_one(&self, host: &str, sent: &[&[u8]]) -> Option<Result<(), String>> {
        let (own, others) = sent.split_first()?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(bare).ok()?;
        let judged = self.judge.judge(&name, own, others);
        Some(judged.map_err(|error| shown(error).to_string()))
    }
}
