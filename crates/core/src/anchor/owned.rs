//! Anchors that outlive the store in which they were found.

use alloc::boxed::Box;
use core::fmt;

use super::TrustAnchor;
use super::entry::{Body, Conditions, Entry};
use crate::{Certificate, Name, NameHashPrefix};

/// A copy of all fields of a [`TrustAnchor`], made by [`TrustAnchor::to_owned_anchor`] and borrowed as an anchor by
/// [`as_anchor`](Self::as_anchor). Two are equal when their anchors are.
#[derive(Clone)]
pub struct OwnedTrustAnchor {
    body: OwnedBody,
    distrust_after: Option<Option<u64>>,
    name_constraints: Option<Option<Box<[u8]>>>,
}

/// See [`Body`].
#[derive(Clone)]
enum OwnedBody {
    Certificate {
        der: Box<[u8]>,
        /// The places in `der`; this has no bytes of its own.
        read: Certificate<'static>,
    },
    Record {
        subject: Box<[u8]>,
        name_hash: NameHashPrefix,
        record: Box<[u8]>,
        /// Whether the store holds the name too.
        has_name: bool,
        certificate: Option<Box<[u8]>>,
    },
}

impl TrustAnchor<'_> {
    /// A copy that borrows neither from the store nor from the peer's certificates.
    pub fn to_owned_anchor(&self) -> OwnedTrustAnchor {
        let body = match &self.entry.body {
            Body::Certificate(certificate) => OwnedBody::Certificate {
                der: certificate.as_der().into(),
                read: certificate.in_copy(&[]),
            },
            Body::Record {
                section: _,
                name_hash,
                name,
                certificate,
            } => OwnedBody::Record {
                subject: self.subject.as_der().into(),
                name_hash: *name_hash,
                record: self.entry.encoded().as_bytes().into(),
                has_name: *name == Some(self.subject),
                certificate: certificate.map(Into::into),
            },
        };
        let conditions = self.entry.conditions;
        OwnedTrustAnchor {
            body,
            distrust_after: conditions.distrust_after,
            name_constraints: conditions.name_constraints.map(|set| set.map(Into::into)),
        }
    }
}

impl OwnedTrustAnchor {
    /// The anchor.
    pub fn as_anchor(&self) -> TrustAnchor<'_> {
        let (subject, body) = match &self.body {
            OwnedBody::Certificate { der, read } => {
                let certificate = read.in_copy(der);
                (certificate.subject(), Body::Certificate(certificate))
            }
            OwnedBody::Record {
                subject,
                name_hash,
                record,
                has_name,
                certificate,
            } => {
                let subject = Name::of_certificate(subject);
                let body = Body::Record {
                    section: record,
                    name_hash: *name_hash,
                    name: has_name.then_some(subject),
                    certificate: certificate.as_deref(),
                };
                (subject, body)
            }
        };
        let conditions = Conditions {
            distrust_after: self.distrust_after,
            name_constraints: self.name_constraints.as_ref().map(|set| set.as_deref()),
        };
        TrustAnchor::named(subject, Entry { body, conditions })
    }
}

impl PartialEq for OwnedTrustAnchor {
    fn eq(&self, other: &Self) -> bool {
        self.as_anchor() == other.as_anchor()
    }
}

impl Eq for OwnedTrustAnchor {}

impl fmt::Debug for OwnedTrustAnchor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OwnedTrustAnchor")
            .field(&self.as_anchor())
            .finish()
    }
}
