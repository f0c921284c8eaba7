//! Connections and what they lean on, while they are made and while they live.

mod attempt;
mod live;

pub(crate) use attempt::Attempt;
pub use live::Connection;
pub(crate) use live::{Connections, Guard};

use std::sync::Arc;

use smallvec::SmallVec;

use super::KnownAnchor;
use crate::residency::Lease;

/// The anchors that vouched for a connection: the one that its path ended in, or, if it resumed a session, those that
/// vouched for that.
pub(crate) type Anchors = SmallVec<[Arc<KnownAnchor>; 1]>;

/// What keeps them resident.
pub(crate) type Leases = SmallVec<[Arc<Lease>; 1]>;

/// What a connection leans on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Leaning {
    pub(crate) anchors: Anchors,
    pub(crate) leases: Leases,
}
