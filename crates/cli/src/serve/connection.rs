//! One client, and the time that it is given.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpStream;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::answer::{Answer, Webroot};
use crate::exit::Causes;
use crate::http::H2;
use crate::shown::shown;
use crate::terminal::say;

/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of an HTTP/1.1 request may take, and how long to wait for it.
const HEADERS: Duration = Duration::from_secs(10);
/// How long a client is kept that asks for nothing.
const IDLE: Duration = Duration::from_secs(60);
/// How long an answer that has begun may still take when the connection is to end.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// The longest head of a request, in bytes. The longest path of a webroot has 300.
const MAX_HEAD: u16 = 16 << 10;
/// How many requests of one HTTP/2 connection are answered at a time.
const MAX_STREAMS: u32 = 32;

/// What every client is served with.
pub(super) struct Clients {
    pub(super) tls: TlsAcceptor,
    pub(super) webroot: Arc<Webroot>,
    pub(super) is_verbose: bool,
}

impl Clients {
    /// Serves one client to its end, or until `stopping` says that all is to end.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        mut stopping: watch::Receiver<bool>,
    ) {
        let shaken = tokio::select! {
            shaken = timeout(HANDSHAKE, self.tls.accept(stream)) => shaken,
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.speak_http(stream, peer, stopping).await,
            Ok(Err(error)) => self.note(format_args!(
                "{peer} TLS handshake: {}",
                shown(Causes(&error).to_string())
            )),
            Err(_) => self.note(format_args!(
                "{peer} TLS handshake: not done within {} seconds",
                HANDSHAKE.as_secs()
            )),
        }
    }

    async fn speak_http(
        self: Arc<Self>,
        stream: TlsStream<TcpStream>,
        peer: SocketAddr,
        mut stopping: watch::Receiver<bool>,
    ) {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        let asked = Notify::new();
        let service = service_fn(|request: Request<Incoming>| {
            asked.notify_one();
            let clients = Arc::clone(&self);
            async move { Ok::<_, Infallible>(clients.answer(&request, peer).await) }
        });
        let builder = builder(is_http2);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let idle = async { while timeout(IDLE, asked.notified()).await.is_ok() {} };
        tokio::select! {
            // How a client leaves is its own affair.
            _ = connection.as_mut() => return,
            () = idle => {}
            _ = stopping.wait_for(|is_stopping| *is_stopping) => {}
        }
        connection.as_mut().graceful_shutdown();
        let _ = timeout(LAST_ANSWER, connection).await;
    }

    async fn answer(&self, request: &Request<Incoming>, peer: SocketAddr) -> Answer {
        let answer = self.webroot.answer(request).await;
        self.note(format_args!(
            "{peer} {:?} {} {} {} {}",
            request.version(),
            request.method(),
            shown(request.uri().path()),
            answer.status().as_u16(),
            answer.body().size_hint().lower(),
        ));
        answer
    }

    fn note(&self, what: impl std::fmt::Display) {
        if self.is_verbose {
            say(what);
        }
    }
}

/// HTTP in the version that TLS agreed on, within the limits above.
fn builder(is_http2: bool) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADERS)
        .max_buf_size(MAX_HEAD.into());
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD.into());
    if is_http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    }
}
