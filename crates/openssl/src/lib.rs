//! The edge to OpenSSL 3, unmodified, through the `openssl` crate.
//!
//! A [`Verifier`] is attached to a context. When a server has sent its certificates, it selects the anchors that could have
//! issued one of them, and gives exactly these to OpenSSL's validation of this connection. OpenSSL checks everything else, as
//! the context is set: host name, purpose, validity, security level, CRLs, a verify callback of the program. CAs that were
//! loaded into the context are trusted as well. Nothing is added to the context's store.
//!
//! ```
//! use jit_trust::openssl::Verifier;
//! use openssl::ssl::{SslContext, SslMethod};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Not `SslConnector::builder`, which loads every root of the system.
//! let mut context = SslContext::builder(SslMethod::tls_client())?;
//! Verifier::new(jit_trust::mozilla()).attach(&mut context)?;
//! let context = context.build();
//! # Ok(())
//! # }
//! ```
//!
//! A program that connects with such a context has to set the host, for SNI and for the check of the name, as OpenSSL
//! requires. The [`Connector`] does both, and tracks what each connection depends on. So does [`TokioConnector`] (feature
//! `openssl-tokio` of `jit-trust`); it suspends the handshake while a deferred store is asked, so that no thread waits.
//!
//! # Sessions
//! OpenSSL calls no verifier when it resumes a session. Each session is therefore tied to the anchor that it depends on. A
//! session that a program sets (`SSL_set_session`) is offered only to the host that was verified, by the same policy, and
//! while that anchor is in a store unchanged; otherwise the handshake is a full one. A session that was serialized and read
//! back has lost its anchor and is not offered either. This works through the context's info callback: a program that sets
//! its own has to call the previous one.
//!
//! # What differs
//! Beside the differences that `jit-trust` lists:
//! - Names are compared byte by byte, where OpenSSL folds case and spaces.
//! - A server whose own certificate is the root is rejected where the store does not hold the root's certificate, which
//!   OpenSSL then compares byte by byte.
//! - An intermediate CA that the program loaded, and that the server does not send, leads only to a root that is loaded, too,
//!   not to one of the store.
//! - The conditions that local stores state for the name and key of a loaded CA bind it, unless this crate cannot read its
//!   certificate (X.509 version 2, for instance).
//! - If two stores hold a root under different constraints (`store_as_is`, responses of deferred stores), OpenSSL ends the path
//!   at the first that fits.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod anchors;
mod boundary;
mod connector;
mod error;
mod ffi;
mod queue;
mod session;
mod state;
mod store_context;
#[cfg(feature = "tokio")]
mod tokio;
mod verifier;

pub use connector::{Connector, TlsStream};
pub use error::{Error, key_not_proven};
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
pub use verifier::Verifier;
