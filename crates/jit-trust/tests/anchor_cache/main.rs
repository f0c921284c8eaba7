//! Stores that answer later: what they are asked and how often, what is taken of what they answer, and how long it stays.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod ahead;
mod deferred;
mod hostile;
mod live;
mod lookups;
mod responses;
mod stacking;
#[path = "../stores/mod.rs"]
mod stores;
mod verify;
mod waiting;
