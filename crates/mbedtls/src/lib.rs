//! The edge to Mbed TLS 2.28, through the `mbedtls` crate: TLS 1.2.
//!
//! A [`Connector`] makes connections. When a server has sent its certificates, it selects the anchors that could have issued
//! one of them. mbedTLS asks for the issuers of each certificate of the path that it builds, and gets exactly these. It checks
//! everything else: host name, purpose, validity, algorithms.
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
//! **Mbed TLS 2.28 is at its end of life, and its newest protocol is TLS 1.2.** It is the version of the only binding that is
//! safe on several threads; `docs/tls-libraries.md` compares them. It is built from source, with cmake and libclang.
//!
//! While a deferred store is asked, the handshake waits inside mbedTLS: on the caller's thread, or, with [`TokioConnector`]
//! (feature `mbedtls-tokio`), on a thread of tokio's blocking pool.
//!
//! # Sessions
//! The `mbedtls` crate does not resume sessions. Every connection is a full handshake with a verification.
//!
//! # What mbedTLS does not check
//! This crate checks the following on the path that mbedTLS has validated:
//! - Name constraints: those of the anchor, imposed or its own, and those of every CA in the path, with
//!   [`check_name_constraints`](jit_trust_core::check_name_constraints). An intermediate CA with critical name constraints, as
//!   RFC 5280 demands, is not usable: mbedTLS 2.28 cannot read such a certificate, and ends the handshake.
//! - IP addresses as hosts, against the iPAddress entries of the subject alternative names.
//!
//! # What differs
//! Differences from mbedTLS with every root loaded, beside those that `jit-trust` lists:
//! - Name constraints are enforced. A root with critical name constraints can be used, although mbedTLS cannot read its
//!   certificate.
//! - Names are compared byte by byte, where mbedTLS folds case.
//! - This crate has to be able to read the certificates: it cannot read X.509 version 2, for instance.
//! - A server whose own certificate is in the store is rejected if it is not a CA's, as always when mbedTLS asks for issuers.
//! - CRLs are not checked, for the same reason.
//! - A host may be an IP address.
//!
//! The limits of mbedTLS stay: it looks for an issuer only among the certificates that follow the issued one, tries no second
//! path where the first fails, and takes at most eight intermediates and at most 16 KB of certificates.

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
pub use error::{Error, Invalid, key_not_proven};
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
