//! Trust anchors: what a TLS library validates a path against.

use core::fmt;

use crate::der::Reader;
use crate::{Certificate, KeyId, Name};

/// A trust anchor (RFC 5280 section 6.1.1(d), RFC 5914): a root as a name, a key and its constraints.
///
/// It is what a store holds about a root, borrowed from wherever the store keeps it. Being handed out by a store
/// is what makes it trusted; being chosen for a chain says only that it could have issued one of its
/// certificates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TrustAnchor<'a> {
    subject: Name<'a>,
    spki: &'a [u8],
    name_constraints: Option<&'a [u8]>,
    subject_key_id: Option<KeyId<'a>>,
    certificate: &'a [u8],
}

impl<'a> TrustAnchor<'a> {
    /// The anchor that a certificate is which somebody trusts: one out of a store, never one that a peer has sent.
    ///
    /// Any certificate can be an anchor, as webpki's `anchor_from_trusted_cert` has it: whoever puts it into a store
    /// vouches for it.
    pub fn from_trusted_certificate(certificate: Certificate<'a>) -> Self {
        Self {
            subject: certificate.subject(),
            spki: certificate.spki(),
            name_constraints: certificate.name_constraints(),
            subject_key_id: certificate.subject_key_id(),
            certificate: certificate.as_der(),
        }
    }

    /// The name that certificates issued by this anchor carry as their issuer.
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// The subject public key info, the header of its SEQUENCE included.
    pub fn spki(&self) -> &'a [u8] {
        self.spki
    }

    /// The inside of the SEQUENCE of the subject public key info, without its header: the form that webpki's
    /// trust anchors take.
    pub fn spki_value(&self) -> &'a [u8] {
        let spki = Reader::new(self.spki).read();
        spki.map(|spki| spki.value).unwrap_or_default()
    }

    /// The name constraints: the inside of the `NameConstraints` SEQUENCE, without its header.
    pub fn name_constraints(&self) -> Option<&'a [u8]> {
        self.name_constraints
    }

    /// The subject key identifier, if the anchor has one.
    pub fn subject_key_id(&self) -> Option<KeyId<'a>> {
        self.subject_key_id
    }

    /// The root's own certificate, whole.
    pub fn certificate(&self) -> &'a [u8] {
        self.certificate
    }
}

impl fmt::Debug for TrustAnchor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustAnchor")
            .field("subject", &self.subject)
            .field("subject_key_id", &self.subject_key_id)
            .finish_non_exhaustive()
    }
}
