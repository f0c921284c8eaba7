//! What happened in one verification, for those who want to show it.

use std::time::Duration;

use jit_trust_core::{PeerChain, TrustAnchor};
use rustls::pki_types::ServerName;

/// What happened in one verification, success or failure. It is told to the observer of a
/// [`ServerVerifier`](super::ServerVerifier) and decides nothing.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification<'a> {
    /// The server that was to be reached.
    pub server_name: &'a ServerName<'a>,
    /// What it sent; `None` when that could not be looked at.
    pub chain: Option<&'a PeerChain<'a>>,
    /// How many anchors the store has, where it knows.
    pub store_len: Option<usize>,
    /// How many anchors of the store could have issued one of the certificates.
    pub selected: usize,
    /// The anchor that the path ends in; `None` when there is no valid path.
    pub anchor: Option<TrustAnchor<'a>>,
    /// How long it took to read and sort the chain and to ask the store.
    pub selecting: Duration,
    /// How long the TLS library's validation took.
    pub validating: Duration,
    /// The verdict, as rustls gets it.
    pub result: Result<(), &'a rustls::Error>,
}
