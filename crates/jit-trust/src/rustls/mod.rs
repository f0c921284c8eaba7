//! The edge to rustls: certificates in, anchors out. What decides is below, in the stores and in webpki.

mod config;
mod connector;
mod error;
mod pending;
mod sessions;
mod verifier;

pub use config::{client_config, client_config_with_provider};
#[cfg(feature = "tokio")]
pub(crate) use connector::admit;
pub use connector::{Connector, TlsStream};
pub use pending::AnswerPending;
pub use verifier::ServerVerifier;
