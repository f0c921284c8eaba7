//! `--insecure`: servers that need not be trusted.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll};

use jit_trust::mbedtls::Connector;
use mbedtls::alloc::List;
use mbedtls::rng::{CtrDrbg, OsEntropy};
use mbedtls::ssl::config::{
    AuthMode, Endpoint, Preset, Renegotiation, Transport, UseSessionTickets, Version,
};
use mbedtls::ssl::{Config, Context};
use mbedtls::x509::Certificate;
use pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::super::{Connect, Connected, Connecting, Protocols};
use super::{TLS_VERSION, alpn, broken_off, host, is_http2};
use crate::exit::Failure;
use crate::http::connector::BoxedStream;
use crate::store::Store;
use crate::trust::{self, LastDecision};

/// Makes connections to any server that holds the key of its certificate, and has the verdict on it told to whoever
/// listens, whatever it is.
pub(in super::super) struct Insecure {
    config: Arc<Config>,
    judge: Connector,
    seen: Arc<Seen>,
    last: LastDecision,
}

/// The certificates that the latest server sent, its own first. Connections are made one after the other.
#[derive(Default)]
struct Seen(Mutex<Option<Vec<Vec<u8>>>>);

impl Insecure {
    pub(in super::super) fn new(
        store: &Store,
        protocols: Protocols,
        last: &LastDecision,
    ) -> Result<Self, Failure> {
        let seen = Arc::<Seen>::default();
        let config = config(protocols, seen.clone()).map_err(Failure::failed)?;
        let judge = Connector::new(store.trust.clone()).map_err(Failure::failed)?;
        Ok(Self {
            config: Arc::new(config),
            judge: judge.on_verification(last.listener(store)),
            seen,
            last: last.clone(),
        })
    }

    /// Has it told whether the server would have been trusted. A store may be waited for, which must hold nothing else up.
    async fn judge(&self, host: String) {
        let Some(sent) = self.seen.take() else { return };
        let judge = self.judge.clone();
        let judged = tokio::task::spawn_blocking(move || {
            let sent = sent.iter().filter_map(|der| Certificate::from_der(der).ok());
            // Whoever listens has heard it.
            let _ = judge.verify(&host, &sent.collect::<List<Certificate>>());
        });
        // It fails where the runtime ends, and then nobody wants to know any more.
        let _ = judged.await;
    }
}

impl Connect for Insecure {
    fn connect<'c>(&'c self, name: ServerName<'static>, stream: BoxedStream) -> Connecting<'c> {
        Box::pin(async move {
            // An earlier connection may have been given up.
            self.seen.take();
            let host = host(&name);
            // mbedTLS asks for no address, and cannot compare one.
            let named = host.parse::<IpAddr>().is_err().then_some(&*host);
            let mut tls = Context::new(self.config.clone());
            let shaken = tls.establish_async(Flushed(stream), named).await;
            self.judge(host.clone()).await;
            // What the certificate may be used for is looked at in a handshake only.
            let flags = tls.verify_result().err();
            if let Some(words) = flags.and_then(trust::mbedtls::wrong_use) {
                self.last.refuse(words);
            }
            shaken.map_err(|error| broken_off(&error))?;
            let is_http2 = is_http2(tls.get_alpn_protocol().ok().flatten());
            Ok(Connected {
                stream: Box::new(tls),
                version: TLS_VERSION,
                is_http2,
            })
        })
    }
}

/// Goes on whatever is wrong with the certificates, which are kept when mbedTLS asks who could have issued the first.
fn config(protocols: Protocols, seen: Arc<Seen>) -> mbedtls::Result<Config> {
    let mut config = Config::new(Endpoint::Client, Transport::Stream, Preset::Default);
    config.set_rng(Arc::new(CtrDrbg::new(Arc::new(OsEntropy::new()), None)?));
    config.set_min_version(Version::Tls1_2)?;
    config.set_session_tickets(UseSessionTickets::Disabled);
    config.set_renegotiation(Renegotiation::Disabled);
    config.set_alpn_protocols(alpn(protocols)?)?;
    config.set_authmode(AuthMode::Optional);
    config.set_ca_callback(move |sent: &List<Certificate>| {
        seen.set_first(sent);
        Ok(List::<Certificate>::new())
    });
    Ok(config)
}

impl Seen {
    fn set_first(&self, sent: &List<Certificate>) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get_or_insert_with(|| {
            sent.iter()
                .map(|certificate| certificate.as_der().to_vec())
                .collect()
        });
    }

    fn take(&self) -> Option<Vec<Vec<u8>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
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

impl fmt::Debug for Insecure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Insecure").finish_non_exhaustive()
    }
}
