//! Connections that live, and streams that can be closed from elsewhere.

mod cancellation;
mod live;
mod tracked_stream;

pub use cancellation::Cancellation;
pub use live::Connection;
pub(crate) use live::Connections;
pub use live::TrackedConnection;
pub use tracked_stream::{SharedTcp, TrackedStream};
