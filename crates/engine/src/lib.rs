//! The trust policy of a program, and the verification of servers by it.
//!
//! This crate knows no TLS library, no HTTP and no async runtime. Programs use it through the crate `jit-trust`; edges to TLS
//! libraries are built on it.
//!
//! | module | what it has |
//! |---|---|
//! | [`verification`] | the verification machine: which lookups are made and in which order, what a path is checked for, which error outranks which |
//! | `policy` | [`TrustPolicy`]: a program's stores, pinned hosts, and its caches |
//! | `candidates` | [`Candidates`]: the anchors for one chain, and the conditions that bind them |
//! | `store` | local stores: [`BlobStore`], [`FileStore`], [`WebrootStore`], and the trait [`TrustStore`] |
//! | `lookup` | deferred stores: the trait [`DeferredStore`], its requests and responses |
//! | `anchor_cache` | anchors of deferred stores, with single-flight lookups, kept while a connection depends on them |
//! | `binding` | what a connection depends on after its verification |
//! | `rejection`, `report` | [`Rejection`] and [`VerificationReport`]: why a server is not trusted, and what happened |
//! | `host` | [`Host`]: the host of a connection, as TLS libraries take it |
//! | `host_cache` | [`HostCache`]: the anchors that served each host |
//! | `rollback_guard` | [`RollbackGuard`]: the newest generation of each deferred store |
//! | `connection` | the open connections of a program, and streams that another thread can close |
//!
//! # Features
//! - `std` (default): deferred stores and their cache, stores in files, the host cache, the rollback guard, connections.
//!   Without it, the crate needs `alloc` only: the machine, local stores in memory, rejections and reports.
//! - `tokio`: the I/O traits of tokio for [`TrackedStream`].

#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "std"), no_std)]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(feature = "std")]
mod anchor_cache;
mod anchor_key;
mod binding;
mod candidates;
#[cfg(feature = "std")]
#[cfg(feature = "std")]
mod connection;
mod handshake_error;
mod host;
#[cfg(feature = "std")]
mod host_cache;
mod lookup;
#[cfg(feature = "std")]
mod off_executor;
mod policy;
mod rejection;
mod report;
#[cfg(feature = "std")]
mod rollback_guard;
#[cfg(feature = "std")]
mod state_file;
mod store;
pub mod verification;

pub use anchor_key::AnchorKey;
pub use binding::{BoundAnchor, BoundAnchors, Presence, TrustBinding};
pub use candidates::Candidates;
pub use handshake_error::HandshakeError;
pub use host::{Host, InvalidHost};
pub use jit_trust_core::{
    BlobError, Certificate, CertificateError, ChainError, EncodedEntry, Entry, HashedName, KeyId,
    MAX_CERTIFICATES, Name, NameConstraintsError, NameForm, NameHash, NameHashPrefix, PeerChain, Query,
    TrustAnchor, TrustBlob,
};
pub use lookup::{
    LookupError, LookupKind, LookupOutcome, LookupRecord, LookupRequest, LookupResponse, MAX_RESPONSE_LEN,
};
pub use policy::{HostPolicy, InvalidPin, TrustPolicy, TrustPolicyBuilder};
pub use rejection::{DatedRoot, Missing, Original, PresentedName, Rejection};
pub use report::VerificationReport;
pub use store::{BlobStore, StoreError, TrustStore};

#[cfg(feature = "std")]
mod with_std {
    pub use crate::connection::{Cancellation, Connection, SharedTcp, TrackedConnection, TrackedStream};
    pub use crate::host_cache::{CachedHost, HostCache, HostCacheBuilder};
    pub use crate::lookup::{DeferredStore, LookupPending, Responder, SharedLookup, Waiter};
    pub use crate::off_executor::{Gate, ShutDown, SpawnBlocking, off_executor};
    pub use crate::policy::{OlderGeneration, Prefetched};
    pub use crate::rollback_guard::RollbackGuard;
    pub use crate::state_file::{StateFileError, StateFileFault, StateFileKind};
    #[cfg(any(unix, windows))]
    pub use crate::store::{FileChange, FileStore, WatchedFileStore};
    pub use crate::store::{StoreFileError, WebrootStore};
    pub use crate::verification::{Deadline, LookupWait};
    pub use jit_trust_file::FileError;
}

#[cfg(feature = "std")]
pub use with_std::*;
