//! Servers of the lab, seen by plain rustls and hyper clients.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

mod client;
mod faults;
mod http;
mod proxy;
mod relay;
mod tls;
