//! `--against`: what a client with every root of another list loaded says of the same certificates.

use std::sync::Arc;

use clap::ValueEnum;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use serde::Serialize;

use crate::exit::Failure;
use crate::http::Hop;
use crate::shown::shown;
use crate::store::Store;

/// Another list of roots.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OtherRoots {
    /// Mozilla's, as compiled into many Rust programs; without dates
    WebpkiRoots,
    /// The system's, or those that SSL_CERT_FILE names
    Native,
}

/// Another list of roots, all loaded.
#[derive(Debug)]
pub(super) struct Against {
    name: &'static str,
    verifier: Arc<WebPkiServerVerifier>,
}

/// What the other list says of the certificates that were sent on the way.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Comparison {
    roots: &'static str,
    /// None where no certificate was seen.
    pub(super) trusted: Option<bool>,
    /// Why it does not.
    pub(super) refusal: Option<String>,
    /// Whether the store says otherwise of any of the servers.
    pub(super) differs: bool,
}

impl Against {
    pub(super) fn load(roots: OtherRoots) -> Result<Self, Failure> {
        let mut store = RootCertStore::empty();
        let name = match roots {
            OtherRoots::WebpkiRoots => {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
                "webpki-roots"
            }
            OtherRoots::Native => {
                let loaded = rustls_native_certs::load_native_certs();
                store.add_parsable_certificates(loaded.certs);
                if store.is_empty() {
                    let why = loaded.errors.first().map(|error| format!(": {error}"));
                    let why = why.unwrap_or_default();
                    return Err(Failure::bad_input(format!(
                        "--against native: the system has no root certificates{}",
                        shown(why)
                    )));
                }
                "native"
            }
        };
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider);
        let verifier = verifier.build().map_err(Failure::failed)?;
        Ok(Self { name, verifier })
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
            comparison.differs |= judged.is_ok() != decision.cause.is_none();
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
        let (leaf, others) = sent.split_first()?;
        let bare = host
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(host);
        let name = ServerName::try_from(bare).ok()?;
        let others: Vec<_> = others.iter().map(|der| CertificateDer::from(*der)).collect();
        let leaf = CertificateDer::from(*leaf);
        let judged = self
            .verifier
            .verify_server_cert(&leaf, &others, &name, &[], UnixTime::now());
        Some(
            judged
                .map(drop)
                .map_err(|error| shown(error.to_string()).to_string()),
        )
    }
}
