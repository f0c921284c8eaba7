//! TLS, with trust just in time.
//!
//! What is decided here holds with every TLS library. Each has a module below this one that implements [`Connect`]; which
//! of its errors means what, the library's edge says.

mod connect;
#[cfg(feature = "mbedtls")]
mod mbedtls;
#[cfg(feature = "openssl")]
mod openssl;
mod rustls;

use super::error::{Error, Limit};
use super::hop::{Hop, Stage};
use crate::exit::Failure;
use crate::store::Store;
use crate::trust::Decision;
pub(super) use connect::BoxedStream;
use connect::{Connect, Connected};
pub(crate) use connect::{H2, HTTP_1_1, Protocols, server_name};
pub(crate) use rustls::Look;
use rustls::Rustls;
pub(super) use rustls::look_at;

/// A TLS library that the command was built with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Library {
    Rustls,
    #[cfg(feature = "openssl")]
    Openssl,
    #[cfg(feature = "mbedtls")]
    Mbedtls,
}

impl Library {
    /// Those that the command can be built with, by name. The first is in every build.
    pub(crate) const NAMES: [&str; 3] = ["rustls", "openssl", "mbedtls"];

    /// The one of this name; `None` if the command was built without it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name {
            "rustls" => Some(Self::Rustls),
            #[cfg(feature = "openssl")]
            "openssl" => Some(Self::Openssl),
            #[cfg(feature = "mbedtls")]
            "mbedtls" => Some(Self::Mbedtls),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Rustls => "rustls",
            #[cfg(feature = "openssl")]
            Self::Openssl => "openssl",
            #[cfg(feature = "mbedtls")]
            Self::Mbedtls => "mbedtls",
        }
    }

    /// Its name, and its version where that is not the command's to choose.
    pub(crate) fn description(self) -> String {
        match self {
            Self::Rustls => self.name().to_owned(),
            #[cfg(feature = "openssl")]
            Self::Openssl => format!("{} ({})", self.name(), openssl::version()),
            #[cfg(feature = "mbedtls")]
            Self::Mbedtls => format!("{} ({})", self.name(), mbedtls::VERSION),
        }
    }

    /// A client of this library that trusts by `store`.
    fn client(self, store: &Store, protocols: Protocols) -> Result<Box<dyn Connect>, Failure> {
        Ok(match self {
            Self::Rustls => Box::new(Rustls::new(store, protocols)?),
            #[cfg(feature = "openssl")]
            Self::Openssl => Box::new(openssl::OpenSsl::new(store, protocols)?),
            #[cfg(feature = "mbedtls")]
            Self::Mbedtls => Box::new(mbedtls::MbedTls::new(store, protocols)?),
        })
    }
}

/// What makes the connections of a command, and by what they trust.
pub(super) struct Tls {
    library: Library,
    protocols: Protocols,
    to_server: Box<dyn Connect>,
    to_proxy: Box<dyn Connect>,
    store: Store,
}

impl Tls {
    pub(super) fn new(library: Library, store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        Ok(Self {
            library,
            protocols,
            to_server: library.client(store, protocols)?,
            to_proxy: library.client(store, Protocols::Http1)?,
            store: store.clone(),
        })
    }

    /// Asks for the roots that served this host before, ahead of the connection, and says how many that were.
    pub(super) fn prefetch(&self, host: &str) -> usize {
        server_name(host).map_or(0, |name| self.to_server.prefetch(&name))
    }

    /// A TLS connection to a server, over `stream`, and whether to speak HTTP/2 on it.
    pub(super) async fn connect(
        &self,
        at: &str,
        host: &str,
        stream: BoxedStream,
        hop: &mut Hop,
    ) -> Result<(BoxedStream, bool), Error> {
        hop.stage = Stage::Tls;
        hop.tls_library = Some(self.library.name());
        let (report, connected) = match server_name(host) {
            None => (None, Err(NO_NAME.to_owned())),
            Some(name) if hop.is_verified => self.to_server.connect(name, stream).await,
            Some(name) => self.to_server.connect_insecurely(name, stream).await,
        };
        hop.decision = report.as_ref().map(|report| Decision::of(report, &self.store));
        let Connected {
            stream,
            version,
            is_http2,
        } = connected.map_err(|what| refused(at, what, hop))?;
        hop.tls_version = Some(version);
        if self.protocols == Protocols::Http2 && !is_http2 {
            let what = "the server does not speak HTTP/2";
            return Err(Error::said(Stage::Tls, at, what).because_of(Limit::Http2Only));
        }
        Ok((stream, is_http2))
    }

    /// A TLS connection to a proxy, which has to be trusted in any case.
    pub(super) async fn connect_to_proxy(
        &self,
        at: &str,
        host: &str,
        stream: BoxedStream,
    ) -> Result<BoxedStream, Error> {
        let name = server_name(host).ok_or_else(|| Error::said(Stage::Tls, at, NO_NAME))?;
        let (report, connected) = self.to_proxy.connect(name, stream).await;
        connected.map(|connected| connected.stream).map_err(|what| {
            match report.and_then(|report| Decision::of(&report, &self.store).refusal) {
                Some(reason) => Error::not_trusted(at, &reason),
                None => Error::said(Stage::Tls, at, what),
            }
        })
    }
}

const NO_NAME: &str = "no certificate can be for a host of this name";

/// The handshake has failed. Certificates that passed prove nothing until it is through: the server has not shown that
/// it holds their key.
fn refused(at: &str, what: String, hop: &mut Hop) -> Error {
    let Some(decision) = &mut hop.decision else {
        return Error::said(Stage::Tls, at, what);
    };
    match &decision.refusal {
        Some(reason) if hop.is_verified => return Error::not_trusted(at, reason),
        Some(_) => {}
        None => decision.refusal = Some(what.clone()),
    }
    Error::said(Stage::Tls, at, what)
}
