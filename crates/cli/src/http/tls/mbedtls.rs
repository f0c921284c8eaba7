//! TLS by Mbed TLS, which knows nothing newer than TLS 1.2.

use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use jit_trust::Rejection;
use jit_trust::mbedtls::{Connector, TokioConnector, key_not_proven};
use mbedtls::alloc::List;
use mbedtls::rng::{CtrDrbg, OsEntropy};
use mbedtls::ssl::config::{
    AuthMode, Endpoint, NullTerminatedStrList, Preset, Renegotiation, Transport, UseSessionTickets, Version,
};
use mbedtls::ssl::{Config, Context};
use mbedtls::x509::{Certificate, VerifyError};
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connect::{self, BoxedStream, Connect, Connected, Connecting, H2, Protocols, host};
use crate::exit::{Failure, causes};
use crate::store::Store;

/// The `mbedtls` crate brings it along, and does not say which patch release.
pub(super) const VERSION: &str = "Mbed TLS 2.28";

/// It speaks no newer one, and none older is asked for.
const TLS_VERSION: &str = "TLSv1.2";

pub(super) struct MbedTls {
    trusting: TokioConnector,
    insecure: Arc<Config>,
    /// Judges what `insecure` was sent.
    verifier: Connector,
    seen: Arc<Seen>,
}

/// The certificates that the latest server sent, its own first. Connections are made one after the other.
type Seen = Mutex<Option<Vec<Vec<u8>>>>;

impl MbedTls {
    pub(super) fn new(store: &Store, protocols: Protocols) -> Result<Self, Failure> {
        Self::made(store, protocols).map_err(Failure::failed)
    }

    fn made(store: &Store, protocols: Protocols) -> mbedtls::Result<Self> {
        let names = alpn(protocols)?;
        let seen = Arc::<Seen>::default();
        let insecure = config(names.clone(), seen.clone())?;
        let trusting = TokioConnector::new(store.policy.clone())?;
        Ok(Self {
            trusting: trusting.configure(move |config| config.set_alpn_protocols(names.clone())),
            insecure: Arc::new(insecure),
            verifier: Connector::new(store.policy.clone())?,
            seen,
        })
    }

    fn take_seen(&self) -> Option<Vec<Vec<u8>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Connect for MbedTls {
    fn prefetch(&self, name: &ServerName<'_>) -> usize {
        self.trusting.prefetch(&host(name))
    }

    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            match self.trusting.connect(&host(&name), stream).await {
                Ok(stream) => {
                    let (report, agreed) = (stream.report().cloned(), agreed(stream.alpn_protocol()));
                    (report.map(Box::new), Ok(Connected::over(stream, agreed)))
                }
                Err(error) => connect::broken_off(error, |error: &mbedtls::Error| Some(broken_off(error))),
            }
        })
    }

    fn connect_insecurely<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            // An earlier connection may have been given up.
            self.take_seen();
            let host = host(&name);
            // mbedTLS asks for no address, and cannot compare one.
            let named = host.parse::<IpAddr>().is_err().then_some(&*host);
            let mut tls = Context::new(self.insecure.clone());
            let shaken = tls.establish_async(Flushed(stream), named).await;
            let (seen, verifier) = (self.take_seen(), self.verifier.clone());
            let report = connect::judge(move || {
                let sent = seen?;
                let sent = sent.iter().filter_map(|der| Certificate::from_der(der).ok());
                match verifier.verify(&host, &sent.collect::<List<Certificate>>()) {
                    Ok(report) => Some(report),
                    Err(error) => error.into_report(),
                }
            });
            let mut report = report.await;
            // What the certificate may be used for is looked at in a handshake only.
            let rejection = tls.verify_result().err().and_then(wrong_use);
            if let (Some(report), Some(rejection)) = (&mut report, rejection) {
                report.reject(rejection);
            }
            let agreed = agreed(tls.get_alpn_protocol().ok().flatten());
            let connected = shaken.map(|()| Connected::over(tls, agreed));
            (report, connected.map_err(|error| broken_off(&error)))
        })
    }
}

/// A configuration that goes on whatever is wrong with the certificates. They are kept when mbedTLS asks for the issuers of
/// the first.
fn config(alpn: Arc<NullTerminatedStrList>, seen: Arc<Seen>) -> mbedtls::Result<Config> {
    let mut config = Config::new(Endpoint::Client, Transport::Stream, Preset::Default);
    config.set_rng(Arc::new(CtrDrbg::new(Arc::new(OsEntropy::new()), None)?));
    config.set_min_version(Version::Tls1_2)?;
    config.set_session_tickets(UseSessionTickets::Disabled);
    config.set_renegotiation(Renegotiation::Disabled);
    config.set_alpn_protocols(alpn)?;
    config.set_authmode(AuthMode::Optional);
    config.set_ca_callback(move |sent: &List<Certificate>| {
        let all = || sent.iter().map(|certificate| certificate.as_der().to_vec());
        let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get_or_insert_with(|| all().collect());
        Ok(List::<Certificate>::new())
    });
    Ok(config)
}

fn alpn(protocols: Protocols) -> mbedtls::Result<Arc<NullTerminatedStrList>> {
    let names = protocols.alpn().iter();
    let names: Vec<&str> = names.filter_map(|name| std::str::from_utf8(name).ok()).collect();
    NullTerminatedStrList::new(&names).map(Arc::new)
}

/// The version of TLS, and whether to speak HTTP/2.
fn agreed(protocol: Option<&str>) -> (&'static str, bool) {
    (TLS_VERSION, protocol.map(str::as_bytes) == Some(H2))
}

/// Why a handshake failed.
fn broken_off(error: &mbedtls::Error) -> String {
    key_not_proven(error).map_or_else(|| causes(error), |rejection| rejection.to_string())
}

/// What is wrong with a server's certificate that mbedTLS looks at in a handshake only.
fn wrong_use(flags: VerifyError) -> Option<Rejection> {
    if flags.intersects(VerifyError::CERT_KEY_USAGE | VerifyError::CERT_EXT_KEY_USAGE) {
        return Some(Rejection::WrongPurpose { original: None });
    }
    let is_bad_key = flags.contains(VerifyError::CERT_BAD_KEY);
    is_bad_key.then(|| Rejection::UnsupportedKey {
        detail: Some("the key of the certificate is of a kind that is not acceptable".to_owned()),
        original: None,
    })
}

/// A stream that sends what was written before it waits for an answer: mbedTLS never flushes the one under it, which may be
/// TLS to a proxy.
struct Flushed(BoxedStream);

impl AsyncRead for Flushed {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Poll::Ready(flushed) = Pin::new(&mut self.0).poll_flush(context) {
            flushed?;
        }
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Flushed {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
