//! A private web PKI and TLS servers on loopback, honest and hostile, for tests, benches and demos.
//!
//! - [`pki`] makes certificates: a root, an intermediate and a leaf in a line each, and anything odd, damaged
//!   or missing through a builder.
//! - [`server`] presents any chain for any name over HTTP/1.1 and HTTP/2, counts what reaches it and
//!   misbehaves on request.
//! - [`internet`] is a stand-in for each of Mozilla's roots and 156 well-known sites under them, as they are
//!   and as an attacker would have them.
//! - [`proxy`] is an HTTP CONNECT proxy that leads every name to loopback.
//! - [`relay`] is a proxy for a server, which can break its connections, stop forwarding, or lead elsewhere.
//!
//! ```
//! use jit_trust_lab::pki::Ca;
//! use jit_trust_lab::server::{Response, Server};
//!
//! let root = Ca::root("Lab Root A");
//! let issuing = root.intermediate("Lab CA A1");
//! let leaf = issuing.leaf("straight.test");
//! let server = Server::builder()
//!     .site("straight.test", leaf.key(), leaf.chain(&[&issuing]), |_| Response::ok("hello"))
//!     .start();
//! assert_eq!(server.connections(), 0);
//! ```
//!
//! This is test support: where a test asks for what cannot be done (no free port, a broken object identifier)
//! it panics with a message that says so, rather than hand an error to code that could only unwrap it.
//! Nothing here is fit to guard anything real.

#![forbid(unsafe_code)]

pub mod internet;
mod listener;
pub mod pki;
pub mod proxy;
pub mod relay;
pub mod server;
