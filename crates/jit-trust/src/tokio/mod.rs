//! Connecting with tokio, hyper and reqwest: a handshake that may wait does so off the executor.

#[cfg(feature = "tokio")]
mod ahead;
#[cfg(feature = "tokio")]
mod connector;
mod elsewhere;
#[cfg(feature = "tokio")]
mod handshake;
#[cfg(feature = "hyper")]
mod https;
#[cfg(feature = "tower")]
mod layer;
#[cfg(any(feature = "mbedtls-tokio", feature = "tower"))]
mod off_executor;

#[cfg(feature = "tokio")]
pub use connector::{TokioConnector, TokioTlsStream};
#[cfg(feature = "hyper")]
pub use https::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tower")]
pub use layer::{Connect, ConnectLayer};
#[cfg(feature = "mbedtls-tokio")]
pub(crate) use off_executor::OffExecutor;
