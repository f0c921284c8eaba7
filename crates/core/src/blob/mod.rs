//! The trust blob, TBLB: a trust store as one run of bytes, read in place.

mod error;
pub mod v1;

pub use error::{BlobError, WriteError};

use core::fmt;

use crate::{Certificate, KeyId, Name, PeerChain, TrustAnchor};

/// The largest number of anchors that a written store holds under one name. Several are rare but real: a CA
/// that renews its root under the old name. The bound keeps what one name can cost small.
pub const MAX_ANCHORS_PER_NAME: usize = 8;

/// A trust blob, borrowed from flash, from a file's bytes or from the program itself.
///
/// One that exists has been checked whole, so that no lookup can fail. Lookups allocate nothing. Version 1 has
/// no index: a lookup goes over all of its entries, with a byte of memory for each of the first 256 that rules
/// most of them out.
///
/// Version 1 has no checksum either, and no version has a signature: a damaged or altered blob that still has
/// the right shape is read as it is. Keep it where only those can write who may decide what is trusted.
#[derive(Clone)]
pub struct TrustBlob<'a> {
    v1: v1::Reader<'a>,
}

impl<'a> TrustBlob<'a> {
    /// Opens a blob: checks that all of it can be read, and that nothing stands behind it.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn open(bytes: &'a [u8]) -> Result<Self, BlobError> {
        Ok(Self {
            v1: v1::Reader::open(bytes)?,
        })
    }

    /// When the store that the blob holds was made, in Unix time.
    pub fn generation(&self) -> u32 {
        self.v1.generation()
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.v1.count()
    }

    /// Whether there is no anchor at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The layout's version, 1.
    pub fn version(&self) -> u16 {
        v1::VERSION
    }

    /// The certificates of all anchors, in the order of the blob.
    pub fn certificates(&self) -> impl Iterator<Item = Certificate<'a>> + use<'a> {
        self.v1
            .entries()
            .filter_map(|der| Certificate::from_der(der).ok())
    }

    /// All anchors, in the order of the blob.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'a>> + use<'a> {
        self.certificates().map(TrustAnchor::from_trusted_certificate)
    }

    /// Every anchor with this subject.
    pub fn by_subject<'q>(
        &self,
        subject: Name<'q>,
    ) -> impl Iterator<Item = TrustAnchor<'a>> + use<'_, 'a, 'q> {
        let mut wanted = v1::Wanted::default();
        wanted.insert(subject.as_der());
        self.candidates(wanted)
            .filter(move |anchor| anchor.subject() == subject)
    }

    /// Every anchor with this subject key identifier.
    pub fn by_subject_key_id<'q>(
        &self,
        key_id: KeyId<'q>,
    ) -> impl Iterator<Item = TrustAnchor<'a>> + use<'a, 'q> {
        let entries = self.v1.entries().zip(self.v1.subject_key_ids());
        let matching = entries.filter(move |(_, found)| *found == key_id.as_bytes());
        matching
            .filter_map(|(der, _)| Certificate::from_der(der).ok())
            .map(TrustAnchor::from_trusted_certificate)
    }

    /// The anchors whose own certificate has this issuer and this serial number.
    pub fn by_issuer_serial<'q>(
        &self,
        issuer: Name<'q>,
        serial: &'q [u8],
    ) -> impl Iterator<Item = TrustAnchor<'a>> + use<'a, 'q> {
        let matching = self.certificates();
        let matching = matching.filter(move |root| root.serial() == serial && root.issuer() == issuer);
        matching.map(TrustAnchor::from_trusted_certificate)
    }

    /// Every anchor that could have issued a certificate of the chain, in the order of the blob: one pass, no
    /// allocation. These are all that any path through the chain can end in.
    pub fn issuers_of<'q>(
        &self,
        chain: &'q PeerChain<'_>,
    ) -> impl Iterator<Item = TrustAnchor<'a>> + use<'_, 'a, 'q> {
        let mut wanted = v1::Wanted::default();
        for certificate in chain.certificates() {
            wanted.insert(certificate.issuer().as_der());
        }
        self.candidates(wanted)
            .filter(|anchor| chain.is_issued_by(anchor.subject()))
    }

    fn candidates(&self, wanted: v1::Wanted) -> impl Iterator<Item = TrustAnchor<'a>> + use<'_, 'a> {
        let candidates = self.v1.candidates(wanted);
        candidates
            .filter_map(|der| Certificate::from_der(der).ok())
            .map(TrustAnchor::from_trusted_certificate)
    }
}

impl fmt::Debug for TrustBlob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustBlob")
            .field("version", &self.version())
            .field("generation", &self.generation())
            .field("len", &self.len())
            .finish()
    }
}
