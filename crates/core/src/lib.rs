//! The base of jit-trust: certificates, names, chains, the trust blob and name constraints.
//!
//! A TLS server sends a few certificates. A client has to find those of its trusted roots that could have issued one of them.
//! This crate reads the fields of each certificate ([`Certificate`]), sorts the certificates of a peer into a path
//! ([`PeerChain`]), derives the queries for a store ([`Query`]), and reads and writes the store in a single file, the trust blob
//! ([`TrustBlob`]).
//!
//! **Selection never grants trust.** This crate checks no signature, validity period, purpose or host name: the TLS library
//! validates the whole path against exactly the selected anchors, and without that, no server is trusted. This crate checks what
//! TLS libraries do not check: whether an anchor is trusted for certificates issued as late as the peer's
//! ([`TrustAnchor::permits_issuance_date`]), and name constraints, for libraries without them ([`check_name_constraints`]).
//!
//! For a TLS library that takes anchors only as certificates, such as OpenSSL and mbedTLS,
//! [`TrustAnchor::to_certificate`] returns one: the root's own, or one that is written from the store's entry.
//!
//! The crate holds no `unsafe` code, and without features it needs neither `std` nor an allocator. It does bounded work
//! on any input: every certificate is read once, at most [`MAX_CERTIFICATES`] of them, and nothing recurses.
//!
//! # Features
//! - `alloc`: `OwnedTrustAnchor`, an anchor that outlives the store in which it was found; `v1::to_vec` and
//!   `v2::to_vec`, which write a trust blob to a vector.
//! - `std`: `alloc`, and checksums with the instructions that most processors have for them. Without it, they are computed
//!   with a table of 1 KB.
//!
//! ```
//! use jit_trust_core::{PeerChain, TrustBlob};
//!
//! # fn example(blob: &[u8], sent: &[&[u8]]) -> Result<(), Box<dyn std::error::Error>> {
//! let blob = TrustBlob::open(blob)?; // checked whole, once
//! let chain = PeerChain::read(sent.iter().copied())?;
//! for anchor in blob.issuers_of(&chain) {
//!     println!("{}", anchor.subject()); // hand it to the TLS library, which decides
//! }
//! # Ok(())
//! # }
//! ```
//!
//! The terms are those of [RFC 5280](https://www.rfc-editor.org/rfc/rfc5280) (certificates) and
//! [RFC 5914](https://www.rfc-editor.org/rfc/rfc5914) (trust anchors).
#![cfg_attr(docsrs, feature(doc_cfg))]
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]
#![cfg_attr(
    test,
    allow(
        clippy::as_conversions,
        clippy::expect_used,
        clippy::indexing_slicing,
        clippy::panic
    )
)]

#[cfg(feature = "alloc")]
extern crate alloc;
#[cfg(test)]
extern crate std;

mod algorithm;
mod anchor;
mod blob;
mod certificate;
mod chain;
mod constraints;
pub mod der;
mod escaped;
mod key_id;
pub mod mozilla;
mod name;
mod public_key;
mod time;
mod webroot;

pub use algorithm::Algorithm;
#[cfg(feature = "alloc")]
pub use anchor::OwnedTrustAnchor;
pub use anchor::{AnchorCertificateError, EncodedEntry, Entry, TrustAnchor};
pub use blob::{BlobError, CheckedBlob, MAX_ANCHORS_PER_NAME, TrustBlob, WriteError, v1, v2};
pub use certificate::{
    BasicConstraints, Certificate, CertificateError, MAX_CERTIFICATE_LEN, Profile, SignedParts,
};
pub use chain::{ChainError, MAX_CERTIFICATES, PeerChain, Query};
pub use constraints::{NameConstraintsError, NameForm, check_imposed_constraints, check_name_constraints};
pub use escaped::Escaped;
pub use key_id::KeyId;
pub use name::{HashedName, Name, NameHash, NameHashPrefix};
pub use public_key::PublicKey;
pub use time::Time;
pub use webroot::{MAX_WEBROOT_FILE_LEN, WebrootPath};
