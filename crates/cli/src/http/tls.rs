//! TLS, with trust just in time.

use std::io;
use std::sync::Arc;

use jit_trust::{TokioConnector, TokioTlsStream};
use pki_types::ServerName;
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Error;
use super::connector::BoxedStream;
use super::error::Limit;
use super::hop::{Hop, Stage};
use super::insecure::InsecureConnector;
use crate::exit::{Causes, Failure};
use crate::shown::shown;
use crate::store::Store;
use crate::trust::{self, LastDecision};

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
    fn alpn(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Any => &[H2, HTTP_1_1],
            Self::Http1 => &[HTTP_1_1],
            Self::Http2 => &[H2],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

/// The configurations of TLS, and what was decided in the latest handshake.
///
/// Sessions are not resumed: each hop is trusted on its own, and shows by which root.
#[derive(Debug)]
pub(super) struct Tls {
    protocols: Protocols,
    verified: TokioConnector,
    unverified: InsecureConnector,
    to_proxy: TokioConnector,
    last: LastDecision,
}

impl Tls {
    pub(super) fn new(store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        let (verifier, last) = trust::verifier(store, &aws_lc_rs::default_provider());
        let verifier = Arc::new(verifier);
        let trusting = |protocols| -> Result<_, Failure> {
            let config = config(verifier.clone(), protocols)?;
            Ok(TokioConnector::with_config(store.trust.clone(), config))
        };
        Ok(Self {
            protocols,
            verified: trusting(protocols)?,
            to_proxy: trusting(Protocols::Http1)?,
            unverified: InsecureConnector::new(verifier.clone(), |verifier| config(verifier, protocols))?,
            last,
        })
    }

    /// Asks for the roots that served this host before, ahead of the connection, and says how many that were.
    pub(super) fn prefetch(&self, host: &str) -> usize {
        server_name(host).map_or(0, |name| self.verified.prefetch(&name))
    }

    /// A TLS connection to a server, over `stream`, and whether to speak HTTP/2 on it.
    pub(super) async fn connect<S>(
        &self,
        at: &str,
        host: &str,
        stream: S,
        hop: &mut Hop,
    ) -> Result<(BoxedStream, bool), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        hop.stage = Stage::Tls;
        let shaken = if hop.is_verified {
            let shaken = shake_hands(host, |name| self.verified.connect(name, stream)).await;
            shaken.map(|stream| {
                (
                    Negotiated::of(stream.get_ref().1),
                    Box::new(stream) as BoxedStream,
                )
            })
        } else {
            let shaken = shake_hands(host, |name| self.unverified.connect(name, stream)).await;
            shaken.map(|stream| {
                (
                    Negotiated::of(stream.get_ref().1),
                    Box::new(stream) as BoxedStream,
                )
            })
        };
        hop.decision = self.last.take();
        let (negotiated, stream) = match shaken {
            Ok(shaken) => shaken,
            Err(what) => return Err(refused(at, what, hop)),
        };
        hop.tls_version = negotiated.version;
        let is_http2 = negotiated.is_http2;
        if self.protocols == Protocols::Http2 && !is_http2 {
            return Err(Error::limited(
                Stage::Tls,
                at,
                "the server does not speak HTTP/2",
                Limit::Http2Only,
            ));
        }
        Ok((stream, is_http2))
    }

    /// A TLS connection to a proxy, which has to be trusted in any case.
    pub(super) async fn connect_to_proxy<S>(
        &self,
        at: &str,
        host: &str,
        stream: S,
    ) -> Result<TokioTlsStream<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let shaken = shake_hands(host, |name| self.to_proxy.connect(name, stream)).await;
        let refusal = self.last.take().and_then(|decision| decision.refusal);
        match refusal {
            Some(reason) => Err(Error::not_trusted(at, reason)),
            None => shaken.map_err(|what| Error::said(Stage::Tls, at, what)),
        }
    }
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

fn config(verifier: Arc<dyn ServerCertVerifier>, protocols: Protocols) -> Result<ClientConfig, Failure> {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder
        .with_safe_default_protocol_versions()
        .map_err(Failure::failed)?;
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    config.alpn_protocols = protocols.alpn();
    config.resumption = Resumption::disabled();
    Ok(config)
}

async fn shake_hands<T, F>(host: &str, connect: impl FnOnce(ServerName<'static>) -> F) -> Result<T, String>
where
    F: Future<Output = io::Result<T>>,
{
    let name = server_name(host).ok_or("no certificate can be for a host of this name")?;
    connect(name).await.map_err(|error| {
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
        let worded = of_tls.and_then(trust::broken_handshake);
        worded.unwrap_or_else(|| shown(Causes(&error).to_string()).to_string())
    })
}

fn server_name(host: &str) -> Option<ServerName<'static>> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    ServerName::try_from(bare.to_owned()).ok()
}

/// What client and server have agreed on.
struct Negotiated {
    version: Option<&'static str>,
    is_http2: bool,
}

impl Negotiated {
    fn of(session: &ClientConnection) -> Self {
        Self {
            version: session.protocol_version().map(version),
            is_http2: session.alpn_protocol() == Some(H2),
        }
    }
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}
