//! The edge to rustls: it gives the peer's certificates to the verification machine, and has webpki validate against the
//! anchors that the machine selects.
//!
//! Programs use it through the crate `jit-trust`.
//!
//! # Features
//! - `std` (default): the verifier, configurations and the blocking connector. Without it there is only [`Webpki`], which
//!   needs `alloc`.
//! - `tokio`, `hyper`, `tower`: connectors.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "std")]
mod config;
#[cfg(feature = "std")]
mod connector;
#[cfg(feature = "std")]
mod context;
#[cfg(feature = "std")]
mod error;
#[cfg(feature = "std")]
mod sessions;
mod signature;
#[cfg(feature = "tokio")]
mod tokio;
mod validation;
#[cfg(feature = "std")]
mod verifier;

#[cfg(feature = "std")]
pub use config::{client_config, client_config_with_provider};
#[cfg(feature = "std")]
pub use connector::{Connector, TlsStream};
#[cfg(feature = "std")]
pub use error::{HandshakeError, rejection};
pub use signature::{unsupported_key, verify_signature};
#[cfg(feature = "tower")]
pub use tokio::{Connect, ConnectLayer};
#[cfg(feature = "hyper")]
pub use tokio::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
pub use validation::Webpki;
#[cfg(feature = "std")]
pub use verifier::Verifier;
