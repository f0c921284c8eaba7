//! What a store on a server was asked for, for programs. `docs/json.md` promises its form.

use jit_trust::{QueryMade, QueryOutcome};
use serde::Serialize;

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
    pub(crate) fn of(query: &QueryMade) -> Self {
        let (outcome, found) = match query.outcome {
            QueryOutcome::AtHand(found) => ("at-hand", found),
            QueryOutcome::Found(found) => ("found", found),
            QueryOutcome::NotFound => ("not-found", 0),
            _ => ("failed", 0),
        };
        Self {
            store: query.store.clone(),
            key: query.key.to_string(),
            outcome,
            found,
            waited_us: u64::try_from(query.waited.as_micros()).unwrap_or(u64::MAX),
        }
    }
}
