//! Sites: a chain and a function from requests to responses, by name, and how far TLS goes.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, LazyLock, RwLock};

use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Request, Response};
use crate::pki::Key;

/// The function that answers the requests to a site.
pub(super) type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

/// The answer of a site to a ClientHello.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Greeting {
    /// With a handshake, and the protocols of the server.
    #[default]
    Handshake,
    /// With a handshake, and HTTP/1.1 as the only protocol.
    Http1Only,
    /// Not at all.
    Silence,
}

/// A chain that may be made when it is first asked for.
type Certified = LazyLock<Arc<CertifiedKey>, Box<dyn FnOnce() -> Arc<CertifiedKey> + Send>>;

#[derive(Clone)]
pub(crate) struct Site {
    certified: Arc<Certified>,
    is_lazy: bool,
    handler: Handler,
    greeting: Greeting,
}

impl Site {
    pub(super) fn new(key: &Key, chain: Vec<CertificateDer<'static>>, handler: Handler) -> Self {
        let certified = certified(key, chain);
        Self {
            is_lazy: false,
            ..Self::of(Box::new(move || certified), handler)
        }
    }

    /// A site whose key and chain `make` makes when the first client asks for it.
    pub(crate) fn lazy(
        make: impl FnOnce() -> (Key, Vec<CertificateDer<'static>>) + Send + 'static,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        let make = move || {
            let (key, chain) = make();
            certified(&key, chain)
        };
        Self::of(Box::new(make), Arc::new(handler))
    }

    fn of(make: Box<dyn FnOnce() -> Arc<CertifiedKey> + Send>, handler: Handler) -> Self {
        Self {
            certified: Arc::new(LazyLock::new(make)),
            is_lazy: true,
            handler,
            greeting: Greeting::default(),
        }
    }

    pub(crate) fn greeting(self, greeting: Greeting) -> Self {
        Self { greeting, ..self }
    }

    pub(super) fn greets_with(&self) -> Greeting {
        self.greeting
    }

    /// Whether the chain may have to be made yet, and is wanted.
    pub(super) fn may_take_time(&self) -> bool {
        self.is_lazy && self.greeting != Greeting::Silence
    }

    /// Makes the chain unless it is there.
    pub(super) fn prepare(&self) {
        LazyLock::force(&self.certified);
    }
}

fn certified(key: &Key, chain: Vec<CertificateDer<'static>>) -> Arc<CertifiedKey> {
    let signer =
        any_supported_type(&key.private_der()).expect("rustls signs with every kind of key of the lab");
    // Not from_der, which compares certificate and key: a chain may be of anything.
    Arc::new(CertifiedKey::new(chain, signer))
}

/// The sites of a server. The one of the empty name is for clients that name none, or none that there is.
#[derive(Default)]
pub(super) struct Sites(RwLock<HashMap<String, Site>>);

impl Sites {
    pub(super) fn insert(&self, name: &str, site: Site) {
        self.0
            .write()
            .expect("nothing panics while it holds the sites")
            .insert(name.to_ascii_lowercase(), site);
    }

    pub(super) fn handler(&self, name: Option<&str>) -> Option<Handler> {
        self.find(name).map(|site| site.handler)
    }

    pub(super) fn find(&self, name: Option<&str>) -> Option<Site> {
        let sites = self.0.read().expect("nothing panics while it holds the sites");
        let named = name.and_then(|name| sites.get(&name.to_ascii_lowercase()));
        named.or_else(|| sites.get("")).cloned()
    }
}

impl ResolvesServerCert for Sites {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let site = self.find(client_hello.server_name());
        site.map(|site| Arc::clone(LazyLock::force(&site.certified)))
    }
}

impl Debug for Sites {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let sites = self.0.read().expect("nothing panics while it holds the sites");
        formatter.debug_set().entries(sites.keys()).finish()
    }
}
