//! TLS, with trust just in time.

use std::sync::Arc;

use jit_trust::ServerVerifier;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, DigitallySignedStruct, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::Error;
use super::error::Limit;
use super::hop::{Hop, Stage};
use crate::exit::{Causes, Failure};
use crate::shown::shown;
use crate::store::Store;
use crate::trust::{self, LastDecision};

const H2: &[u8] = b"h2";
const HTTP_1_1: &[u8] = b"http/1.1";

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
    verified: Arc<ClientConfig>,
    unverified: Arc<ClientConfig>,
    to_proxy: Arc<ClientConfig>,
    last: LastDecision,
}

impl Tls {
    pub(super) fn new(store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        let (verifier, last) = trust::verifier(store, &aws_lc_rs::default_provider());
        let verifier = Arc::new(verifier);
        let unverified = Arc::new(Unverified(Arc::clone(&verifier)));
        Ok(Self {
            protocols,
            verified: config(verifier.clone(), protocols)?,
            unverified: config(unverified, protocols)?,
            to_proxy: config(verifier, Protocols::Http1)?,
            last,
        })
    }

    /// A TLS connection to a server, over `stream`, and whether to speak HTTP/2 on it.
    pub(super) async fn connect<S>(
        &self,
        at: &str,
        host: &str,
        stream: S,
        hop: &mut Hop,
    ) -> Result<(TlsStream<S>, bool), Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        hop.stage = Stage::Tls;
        let config = if hop.is_verified {
            &self.verified
        } else {
            &self.unverified
        };
        let shaken = shake_hands(config, host, stream).await;
        hop.decision = self.last.take();
        let stream = match shaken {
            Ok(stream) => stream,
            Err(what) => return Err(refused(at, what, hop)),
        };
        let session = stream.get_ref().1;
        hop.tls_version = session.protocol_version().map(version);
        let is_http2 = session.alpn_protocol() == Some(H2);
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
    ) -> Result<TlsStream<S>, Error>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let shaken = shake_hands(&self.to_proxy, host, stream).await;
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

fn config(
    verifier: Arc<impl ServerCertVerifier + 'static>,
    protocols: Protocols,
) -> Result<Arc<ClientConfig>, Failure> {
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
    Ok(Arc::new(config))
}

async fn shake_hands<S>(config: &Arc<ClientConfig>, host: &str, stream: S) -> Result<TlsStream<S>, String>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .unwrap_or(host);
    let name = ServerName::try_from(bare.to_owned());
    let name = name.map_err(|_| "no certificate can be for a host of this name")?;
    let shaken = TlsConnector::from(Arc::clone(config)).connect(name, stream).await;
    shaken.map_err(|error| {
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
        let worded = of_tls.and_then(trust::broken_handshake);
        worded.unwrap_or_else(|| shown(Causes(&error).to_string()).to_string())
    })
}

fn version(version: ProtocolVersion) -> &'static str {
    match version {
        ProtocolVersion::TLSv1_2 => "TLSv1.2",
        ProtocolVersion::TLSv1_3 => "TLSv1.3",
        _ => "unknown",
    }
}

/// Lets any certificate pass, and still has the verdict told to whoever listens.
#[derive(Debug)]
struct Unverified(Arc<ServerVerifier>);

impl ServerCertVerifier for Unverified {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = self
            .0
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        verdict.or_else(|_| Ok(ServerCertVerified::assertion()))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
