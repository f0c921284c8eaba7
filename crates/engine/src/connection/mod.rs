//! The open connections of a program, and streams that another thread can close.

mod delegate;
mod live;
mod tracked_stream;

pub use live::Connection;
pub(crate) use live::Connections;
pub use live::TrackedConnection;
pub use tracked_stream::{SharedTcp, TrackedStream};

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The cancellation of a handshake: a verification that waits for a store stops waiting.
#[derive(Clone, Debug, Default)]
pub struct Cancellation(Arc<AtomicBool>);

impl Cancellation {
    /// Cancels the handshake.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether the handshake was cancelled.
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
