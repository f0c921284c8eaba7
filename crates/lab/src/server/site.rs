//! Sites: a chain and a function from requests to responses, by name.

use std::collections::HashMap;
use std::fmt::{self, Debug, Formatter};
use std::sync::{Arc, RwLock};

use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use super::{Request, Response};
use crate::pki::Key;

/// What answers the requests to a site.
pub(super) type Handler = Arc<dyn Fn(&Request) -> Response + Send + Sync>;

#[derive(Clone)]
pub(super) struct Site {
    certified: Arc<CertifiedKey>,
    handler: Handler,
}

impl Site {
    pub(super) fn new(key: &Key, chain: Vec<CertificateDer<'static>>, handler: Handler) -> Self {
        let signer =
            any_supported_type(&key.private_der()).expect("rustls signs with every kind of key of the lab");
        // Not from_der, which compares certificate and key: a chain may be of anything.
        Self {
            certified: Arc::new(CertifiedKey::new(chain, signer)),
            handler,
        }
    }
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

    fn find(&self, name: Option<&str>) -> Option<Site> {
        let sites = self.0.read().expect("nothing panics while it holds the sites");
        let named = name.and_then(|name| sites.get(&name.to_ascii_lowercase()));
        named.or_else(|| sites.get("")).cloned()
    }
}

impl ResolvesServerCert for Sites {
    fn resolve(&self, client_hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.find(client_hello.server_name()).map(|site| site.certified)
    }
}

impl Debug for Sites {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let sites = self.0.read().expect("nothing panics while it holds the sites");
        formatter.debug_set().entries(sites.keys()).finish()
    }
}
