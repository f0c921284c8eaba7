//! A server, option by option.

use std::sync::Arc;

use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs;
use rustls::version::{TLS12, TLS13};
use rustls::{ServerConfig, SupportedProtocolVersion};
use tokio::sync::watch;

use super::client_certificates::TakeAny;
use super::connection::{self, Connections, Tls};
use super::log::Log;
use super::site::{Handler, Site, Sites};
use super::{Fault, Request, Response, Server};
use crate::listener::Listener;
use crate::pki::Key;

/// A server to be, as its options; [`start`](Self::start) makes it.
#[must_use = "a builder serves nothing until start is called"]
pub struct ServerBuilder {
    sites: Sites,
    plain: Option<Handler>,
    alpn: Vec<Vec<u8>>,
    versions: Vec<&'static SupportedProtocolVersion>,
    asks_for_client_certificates: bool,
    fault: Option<Fault>,
}

impl Default for ServerBuilder {
    fn default() -> Self {
        Self {
            sites: Sites::default(),
            plain: None,
            alpn: vec![connection::H2.to_vec(), connection::HTTP_1_1.to_vec()],
            versions: vec![&TLS13, &TLS12],
            asks_for_client_certificates: false,
            fault: None,
        }
    }
}

impl ServerBuilder {
    /// A site for clients that send this name as SNI: `chain` is presented as it is, whatever it is made of,
    /// and `handler`, which may block, answers the requests.
    pub fn site(
        self,
        name: &str,
        key: &Key,
        chain: Vec<CertificateDer<'static>>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.made_site(name, Site::new(key, chain, Arc::new(handler)))
    }

    /// A site that is made already, and may differ from others in more than chain and handler.
    pub(crate) fn made_site(self, name: &str, site: Site) -> Self {
        self.sites.insert(name, site);
        self
    }

    /// The site for clients that send no SNI, such as those that connect to an IP address, or an unknown one.
    /// Without it their handshakes fail.
    pub fn default_site(
        self,
        key: &Key,
        chain: Vec<CertificateDer<'static>>,
        handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
    ) -> Self {
        self.site("", key, chain, handler)
    }

    /// Plain HTTP/1.1 without TLS, for every host; sites play no part.
    pub fn plain(self, handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self {
            plain: Some(Arc::new(handler)),
            ..self
        }
    }

    /// HTTP/1.1 only. Both it and HTTP/2 by default; a client without ALPN gets HTTP/1.1 in any case.
    pub fn http1_only(self) -> Self {
        Self {
            alpn: vec![connection::HTTP_1_1.to_vec()],
            ..self
        }
    }

    /// HTTP/2 only.
    pub fn http2_only(self) -> Self {
        Self {
            alpn: vec![connection::H2.to_vec()],
            ..self
        }
    }

    /// No ALPN at all, as old servers do.
    pub fn without_alpn(self) -> Self {
        Self {
            alpn: Vec::new(),
            ..self
        }
    }

    /// TLS 1.2 only. Both it and TLS 1.3 by default.
    pub fn tls12_only(self) -> Self {
        Self {
            versions: vec![&TLS12],
            ..self
        }
    }

    /// TLS 1.3 only.
    pub fn tls13_only(self) -> Self {
        Self {
            versions: vec![&TLS13],
            ..self
        }
    }

    /// Requests a certificate from every client; accepts any, or none.
    pub fn asking_for_client_certificates(self) -> Self {
        Self {
            asks_for_client_certificates: true,
            ..self
        }
    }

    /// The fault of every connection.
    pub fn fault(self, fault: Fault) -> Self {
        Self {
            fault: Some(fault),
            ..self
        }
    }

    /// Starts it on a free port of 127.0.0.1.
    pub fn start(self) -> Server {
        let sites = Arc::new(self.sites);
        let log = Arc::new(Log::default());
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&self.versions)
            .expect("aws-lc has cipher suites for TLS 1.2 and 1.3");
        let builder = match self.asks_for_client_certificates {
            true => builder.with_client_cert_verifier(Arc::new(TakeAny {
                log: log.clone(),
                provider,
            })),
            false => builder.with_no_client_auth(),
        };
        let mut config = builder.with_cert_resolver(sites.clone());
        config.alpn_protocols = self.alpn;

        let scheme = if self.plain.is_some() { "http" } else { "https" };
        let (goodbye, said) = watch::channel(());
        let connections = Arc::new(Connections {
            sites: sites.clone(),
            plain: self.plain,
            tls: Tls::new(config),
            fault: self.fault,
            log: log.clone(),
            goodbye: said,
        });
        let listener = Listener::start("lab server", move |stream| connections.clone().serve(stream));
        Server {
            listener,
            scheme,
            sites,
            log,
            goodbye,
        }
    }
}
