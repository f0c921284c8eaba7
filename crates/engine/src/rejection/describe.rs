//! The details of a rejection that the chain has and the TLS library's error lacks.

use alloc::string::String;

use jit_trust_core::{Certificate, PeerChain};

use super::{DatedRoot, Missing, Rejection, subject_of};
use crate::candidates::Candidates;
use crate::lookup::LookupRecord;

/// The context of a rejection, from which its details are filled in.
pub(crate) struct Described<'d, 'v> {
    pub(crate) host: &'d str,
    pub(crate) chain: &'v PeerChain<'v>,
    pub(crate) candidates: &'d Candidates<'v>,
    pub(crate) lookups: &'d [LookupRecord],
    pub(crate) now: Option<u64>,
}

impl<'v> Described<'_, 'v> {
    /// Fills in what the library's error lacks, such as the certificate that has expired or the root that is missing.
    pub(crate) fn describe(&self, mut rejection: Rejection) -> Rejection {
        match &mut rejection {
            Rejection::Expired {
                certificate,
                not_after,
                now,
                ..
            } => {
                *now = now.or(self.now);
                let limit = *not_after;
                let is_it = |of: &Certificate<'_>| match (limit, self.now) {
                    (Some(limit), _) => of.not_after() == Some(limit),
                    (None, Some(now)) => of.not_after().is_some_and(|not_after| not_after <= now),
                    (None, None) => false,
                };
                if let Some(found) = self.first(is_it) {
                    *certificate = Some(subject_of(found));
                    *not_after = found.not_after();
                }
            }
            Rejection::NotYetValid {
                certificate,
                not_before,
                now,
                ..
            } => {
                *now = now.or(self.now);
                let limit = *not_before;
                let is_it = |of: &Certificate<'_>| match (limit, self.now) {
                    (Some(limit), _) => of.not_before() == Some(limit),
                    (None, Some(now)) => of.not_before().is_some_and(|not_before| not_before > now),
                    (None, None) => false,
                };
                if let Some(found) = self.first(is_it) {
                    *certificate = Some(subject_of(found));
                    *not_before = found.not_before();
                }
            }
            Rejection::WrongHost { host, .. } if host.is_empty() => *host = String::from(self.host),
            Rejection::NoSuchRoot { missing, .. } => **missing = self.missing(),
            Rejection::CaAsServer { self_signed, .. } => {
                *self_signed = self
                    .chain
                    .certificates()
                    .next()
                    .is_some_and(Certificate::is_self_issued);
            }
            Rejection::UnreadableCertificate { detail, .. } if detail.is_none() => {
                *detail = match self.chain.skipped() {
                    0 => None,
                    1 => Some(String::from(
                        "a certificate that was sent after the first cannot be read",
                    )),
                    many => Some(alloc::format!(
                        "{many} certificates that were sent after the first cannot be read"
                    )),
                };
            }
            _ => {}
        }
        rejection
    }

    /// The first certificate of the path for which the predicate is true.
    fn first(&self, is_it: impl Fn(&Certificate<'_>) -> bool) -> Option<&Certificate<'v>> {
        self.chain.path().find(|certificate| is_it(certificate))
    }

    fn missing(&self) -> Missing {
        let Some(top) = self.chain.path().last() else {
            return Missing::Unknown;
        };
        let issuer = || alloc::format!("{}", top.issuer());
        let mut named = self
            .candidates
            .all()
            .filter(|anchor| anchor.subject() == top.issuer());
        // A root that was left out for its date is not missing, even if a path to it has another error.
        if let Some(dated) = named
            .clone()
            .find_map(|anchor| DatedRoot::of(&anchor, self.chain))
        {
            return Missing::DatedRoot(dated);
        }
        let roots = self.candidates.len();
        if roots > 0 && named.next().is_some() {
            return Missing::Path {
                roots,
                issuer: issuer(),
            };
        }
        let is_alone = self.chain.path().count() == 1;
        match (top.is_self_issued(), is_alone) {
            (true, true) => Missing::SelfSigned {
                subject: subject_of(top),
            },
            (true, false) => Missing::SentRoot {
                subject: subject_of(top),
            },
            (false, _) => {
                let looked_up = self
                    .lookups
                    .iter()
                    .find(|lookup| lookup.key.is_subject(top.issuer()));
                Missing::Root {
                    issuer: issuer(),
                    asked_by: subject_of(top),
                    looked_up: looked_up.map(|lookup| lookup.key.clone()),
                    // A root that could have issued another certificate suggests a gap below it.
                    or_intermediate: is_alone || roots > 0,
                    sent_alone: is_alone,
                }
            }
        }
    }
}
