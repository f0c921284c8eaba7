//! A connection's hold on what it leans on.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use super::{Shared, reaper};
use crate::AnchorKey;

/// Keeps an anchor resident while it lives, and for the grace after that.
pub(crate) struct Lease {
    shared: Arc<Shared>,
    key: AnchorKey,
}

impl Lease {
    pub(super) fn new(shared: Arc<Shared>, key: AnchorKey) -> Self {
        Self { shared, key }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let mut slots = self.shared.lock();
        let refresh = slots.release(&self.key, Instant::now());
        reaper::wake(&self.shared, &mut slots);
        drop(slots);
        drop(refresh);
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Lease").field(&self.key).finish()
    }
}
