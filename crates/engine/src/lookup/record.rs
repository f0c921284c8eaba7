//! One lookup of a verification: its key, and what it came to.

use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use crate::{AnchorKey, LookupError};

/// A deferred store, by its index, and a key to ask it for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StoreKey {
    pub(crate) store: usize,
    pub(crate) key: AnchorKey,
}

/// A lookup of a verification, for its report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRecord {
    /// The name of the store.
    pub store: String,
    /// The key that it was asked for.
    pub key: AnchorKey,
    /// The outcome.
    pub outcome: LookupOutcome,
    /// The time that the verification waited for it.
    pub waited: Duration,
}

/// The outcome of a lookup.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LookupOutcome {
    /// This number of anchors was cached, from an earlier lookup.
    Cached(usize),
    /// The store sent this number of anchors.
    Found(usize),
    /// The store has no such anchor.
    NotFound,
    /// There was no response that could be used.
    Failed(Arc<LookupError>),
}
