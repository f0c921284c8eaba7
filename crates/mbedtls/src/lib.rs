//! Just-in-time trust for Mbed TLS 2.28, by the `mbedtls` crate: TLS 1.2.
//!
//! A [`Connector`] makes connections. When a server has sent its certificates, it selects those anchors that could have
//! issued one of them, and mbedTLS, which asks for the issuers of each certificate of the path that it builds, gets just
//! these. Everything else is mbedTLS's: host name, purpose, dates, algorithms.
//!
//! ```no_run
//! use std::io::Write;
//! use std::net::TcpStream;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let connector = jit_trust::mbedtls::Connector::new(jit_trust::mozilla())?;
//! let tcp = TcpStream::connect("www.rust-lang.org:443")?;
//! let mut tls = connector.connect("www.rust-lang.org", tcp)?;
//! tls.write_all(b"GET / HTTP/1.0\r\nHost: www.rust-lang.org\r\n\r\n")?;
//! # Ok(())
//! # }
//! ```
//!
//! **Mbed TLS 2.28 is at its end of life, and knows nothing newer than TLS 1.2.** It is what the one binding has that is safe
//! on several threads; `docs/tls-libraries.md` compares. It is built from source, which takes cmake and libclang.
//!
//! Where a store answers later, the handshake waits for it inside mbedTLS: on the caller's thread, or, with
//! [`TokioConnector`] (feature `mbedtls-tokio`), on one of tokio's blocking pool.
//!
//! # Sessions
//! The `mbedtls` crate resumes none. Every connection is a full handshake, verified anew.
//!
//! # What mbedTLS does not know
//! This is checked here, on the path that mbedTLS has found valid:
//! - Name constraints, those of an anchor, imposed or its own, and those of every CA in the path:
//!   [`check_name_constraints`](jit_trust_core::check_name_constraints). Nobody below can be helped where an intermediate's
//!   are critical, as they should be: mbedTLS 2.28 cannot read such a certificate, and ends the handshake.
//! - IP addresses as hosts, against those among the subject alternative names.
//!
//! # What differs
//! From mbedTLS with every root loaded, beside what `jit-trust` says:
//! - Name constraints are enforced. A root whose own certificate has them as critical is of use, which mbedTLS alone could not
//!   read.
//! - Names are compared byte by byte, where mbedTLS folds case.
//! - The certificates have to be such that they can be read here as well: X.509 version 2, for instance, cannot.
//! - A server whose own certificate is in the store is refused if it is no CA's, as it is wherever mbedTLS asks for issuers.
//! - CRLs are not looked at, for the same reason.
//! - A host that is an IP address can be reached.
//!
//! What is mbedTLS's own stays: it looks for an issuer only among the certificates that were sent after the one that it
//! issued, follows no second path where the first is a dead end, takes at most eight intermediates, and at most 16 KB of
//! certificates.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod certificate;
mod connector;
mod error;
mod noted;
mod tls;
#[cfg(feature = "tokio")]
mod tokio;
mod validation;
mod verifier;

pub use connector::{Connector, TlsStream};
pub use error::{Error, Invalid};
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
