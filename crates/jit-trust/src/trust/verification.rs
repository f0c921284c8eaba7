//! What happened in one verification, for those who want to show it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jit_trust_core::{PeerChain, TrustAnchor};

use crate::QueryMade;

/// What happened in one verification, success or failure, with whatever TLS library. It is told to the observer of a
/// verifier and decides nothing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification<'a> {
    /// The name or address of the server that was to be reached.
    pub host: &'a str,
    /// What it sent; `None` when that could not be looked at.
    pub chain: Option<&'a PeerChain<'a>>,
    /// How many anchors the stores at hand have, where they know.
    pub store_len: Option<usize>,
    /// How many anchors could have issued one of the certificates, of the stores at hand and imported from afar.
    pub selected: usize,
    /// What was asked of stores that may answer later, in that order.
    pub queries: &'a [QueryMade],
    /// The anchor that the path ends in; `None` when there is no valid path.
    pub anchor: Option<TrustAnchor<'a>>,
    /// How long it took to read and sort the chain, to ask the stores and to wait for them.
    pub selecting: Duration,
    /// How long the TLS library's validation took.
    pub validating: Duration,
    /// The verdict. The reason for a refusal is one of this crate's errors ([`Distrusted`](crate::Distrusted),
    /// [`StoreError`](crate::StoreError), [`ChainError`](crate::ChainError)), or the TLS library's own. With rustls it is
    /// always a [`rustls::Error`](::rustls::Error), which holds the former.
    pub result: Result<(), &'a (dyn Error + Send + Sync + 'static)>,
}

/// A store, or an observer, panicked while a certificate was verified.
#[derive(Debug)]
pub(crate) struct Panicked;

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a store or an observer panicked")
    }
}

impl Error for Panicked {}
