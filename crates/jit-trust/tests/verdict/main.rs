//! The verdict, and the reason for it, are those of rustls' own verifier with every root of the store loaded.
//!
//! Each question (the certificates that a server sent, the name that it was reached by, the time) goes to webpki
//! with all roots loaded, which is [`all_loaded`], and to just-in-time selection from each of the [`forms`] in
//! which a store is kept. [`verifiers`] compares what they say: no difference is allowed, but for the rejection of
//! more than 64 certificates, which is counted, and for what comes of the limits of
//! lookups in a [`deferred`] store, which is counted by its cause.
//!
//! The roots that are loaded are those that the store's conditions allow, and here that is stricter than to load every
//! entry by itself: where the store has a second entry of the same name and key with an earlier date, or other name
//! constraints, those bind the first as well ([`binding`]). A library does not know that. So a root is loaded up to the
//! earliest date, and where the library finds a path to it, another judge says whether the path conforms to the other
//! constraints ([`name_constraints`]). If not, the root is taken out, and the library is asked again.
//!
//! The questions are [`cases`], one for each way that a chain can be odd; those of x509-limbo ([`limbo`]); two
//! [`real_chains`] in every order and with every certificate lost, doubled or spoilt; and [`webs`] of trust that
//! are generated.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod all_loaded;
mod binding;
mod cases;
mod deferred;
mod exceptions;
mod forms;
mod libraries;
mod limbo;
#[cfg(feature = "mbedtls")]
mod mbedtls;
#[cfg_attr(
    not(feature = "mbedtls"),
    allow(dead_code, reason = "some of it is for other libraries than rustls")
)]
mod name_constraints;
#[cfg(feature = "openssl")]
mod openssl;
mod question;
mod real_chains;
mod root;
#[path = "../stores/mod.rs"]
mod stores;
mod verifiers;
mod webs;
