//! `--against`: what a client with every root of another list loaded says of the same certificates.

#[cfg(feature = "openssl")]
mod openssl;
mod webpki;

use serde::Serialize;

use crate::exit::Failure;
use crate::http::{Hop, server_name};
use crate::shown::shown;
use crate::store::Store;

/// Another list of roots, and the library that judges by it.
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
}

/// Another list of roots, all loaded, by name.
pub(super) struct Against {
    pub(super) name: &'static str,
    judge: Judge,
}

/// The TLS library that has them loaded.
enum Judge {
    WebPki(webpki::WebPki),
    #[cfg(feature = "openssl")]
    OpenSsl(openssl::OpenSsl),
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
        let (name, judge) = match roots {
            OtherRoots::WebpkiRoots => (
                "webpki-roots",
                Judge::WebPki(webpki::WebPki::with_webpki_roots()?),
            ),
            OtherRoots::Native => ("native", Judge::WebPki(webpki::WebPki::with_native_roots()?)),
            #[cfg(feature = "openssl")]
            OtherRoots::Openssl => {
                // OpenSSL itself does not mind when there are none.
                webpki::native_roots("openssl")?;
                let judge = openssl::OpenSsl::with_default_roots().map_err(Failure::failed)?;
                ("openssl", Judge::OpenSsl(judge))
            }
        };
        Ok(Self { name, judge })
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
            // No list of roots is asked about a pinned host.
            if store.is_pinned(host) {
                continue;
            }
            let sent: Vec<&[u8]> = decision.sent.iter().map(|sent| sent.der.as_slice()).collect();
            let Some(judged) = self.judge_one(host, &sent) else {
                continue;
            };
            // A store that could not answer has said nothing.
            comparison.differs |= !decision.store_failed() && judged.is_ok() != decision.rejection.is_none();
            comparison.trusted = Some(judged.is_ok() && comparison.trusted.unwrap_or(true));
            if let Err(error) = judged {
                let refusal = format!("{}: {}", shown(host), shown(error));
                comparison.refusal.get_or_insert(refusal);
            }
        }
        comparison
    }

    /// Whether the server of this name is trusted by its certificate and those after it, or why not; `None` where there is
    /// nothing to judge.
    fn judge_one(&self, host: &str, sent: &[&[u8]]) -> Option<Result<(), String>> {
        let (own, others) = sent.split_first()?;
        let name = server_name(host)?;
        Some(match &self.judge {
            Judge::WebPki(judge) => judge.verify(&name, own, others),
            #[cfg(feature = "openssl")]
            Judge::OpenSsl(judge) => judge.verify(&name, own, others),
        })
    }
}
