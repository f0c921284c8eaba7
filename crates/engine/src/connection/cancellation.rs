//! Giving a handshake up.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Has a verification that waits for a store give up, because the caller does not want the connection any more.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Gives up.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it was given up.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
