//! A trust blob in memory.

use core::fmt;

use jit_trust_core::{BlobError, CheckedBlob, TrustBlob};

use super::{StoreError, TrustStore};
use crate::Candidates;

/// A store in memory: a trust blob compiled in with `include_bytes!`, in flash that is mapped, or in a `Vec`. Beside the
/// blob it keeps nothing on the heap, and choosing from it allocates nothing.
///
/// ```
/// use jit_trust::BlobStore;
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let blob: &'static [u8] = jit_trust::mozilla().as_bytes();
/// // static TRUST: &[u8] = include_bytes!("trust.tblb");
/// # let TRUST = blob;
/// let store = BlobStore::new(TRUST)?;
///
/// # let received = blob.to_vec();
/// let store = BlobStore::new(received)?; // a Vec<u8>
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct BlobStore<B = &'static [u8]> {
    bytes: B,
    checked: CheckedBlob,
}

impl<B: AsRef<[u8]>> BlobStore<B> {
    /// Opens the blob, which checks all of it.
    ///
    /// # Errors
    /// What is wrong with the blob, and where.
    pub fn new(bytes: B) -> Result<Self, BlobError> {
        Ok(Self {
            checked: CheckedBlob::of(bytes.as_ref())?,
            bytes,
        })
    }

    /// The bytes of the blob.
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.as_ref()
    }

    /// The blob itself, to look into.
    pub fn blob(&self) -> TrustBlob<'_> {
        self.checked.attach(self.bytes.as_ref())
    }
}

impl<B: AsRef<[u8]> + Send + Sync> TrustStore for BlobStore<B> {
    fn select<'s>(&'s self, candidates: &mut Candidates<'s>) -> Result<(), StoreError> {
        let chain = candidates.chain();
        self.blob()
            .for_each_named_by(chain, |anchor| candidates.add(anchor));
        Ok(())
    }

    fn anchor_count(&self) -> Option<usize> {
        Some(self.blob().len())
    }

    fn store_generation(&self) -> Option<u32> {
        Some(self.blob().generation())
    }
}

impl<B: AsRef<[u8]>> fmt::Debug for BlobStore<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlobStore").field(&self.blob()).finish()
    }
}
