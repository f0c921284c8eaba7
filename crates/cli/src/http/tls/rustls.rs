//! TLS by rustls.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use jit_trust::{Rejection, TokioConnector, Verifier, rejection};
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme,
};
use tokio_rustls::TlsConnector;

use super::connect::{self, BoxedStream, Connect, Connected, Connecting, H2, Protocols, Shaken};
use crate::exit::Failure;
use crate::shown::shown;
use crate::store::Store;

pub(super) struct Rustls {
    trusting: TokioConnector,
    insecure: TlsConnector,
    verifier: Arc<Verifier>,
    /// What the latest server sent to `insecure`.
    seen: Arc<TakesAny>,
}

impl Rustls {
    pub(super) fn new(store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        let verifier = Verifier::with_provider(store.policy.clone(), &aws_lc_rs::default_provider());
        let verifier = Arc::new(verifier);
        let seen = Arc::<TakesAny>::default();
        let trusting = config(verifier.clone(), protocols)?;
        Ok(Self {
            trusting: TokioConnector::with_config(store.policy.clone(), trusting),
            insecure: Arc::new(config(seen.clone(), protocols)?).into(),
            verifier,
            seen,
        })
    }
}

impl Connect for Rustls {
    fn prefetch(&self, name: &ServerName<'_>) -> usize {
        self.trusting.prefetch(name)
    }

    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async {
            match self.trusting.connect(name, stream).await {
                Ok(stream) => {
                    let (report, agreed) = (stream.report().cloned(), agreed(stream.get_ref().1));
                    (report.map(Box::new), Ok(Connected::over(stream, agreed)))
                }
                Err(error) => broken_off(error),
            }
        })
    }

    fn connect_insecurely<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async {
            let shaken = self.insecure.connect(name, stream).await;
            let (seen, verifier) = (self.seen.take(), self.verifier.clone());
            let report = connect::judge(move || {
                let seen = seen?;
                let (leaf, others) = seen.certificates.split_first()?;
                Some(Box::new(verifier.verify(
                    leaf,
                    others,
                    &seen.server_name,
                    seen.now,
                )))
            });
            let connected = match shaken {
                Ok(stream) => {
                    let agreed = agreed(stream.get_ref().1);
                    Ok(Connected::over(stream, agreed))
                }
                Err(error) => broken_off(error).1,
            };
            (report.await, connected)
        })
    }
}

/// What came of a handshake with a server of any certificate.
#[derive(Debug)]
pub(crate) struct Look {
    /// The server's own first; none where it did not come so far.
    pub(crate) certificates: Vec<CertificateDer<'static>>,
    /// The version of TLS, or why the handshake was broken off, in words safe to show.
    pub(crate) tls_version: Result<&'static str, String>,
}

/// Does the handshake and drops the connection. Both versions of HTTP are offered: some servers have other certificates for
/// clients that offer none.
pub(in super::super) async fn look_at(
    name: ServerName<'static>,
    stream: BoxedStream,
) -> Result<Look, Failure> {
    let seen = Arc::<TakesAny>::default();
    let connector = TlsConnector::from(Arc::new(config(seen.clone(), Protocols::Any)?));
    let shaken = connector.connect(name, stream).await;
    Ok(Look {
        certificates: seen.take().map_or_else(Vec::new, |seen| seen.certificates),
        tls_version: match shaken {
            Ok(stream) => Ok(agreed(stream.get_ref().1).0),
            Err(error) => broken_off(error).1.map(|connected| connected.version),
        },
    })
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
    config.alpn_protocols = protocols.alpn().iter().map(|name| name.to_vec()).collect();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// The version of TLS, and whether to speak HTTP/2.
fn agreed(session: &ClientConnection) -> (&'static str, bool) {
    let version = match session.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    };
    (version, session.alpn_protocol() == Some(H2))
}

fn broken_off(error: io::Error) -> Shaken {
    connect::broken_off(error, |error: &Error| {
        match rejection(error)? {
            // `TakesAny` checks no signature but that of the handshake.
            Rejection::BadSignature { original } => Some(Rejection::KeyNotProven { original }.to_string()),
            // rustls' own words would be the names of its types.
            Rejection::Other(original) => Some(shown(original.to_string()).to_string()),
            rejection => Some(shown(rejection.to_string()).to_string()),
        }
    })
}

/// Takes any certificates and keeps them to be judged. The server has to show that it holds the key of its own.
#[derive(Debug)]
struct TakesAny {
    /// What the latest server sent. Connections are made one after the other.
    seen: Mutex<Option<Seen>>,
    algorithms: WebPkiSupportedAlgorithms,
}

/// What a server sent.
#[derive(Debug)]
struct Seen {
    /// The server's own first; never none.
    certificates: Vec<CertificateDer<'static>>,
    server_name: ServerName<'static>,
    now: UnixTime,
}

impl Default for TakesAny {
    fn default() -> Self {
        Self {
            seen: Mutex::default(),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }
}

impl TakesAny {
    fn take(&self) -> Option<Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let seen = Seen {
            certificates: sent.map(|der| der.clone().into_owned()).collect(),
            server_name: server_name.to_owned(),
            now,
        };
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(seen);
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
