//! What happened in one verification, for those who want to show it.

use std::time::Duration;

use jit_trust_core::{PeerChain, TrustAnchor};
use rustls::pki_types::ServerName;

use crate::QueryMade;

/// What happened in one verification, success or failure. It is told to the observer of a
/// [`ServerVerifier`](super::ServerVerifier) and decides nothing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification<'a> {
    /// The server that was to be reached.
    pub server_name: &'a ServerName<'a>,
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
    /// The verdict, as rustls gets it.
    pub result: Result<(), &'a rustls::Error>,
}
