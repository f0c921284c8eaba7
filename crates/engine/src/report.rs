//! What happened in one verification, to keep and to show.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use jit_trust_core::{Certificate, OwnedTrustAnchor, PeerChain, TrustAnchor};

use crate::Rejection;
use crate::candidates::Candidates;
use crate::verification::LookupRecord;

/// What happened in one verification, success or failure, with whichever TLS library: all that a log line, a command or a
/// program shows. It decides nothing.
///
/// A connection has the report of its verification, and so has the error of a handshake that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct VerificationReport {
    /// The name or address of the server that was to be reached.
    pub host: String,
    /// How many anchors the local stores have, where they know; `None` where a deferred store may be asked.
    pub store_len: Option<usize>,
    /// How many anchors could have issued one of the certificates and were tried, of local and of deferred stores.
    pub selected: usize,
    /// What was looked up in deferred stores, in that order.
    pub lookups: Vec<LookupRecord>,
    /// How long it took to read and sort the chain, to ask the stores and to wait for them.
    pub selecting: Duration,
    /// How long the TLS library's validation took.
    pub validating: Duration,
    /// The verdict.
    pub result: Result<(), Rejection>,
    /// How many certificates after the server's own were sent that cannot be read. They are not in [`sent`](Self::sent).
    pub unreadable: usize,
    sent: Box<[Box<[u8]>]>,
    candidates: Box<[OwnedTrustAnchor]>,
    /// The place of the anchor that the path ends in, among the candidates.
    anchor: Option<usize>,
}

impl VerificationReport {
    #[allow(clippy::too_many_arguments)]
    pub(crate) fn new(
        host: &str,
        chain: Option<&PeerChain<'_>>,
        store_len: Option<usize>,
        candidates: Option<&Candidates<'_>>,
        accepted: Option<usize>,
        lookups: &[LookupRecord],
        [selecting, validating]: [Duration; 2],
        result: Result<(), Rejection>,
    ) -> Self {
        let sent = chain.into_iter().flat_map(PeerChain::certificates);
        let used = candidates.and_then(|candidates| candidates.anchors().nth(accepted?));
        let all = || candidates.into_iter().flat_map(Candidates::all);
        Self {
            host: host.into(),
            store_len,
            selected: candidates.map_or(0, Candidates::len),
            lookups: lookups.to_vec(),
            selecting,
            validating,
            result,
            unreadable: chain.map_or(0, PeerChain::skipped),
            sent: sent.map(|certificate| Box::from(certificate.as_der())).collect(),
            anchor: used.and_then(|used| all().position(|anchor| anchor == used)),
            candidates: all().map(|anchor| anchor.to_owned_anchor()).collect(),
        }
    }

    /// Turns what was accepted into a rejection, for what is found out after the verification. A server that was rejected
    /// stays so for the first reason.
    pub fn reject(&mut self, rejection: Rejection) {
        if self.result.is_ok() {
            self.result = Err(rejection);
            self.anchor = None;
        }
    }

    /// The certificates that the server sent and that could be read, in DER, in the order in which they were sent.
    pub fn sent(&self) -> impl Iterator<Item = &[u8]> + Clone {
        self.sent.iter().map(|der| &**der)
    }

    /// What the server sent, sorted into a path; `None` where that could not be read.
    pub fn chain(&self) -> Option<PeerChain<'_>> {
        PeerChain::read(self.sent()).ok()
    }

    /// The server's own certificate.
    pub fn end_entity(&self) -> Option<Certificate<'_>> {
        Certificate::from_der(self.sent.first()?).ok()
    }

    /// The anchor that the path ends in; `None` where there is no valid path, or where it ends in a CA that the program
    /// loaded into the TLS library.
    pub fn anchor(&self) -> Option<TrustAnchor<'_>> {
        Some(self.candidates.get(self.anchor?)?.as_anchor())
    }

    /// The anchors that there were to choose from, in the order in which the stores gave them. Those are included that were
    /// left out, because of the date of the server's certificate or because of name constraints.
    pub fn candidates(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.candidates.iter().map(OwnedTrustAnchor::as_anchor)
    }
}
