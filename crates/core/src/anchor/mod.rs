//! Trust anchors, against which a TLS library validates a path.

mod certificate;
mod entry;
#[cfg(feature = "alloc")]
mod owned;

pub use certificate::AnchorCertificateError;
pub use entry::{EncodedEntry, Entry};
#[cfg(feature = "alloc")]
pub use owned::OwnedTrustAnchor;

use core::fmt;

use crate::{Certificate, HashedName, KeyId, Name};

/// A trust anchor (RFC 5280 section 6.1.1(d), RFC 5914): a root as a name, a key and its constraints.
///
/// It is an entry of a store, borrowed from the store, and a name. The name may be borrowed from the certificate for which the
/// anchor was looked up, because a trust blob of version 2 holds only hashes of names. An anchor is trusted because a store
/// holds it. Its selection for a chain means only that it could have issued one of the chain's certificates.
#[derive(Clone, Copy)]
pub struct TrustAnchor<'a> {
    subject: Name<'a>,
    entry: Entry<'a>,
}

impl<'a> TrustAnchor<'a> {
    /// The anchor of a trusted certificate: one from a store, never one that a peer has sent.
    ///
    /// Any certificate can be an anchor, as with webpki's `anchor_from_trusted_cert`: it is trusted because it is in a store.
    pub fn from_trusted_certificate(certificate: Certificate<'a>) -> Self {
        Self {
            subject: certificate.subject(),
            entry: Entry::from_certificate(certificate),
        }
    }

    /// The anchor of an entry under its name, which was checked.
    pub(crate) fn named(subject: Name<'a>, entry: Entry<'a>) -> Self {
        Self { subject, entry }
    }

    /// The name that certificates issued by this anchor carry as their issuer.
    pub fn subject(&self) -> Name<'a> {
        self.subject
    }

    /// The entry of the store.
    pub fn entry(&self) -> &Entry<'a> {
        &self.entry
    }

    /// The same, trusted only for end-entity certificates with a notBefore up to this second of Unix time: see
    /// [`Entry::with_distrust_after`].
    pub fn with_distrust_after(self, distrust_after: Option<u64>) -> Self {
        Self {
            entry: self.entry.with_distrust_after(distrust_after),
            ..self
        }
    }

    /// The value of the SEQUENCE of the subject public key info (SPKI), without its header: the form that webpki's
    /// trust anchors take.
    pub fn spki_value(&self) -> &'a [u8] {
        self.entry.spki_value()
    }

    /// The name constraints, those of the certificate or those imposed on it: the value of the `NameConstraints`
    /// SEQUENCE, without its header.
    pub fn name_constraints(&self) -> Option<&'a [u8]> {
        self.entry.name_constraints()
    }

    /// The subject key identifier, if the anchor has one.
    pub fn subject_key_id(&self) -> Option<KeyId<'a>> {
        self.entry.subject_key_id()
    }

    /// The last second, in Unix time, of which end-entity certificates are trusted under this anchor, by their
    /// notBefore; `None` when there is no such condition.
    pub fn distrust_after(&self) -> Option<u64> {
        self.entry.distrust_after()
    }

    /// Whether the anchor is trusted for an end-entity certificate issued at this time, which is
    /// [the notBefore of the certificate](crate::PeerChain::issued_at): no later than
    /// [`distrust_after`](Self::distrust_after). Where that is set, `None`, a notBefore that cannot be read, is refused.
    ///
    /// Name constraints are left to the TLS library, which has them as part of the anchor.
    pub fn permits_issuance_date(&self, issued_at: Option<u64>) -> bool {
        is_no_later(issued_at, self.distrust_after())
    }

    /// The root's own certificate, where the store holds it. It does not contain constraints that are imposed on the anchor:
    /// for a TLS library, use [`to_certificate`](Self::to_certificate).
    pub fn certificate(&self) -> Option<&'a [u8]> {
        Some(self.entry.certificate()?.as_der())
    }
}

impl<'a> Entry<'a> {
    /// The anchor, if this is its name.
    pub fn named<'n>(&self, name: Name<'n>) -> Option<TrustAnchor<'n>>
    where
        'a: 'n,
    {
        let is_its_own = self.has_name(name, || name.hash().prefix());
        is_its_own.then(|| TrustAnchor::named(name, *self))
    }

    /// The anchor, if this is its name: [`named`](Self::named) without hashing again.
    pub fn named_as<'n>(&self, name: HashedName<'n>) -> Option<TrustAnchor<'n>>
    where
        'a: 'n,
    {
        let is_its_own = self.has_name(name.name(), || name.hash_prefix());
        is_its_own.then(|| TrustAnchor::named(name.name(), *self))
    }
}

/// Whether a certificate was issued no later than the limit, if there is one.
pub(crate) fn is_no_later(issued_at: Option<u64>, limit: Option<u64>) -> bool {
    limit.is_none_or(|limit| issued_at.is_some_and(|issued_at| issued_at <= limit))
}

/// Two anchors are equal when they have the same fields, in any form of store.
impl PartialEq for TrustAnchor<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.subject == other.subject && self.entry.says_the_same(&other.entry)
    }
}

impl Eq for TrustAnchor<'_> {}

impl fmt::Debug for TrustAnchor<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustAnchor")
            .field("subject", &self.subject)
            .field("subject_key_id", &self.subject_key_id())
            .field("distrust_after", &self.distrust_after())
            .finish_non_exhaustive()
    }
}
