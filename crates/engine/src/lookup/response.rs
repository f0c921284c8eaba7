//! The response of a store.

use alloc::boxed::Box;
use core::fmt;

use jit_trust_core::{BlobError, Certificate, CertificateError, Entry, TrustBlob};

use super::LookupError;
use crate::AnchorKey;

/// The largest response that is taken, in bytes.
pub const MAX_RESPONSE_LEN: usize = 64 << 10;

/// The response of a store: the anchors that were asked for, if it has them.
#[derive(Clone)]
pub struct LookupResponse(Body);

#[derive(Clone)]
enum Body {
    NotFound,
    Blob(Box<[u8]>),
    Certificate(Box<[u8]>),
}

impl LookupResponse {
    /// A response that the store has no such anchor.
    pub fn not_found() -> Self {
        Self(Body::NotFound)
    }

    /// A response with a trust blob of every anchor that was asked for, and no other. An empty one says that there is none.
    ///
    /// # Errors
    /// When it is longer than [`MAX_RESPONSE_LEN`], and when it is not a trust blob or a damaged one.
    pub fn blob(blob: impl Into<Box<[u8]>>) -> Result<Self, LookupError> {
        let blob = within_limit(blob.into())?;
        TrustBlob::open(&blob)?;
        Ok(Self(Body::Blob(blob)))
    }

    /// A response with a bare certificate, in DER. It has none of the conditions under which Mozilla trusts some roots.
    ///
    /// # Errors
    /// When it is longer than [`MAX_RESPONSE_LEN`], and when it cannot be read.
    pub fn certificate(der: impl Into<Box<[u8]>>) -> Result<Self, LookupError> {
        let der = within_limit(der.into())?;
        Certificate::from_der(&der)?;
        Ok(Self(Body::Certificate(der)))
    }

    /// The generation of the store that answered, where the response states it.
    pub fn generation(&self) -> Option<u32> {
        match &self.0 {
            Body::Blob(blob) => open(blob).map(|blob| blob.generation()),
            Body::NotFound | Body::Certificate(_) => None,
        }
    }

    /// The anchors.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'_>> {
        let (blob, certificate) = match &self.0 {
            Body::NotFound => (None, None),
            Body::Blob(blob) => (open(blob), None),
            Body::Certificate(der) => (None, Certificate::from_der(der).ok()),
        };
        let of_blob = blob.into_iter().flat_map(|blob| blob.entries());
        of_blob.chain(certificate.map(Entry::from_certificate))
    }

    /// Whether there is no anchor.
    pub fn is_empty(&self) -> bool {
        self.entries().next().is_none()
    }

    /// Checks that every anchor in it was asked for by this key.
    ///
    /// # Errors
    /// [`LookupError::NotAskedFor`].
    pub fn check(&self, key: &AnchorKey) -> Result<(), LookupError> {
        let is_asked_for = |entry: &Entry<'_>| match key {
            AnchorKey::Subject(hash) => entry.name_hash() == hash.prefix(),
            AnchorKey::SubjectKeyId(bytes) => entry
                .subject_key_id()
                .is_some_and(|key_id| key_id.as_bytes() == &**bytes),
            AnchorKey::IssuerSerial { issuer, serial } => {
                let issued_by = entry.certificate().map(|certificate| certificate.issuer().hash());
                issued_by.is_none_or(|hash| hash == *issuer) && entry.serial() == &**serial
            }
        };
        match self.entries().all(|entry| is_asked_for(&entry)) {
            true => Ok(()),
            false => Err(LookupError::NotAskedFor),
        }
    }
}

/// Opens a blob that was checked before.
fn open(blob: &[u8]) -> Option<TrustBlob<'_>> {
    TrustBlob::open(blob).ok()
}

impl fmt::Debug for LookupResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LookupResponse")
            .field("anchors", &self.entries().count())
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}

fn within_limit(bytes: Box<[u8]>) -> Result<Box<[u8]>, LookupError> {
    match bytes.len() {
        0..=MAX_RESPONSE_LEN => Ok(bytes),
        _ => Err(LookupError::TooLarge),
    }
}

impl From<BlobError> for LookupError {
    fn from(error: BlobError) -> Self {
        Self::Blob(error)
    }
}

impl From<CertificateError> for LookupError {
    fn from(error: CertificateError) -> Self {
        Self::Certificate(error)
    }
}
