//! One connection that speaks HTTP.

use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::{http1, http2};
use hyper::header::{HOST, HeaderMap, PROXY_AUTHORIZATION};
use hyper::rt::{Read, Write};
use hyper::{Method, Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioTimer};

use super::error::Error;
use super::hop::{Hop, Stage};
use super::proxy::Proxy;

type Body = Empty<Bytes>;

/// The longest header fields of an HTTP/2 answer together, in bytes: what hyper takes of HTTP/1.1 or so.
const MAX_HEADERS: u32 = 256 << 10;

/// A connection, ready for one request after the other.
pub(super) struct Connection {
    sender: Sender,
    /// The proxy that the connection ends at, which wants whole URLs.
    proxy: Option<Proxy>,
}

enum Sender {
    Http1(http1::SendRequest<Body>),
    Http2(http2::SendRequest<Body>),
}

impl Connection {
    /// A connection over `stream`, in the version of HTTP that both sides have agreed on.
    pub(super) async fn over(
        at: &str,
        stream: impl Read + Write + Send + Unpin + 'static,
        is_http2: bool,
        proxy: Option<Proxy>,
        hop: &mut Hop,
    ) -> Result<Self, Error> {
        hop.stage = Stage::Request;
        hop.protocol = Some(if is_http2 { "h2" } else { "http/1.1" });
        let failed = |error: hyper::Error| Error::at(Stage::Request, at, &error);
        // What ends the connection is an error of the answer or body that is waited for.
        let sender = if is_http2 {
            let mut builder = http2::Builder::new(TokioExecutor::new());
            builder
                .timer(TokioTimer::new())
                .max_header_list_size(MAX_HEADERS)
                .keep_alive_interval(Some(Duration::from_secs(30)));
            let (sender, connection) = builder.handshake(stream).await.map_err(failed)?;
            tokio::spawn(connection);
            Sender::Http2(sender)
        } else {
            let (sender, connection) = http1::handshake(stream).await.map_err(failed)?;
            tokio::spawn(connection);
            Sender::Http1(sender)
        };
        Ok(Self { sender, proxy })
    }

    /// What the connection speaks, as ALPN names it.
    pub(super) fn protocol(&self) -> &'static str {
        match self.sender {
            Sender::Http1(_) => "http/1.1",
            Sender::Http2(_) => "h2",
        }
    }

    /// Sends a GET and waits for the head of the answer.
    pub(super) async fn get(
        &mut self,
        at: &str,
        url: &Uri,
        headers: &HeaderMap,
    ) -> Result<Response<Incoming>, Error> {
        let request = self.request(url, headers);
        let request = request.map_err(|error| Error::at(Stage::Request, at, &error))?;
        let answered = match &mut self.sender {
            Sender::Http1(sender) => match sender.ready().await {
                Ok(()) => sender.send_request(request).await,
                Err(error) => Err(error),
            },
            Sender::Http2(sender) => match sender.ready().await {
                Ok(()) => sender.send_request(request).await,
                Err(error) => Err(error),
            },
        };
        answered.map_err(|error| Error::at(Stage::Request, at, &error))
    }

    fn request(&self, url: &Uri, headers: &HeaderMap) -> Result<Request<Body>, hyper::http::Error> {
        let mut headers = headers.clone();
        let uri = match (&self.sender, &self.proxy) {
            (Sender::Http1(_), None) => url
                .path_and_query()
                .map_or_else(|| Uri::from_static("/"), |path| path.clone().into()),
            (Sender::Http1(_), Some(proxy)) => {
                if let Some(auth) = proxy.basic_auth() {
                    headers.insert(PROXY_AUTHORIZATION, auth);
                }
                url.clone()
            }
            // HTTP/2 has an :authority in place of Host (RFC 9113 section 8.3.1), and hyper takes it from the URI.
            (Sender::Http2(_), _) => {
                match headers.remove(HOST).map(|host| host.to_str().map(str::to_owned)) {
                    Some(Ok(host)) => {
                        let mut parts = url.clone().into_parts();
                        parts.authority = Some(host.parse()?);
                        Uri::from_parts(parts)?
                    }
                    _ => url.clone(),
                }
            }
        };
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(uri)
            .body(Body::new())?;
        *request.headers_mut() = headers;
        Ok(request)
    }
}
