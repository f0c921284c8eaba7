//! Just-in-time trust for TLS clients: trust every public CA, hold none of them in memory.
//!
//! A TLS client normally loads 120 to 150 root certificates before its first connection and keeps them. One
//! connection needs one of them. With this crate the roots stay where they are, in the program, in a file or on a
//! server; when a server has sent its certificates, those roots are looked up that could have issued one of
//! them, and the TLS library does its full validation against just these. It happens inside the handshake: one
//! connection, and the verdict is that of a client with all roots loaded.
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
//! `config` is a [`rustls::ClientConfig`](::rustls::ClientConfig) like any other.
//!
//! | store | where the roots are | heap kept |
//! |---|---|---|
//! | [`mozilla()`] | compiled in | none |
//! | [`BlobStore`] | a trust blob in the program | none |
//! | [`FileStore`] | a trust blob in a file | 32 bytes an anchor |
//! | [`WatchedFileStore`] | a trust blob in a file that may be replaced while the program runs | 32 bytes an anchor |
//! | [`WebrootStore`] | a directory with a small file for each name | none |
//! | [`RemoteStore`] | on an HTTPS server | one or three anchors while they are in use, 2 KB each |
//!
//! A program that trusts more than one store hands out a [`TrustPolicy`]: stores in their order, those that answer later last,
//! hosts pinned to CAs of their own, and what is remembered of hosts. Its stores can be replaced at run time, and the
//! connections that lean on a removed anchor be listed and closed.
//!
//! Any type can be a store: see [`TrustStore`], and [`DeferredStore`] for one that may answer later. Blobs and webroots are
//! made by the command `jit-trust bundle`, by the crate `jit-trust-bundle`, or, of entries in memory, by
//! [`jit_trust_core::v2`].
//!
//! # What it does not do
//! It chooses what to try and leaves every check to the TLS library: see [`jit_trust_core`]. It checks no
//! revocation.
//!
//! The conditions under which Mozilla trusts some roots (only for certificates issued up to a date, only for some
//! names) are enforced where the store carries them: [`mozilla()`] and trust blobs of version 2 do, version 1 and bare
//! certificates cannot. A chain that is refused because of a date fails with [`Distrusted`].
//!
//! # Features
//! - `rustls` (default): [`Verifier`] and [`client_config`], and [`Connector`] for threads that may wait.
//! - `mozilla` (default): [`mozilla()`], from the `webpki-root-certs` crate; 52 KB in the program.
//! - `remote`: [`RemoteStore`], a webroot on an HTTPS server, with tokio, hyper and rustls to ask it.
//! - `openssl`, and with tokio `openssl-tokio`: trust for any context of OpenSSL 3, and connectors, in the module `openssl`.
//! - `mbedtls`, and with tokio `mbedtls-tokio`: a connector for Mbed TLS 2.28, in the module `mbedtls`.
//! - `tokio`: [`TokioConnector`]; `hyper`: [`HttpsConnector`]; `tower`: [`ConnectLayer`], as reqwest takes it.

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
pub use jit_trust_engine::{
    AnchorKey, BlobError, BlobStore, CachedHost, Candidates, Certificate, CertificateError, ChainError,
    Connection, DatedRoot, DeferredStore, EncodedEntry, Entry, FileError, HandshakeError, HashedName,
    HostCache, HostCacheBuilder, InvalidPin, KeyId, LookupError, LookupKind, LookupOutcome, LookupPending,
    LookupRecord, LookupRequest, LookupResponse, MAX_CERTIFICATES, MAX_RESPONSE_LEN, Missing, Name,
    NameConstraintsError, NameForm, NameHash, NameHashPrefix, OlderGeneration, PeerChain, PresentedName,
    Query, Rejection, Responder, RollbackGuard, StateFileError, StateFileFault, StoreError, StoreFileError,
    TrustAnchor, TrustBlob, TrustPolicy, TrustPolicyBuilder, TrustStore, VerificationReport, WebrootStore,
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
    Connector, TlsStream, Verifier, client_config, client_config_with_provider, rejection,
};
#[cfg(feature = "hyper")]
pub use jit_trust_rustls::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tokio")]
pub use jit_trust_rustls::{TokioConnector, TokioTlsStream};
#[cfg(feature = "mozilla")]
pub use mozilla::mozilla;

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
