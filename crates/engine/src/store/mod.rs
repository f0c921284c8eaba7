//! Local stores of trust anchors.

mod blob;
mod error;
#[cfg(all(feature = "std", any(unix, windows)))]
mod file;
#[cfg(feature = "std")]
mod file_error;
#[cfg(feature = "std")]
mod read;
#[cfg(all(feature = "std", any(unix, windows)))]
mod watched;
#[cfg(feature = "std")]
mod webroot;

pub use blob::BlobStore;
pub use error::StoreError;
#[cfg(all(feature = "std", any(unix, windows)))]
pub use file::FileStore;
#[cfg(feature = "std")]
pub use file_error::StoreFileError;
#[cfg(all(feature = "std", any(unix, windows)))]
pub use watched::{FileChange, WatchedFileStore};
#[cfg(feature = "std")]
pub use webroot::WebrootStore;

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::fmt::Debug;

#[expect(unused_imports, reason = "for the documentation")]
use jit_trust_core::{PeerChain, TrustAnchor};

use crate::Candidates;

/// A local store of trust anchors, which is asked inside the handshake.
///
/// Its anchors are trusted: it must hold only anchors that the user trusts, with the conditions under which they are trusted.
///
/// ```
/// use jit_trust::{Candidates, StoreError, TrustStore};
///
/// /// The few roots that a device needs, tried before a larger store.
/// #[derive(Debug)]
/// struct PrivateRootsFirst<S> {
///     private: Vec<Vec<u8>>, // DER
///     public: S,
/// }
///
/// impl<S: TrustStore> TrustStore for PrivateRootsFirst<S> {
///     fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
///         for root in &self.private {
///             found.add_certificate(root)?; // left out unless it could have issued something here
///         }
///         self.public.select(found)
///     }
/// }
/// ```
///
/// A root with Mozilla's conditions is an [`Entry`](crate::Entry) with these conditions set:
///
/// ```
/// use jit_trust::{Certificate, Entry, Candidates, StoreError, TrustStore};
///
/// #[derive(Debug)]
/// struct OneRoot {
///     der: Vec<u8>,
///     /// In Unix time.
///     distrust_after: Option<u64>,
/// }
///
/// impl TrustStore for OneRoot {
///     fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
///         let root = Entry::from_certificate(Certificate::from_der(&self.der)?);
///         let root = root.with_distrust_after(self.distrust_after);
///         let issuers = found.chain().issuers();
///         issuers.filter_map(|issuer| root.named(issuer)).for_each(|anchor| found.add(anchor));
///         Ok(())
///     }
/// }
/// ```
pub trait TrustStore: Debug + Send + Sync {
    /// Adds to `found` every anchor of the store that could have issued one of the certificates of
    /// [`found.chain()`](Candidates::chain): whose subject is one of its [`issuers()`](PeerChain::issuers).
    ///
    /// Several anchors of one name are added in the store's order. A store may add any others, because `found` leaves them
    /// out, like those that are [trusted only for certificates issued up to a date](TrustAnchor::distrust_after) when this
    /// one was issued later. If a store misses an anchor that qualifies, servers that need it are rejected.
    ///
    /// It is called inside the handshake, so it should be quick.
    ///
    /// # Errors
    /// When the store fails. Then the handshake fails, too: an error never means "no such anchor".
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError>;

    /// The number of anchors, where the store knows it.
    fn anchor_count(&self) -> Option<usize> {
        None
    }

    /// The generation of the store, the Unix time when it was made, where the store knows it.
    fn store_generation(&self) -> Option<u32> {
        None
    }
}

/// Implements the trait for pointers to stores.
macro_rules! behind_a_pointer {
    ($($pointer:ty),*) => {$(
        impl<S: TrustStore + ?Sized> TrustStore for $pointer {
            fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError> {
                (**self).select(found)
            }

            fn anchor_count(&self) -> Option<usize> {
                (**self).anchor_count()
            }

            fn store_generation(&self) -> Option<u32> {
                (**self).store_generation()
            }
        }
    )*};
}

behind_a_pointer!(&S, Arc<S>, Box<S>);
