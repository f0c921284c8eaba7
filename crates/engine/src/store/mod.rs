//! Where anchors come from.

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

/// A source of trust anchors, asked while a handshake waits.
///
/// What a store hands out is trusted: it must hold only anchors that the user trusts, with the conditions under
/// which they are trusted.
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
/// A root with Mozilla's conditions is an [`Entry`](crate::Entry) that was given them:
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
    /// Several anchors under one name are added in the store's order. To add others does no harm, because
    /// `found` leaves them out, as it leaves out those that are [trusted only for certificates issued up to a
    /// date](TrustAnchor::distrust_after) when this one was issued later; to leave out one that qualifies makes good
    /// servers unreachable.
    ///
    /// It is called inside the handshake, so it should be quick, or be called where waiting is all right.
    ///
    /// # Errors
    /// When the store cannot say. The handshake fails then: an error is never taken for "no such anchor".
    fn select<'s>(&'s self, found: &mut Candidates<'s>) -> Result<(), StoreError>;

    /// How many anchors there are, where the store knows.
    fn anchor_count(&self) -> Option<usize> {
        None
    }

    /// When the store was made, in Unix time, where the store knows.
    fn store_generation(&self) -> Option<u32> {
        None
    }
}

/// A store behind a pointer is a store.
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
