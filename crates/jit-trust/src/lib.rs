//! Just-in-time trust for TLS clients: trust every public CA, hold none of them in memory.
//!
//! A TLS client normally loads 120 to 150 root certificates before its first connection and keeps them. One
//! connection needs one of them. With this crate the roots stay where they are, in the program, in a file or in
//! a directory; when a server has sent its certificates, those roots are looked up that could have issued one of
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
//! | [`WebrootStore`] | a directory with a small file for each name | none |
//!
//! Any type can be a store: see [`TrustStore`]. Blobs and webroots are made by the command `jit-trust bundle`, by the
//! crate `jit-trust-bundle`, or, of entries in memory, by [`jit_trust_core::v2`].
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
//! - `rustls` (default): [`ServerVerifier`] and [`client_config`].
//! - `mozilla` (default): [`mozilla()`], from the `webpki-root-certs` crate; 52 KB in the program.

#![cfg_attr(
    not(all(feature = "mozilla", feature = "rustls")),
    allow(rustdoc::broken_intra_doc_links, reason = "the text speaks of all features")
)]

mod distrusted;
#[cfg(feature = "mozilla")]
mod mozilla;
#[cfg(feature = "rustls")]
mod rustls;
mod store;

pub use distrusted::Distrusted;
pub use jit_trust_core::{
    BlobError, Certificate, CertificateError, ChainError, CutNameHash, EncodedEntry, Entry, HashedName,
    KeyId, MAX_CERTIFICATES, Name, NameHash, PeerChain, Query, TrustAnchor, TrustBlob,
};

#[cfg(feature = "mozilla")]
pub use mozilla::mozilla;
#[cfg(feature = "rustls")]
pub use rustls::{ServerVerifier, Verification, client_config, client_config_with_provider};
#[cfg(any(unix, windows))]
pub use store::FileStore;
pub use store::{BlobStore, Selection, StoreError, TrustStore, WebrootStore};

/// The examples of the README are compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
