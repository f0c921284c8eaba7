//! Stores that are asked by key, and may answer later.

mod answer;
mod error;
mod interest;
mod reply;

pub use answer::{Answer, MAX_ANSWER_LEN};
pub use error::QueryError;
pub(crate) use interest::{Claim, Interest};
pub use reply::Reply;

use std::fmt::Debug;

use crate::AnchorKey;

/// A store that is asked for one key at a time, and answers at once or later: a remote server, a database, a
/// secure element.
///
/// It is dropped with the last of what uses it. That may be on a thread of its own that is about to answer, so it must not
/// wait for its threads when it is dropped.
///
/// What it answers is checked before it is used: it must be what was asked for, of at most [`MAX_ANSWER_LEN`] bytes,
/// and no older than what was seen before. While an anchor is in use the store is not asked for it again, and of many
/// connections that want one anchor one asks.
///
/// ```
/// use jit_trust::{Answer, QueryStore, Question, Reply};
///
/// /// Answers from a thread of its own.
/// #[derive(Debug)]
/// struct Slow;
///
/// impl QueryStore for Slow {
///     fn name(&self) -> String {
///         "slow".to_owned()
///     }
///
///     fn query(&self, question: Question, reply: Reply) {
///         std::thread::spawn(move || match std::fs::read(question.key.webroot_path()) {
///             Ok(blob) => reply.send(Answer::blob(blob)),
///             Err(_) => reply.send(Ok(Answer::not_found())),
///         });
///     }
/// }
/// ```
pub trait QueryStore: Debug + Send + Sync {
    /// What the store is called in errors: its URL, its path.
    fn name(&self) -> String;

    /// By what it can be asked.
    fn keys(&self) -> Keys {
        Keys::Subjects
    }

    /// Answers a question through `reply`: before this returns, or later from anywhere. It must not wait, because it may
    /// be called where waiting would stop others. A `reply` that is dropped is an error for whoever asked. A question that
    /// is not answered at once should be dropped when its answer is [wanted no more](Reply::unwanted).
    fn query(&self, question: Question, reply: Reply);
}

/// By what a store can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Keys {
    /// By the subject of the anchor. That is complete: see
    /// [`PeerChain::issuers`](crate::PeerChain::issuers).
    #[default]
    Subjects,
    /// By subject key identifier, and by issuer and serial number: for stores that know no names. An anchor without
    /// a key identifier, or whose certificates do not name it, is not found there.
    KeyIdentifiers,
}

/// What a store is asked.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Question {
    /// Which anchors are wanted.
    pub key: AnchorKey,
    /// The newest generation that is remembered of this store. An answer of an older one is refused, so that a
    /// store with caches on the way should look for a newer answer before it gives that.
    pub newest_generation: Option<u32>,
}

impl Question {
    /// Asks for these anchors, having seen no generation yet.
    pub fn new(key: AnchorKey) -> Self {
        Self {
            key,
            newest_generation: None,
        }
    }
}
