//! Connecting with tokio, hyper and reqwest: a handshake that may wait does so off the executor.

mod ahead;
mod connector;
mod elsewhere;
mod handshake;
#[cfg(feature = "hyper")]
mod https;
#[cfg(feature = "tower")]
mod layer;
#[cfg(feature = "tower")]
mod off_executor;

pub use connector::{TokioConnector, TokioTlsStream};
#[cfg(feature = "hyper")]
pub use https::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tower")]
pub use layer::{Connect, ConnectLayer};
