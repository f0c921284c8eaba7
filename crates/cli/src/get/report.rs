//! `--json`: the hops, for programs. `docs/json.md` promises its form.

use std::time::Duration;

use jit_trust::{LookupOutcome, LookupRecord};
use serde::{Serialize, Serializer};

use crate::exit::Failure;
use crate::http::Hop;
use crate::store::Store;
use crate::trust::{ChosenRoot, Decision, SentCertificate};

#[derive(Serialize)]
pub(super) struct Report<'a> {
    store: &'a str,
    ok: bool,
    error: Option<&'a str>,
    hops: Vec<HopReport<'a>>,
}

/// One hop.
#[derive(Serialize)]
pub(crate) struct HopReport<'a> {
    url: &'a str,
    status: Option<u16>,
    protocol: Option<&'static str>,
    location: Option<&'a str>,
    connections: usize,
    address: Option<String>,
    proxy: Option<&'a str>,
    tls: Option<Tls<'a>>,
    body_len: u64,
    #[serde(serialize_with = "times")]
    times_us: &'a Hop,
}

#[derive(Serialize)]
struct Tls<'a> {
    library: Option<&'static str>,
    version: Option<&'static str>,
    verified: bool,
    refusal: Option<&'a str>,
    root: Option<&'a ChosenRoot>,
    asked_ahead: usize,
    queries: Vec<QueryReport>,
    selected: usize,
    store_len: Option<usize>,
    sent: &'a [SentCertificate],
    unreadable: usize,
}

impl<'a> Report<'a> {
    pub(super) fn of(store: &'a Store, hops: &'a [Hop], result: &'a Result<(), Failure>) -> Self {
        Self {
            store: &store.name,
            ok: result.is_ok(),
            error: result.as_ref().err().and_then(Failure::message),
            hops: hops.iter().map(HopReport::of).collect(),
        }
    }
}

impl<'a> HopReport<'a> {
    pub(crate) fn of(hop: &'a Hop) -> Self {
        Self {
            url: hop.url.as_str(),
            status: hop.status,
            protocol: hop.protocol,
            location: hop.location.as_ref().map(url::Url::as_str),
            connections: hop.connections,
            address: hop.address.map(|address| address.to_string()),
            proxy: hop.proxy.as_deref(),
            tls: hop.decision.as_ref().map(|decision| Tls::of(hop, decision)),
            body_len: hop.body_len,
            times_us: hop,
        }
    }
}

impl<'a> Tls<'a> {
    fn of(hop: &Hop, decision: &'a Decision) -> Self {
        Self {
            library: hop.tls_library,
            version: hop.tls_version,
            verified: hop.tls_version.is_some() && decision.refusal.is_none(),
            refusal: decision.refusal.as_deref(),
            root: decision.root.as_ref(),
            asked_ahead: hop.asked_ahead,
            queries: decision.lookups.iter().map(QueryReport::of).collect(),
            selected: decision.selected,
            store_len: decision.store_len,
            sent: &decision.sent,
            unreadable: decision.unreadable,
        }
    }
}

/// What a store on a server was asked for.
#[derive(Debug, Serialize)]
pub(crate) struct QueryReport {
    pub(crate) store: String,
    pub(crate) key: String,
    /// `at-hand`, `found`, `not-found` or `failed`.
    pub(crate) outcome: &'static str,
    pub(crate) found: usize,
    waited_us: u64,
}

impl QueryReport {
    pub(crate) fn of(query: &LookupRecord) -> Self {
        let (outcome, found) = match &query.outcome {
            LookupOutcome::Cached(found) => ("at-hand", *found),
            LookupOutcome::Found(found) => ("found", *found),
            LookupOutcome::NotFound => ("not-found", 0),
            _ => ("failed", 0),
        };
        Self {
            store: query.store.clone(),
            key: query.key.to_string(),
            outcome,
            found,
            waited_us: micros(query.waited),
        }
    }
}

fn times<S: Serializer>(hop: &Hop, serializer: S) -> Result<S::Ok, S::Error> {
    let stages = hop.stages().into_iter();
    serializer
        .collect_map(stages.map(|(name, time)| (name.to_lowercase().replace(' ', "_"), time.map(micros))))
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
