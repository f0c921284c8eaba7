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
use tokio::sync::{Semaphore, watch};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::activity::{Activity, Limits, Over};
use super::answer::{Served, Webroot};
use super::room::{MAX_LONG_FILES, Place};
use crate::exit::causes;
use crate::http::H2;
use crate::shown::shown;
use crate::terminal::say;

/// How long the TLS handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long the head of an HTTP/1.1 request may take, and how long to wait for it.
const HEADERS: Duration = Duration::from_secs(10);
/// How long an answer that has begun may still take when the connection is to end.
const LAST_ANSWER: Duration = Duration::from_secs(5);

/// The longest head of a request, in bytes. The longest path of a webroot has 300.
const MAX_HEAD: u16 = 16 << 10;
/// How many requests of one HTTP/2 connection are answered at a time.
const MAX_STREAMS: u32 = 32;
/// What is taken of the body of a request, which no answer depends on: on each stream, and of all together, in bytes.
/// HTTP/2 has no less for all together.
const MAX_BODY: u32 = 1 << 10;
const MAX_BODIES: u32 = 65_535;
/// How much of an answer may wait encrypted, in bytes.
const MAX_ENCRYPTED: usize = 16 << 10;

/// What every client is served with.
pub(super) struct Clients {
    pub(super) tls: TlsAcceptor,
    pub(super) webroot: Webroot,
    pub(super) limits: Limits,
    pub(super) is_verbose: bool,
}

impl Clients {
    /// Serves one client to its end, until another needs its place, or until `stopping` says that all is to end.
    pub(super) async fn serve(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        place: Place,
        mut stopping: watch::Receiver<bool>,
    ) {
        let accepting = self.tls.accept_with(stream, |connection| {
            connection.set_buffer_limit(Some(MAX_ENCRYPTED));
        });
        let shaken = tokio::select! {
            shaken = timeout(HANDSHAKE, accepting) => shaken,
            why = place.activity.over() => return self.note_end(peer, why),
            _ = stopping.wait_for(|is_stopping| *is_stopping) => return,
        };
        match shaken {
            Ok(Ok(stream)) => self.speak_http(stream, peer, &place.activity, stopping).await,
            Ok(Err(error)) => self.note(format_args!("{peer} TLS handshake: {}", causes(&error))),
            Err(_) => self.note(format_args!(
                "{peer} TLS handshake: not done within {} seconds",
                HANDSHAKE.as_secs()
            )),
        }
    }

    async fn speak_http(
        self: &Arc<Self>,
        stream: TlsStream<TcpStream>,
        peer: SocketAddr,
        activity: &Arc<Activity>,
        mut stopping: watch::Receiver<bool>,
    ) {
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(H2);
        let long = Arc::new(Semaphore::new(MAX_LONG_FILES as usize));
        let service = service_fn(|request: Request<Incoming>| {
            let under_way = activity.begin();
            let (clients, long) = (Arc::clone(self), Arc::clone(&long));
            async move {
                let answer = clients.webroot.answer(&request, &under_way, &long).await;
                clients.note_answer(&request, &answer, peer);
                Ok::<_, Infallible>(answer)
            }
        });
        let builder = builder(is_http2);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let last_answer = tokio::select! {
            // How a client leaves is its own affair.
            _ = connection.as_mut() => return,
            why = activity.over() => {
                self.note_end(peer, why);
                match why {
                    Over::Idle => LAST_ANSWER,
                    // Enough to say so, where that takes no waiting.
                    Over::Displaced => Duration::ZERO,
                    Over::Stalled => return,
                }
            }
            _ = stopping.wait_for(|is_stopping| *is_stopping) => LAST_ANSWER,
        };
        connection.as_mut().graceful_shutdown();
        tokio::select! {
            _ = timeout(last_answer, connection) => {}
            // It was to end anyway, and now another client waits for its place.
            () = activity.is_displaced() => {}
        }
    }

    fn note_answer(&self, request: &Request<Incoming>, answer: &Served, peer: SocketAddr) {
        self.note(format_args!(
            "{peer} {:?} {} {} {} {}",
            request.version(),
            request.method(),
            shown(request.uri().path()),
            answer.status().as_u16(),
            answer.body().size_hint().lower(),
        ));
    }

    fn note_end(&self, peer: SocketAddr, why: Over) {
        let Limits { idle, stalled } = self.limits;
        match why {
            Over::Idle => self.note(format_args!(
                "{peer} closed: asked for nothing for {} seconds",
                idle.as_secs()
            )),
            Over::Stalled => self.note(format_args!(
                "{peer} closed: did not take an answer for {} seconds, or took less than a chunk a second",
                stalled.as_secs()
            )),
            Over::Displaced => self.note(format_args!("{peer} closed: another client needs the place")),
        }
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
        .initial_stream_window_size(MAX_BODY)
        .initial_connection_window_size(MAX_BODIES)
        .max_header_list_size(MAX_HEAD.into());
    if is_http2 {
        builder.http2_only()
    } else {
        builder.http1_only()
    }
}
