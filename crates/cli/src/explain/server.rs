//! What a server sends in its handshake, taken whether it is trusted or not.

use std::sync::{Arc, Mutex, PoisonError};

use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Url};

use crate::args::ExplainArgs;
use crate::exit::{Causes, Failure};
use crate::http::{
    Connector, Error as HttpError, H2, HTTP_1_1, Hop, Library, Options, Overrides, Protocols, Proxies, Stage,
};
use crate::shown::shown;
use crate::store::Store;
use crate::trust;

/// A server that was met.
#[derive(Debug)]
pub(super) struct Met {
    pub(super) name: ServerName<'static>,
    /// Never none.
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// Who was connected to: the server or the proxy.
    pub(super) address: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) tls_version: Option<&'static str>,
    /// Why the handshake was not completed after the certificates came, in words safe to show.
    pub(super) broken_off: Option<String>,
}

/// Connects to the server of this URL, takes its certificates and closes. Nothing is sent after the handshake.
pub(super) async fn meet(url: &Url, args: &ExplainArgs, store: &Store) -> Result<Met, Failure> {
    let at = shown(url.as_str()).to_string();
    let name = name_of(url).ok_or_else(|| {
        Failure::bad_input(format!(
            "{at}: expected a host that a certificate can be for: a DNS name or an IP address"
        ))
    })?;
    let connector = Connector::new(
        store,
        Options {
            library: Library::Rustls,
            protocols: Protocols::Any,
            proxies: Proxies::from_env()?,
            overrides: Overrides::new(&args.resolve),
            connect_timeout: args.connect_timeout,
        },
    )?;
    let mut hop = Hop::to(url.clone(), false);
    let meeting = meet_in_any_time(&connector, name, &mut hop);
    let limits = [
        (args.connect_timeout, "--connect-timeout"),
        (args.max_time, "--max-time"),
    ];
    let limit = limits.into_iter().filter(|(limit, _)| !limit.is_zero()).min();
    let Some((limit, option)) = limit else {
        return meeting.await;
    };
    let met = timeout(limit, meeting).await;
    met.unwrap_or_else(|_| {
        let error = HttpError::timed_out(hop.stage, &at, &store.open_questions);
        Err(Failure::Trouble(format!("{error}; {option} gives it more time")))
    })
}

async fn meet_in_any_time(
    connector: &Connector,
    name: ServerName<'static>,
    hop: &mut Hop,
) -> Result<Met, Failure> {
    let stream = connector
        .reach(hop)
        .await
        .map_err(|error| Failure::Trouble(error.to_string()))?;
    hop.stage = Stage::Tls;
    let seen = Arc::new(TakesAny::default());
    let shaken = shake_hands(stream, name.clone(), seen.clone()).await;
    let certificates = seen.take();
    let (tls_version, broken_off) = match shaken {
        Ok(version) => (Some(version), None),
        Err(words) => (None, Some(words)),
    };
    if certificates.is_empty() {
        let words = broken_off.unwrap_or_else(|| "the server sent no certificate".to_owned());
        let at = shown(hop.url.as_str());
        return Err(Failure::Trouble(format!("{at}: {}: {words}", Stage::Tls)));
    }
    Ok(Met {
        name,
        certificates,
        address: hop.address.map(|address| address.to_string()),
        proxy: hop.proxy.clone(),
        tls_version,
        broken_off,
    })
}

/// Does the handshake and drops the connection. The version of TLS, or why not, in words.
async fn shake_hands(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin,
    name: ServerName<'static>,
    verifier: Arc<TakesAny>,
) -> Result<&'static str, String> {
    let config = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into())
        .with_safe_default_protocol_versions()
        .map_err(|error| shown(error.to_string()).to_string())?;
    let mut config = config
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Some servers have other certificates for those who offer none.
    config.alpn_protocols = vec![H2.to_vec(), HTTP_1_1.to_vec()];
    config.resumption = Resumption::disabled();
    let connector = TlsConnector::from(Arc::new(config));
    let connected = connector.connect(name, stream).await.map_err(|error| {
        let of_tls = error.get_ref().and_then(|error| error.downcast_ref());
        let words = of_tls.and_then(trust::rustls::broken_handshake);
        words.unwrap_or_else(|| shown(Causes(&error).to_string()).to_string())
    })?;
    Ok(match connected.get_ref().1.protocol_version() {
        Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
        Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
        _ => "unknown",
    })
}

fn name_of(url: &Url) -> Option<ServerName<'static>> {
    match url.host()? {
        Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
        Host::Ipv4(address) => Some(std::net::IpAddr::from(address).into()),
        Host::Ipv6(address) => Some(std::net::IpAddr::from(address).into()),
    }
}

/// Takes any certificates and keeps them to be judged. The server has to show that it holds the key of its own.
#[derive(Debug)]
struct TakesAny {
    taken: Mutex<Vec<CertificateDer<'static>>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Default for TakesAny {
    fn default() -> Self {
        Self {
            taken: Mutex::default(),
            algorithms: aws_lc_rs::default_provider().signature_verification_algorithms,
        }
    }
}

impl TakesAny {
    fn take(&self) -> Vec<CertificateDer<'static>> {
        std::mem::take(&mut self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl ServerCertVerifier for TakesAny {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let sent = std::iter::once(end_entity).chain(intermediates);
        let sent = sent.map(|der| der.clone().into_owned()).collect();
        *self.taken.lock().unwrap_or_else(PoisonError::into_inner) = sent;
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
