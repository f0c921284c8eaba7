//! `--json`: the hops, for programs. `docs/json.md` promises its form.

use std::time::Duration;

use jit_trust::{LookupOutcome, LookupRecord};
use serde::Serialize;

use crate::exit::Failure;
use crate::http::Hop;
use crate::store::Store;
use crate::trust::Decision;

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
    times_us: Times,
}

#[derive(Serialize)]
struct Tls<'a> {
    library: Option<&'static str>,
    version: Option<&'static str>,
    verified: bool,
    refusal: Option<&'a str>,
    root: Option<Root<'a>>,
    asked_ahead: usize,
    queries: Vec<QueryReport>,
    selected: usize,
    store_len: Option<usize>,
    sent: Vec<Certificate<'a>>,
    unreadable: usize,
}

#[derive(Serialize)]
struct Root<'a> {
    subject: &'a str,
    skid: Option<&'a str>,
}

#[derive(Serialize)]
struct Certificate<'a> {
    subject: &'a str,
    issuer: &'a str,
}

#[derive(Serialize)]
struct Times {
    resolve: Option<u64>,
    connect: Option<u64>,
    tls: Option<u64>,
    selecting: Option<u64>,
    validating: Option<u64>,
    first_byte: Option<u64>,
    total: Option<u64>,
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
        let decision = hop.decision.as_ref();
        Self {
            url: hop.url.as_str(),
            status: hop.status,
            protocol: hop.protocol,
            location: hop.location.as_ref().map(url::Url::as_str),
            connections: hop.connections,
            address: hop.address.map(|address| address.to_string()),
            proxy: hop.proxy.as_deref(),
            tls: decision.map(|decision| Tls::of(hop, decision)),
            body_len: hop.body_len,
            times_us: Times {
                resolve: hop.times.resolve.map(micros),
                connect: hop.times.connect.map(micros),
                tls: hop.times.tls.map(micros),
                selecting: decision.map(|decision| micros(decision.selecting)),
                validating: decision.map(|decision| micros(decision.validating)),
                first_byte: hop.times.first_byte.map(micros),
                total: hop.times.total.map(micros),
            },
        }
    }
}

impl<'a> Tls<'a> {
    fn of(hop: &Hop, decision: &'a Decision) -> Self {
        let sent = decision.sent.iter().map(|certificate| Certificate {
            subject: &certificate.subject,
            issuer: &certificate.issuer,
        });
        Self {
            library: hop.tls_library,
            version: hop.tls_version,
            verified: hop.tls_version.is_some() && decision.refusal.is_none(),
            refusal: decision.refusal.as_deref(),
            root: decision.root.as_ref().map(|root| Root {
                subject: &root.subject,
                skid: root.skid.as_deref(),
            }),
            asked_ahead: hop.asked_ahead,
            queries: decision.lookups.iter().map(QueryReport::of).collect(),
            selected: decision.selected,
            store_len: decision.store_len,
            sent: sent.collect(),
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
        let (outcome, found) = match query.outcome {
            LookupOutcome::Cached(found) => ("at-hand", found),
            LookupOutcome::Found(found) => ("found", found),
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

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
