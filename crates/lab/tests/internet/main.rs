//! The lab's internet, seen by x509-parser and by a plain rustls client.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

mod behaviours;
mod client;
mod roots;
mod sites;
mod twins;
mod verifier;
