//! HTTPS servers on loopback: any chain for any name, exact counts, misbehaviour on request.
//!
//! A [`Server`] has sites, told apart by SNI, each with a key, a chain that is sent as it is, and a function
//! from [`Request`] to [`Response`]. It stops when dropped.
//!
//! ```
//! use jit_trust_lab::pki::Ca;
//! use jit_trust_lab::server::{Fault, Response, Server};
//!
//! let root = Ca::root("Lab Root A");
//! let leaf = root.leaf("straight.test");
//! let server = Server::builder()
//!     .site("straight.test", leaf.key(), leaf.chain(&[&root]), |request| {
//!         match request.header("if-none-match") {
//!             Some("\"1\"") => Response::status(304),
//!             _ => Response::ok("hello").header("etag", "\"1\""),
//!         }
//!     })
//!     .start();
//! assert_eq!(server.url("straight.test", "/"), format!("https://straight.test:{}/", server.port()));
//!
//! let broken = Server::builder().fault(Fault::CloseAfterClientHello).start();
//! assert_eq!(broken.handshakes(), 0);
//! ```

mod builder;
mod client_certificates;
mod connection;
mod fault;
mod log;
mod request;
mod response;
mod site;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pki_types::CertificateDer;
use tokio::sync::watch;

pub use builder::ServerBuilder;
pub use fault::Fault;
pub use request::{Request, Version};
pub use response::Response;

use crate::listener::Listener;
use crate::pki::Key;
use log::Log;
use site::Sites;
pub(crate) use site::{Greeting, Site};

/// A running server.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    scheme: &'static str,
    sites: Arc<Sites>,
    log: Arc<Log>,
    goodbye: watch::Sender<()>,
}

impl Server {
    /// A server to be.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::default()
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// The port of [`addr`](Self::addr).
    pub fn port(&self) -> u16 {
        self.addr().port()
    }

    /// The URL of `path`, which begins with a slash, at the site `name`.
    pub fn url(&self, name: &str, path: &str) -> String {
        format!("{}://{name}:{}{path}", self.scheme, self.port())
    }

    /// Adds a site, or replaces the one of this name, from the next full handshake on.
    pub fn set_site(
        &self,
        name: &str,
        key: &Key,
        chain: Vec<CertificateDer<'static>>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) {
        self.sites.insert(name, Site::new(key, chain, Arc::new(handler)));
    }

    /// TCP connections accepted.
    pub fn connections(&self) -> usize {
        self.log.connections()
    }

    /// The number of TCP connections whose ClientHello named this host, failed ones included.
    pub fn connections_to(&self, name: &str) -> usize {
        self.log.connections_to(name)
    }

    /// TCP connections that neither side has closed.
    pub fn open_connections(&self) -> usize {
        self.log.open_connections()
    }

    /// Clients that sent a certificate, of those that were [asked for
    /// one](ServerBuilder::asking_for_client_certificates).
    pub fn client_certificates(&self) -> usize {
        self.log.client_certificates()
    }

    /// Says goodbye (GOAWAY) on every HTTP/2 connection, and closes each when its requests are answered.
    pub fn close_connections(&self) {
        self.goodbye.send_replace(());
    }

    /// TLS handshakes completed, resumed ones included. With TLS 1.3 the client is done half a round trip
    /// before the server is: after a handshake without any request, wait for this count with
    /// [`wait_until`](Self::wait_until).
    pub fn handshakes(&self) -> usize {
        self.log.handshakes()
    }

    /// TLS handshakes that resumed an earlier session.
    pub fn resumptions(&self) -> usize {
        self.log.resumptions()
    }

    /// HTTP requests answered, also where the answer is cut short. One that is never answered isn't counted.
    pub fn requests(&self) -> usize {
        self.log.requests(|_| true)
    }

    /// HTTP requests answered whose authority or `Host` is this name.
    pub fn requests_to(&self, name: &str) -> usize {
        self.log.requests(|request| request.host() == name)
    }

    /// The requests that were read, answered or not, in order.
    pub fn requests_seen(&self) -> Vec<Request> {
        self.log.requests_seen()
    }

    /// HTTP requests that were taken back before they were answered: by HTTP/2, or because the client is gone.
    pub fn requests_taken_back(&self) -> usize {
        self.log.requests_taken_back()
    }

    /// Waits until `condition` holds.
    ///
    /// # Panics
    ///
    /// When it does not within five seconds.
    pub fn wait_until(&self, condition: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(5);
        while !condition(self) {
            assert!(
                Instant::now() < deadline,
                "the server did not get there within five seconds: {:?}",
                self.log
            );
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}
