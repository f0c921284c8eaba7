//! A verification that outlives a call of the TLS library.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use jit_trust_core::{Certificate, ChainError, PeerChain};

use super::{Progress, Verification};
use crate::candidates::{Candidates, DetachedCandidates};
use crate::policy::HostPolicy;
use crate::{LookupError, LookupResponse};

/// A verification without its chain, as one owned value: for a handshake that is suspended until a store responds, or for a
/// library that validates later.
pub struct SuspendedVerification {
    policy: HostPolicy,
    /// The certificates of the chain, in DER.
    sent: Box<[Box<[u8]>]>,
    candidates: Option<DetachedCandidates>,
    /// `None` once it was resumed.
    progress: Option<Progress>,
    /// The result of the lookup that it is suspended for.
    response: Option<Response>,
}

/// The result of a lookup, and how long that took.
#[derive(Debug)]
struct Response(Result<Arc<LookupResponse>, Arc<LookupError>>, Duration);

impl Verification<'_> {
    /// Returns the verification without its chain, as one owned value.
    pub fn suspend(self) -> SuspendedVerification {
        SuspendedVerification {
            policy: self.policy.clone(),
            sent: certificates(self.chain()).map(Box::from).collect(),
            candidates: self.candidates.map(Candidates::detach),
            progress: Some(self.progress),
            response: None,
        }
    }
}

impl SuspendedVerification {
    /// Takes the result of the lookup that it is suspended for, and how long that took.
    #[cfg(feature = "std")]
    pub(crate) fn answered(
        &mut self,
        response: Result<Arc<LookupResponse>, Arc<LookupError>>,
        waited: Duration,
    ) {
        self.response = Some(Response(response, waited));
    }

    /// The policy for the host, with the stores that were in force when the verification began.
    pub fn policy(&self) -> &HostPolicy {
        &self.policy
    }

    /// Resumes the verification, with the stores that it began with. `None` where `policy` is another policy or that of another
    /// host, or where the chain is not the one that it was suspended with: a result for one server must not be used for
    /// another. `None` as well where it was resumed before.
    pub fn resume<'v>(
        &'v mut self,
        policy: &HostPolicy,
        chain: &'v Result<PeerChain<'v>, ChainError>,
    ) -> Option<Verification<'v>> {
        let read = chain.as_ref().ok();
        let is_same_chain = certificates(read).eq(self.sent.iter().map(|der| &**der));
        if !(is_same_chain && self.policy.is_of_same_host(policy)) {
            return None;
        }
        let candidates = self.candidates.take();
        let mut resumed = Verification {
            policy: &self.policy,
            chain: chain.as_ref().map_err(|error| *error),
            candidates: candidates.and_then(|candidates| Some(candidates.attach(read?))),
            progress: self.progress.take()?,
        };
        if let Some(Response(response, waited)) = self.response.take() {
            resumed.answered(response, false, waited);
        }
        Some(resumed)
    }
}

fn certificates<'c>(chain: Option<&'c PeerChain<'c>>) -> impl Iterator<Item = &'c [u8]> {
    let certificates = chain.into_iter().flat_map(PeerChain::certificates);
    certificates.map(Certificate::as_der)
}

impl fmt::Debug for SuspendedVerification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SuspendedVerification")
            .field("host", &self.policy.host())
            .finish_non_exhaustive()
    }
}
