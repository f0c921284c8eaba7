//! One connection, from TCP over TLS to HTTP.

use std::convert::Infallible;
use std::pin::pin;
use std::sync::Arc;

use http_body_util::combinators::BoxBody;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::HandshakeKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::log::Log;
use super::response::BodyError;
use super::site::{Handler, Sites};
use super::{Fault, Request, Response};

/// The ALPN name of HTTP/2.
pub(super) const H2: &[u8] = b"h2";
/// The ALPN name of HTTP/1.1.
pub(super) const HTTP_1_1: &[u8] = b"http/1.1";

/// What all connections of a server share.
pub(super) struct Connections {
    pub(super) sites: Arc<Sites>,
    pub(super) plain: Option<Handler>,
    pub(super) tls: TlsAcceptor,
    pub(super) fault: Option<Fault>,
    pub(super) log: Arc<Log>,
    /// Changes when open connections are to be closed.
    pub(super) goodbye: watch::Receiver<()>,
}

/// What the requests of one connection share.
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
    /// Serves a connection to its end. A client that breaks off is no error here: it is often what a test wants.
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
        let Ok(stream) = self.tls.accept(stream).await else {
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
        let handler = self.handler.clone();
        // A handler may block, for a test to order events. If it panics it has said so on stderr.
        let response = tokio::task::spawn_blocking(move || handler(&request)).await;
        let response = response.unwrap_or_else(|_| Response::status(500).body("the handler panicked"));
        if response.is_never() {
            std::future::pending::<()>().await;
        }
        self.log.answered(number);
        Ok(response.into_hyper())
    }
}
