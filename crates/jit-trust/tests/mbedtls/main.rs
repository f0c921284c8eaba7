//! mbedTLS, with trust just in time: real handshakes over loopback.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod before_trust;
mod conditions;
mod constraints;
#[path = "../anchor_cache/deferred.rs"]
#[allow(dead_code, reason = "each test uses some of it")]
mod deferred;
mod handshake;
mod hosts;
mod live;
mod odd_chains;
mod refused;
#[path = "../stores/mod.rs"]
mod stores;
mod support;
mod waiting;
