//! Stores that are asked by key, and may answer later.

mod error;
#[cfg(feature = "std")]
mod responder;
mod response;
#[cfg(feature = "std")]
mod shared;

pub use error::LookupError;
#[cfg(feature = "std")]
pub use responder::Responder;
pub use response::{LookupResponse, MAX_RESPONSE_LEN};
#[cfg(feature = "std")]
pub(crate) use shared::LookupResult;
#[cfg(feature = "std")]
pub use shared::{SharedLookup, Waiter};

use crate::AnchorKey;

/// A store that is asked for one key at a time, and answers at once or later: a remote server, a database, a
/// secure element.
///
/// It is dropped with the last of what uses it. That may be on a thread of its own that is about to answer, so it must not
/// wait for its threads when it is dropped.
///
/// What it answers is checked before it is used: it must be what was asked for, of at most [`MAX_RESPONSE_LEN`] bytes,
/// and no older than what was seen before. While an anchor is in use the store is not asked for it again, and of many
/// connections that want one anchor one asks.
///
/// ```
/// use jit_trust::{LookupResponse, DeferredStore, LookupRequest, Responder};
///
/// /// Answers from a thread of its own.
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
    /// What the store is called in errors: its URL, its path.
    fn name(&self) -> String;

    /// By what it can be asked.
    fn kind(&self) -> LookupKind {
        LookupKind::Subject
    }

    /// Answers a lookup through `responder`: before this returns, or later from anywhere. It must not wait, because it may
    /// be called where waiting would stop others. A `responder` that is dropped is an error for the caller. A lookup that
    /// takes its time should be given up when its response is [no longer wanted](Responder::unwanted).
    fn look_up(&self, request: LookupRequest, responder: Responder);
}

/// By what a store can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LookupKind {
    /// By the subject of the anchor. That is complete: see
    /// [`PeerChain::issuers`](crate::PeerChain::issuers).
    #[default]
    Subject,
    /// By subject key identifier, and by issuer and serial number: for stores that know no names. An anchor without
    /// a key identifier, or whose certificates do not name it, is not found there.
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

/// What a store is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LookupRequest {
    /// Which anchors are wanted.
    pub key: AnchorKey,
    /// The newest generation that is remembered of this store. An answer of an older one is refused, so that a
    /// store with caches on the way should look for a newer answer before it gives that.
    pub newest_generation: Option<u32>,
}

impl LookupRequest {
    /// Asks for these anchors, having seen no generation yet.
    pub fn new(key: AnchorKey) -> Self {
        Self {
            key,
            newest_generation: None,
        }
    }

    /// The same, having seen this generation of the store.
    #[must_use]
    pub fn having_seen(self, newest_generation: Option<u32>) -> Self {
        Self {
            newest_generation,
            ..self
        }
    }
}
