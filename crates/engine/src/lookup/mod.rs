//! Deferred stores: they are asked by key, and may respond later.

mod error;
#[cfg(feature = "std")]
mod pending;
mod record;
#[cfg(feature = "std")]
mod responder;
mod response;
#[cfg(feature = "std")]
mod shared;

pub use error::LookupError;
#[cfg(feature = "std")]
pub use pending::LookupPending;
#[cfg(feature = "std")]
pub(crate) use pending::later;
pub(crate) use record::StoreKey;
pub use record::{LookupOutcome, LookupRecord};
#[cfg(feature = "std")]
pub use responder::Responder;
pub use response::{LookupResponse, MAX_RESPONSE_LEN};
#[cfg(feature = "std")]
pub(crate) use shared::LookupResult;
#[cfg(feature = "std")]
pub use shared::{SharedLookup, Waiter};

use crate::AnchorKey;

/// The largest number of anchors that are imported for one verification.
pub(crate) const MAX_IMPORTS: usize = 3;

/// A store that is asked for one key at a time, and responds at once or later: a remote server, a database, a
/// secure element.
///
/// It may be dropped on any thread, also on a thread of its own that sends a response. Therefore it must not join its
/// threads when it is dropped.
///
/// Its responses are checked before they are used: a response must have the anchors that were asked for, at most
/// [`MAX_RESPONSE_LEN`] bytes, and no older generation than an earlier one. While an anchor is in use, the store is not
/// asked for it again. Of several connections that need one anchor, one asks.
///
/// ```
/// use jit_trust::{LookupResponse, DeferredStore, LookupRequest, Responder};
///
/// /// Responds from a thread of its own.
/// #[derive(Debug)]
/// struct Slow;
///
/// impl DeferredStore for Slow {
///     fn name(&self) -> String {
///         "slow".to_owned()
///     }
///
///     fn look_up(&self, request: LookupRequest, responder: Responder) {
///         std::thread::spawn(move || match std::fs::read(request.key.webroot_path()) {
///             Ok(blob) => responder.send(LookupResponse::blob(blob)),
///             Err(_) => responder.send(Ok(LookupResponse::not_found())),
///         });
///     }
/// }
/// ```
#[cfg(feature = "std")]
pub trait DeferredStore: std::fmt::Debug + Send + Sync {
    /// The name of the store in errors: its URL, its path. [A guard](crate::RollbackGuard) remembers its newest generation under
    /// this name, so that it has to be the same each time.
    fn name(&self) -> String;

    /// The kind of keys that it can be asked for.
    fn kind(&self) -> LookupKind {
        LookupKind::Subject
    }

    /// Answers a lookup through `responder`: before this returns, or later from anywhere. It must not wait, because it may
    /// be called where waiting would stop others. A `responder` that is dropped is an error for the caller. A lookup that
    /// takes its time should be given up when its response is [no longer wanted](Responder::unwanted).
    fn look_up(&self, request: LookupRequest, responder: Responder);
}

/// The kind of keys that a store can be asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupKind {
    /// The subject of the anchor. By it every anchor is found: see [`PeerChain::issuers`](crate::PeerChain::issuers).
    #[default]
    Subject,
    /// The subject key identifier (SKID), or issuer and serial number: for stores that know no names. An anchor without a
    /// SKID, or whose certificates do not have it as their AKID, is not found there.
    KeyIdentifier,
}

impl LookupKind {
    /// Whether a store of this kind can be asked for this key.
    pub fn is_of(self, key: &AnchorKey) -> bool {
        match self {
            Self::Subject => matches!(key, AnchorKey::Subject(_)),
            Self::KeyIdentifier => !matches!(key, AnchorKey::Subject(_)),
        }
    }
}

/// A request to a deferred store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRequest {
    /// The key of the anchors.
    pub key: AnchorKey,
    /// The newest generation of this store so far. A response of an older one is not used, so a store behind caches should
    /// try to get a newer response instead of that.
    pub newest_generation: Option<u32>,
}

impl LookupRequest {
    /// A request for the anchors of this key, without a known generation.
    pub fn new(key: AnchorKey) -> Self {
        Self {
            key,
            newest_generation: None,
        }
    }

    /// The same request, with the newest generation of the store so far.
    #[must_use]
    pub fn having_seen(self, newest_generation: Option<u32>) -> Self {
        Self {
            newest_generation,
            ..self
        }
    }
}
