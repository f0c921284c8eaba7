//! A trust blob in the program.

use core::fmt;

use jit_trust_core::{BlobError, TrustBlob};

use super::{StoreError, TrustStore};
use crate::Candidates;

/// A store in memory that lasts as long as the program: a trust blob compiled in with `include_bytes!`, or in
/// flash that is mapped. It keeps nothing on the heap, and choosing from it allocates nothing.
///
/// ```
/// use jit_trust::BlobStore;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let blob: &'static [u8] = jit_trust::mozilla().as_bytes();
/// // static TRUST: &[u8] = include_bytes!("trust.tblb");
/// # let TRUST = blob;
/// let store = BlobStore::new(TRUST)?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BlobStore {
    bytes: &'static [u8],
    blob: TrustBlob<'static>,
}

impl BlobStore {
    /// Opens the blob, which checks all of it.
    ///
    /// # Errors
    /// What is wrong with the blob, and where.
    pub fn new(bytes: &'static [u8]) -> Result<Self, BlobError> {
        Ok(Self {
            bytes,
            blob: TrustBlob::open(bytes)?,
        })
    }

    /// The bytes of the blob.
    pub fn as_bytes(&self) -> &'static [u8] {
        self.bytes
    }

    /// The blob itself, to look into.
    pub fn blob(&self) -> &TrustBlob<'static> {
        &self.blob
    }
}

impl TrustStore for BlobStore {
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
        self.blob
            .named_by(found.chain())
            .for_each(|anchor| found.add(anchor));
        Ok(())
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(self.blob.len())
    }

    fn store_generation(&self) -> Option<u32> {
        Some(self.blob.generation())
    }
}

impl fmt::Debug for BlobStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlobStore").field(&self.blob).finish()
    }
}
