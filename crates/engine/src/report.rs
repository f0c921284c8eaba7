//! The report of one verification.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use jit_trust_core::{Certificate, OwnedTrustAnchor, PeerChain, TrustAnchor};

use crate::candidates::Candidates;
use crate::{LookupRecord, Rejection};

/// The report of one verification: what happened, with any TLS library, whether it succeeded or failed. It has all that a
/// log line, a command or a program shows, and decides nothing.
///
/// A connection has the report of its verification, and so does the error of a failed handshake.
///
/// `Debug` prints the numbers, the verdict and the anchor's subject, and no certificates.
#[derive(Clone)]
#[non_exhaustive]
pub struct VerificationReport {
    /// The name or address of the server.
    pub host: String,
    /// The number of anchors in the local stores, where they know it; `None` where the policy has a deferred store.
    pub store_len: Option<usize>,
    /// The number of anchors, of local and deferred stores, that could have issued one of the certificates and were tried.
    pub selected: usize,
    /// The lookups in deferred stores, in their order.
    pub lookups: Vec<LookupRecord>,
    /// The time that it took to read and sort the chain, to ask the stores and to wait for them.
    pub selecting: Duration,
    /// The time that the TLS library's validation took.
    pub validating: Duration,
    /// The verdict.
    pub result: Result<(), Rejection>,
    /// How many certificates after the server's own were sent that cannot be read. They are not in [`sent`](Self::sent).
    pub unreadable: usize,
    sent: Box<[Box<[u8]>]>,
    candidates: Box<[OwnedTrustAnchor]>,
    /// The index among the candidates of the anchor that the path ends in.
    anchor: Option<usize>,
}

impl VerificationReport {
    /// The report of a chain and its candidates, without lookups and times. `accepted` is the index among the candidates of
    /// the anchor that the path ends in.
    pub(crate) fn new(
        host: &str,
        chain: Option<&PeerChain<'_>>,
        candidates: Option<&Candidates<'_>>,
        accepted: Option<usize>,
        result: Result<(), Rejection>,
    ) -> Self {
        let sent = chain.into_iter().flat_map(PeerChain::certificates);
        let used = candidates.and_then(|candidates| candidates.anchors().nth(accepted?));
        let all = || candidates.into_iter().flat_map(Candidates::all);
        Self {
            host: host.into(),
            store_len: None,
            selected: candidates.map_or(0, Candidates::tried),
            lookups: Vec::new(),
            selecting: Duration::ZERO,
            validating: Duration::ZERO,
            result,
            unreadable: chain.map_or(0, PeerChain::skipped),
            sent: sent.map(|certificate| Box::from(certificate.as_der())).collect(),
            anchor: used.and_then(|used| all().position(|anchor| anchor == used)),
            candidates: all().map(|anchor| anchor.to_owned_anchor()).collect(),
        }
    }

    /// Turns acceptance into a rejection, for an error that is found after the verification. A server that was rejected
    /// already keeps its first rejection.
    pub fn reject(&mut self, rejection: Rejection) {
        if self.result.is_ok() {
            self.result = Err(rejection);
            self.anchor = None;
        }
    }

    /// The certificates that the server sent and that could be read, in DER, in the order of the server.
    pub fn sent(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.sent.iter().map(|der| &**der)
    }

    /// The certificates that the server sent, sorted into a path; `None` where they could not be read.
    pub fn chain(&self) -> Option<PeerChain<'_>> {
        PeerChain::read(self.sent()).ok()
    }

    /// The end-entity certificate: the server's own.
    pub fn end_entity(&self) -> Option<Certificate<'_>> {
        Certificate::from_der(self.sent.first()?).ok()
    }

    /// The anchor that the path ends in; `None` where there is no valid path, or where it ends in a CA that the program
    /// loaded into the TLS library.
    pub fn anchor(&self) -> Option<TrustAnchor<'_>> {
        Some(self.candidates.get(self.anchor?)?.as_anchor())
    }

    /// The candidates, in the order in which the stores gave them. They include the anchors that were left out because of
    /// the date of the server's certificate or because of name constraints.
    pub fn candidates(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.candidates.iter().map(OwnedTrustAnchor::as_anchor)
    }
}

impl fmt::Debug for VerificationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let anchor = self.anchor().map(|anchor| alloc::format!("{}", anchor.subject()));
        f.debug_struct("VerificationReport")
            .field("host", &self.host)
            .field("result", &self.result)
            .field("anchor", &anchor)
            .field("sent", &self.sent.len())
            .field("unreadable", &self.unreadable)
            .field("store_len", &self.store_len)
            .field("selected", &self.selected)
            .field("lookups", &self.lookups.len())
            .field("selecting", &self.selecting)
            .field("validating", &self.validating)
            .finish_non_exhaustive()
    }
}
