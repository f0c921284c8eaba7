//! One verdict on some certificates, by the verifier that `get` and `verify` trust by.

use jit_trust::{Candidates, Name, Rejection, StoreError, TrustAnchor, TrustStore, Verifier};
use jit_trust_bundle::Root;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::crypto::aws_lc_rs;

use crate::store::Store;
use crate::trust::Decision;

/// An anchor of a store, kept beyond the verification that it was found for.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// Its name in DER: a store may know only the name's hash.
    name: Vec<u8>,
    root: Root,
}

impl Found {
    /// The entry of a store that was found to have this name.
    pub(super) fn new(name: Name<'_>, root: Root) -> Self {
        Self {
            name: name.as_der().to_vec(),
            root,
        }
    }

    /// The anchor. It is there: it was found under this name.
    pub(super) fn anchor(&self) -> Option<TrustAnchor<'_>> {
        self.root.entry().named(Name::from_der(&self.name)?)
    }

    /// Whether both are the same name and key, with the same name constraints. What is said of the date binds all of them.
    pub(super) fn is(&self, other: &Self) -> bool {
        let constraints = |found: &Self| found.root.entry().name_constraints().map(<[u8]>::to_vec);
        self.has_key_of(other) && constraints(self) == constraints(other)
    }

    fn has_key_of(&self, other: &Self) -> bool {
        self.name == other.name && self.root.spki_fingerprint() == other.root.spki_fingerprint()
    }

    /// The same under the date that binds it, which may be said in another store than the one that holds it. `selected` are
    /// the anchors as the verifier has them.
    pub(super) fn dated_as_in(self, selected: &[Self]) -> Self {
        let same = selected.iter().filter(|selected| selected.has_key_of(&self));
        let dates = same.filter_map(|selected| selected.root.conditions().distrust_after);
        let own = self.root.conditions().distrust_after;
        let earliest = dates.chain(own).min();
        Self {
            root: self.root.with_distrust_after(earliest),
            ..self
        }
    }
}

/// A store that holds one anchor.
#[derive(Debug)]
pub(super) struct Only(pub(super) Found);

impl TrustStore for Only {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        self.0.anchor().into_iter().for_each(|anchor| found.add(anchor));
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
    pub(super) anchors: Anchors,
}

/// What the stores came up with.
#[derive(Debug, Default)]
pub(super) struct Anchors {
    /// Those that could have issued one of the certificates, those included that may not be used for them because of
    /// their date.
    pub(super) selected: Vec<Found>,
    /// The one that the path ends in.
    pub(super) used: Option<Found>,
}

/// Who the certificates are to be for, and when.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    /// None where the name does not matter.
    pub(super) host: Option<ServerName<'static>>,
    pub(super) now: UnixTime,
    /// Whether that is not what the clock says, but what was asked for.
    pub(super) is_of_another_time: bool,
}

impl Terms {
    /// What the verifier is asked for: it wants a name in any case.
    pub(super) fn server_name(&self) -> ServerName<'static> {
        let nobody = || ServerName::try_from("host.invalid").ok();
        let host = self.host.clone().or_else(nobody);
        host.unwrap_or_else(|| std::net::IpAddr::from([0, 0, 0, 0]).into())
    }

    /// Has these certificates, the server's own first, judged by this store.
    pub(super) fn judge(&self, certificates: &[CertificateDer<'_>], store: &Store) -> Verdict {
        let none = CertificateDer::from(&[][..]);
        let (end_entity, others) = certificates.split_first().unwrap_or((&none, &[]));
        let verifier = Verifier::with_provider(store.policy.clone(), &aws_lc_rs::default_provider());
        let report = verifier.verify(end_entity, others, &self.server_name(), self.now);
        let copy = |anchor: TrustAnchor<'_>| Found::new(anchor.subject(), Root::from_entry(anchor.entry()));
        Verdict {
            anchors: Anchors {
                selected: report.candidates().map(copy).collect(),
                used: report.anchor().map(copy),
            },
            decision: Decision::of(&report, store),
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

    /// Why not, in words safe to show.
    pub(super) fn reason(&self) -> Option<String> {
        self.decision.refusal.clone()
    }
}
