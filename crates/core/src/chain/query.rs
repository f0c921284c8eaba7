//! Queries for a store.

use crate::{Certificate, KeyId, Name, TrustAnchor};

/// A query for anchors in a store.
///
/// Each kind has the subject that an anchor must have. webpki and OpenSSL build paths by names, so an anchor with the right key
/// identifier and another name cannot end this path: [`is_answered_by`](Self::is_answered_by) checks that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Query<'a> {
    /// Every anchor with this subject.
    Subject(Name<'a>),
    /// Anchors with this subject key identifier and this subject.
    KeyId {
        /// The subject key identifier to look for.
        key_id: KeyId<'a>,
        /// The subject that the anchor must have.
        subject: Name<'a>,
    },
    /// The anchor whose own certificate has this issuer and serial number, and this subject.
    IssuerSerial {
        /// The issuer of the anchor's own certificate, for a root its subject.
        issuer: Name<'a>,
        /// The serial number of the anchor's own certificate: see [`Certificate::serial`].
        serial: &'a [u8],
        /// The subject that the anchor must have.
        subject: Name<'a>,
    },
}

impl<'a> Query<'a> {
    /// The subject that an anchor must have to answer this.
    pub fn subject(&self) -> Name<'a> {
        match *self {
            Self::Subject(subject) | Self::KeyId { subject, .. } | Self::IssuerSerial { subject, .. } => {
                subject
            }
        }
    }

    /// Whether `anchor` may be used as an answer, independently of how it was found.
    pub fn is_answered_by(&self, anchor: &TrustAnchor<'_>) -> bool {
        self.subject() == anchor.subject()
    }

    /// The queries by the fields of a certificate's AKID.
    pub(super) fn by_authority_key_id(certificate: &Certificate<'a>) -> impl Iterator<Item = Self> + use<'a> {
        let subject = certificate.issuer();
        let by_key_id = certificate.authority_key_id();
        let by_key_id = by_key_id.map(|key_id| Self::KeyId { key_id, subject });
        let by_serial = certificate.authority_issuer_serial();
        let by_serial = by_serial.map(|(issuer, serial)| Self::IssuerSerial {
            issuer,
            serial,
            subject,
        });
        by_key_id.into_iter().chain(by_serial)
    }

    /// The query by the SKID of a root that the peer sent: only the store's own copy of that root counts.
    pub(super) fn by_sent_root(certificate: &Certificate<'a>) -> Option<Self> {
        let key_id = certificate
            .subject_key_id()
            .filter(|_| certificate.is_self_issued())?;
        Some(Self::KeyId {
            key_id,
            subject: certificate.subject(),
        })
    }
}
