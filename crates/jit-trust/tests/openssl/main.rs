//! OpenSSL, with trust just in time: real handshakes over loopback.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod client_certificates;
mod conditions;
mod contexts;
mod crl;
mod faults;
#[path = "../given_up/mod.rs"]
mod given_up;
mod handshake;
mod live;
mod loaded;
mod sessions;
#[path = "../stores/mod.rs"]
mod stores;
mod support;
mod suspended;
