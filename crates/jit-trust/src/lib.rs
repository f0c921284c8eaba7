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
//! A program that trusts more than one store hands out a [`Trust`]: stores in their order, those that answer later last,
//! hosts pinned to CAs of their own, and what is remembered of hosts. Its stores can be replaced at run time, and the
//! connections that lean on a removed anchor be listed and closed.
//!
//! Any type can be a store: see [`TrustStore`], and [`QueryStore`] for one that may answer later. Blobs and webroots are
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
//! - `rustls` (default): [`ServerVerifier`] and [`client_config`], and [`Connector`] for threads that may wait.
//! - `mozilla` (default): [`mozilla()`], from the `webpki-root-certs` crate; 52 KB in the program.
//! - `remote`: [`RemoteStore`], a webroot on an HTTPS server, with tokio, hyper and rustls to ask it.
//! - `openssl`, and with tokio `openssl-tokio`: trust for any context of OpenSSL 3, and connectors, in the module `openssl`.
//! - `mbedtls`, and with tokio `mbedtls-tokio`: a connector for Mbed TLS 2.28, in the module `mbedtls`.
//! - `tokio`: [`TokioConnector`]; `hyper`: [`HttpsConnector`]; `tower`: [`ConnectLayer`], as reqwest takes it.

#![cfg_attr(not(feature = "openssl"), forbid(unsafe_code))]
#![cfg_attr(
    not(all(
        feature = "hyper",
        feature = "mozilla",
        feature = "remote",
        feature = "rustls",
        feature = "tower"
    )),
    allow(
        rustdoc::broken_intra_doc_links,
        rustdoc::redundant_explicit_links,
        reason = "the text speaks of all features"
    )
)]
#![cfg_attr(
    not(all(feature = "mbedtls-tokio", feature = "openssl-tokio", feature = "tokio")),
    allow(dead_code, unused_imports, reason = "each edge to a TLS library uses a part")
)]

mod canonical_url;
mod distrusted;
#[cfg(any(feature = "mbedtls", feature = "openssl", feature = "rustls"))]
mod guarded;
#[cfg(any(feature = "mbedtls", feature = "openssl"))]
mod handshake_error;
mod host_cache;
mod key;
mod list_generation;
#[cfg(feature = "mbedtls")]
pub mod mbedtls;
#[cfg(feature = "mozilla")]
mod mozilla;
#[cfg(feature = "openssl")]
pub mod openssl;
mod query;
#[cfg(feature = "remote")]
mod remote;
mod residency;
mod rollback_guard;
#[cfg(feature = "rustls")]
mod rustls;
mod state_file;
mod store;
#[cfg(any(feature = "mbedtls-tokio", feature = "tokio"))]
mod tokio;
mod trust;

pub use distrusted::Distrusted;
pub use jit_trust_core::{
    BlobError, Certificate, CertificateError, ChainError, CutNameHash, EncodedEntry, Entry, HashedName,
    KeyId, MAX_CERTIFICATES, Name, NameConstraintsError, NameForm, NameHash, PeerChain, Query, TrustAnchor,
    TrustBlob,
};
pub use jit_trust_file::FileError;

#[cfg(any(feature = "mbedtls", feature = "openssl"))]
pub use handshake_error::HandshakeError;
pub use host_cache::{CachedHost, HostCache, HostCacheBuilder};
pub use key::AnchorKey;
#[cfg(feature = "mozilla")]
pub use mozilla::mozilla;
pub use query::{Answer, Keys, MAX_ANSWER_LEN, QueryError, QueryStore, Question, Reply};
#[cfg(feature = "remote")]
pub use remote::{RemoteError, RemoteStore, RemoteStoreBuilder, Traffic};
pub use rollback_guard::RollbackGuard;
#[cfg(feature = "rustls")]
pub use rustls::{
    AnswerPending, Connector, ServerVerifier, TlsStream, client_config, client_config_with_provider,
};
pub use state_file::{StateFileError, StateFileFault, StateFileKind};
pub use store::{BlobStore, Selection, StoreError, TrustStore, WebrootStore};
#[cfg(any(unix, windows))]
pub use store::{FileChange, FileStore, WatchedFileStore};
#[cfg(feature = "tower")]
pub use tokio::{Connect, ConnectLayer};
#[cfg(feature = "hyper")]
pub use tokio::{HttpsConnector, MaybeHttps};
#[cfg(feature = "tokio")]
pub use tokio::{TokioConnector, TokioTlsStream};
pub use trust::{
    Candidates, Connection, InvalidPin, OlderGeneration, QueryMade, QueryOutcome, Trust, TrustBuilder,
    Verification,
};

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
