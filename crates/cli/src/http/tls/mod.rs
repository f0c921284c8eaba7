//! TLS, with trust just in time.
//!
//! What is decided here holds with every TLS library. Each has a module below this one for what only it can do, the two
//! ways in which [`Library`] has connections made; which of its errors means what is in a module of `trust`.

#[cfg(feature = "mbedtls")]
mod mbedtls;
#[cfg(feature = "openssl")]
mod openssl;
mod rustls;

use std::fmt;
use std::pin::Pin;

use pki_types::ServerName;

use super::Error;
use super::connector::BoxedStream;
use super::error::Limit;
use super::hop::{Hop, Stage};
use crate::exit::Failure;
use crate::store::Store;
use crate::trust::LastDecision;
pub(crate) use rustls::Look;
pub(super) use rustls::look_at;

/// What TLS calls the versions of HTTP.
pub(crate) const H2: &[u8] = b"h2";
pub(crate) const HTTP_1_1: &[u8] = b"http/1.1";

/// Which versions of HTTP to speak.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocols {
    /// HTTP/2 where the server speaks it, else HTTP/1.1.
    Any,
    Http1,
    Http2,
}

impl Protocols {
    /// As ALPN names them, the preferred one first.
    fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Self::Any => &[H2, HTTP_1_1],
            Self::Http1 => &[HTTP_1_1],
            Self::Http2 => &[H2],
        }
    }
}

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

    /// What makes connections to servers that this store trusts.
    fn trusting(
        self,
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Box<dyn ConnectTrusted>, Failure> {
        Ok(match self {
            Self::Rustls => Box::new(rustls::Trusting::new(store, protocols, last)?),
            #[cfg(feature = "openssl")]
            Self::Openssl => Box::new(openssl::Trusting::new(store, protocols, last)?),
            #[cfg(feature = "mbedtls")]
            Self::Mbedtls => Box::new(mbedtls::Trusting::new(store, protocols, last)?),
        })
    }

    /// What makes connections to any server that holds the key of its certificate, and says the same about it.
    fn insecure(
        self,
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Box<dyn Connect>, Failure> {
        Ok(match self {
            Self::Rustls => Box::new(rustls::Insecure::new(store, protocols, last)?),
            #[cfg(feature = "openssl")]
            Self::Openssl => Box::new(openssl::Insecure::new(store, protocols, last)?),
            #[cfg(feature = "mbedtls")]
            Self::Mbedtls => Box::new(mbedtls::Insecure::new(store, protocols, last)?),
        })
    }
}

/// What makes TLS connections, by some library. No session is resumed: each hop is trusted on its own, and shows by which
/// root.
trait Connect: fmt::Debug {
    /// Shakes hands with this server at the other end of `stream`. Why it did not work is said in words, safe to show.
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c>;
}

/// What makes TLS connections to servers that are trusted.
trait ConnectTrusted: Connect {
    /// Asks for the roots that served this host before, ahead of the connection, and says how many that were.
    fn prefetch(&self, name: &ServerName<'_>) -> usize;
}

type Connecting<'c> = Pin<Box<dyn Future<Output = Result<Connected, String>> + 'c>>;

/// A TLS connection, and what both sides have agreed on.
struct Connected {
    stream: BoxedStream,
    version: &'static str,
    is_http2: bool,
}

/// What makes the connections of a command, and what was decided in the latest handshake.
#[derive(Debug)]
pub(super) struct Tls {
    library: Library,
    protocols: Protocols,
    trusting: Box<dyn ConnectTrusted>,
    insecure: Box<dyn Connect>,
    to_proxy: Box<dyn ConnectTrusted>,
    last: LastDecision,
}

impl Tls {
    pub(super) fn new(library: Library, store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        let last = LastDecision::default();
        Ok(Self {
            library,
            protocols,
            trusting: library.trusting(store, protocols, &last)?,
            insecure: library.insecure(store, protocols, &last)?,
            to_proxy: library.trusting(store, Protocols::Http1, &last)?,
            last,
        })
    }

    /// Asks for the roots that served this host before, ahead of the connection, and says how many that were.
    pub(super) fn prefetch(&self, host: &str) -> usize {
        server_name(host).map_or(0, |name| self.trusting.prefetch(&name))
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
        let connected = if hop.is_verified {
            connect(&*self.trusting, host, stream).await
        } else {
            connect(&*self.insecure, host, stream).await
        };
        hop.decision = self.last.take();
        let connected = match connected {
            Ok(connected) => connected,
            Err(what) => return Err(refused(at, what, hop)),
        };
        hop.tls_version = Some(connected.version);
        if self.protocols == Protocols::Http2 && !connected.is_http2 {
            return Err(Error::limited(
                Stage::Tls,
                at,
                "the server does not speak HTTP/2",
                Limit::Http2Only,
            ));
        }
        Ok((connected.stream, connected.is_http2))
    }

    /// A TLS connection to a proxy, which has to be trusted in any case.
    pub(super) async fn connect_to_proxy(
        &self,
        at: &str,
        host: &str,
        stream: BoxedStream,
    ) -> Result<BoxedStream, Error> {
        let connected = connect(&*self.to_proxy, host, stream).await;
        let refusal = self.last.take().and_then(|decision| decision.refusal);
        match refusal {
            Some(reason) => Err(Error::not_trusted(at, reason)),
            None => match connected {
                Ok(connected) => Ok(connected.stream),
                Err(what) => Err(Error::said(Stage::Tls, at, what)),
            },
        }
    }
}

async fn connect<C>(connector: &C, host: &str, stream: BoxedStream) -> Result<Connected, String>
where
    C: Connect + ?Sized,
{
    let name = server_name(host).ok_or("no certificate can be for a host of this name")?;
    connector.connect(name, stream).await
}

/// The handshake has failed. Certificates that passed prove nothing until it is through: the server has not shown that
/// it holds their key.
fn refused(at: &str, what: String, hop: &mut Hop) -> Error {
    let Some(decision) = &mut hop.decision else {
        return Error::said(Stage::Tls, at, what);
    };
    match &decision.refusal {
        Some(reason) if hop.is_verified => return Error::not_trusted(at, reason.clone()),
        Some(_) => {}
        None => decision.refusal = Some(what.clone()),
    }
    Error::said(Stage::Tls, at, what)
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    ServerName::try_from(bare.to_owned()).ok()
}
