//! The internet in small: a stand-in for each of Mozilla's roots, and well-known sites under them on one port
//! of loopback.
//!
//! - [`stand_ins`] are the roots, with Mozilla's conditions beside them: what a trust store is made of.
//! - [`Internet::sites`] are the 156 sites of the [`REFERENCE`], most with and without `www.`. Each sends a
//!   chain of some [`ChainKind`], and behaves as the reference's comments say of it ([`Behaviour`]).
//! - [`Internet::twins`] are faulty and hostile counterparts of a dozen of them, each with its [`Fault`] and
//!   the [`Diagnosis`] that a client is to come to.
//!
//! A client is to connect to [`Internet::addr`] whatever the host, and to name it as SNI; or goes through
//! [`Internet::proxy`]. Which site has what is the same for the same seed; every kind of everything occurs
//! with any.
//!
//! ```
//! use jit_trust_lab::internet::Internet;
//!
//! let internet = Internet::builder().seed(7).start();
//! let site = internet.site("www.gov.uk");
//! assert_eq!(site.certificates().len(), site.kind().certificates());
//! assert_eq!(internet.connections_to(site.host()), 0);
//! ```

mod authorities;
mod behaviour;
mod builder;
mod chain;
mod chain_kind;
mod draw;
mod plan;
mod reference;
mod site;
mod stand_in;
mod twin;

use std::net::SocketAddr;

pub use behaviour::Behaviour;
pub use builder::InternetBuilder;
pub use chain_kind::{ChainKind, LeafNames};
pub use reference::{Mark, REFERENCE, ReferenceRow};
pub use site::Site;
pub use stand_in::{StandIn, stand_ins};
pub use twin::{Diagnosis, Fault, Twin};

use crate::proxy::Proxy;
use crate::server::Server;

/// A running internet. It stops when dropped.
#[derive(Debug)]
pub struct Internet {
    server: Server,
    sites: Vec<Site>,
    twins: Vec<Twin>,
}

impl Internet {
    /// An internet to be.
    pub fn builder() -> InternetBuilder {
        InternetBuilder::default()
    }

    /// The address on which all of its hosts listen.
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The port of [`addr`](Self::addr).
    pub fn port(&self) -> u16 {
        self.server.port()
    }

    /// The URL of `path`, which begins with a slash, at a host, with the port.
    pub fn url(&self, host: &str, path: &str) -> String {
        self.server.url(host, path)
    }

    /// A proxy that leads every host and port here, for clients that shall see URLs without a port.
    pub fn proxy(&self) -> Proxy {
        Proxy::leading_to(self.addr())
    }

    /// The roots.
    pub fn roots(&self) -> &'static [StandIn] {
        stand_ins()
    }

    /// A trust blob of version 2 and generation 1 with all of the roots, under Mozilla's conditions.
    pub fn trust_blob(&self) -> Vec<u8> {
        stand_in::trust_blob(self.roots())
    }

    /// The hosts of the reference, and where these exist with and without `www.`, the others.
    pub fn sites(&self) -> &[Site] {
        &self.sites
    }

    /// The site of this host.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn site(&self, host: &str) -> &Site {
        let mut sites = self.sites.iter();
        sites
            .find(|site| site.host() == host)
            .unwrap_or_else(|| panic!("no site is called {host}"))
    }

    /// The faulty and hostile hosts.
    pub fn twins(&self) -> &[Twin] {
        &self.twins
    }

    /// TCP connections accepted.
    pub fn connections(&self) -> usize {
        self.server.connections()
    }

    /// The number of TCP connections whose ClientHello named this host, failed ones included.
    pub fn connections_to(&self, host: &str) -> usize {
        self.server.connections_to(host)
    }

    /// Requests answered by this host. One that is never answered isn't counted.
    pub fn requests_to(&self, host: &str) -> usize {
        self.server.requests_to(host)
    }

    /// The server behind it all, for its other counts and for waiting until it has counted.
    pub fn server(&self) -> &Server {
        &self.server
    }
}
