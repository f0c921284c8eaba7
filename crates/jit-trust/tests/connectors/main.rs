//! What connectors promise, over real connections: one of them to reach a cold host, nothing sent before there is trust,
//! anchors kept while a connection depends on them, and nothing left behind by one that was given up.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

#[path = "../stores/mod.rs"]
mod stores;

#[cfg(feature = "remote")]
mod abandoned;
mod before_trust;
mod cold;
mod dropped;
mod faults;
#[path = "../given_up/mod.rs"]
mod given_up;
mod listed;
mod pending;
mod pooled;
mod support;
