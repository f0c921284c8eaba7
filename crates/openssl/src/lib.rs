//! Just-in-time trust for OpenSSL 3, unmodified, by the `openssl` crate.
//!
//! A [`Verifier`] is attached to a context. When a server has sent its certificates, it selects those anchors that could
//! have issued one of them and gives just these to OpenSSL's validation of this one connection. Everything else is
//! OpenSSL's, as the context says: host name, purpose, dates, security level, CRLs, a verify callback of the user's. CAs that
//! were loaded into the context count as well. Nothing is put into the context's store.
//!
//! ```
//! use jit_trust::openssl::Verifier;
//! use openssl::ssl::{SslContext, SslMethod};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // Not `SslConnector::builder`, which loads every root that the system has.
//! let mut context = SslContext::builder(SslMethod::tls_client())?;
//! Verifier::new(jit_trust::mozilla()).attach(&mut context)?;
//! let context = context.build();
//! # Ok(())
//! # }
//! ```
//!
//! Whoever connects with such a context has to set the host, for SNI and for the check of the name, as OpenSSL demands. The
//! [`Connector`] does both, and keeps account of what each connection leans on; so does [`TokioConnector`] (feature
//! `openssl-tokio` of `jit-trust`), where no thread waits for a store that answers later: the handshake is suspended.
//!
//! # Sessions
//! OpenSSL asks nobody about a session that it resumes. Each session is therefore tied to the anchor that vouched for it,
//! and one that a program sets (`SSL_set_session`) is offered only to the host that was verified, by the same trust, and while
//! that anchor is in the store unchanged; otherwise the handshake is a full one. The tie is not in a session that was written out and read back in, which is not
//! offered either. It hangs on the context's info callback: who sets that by other means has to call the one before.
//!
//! # What differs
//! Beside what `jit-trust` says: names are compared byte by byte, where OpenSSL folds case and spaces; and a server
//! whose own certificate is the root is refused where the store does not hold the root's certificate, which OpenSSL then
//! compares byte by byte. An intermediate CA that the user loaded, and no server sends, is followed to a root that is loaded
//! too, not to one of the store. What the local stores say of a loaded CA's name and key binds it, unless this crate cannot
//! read its certificate (X.509 version 2, for instance). Of a root that two stores hold under constraints of their own
//! (`store_as_is`, answers of remote stores), OpenSSL ends at the first that fits.

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
pub use error::Error;
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
pub use verifier::Verifier;
