//! One verdict on some certificates, by the verifier that `get` and `verify` trust by.

use jit_trust::{Candidates, Rejection, StoreError, TrustStore, VerificationReport, Verifier};
use jit_trust_core::OwnedTrustAnchor;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::crypto::aws_lc_rs;

use crate::store::Store;
use crate::trust::Decision;

/// A store that holds one anchor.
#[derive(Debug)]
pub(super) struct Only(pub(super) OwnedTrustAnchor);

impl TrustStore for Only {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        found.add(self.0.as_anchor());
        Ok(())
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(1)
    }
}

/// A verdict, and what led to it.
#[derive(Debug)]
pub(super) struct Verdict {
    pub(super) decision: Decision,
    pub(super) report: VerificationReport,
}

/// The host that the certificates are to be for, and as of when.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// None where the name does not matter.
    pub(super) host: Option<ServerName<'static>>,
    pub(super) now: UnixTime,
    /// Whether that is not what the clock says, but what was asked for.
    pub(super) is_of_another_time: bool,
}

impl Terms {
    /// The name that the verifier is given, which needs one in any case.
    pub(super) fn server_name(&self) -> ServerName<'static> {
        let reserved = || ServerName::try_from("host.invalid").ok();
        let host = self.host.clone().or_else(reserved);
        host.unwrap_or_else(|| std::net::IpAddr::from([0, 0, 0, 0]).into())
    }

    /// Has these certificates, the server's own first, judged by this store.
    pub(super) fn judge(&self, certificates: &[CertificateDer<'_>], store: &Store) -> Verdict {
        let none = CertificateDer::from(&[][..]);
        let (end_entity, others) = certificates.split_first().unwrap_or((&none, &[]));
        let verifier = Verifier::with_provider(store.policy.clone(), &aws_lc_rs::default_provider());
        let report = verifier.verify(end_entity, others, &self.server_name(), self.now);
        Verdict {
            decision: Decision::of(&report, store),
            report,
        }
    }

    /// Whether there is nothing wrong but that the certificate has another name, and that this does not matter here.
    pub(super) fn passes(&self, verdict: &Verdict) -> bool {
        verdict.rejection().is_none() || (self.host.is_none() && verdict.has_other_name())
    }
}

impl Verdict {
    /// Why not; none where the certificates are trusted.
    pub(super) fn rejection(&self) -> Option<&Rejection> {
        self.decision.rejection.as_ref()
    }

    /// Whether there is a valid path, and the certificate is for another host.
    pub(super) fn has_other_name(&self) -> bool {
        matches!(self.rejection(), Some(Rejection::WrongHost { .. }))
    }

    /// Whether a path is valid, whatever host the certificate is for.
    pub(super) fn has_path(&self) -> bool {
        self.rejection().is_none() || self.has_other_name()
    }

    /// Whether a store could not answer, which says nothing about the server.
    pub(super) fn store_failed(&self) -> bool {
        self.decision.store_failed()
    }
}
