//! One connection, from TCP over TLS to HTTP.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::server::Acceptor;
use rustls::{HandshakeKind, ServerConfig};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use super::fault::drain;
use super::log::Log;
use super::response::BodyError;
use super::site::{Greeting, Handler, Site, Sites};
use super::{Fault, Request, Response};

/// The ALPN name of HTTP/2.
pub(super) const H2: &[u8] = b"h2";
/// The ALPN name of HTTP/1.1.
pub(super) const HTTP_1_1: &[u8] = b"http/1.1";

/// The state that all connections of a server share.
pub(super) struct Connections {
    pub(super) sites: Arc<Sites>,
    pub(super) plain: Option<Handler>,
    pub(super) tls: Tls,
    pub(super) fault: Option<Fault>,
    pub(super) log: Arc<Log>,
    /// Changes when open connections are to be closed.
    pub(super) goodbye: watch::Receiver<()>,
}

/// The TLS of a server, which a site may narrow.
pub(super) struct Tls {
    usual: Arc<ServerConfig>,
    http1_only: Arc<ServerConfig>,
}

impl Tls {
    pub(super) fn new(usual: ServerConfig) -> Self {
        // The clone has the same session cache.
        let mut http1_only = usual.clone();
        http1_only.alpn_protocols = vec![HTTP_1_1.to_vec()];
        Self {
            usual: Arc::new(usual),
            http1_only: Arc::new(http1_only),
        }
    }
}

/// The state that the requests of one connection share.
struct Exchange {
    handler: Handler,
    server_name: Option<String>,
    port: u16,
    log: Arc<Log>,
    goodbye: watch::Receiver<()>,
}

/// A connection that is open.
struct Open<'a>(&'a Log);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.disconnected();
    }
}

impl Connections {
    /// Serves a connection to its end. A client that breaks off is no error here: it is often what a test
    /// wants.
    pub(super) async fn serve(self: Arc<Self>, stream: TcpStream) {
        self.log.connected();
        let _open = Open(&self.log);
        let mut goodbye = self.goodbye.clone();
        goodbye.mark_unchanged();
        // Latency is measured with this server; Nagle's algorithm would be part of it.
        let _ = stream.set_nodelay(true);
        let Ok(addr) = stream.local_addr() else { return };
        let stream = match self.fault {
            None => stream,
            Some(fault) => match fault.strike(stream).await {
                Some(stream) => stream,
                None => return,
            },
        };
        if let Some(handler) = self.plain.clone() {
            let exchange = Exchange {
                handler,
                server_name: None,
                port: addr.port(),
                log: self.log.clone(),
                goodbye,
            };
            return exchange.serve(stream, false).await;
        }
        let Some(stream) = self.clone().shake_hands(stream).await else {
            return;
        };
        let session = stream.get_ref().1;
        self.log
            .shook_hands(session.handshake_kind() == Some(HandshakeKind::Resumed));
        if self.fault == Some(Fault::CloseAfterHandshake) {
            return;
        }
        let Some(handler) = self.sites.handler(session.server_name()) else {
            return;
        };
        let server_name = session.server_name().map(str::to_owned);
        let http2 = session.alpn_protocol() == Some(H2);
        Exchange {
            handler,
            server_name,
            port: addr.port(),
            log: self.log.clone(),
            goodbye,
        }
        .serve(stream, http2)
        .await;
    }

    /// Reads the ClientHello and does as the site that it names does. None when there is no connection to
    /// serve.
    async fn shake_hands(self: Arc<Self>, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let mut start = LazyConfigAcceptor::new(Acceptor::default(), stream).await.ok()?;
        let server_name = start.client_hello().server_name().map(str::to_owned);
        if let Some(server_name) = &server_name {
            self.log.greeted(server_name);
        }
        let site = self.sites.find(server_name.as_deref());
        if let Some(site) = site.clone().filter(Site::may_take_time) {
            // The other connections don't wait for it.
            tokio::task::spawn_blocking(move || site.prepare()).await.ok()?;
        }
        let config = match site.map_or_else(Greeting::default, |site| site.greets_with()) {
            Greeting::Handshake => &self.tls.usual,
            Greeting::Http1Only => &self.tls.http1_only,
            Greeting::Silence => {
                drain(&mut start.io).await;
                return None;
            }
        };
        start.into_stream(config.clone()).await.ok()
    }
}

impl Exchange {
    async fn serve(self, stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, http2: bool) {
        let mut goodbye = self.goodbye.clone();
        let exchange = Arc::new(self);
        let service = service_fn(move |request| exchange.clone().answer(request));
        let io = TokioIo::new(stream);
        // How a connection ends is the client's to judge.
        let _ = if http2 {
            let connection = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service);
            let mut connection = pin!(connection);
            tokio::select! {
                ended = &mut connection => ended,
                _ = goodbye.changed() => {
                    connection.as_mut().graceful_shutdown();
                    connection.await
                }
            }
        } else {
            http1::Builder::new().serve_connection(io, service).await
        };
    }

    async fn answer(
        self: Arc<Self>,
        request: hyper::Request<Incoming>,
    ) -> Result<hyper::Response<BoxBody<Bytes, BodyError>>, Infallible> {
        let Ok(request) = Request::read(request, self.server_name.clone(), self.port).await else {
            return Ok(Response::status(400).into_hyper());
        };
        let number = self.log.seen(request.clone());
        let mut unanswered = Unanswered(Some(&self.log));
        let handler = self.handler.clone();
        // A handler may block, for a test to order events. If it panics it has said so on stderr.
        let response = tokio::task::spawn_blocking(move || handler(&request)).await;
        let response = response.unwrap_or_else(|_| Response::status(500).body("the handler panicked"));
        if response.is_never() {
            std::future::pending::<()>().await;
        }
        self.log.answered(number);
        unanswered.0 = None;
        Ok(response.into_hyper())
    }
}

/// A request that has no answer yet; one that is dropped with it was taken back.
struct Unanswered<'a>(Option<&'a Log>);

impl Drop for Unanswered<'_> {
    fn drop(&mut self) {
        if let Some(log) = self.0 {
            log.taken_back();
        }
    }
}
