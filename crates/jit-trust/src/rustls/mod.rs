//! The edge to rustls: certificates in, anchors out. What decides is below, in the stores and in webpki.

mod config;
mod error;
mod verification;
mod verifier;

pub use config::{client_config, client_config_with_provider};
pub use verification::Verification;
pub use verifier::ServerVerifier;
