//! What happened in one verification, for those who want to show it.

use std::error::Error;
use std::fmt;
use std::time::Duration;

use jit_trust_core::{PeerChain, TrustAnchor};

use crate::{QueryMade, Selection};

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
    /// These, and those that were left out because of their date.
    pub candidates: Candidates<'a>,
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

/// The anchors that a verification had to choose from. Those are included that were left out, because of the date of the
/// server's certificate or because of name constraints.
#[derive(Clone, Copy)]
pub struct Candidates<'a>(&'a dyn AnchorList);

impl<'a> Candidates<'a> {
    pub(crate) fn new(list: &'a dyn AnchorList) -> Self {
        Self(list)
    }

    /// The anchors, in the order in which the stores gave them.
    pub fn iter(&self) -> impl Iterator<Item = TrustAnchor<'a>> + use<'a> {
        let list = self.0;
        (0..).map_while(|place| list.get(place))
    }
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Anchors by their place.
pub(crate) trait AnchorList {
    fn get(&self, place: usize) -> Option<TrustAnchor<'_>>;
}

impl AnchorList for Selection<'_> {
    fn get(&self, place: usize) -> Option<TrustAnchor<'_>> {
        self.all().nth(place)
    }
}

/// None.
impl AnchorList for () {
    fn get(&self, _: usize) -> Option<TrustAnchor<'_>> {
        None
    }
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
