//! OpenSSL, with trust just in time: real handshakes over loopback.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod handshake;
mod sessions;
#[path = "../stores/mod.rs"]
mod stores;
mod support;
mod suspended;
