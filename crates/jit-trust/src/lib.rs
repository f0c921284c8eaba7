//! Just-in-time trust for TLS clients: trust every public CA, hold none of them in memory.
//!
//! A TLS client normally loads 120 to 150 root certificates before its first connection and keeps them. One
//! connection needs one of them. With this crate the roots stay where they are: in the program, in a file or on a
//! server. When a server has sent its certificates, this crate looks up the roots that could have issued one of
//! them, and the TLS library does its full validation against exactly these. This happens inside the handshake: it takes
//! one connection, and the verdict is that of a client with all roots loaded.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
//! // Mozilla's list, compiled in:
//! let config = jit_trust::client_config(jit_trust::mozilla());
//!
//! // Or a trust blob in a file, which can be replaced without a rebuild:
//! # let directory = tempfile::tempdir()?;
//! # let path = directory.path().join("trust.tblb");
//! # std::fs::write(&path, jit_trust::mozilla().as_bytes())?;
//! let config = jit_trust::client_config(jit_trust::FileStore::open(&path)?);
//! # Ok(())
//! # }
//! ```
//!
//! `config` is a [`rustls::ClientConfig`](https://docs.rs/rustls/0.23/rustls/struct.ClientConfig.html) like any other.
//!
//! # Stores
//! | store | place of the roots | heap |
//! |---|---|---|
//! | [`mozilla()`] | compiled in | none |
//! | [`BlobStore`] | a trust blob in memory | none beside the blob |
//! | [`FileStore`] | a trust blob in a file | 32 bytes an anchor |
//! | [`WatchedFileStore`] | a trust blob in a file that may be replaced while the program runs | 32 bytes an anchor |
//! | [`WebrootStore`] | a directory with a small file for each name | none |
//! | [`RemoteStore`] | an HTTPS server | 2 KB an anchor while a connection depends on it |
//!
//! Any type can be a store: [`TrustStore`] is the trait of local stores, and [`DeferredStore`] that of stores that may respond
//! later. Blobs and webroots are made by the command `jit-trust bundle`, by the crate `jit-trust-bundle`, or, from entries in
//! memory, by [`jit_trust::core::v2`](core::v2).
//!
//! # The trust policy
//! A [`TrustPolicy`] has everything that a program trusts: local stores, deferred stores, and hosts that are pinned to CAs of
//! their own. A single store is a policy as well. Its local stores can be replaced at run time, and the connections that
//! depend on a removed anchor can be listed and closed. It can have a [`HostCache`], by which a deferred store is asked for the
//! right anchor before the server has sent its certificates, and a [`RollbackGuard`], by which no older generation of a
//! deferred store is used.
//!
//! # Verdicts
//! A server that is not trusted is rejected with a [`Rejection`], which is the same enum with every TLS library. It is inside
//! the error of the handshake: [`rejection()`] finds it in the errors of the TLS libraries and of HTTP libraries. The [`VerificationReport`] of a connection has the certificates, the
//! anchors and the lookups of its verification.
//!
//! # What it does not do
//! This crate selects anchors, and the TLS library validates the path: see [`jit_trust::core`](core). It does not check
//! revocation.
//!
//! The conditions under which Mozilla trusts some roots (only for certificates issued up to a date, only for some names) are
//! enforced where the store has them. [`mozilla()`] and trust blobs of version 2 have them; version 1 and bare certificates
//! cannot. A server whose certificate is too recent for its root is rejected with [`Rejection::DatedRoot`].
//!
//! # Crates
//! This crate re-exports the following. Most programs depend on it alone.
//!
//! | crate | content |
//! |---|---|
//! | `jit-trust-core`, as [`core`] | certificates, names, chains and trust blobs, without allocation |
//! | `jit-trust-engine`, as [`engine`] | stores, policy, the verification machine, rejections and reports, without a TLS library |
//! | `jit-trust-remote` | [`RemoteStore`] |
//! | `jit-trust-rustls` | [`Verifier`] and connectors for rustls |
//! | `jit-trust-openssl`, as [`openssl`](mod@openssl) | a verifier and connectors for OpenSSL |
//! | `jit-trust-mbedtls`, as [`mbedtls`](mod@mbedtls) | connectors for Mbed TLS |
//!
//! # Features
//! - `rustls` (default): [`Verifier`], [`client_config`], and [`Connector`] for threads that may block.
//! - `mozilla` (default): [`mozilla()`], from the `webpki-root-certs` crate; 52 KB in the program.
//! - `remote`: [`RemoteStore`], with tokio, hyper and rustls.
//! - `tokio`: [`TokioConnector`].
//! - `hyper`: [`HttpsConnector`] for hyper-util's client, and `tokio`.
//! - `tower`: [`ConnectLayer`] for reqwest, and `tokio`.
//! - `openssl`: a verifier and a connector for OpenSSL 3, in the module [`openssl`](mod@openssl).
//! - `openssl-tokio`: the connector for tokio with OpenSSL, and `openssl`.
//! - `mbedtls`: a connector for Mbed TLS 2.28, in the module [`mbedtls`](mod@mbedtls).
//! - `mbedtls-tokio`: the connector for tokio with Mbed TLS, and `mbedtls`.

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(
    not(all(
        feature = "hyper",
        feature = "mbedtls-tokio",
        feature = "mozilla",
        feature = "openssl-tokio",
        feature = "remote",
        feature = "tower"
    )),
    allow(
        rustdoc::broken_intra_doc_links,
        rustdoc::redundant_explicit_links,
        reason = "the text speaks of all features"
    )
)]
#![forbid(unsafe_code)]

#[cfg(feature = "mozilla")]
mod mozilla;

#[doc(inline)]
pub use jit_trust_core as core;
#[doc(inline)]
pub use jit_trust_engine as engine;
pub use jit_trust_engine::{
    AnchorKey, BlobError, BlobStore, CachedHost, Candidates, Certificate, Connection, DatedRoot,
    DeferredStore, Entry, FileError, HostCache, HostCacheBuilder, InvalidPin, LookupError, LookupKind,
    LookupOutcome, LookupPending, LookupRecord, LookupRequest, LookupResponse, MAX_RESPONSE_LEN, Missing,
    OlderGeneration, PeerChain, PresentedName, Rejection, Responder, RollbackGuard, StateFileError,
    StateFileFault, StateFileKind, StoreError, StoreFileError, TrustAnchor, TrustPolicy, TrustPolicyBuilder,
    TrustStore, VerificationReport, WebrootStore,
};
#[cfg(any(unix, windows))]
pub use jit_trust_engine::{FileChange, FileStore, WatchedFileStore};
#[cfg(feature = "mbedtls")]
#[doc(inline)]
pub use jit_trust_mbedtls as mbedtls;
#[cfg(feature = "openssl")]
#[doc(inline)]
pub use jit_trust_openssl as openssl;
#[cfg(feature = "remote")]
pub use jit_trust_remote::{RemoteError, RemoteStore, RemoteStoreBuilder, Traffic};
#[cfg(feature = "tower")]
pub use jit_trust_rustls::{Connect, ConnectLayer};
#[cfg(feature = "rustls")]
pub use jit_trust_rustls::{
    Connector, HandshakeError, TlsStream, Verifier, client_config, client_config_with_provider, rejection,
};
#[cfg(feature = "hyper")]
pub use jit_trust_rustls::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tokio")]
pub use jit_trust_rustls::{TokioConnector, TokioTlsStream};
#[cfg(feature = "mozilla")]
pub use mozilla::mozilla;

/// Finds the rejection of a server in an error: an [`io::Error`](std::io::Error), or an error of a crate that returns its source.
/// `None` where the error is not about the server's certificates.
///
/// ```
/// use jit_trust::{Rejection, rejection};
///
/// let error = std::io::Error::other(Rejection::NoCertificate);
/// assert!(matches!(rejection(&error), Some(Rejection::NoCertificate)));
/// ```
#[cfg(not(feature = "rustls"))]
pub fn rejection(error: &(dyn std::error::Error + 'static)) -> Option<Rejection> {
    Rejection::find(error).cloned()
}

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
