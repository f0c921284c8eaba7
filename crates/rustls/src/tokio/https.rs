//! The connector for hyper.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::Uri;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use jit_trust_engine::{Prefetched, TrustPolicy};
use rustls::pki_types::ServerName;
use tower_service::Service;

use super::{TokioConnector, TokioTlsStream};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A connector for hyper-util's client: a [`TokioConnector`] over any connector for TCP. Connections that the client's pool
/// keeps count as open.
///
/// URLs with the scheme `http` are an error unless [`allowing_http`](Self::allowing_http).
///
/// ```no_run
/// use hyper_util::client::legacy::Client;
/// use hyper_util::rt::TokioExecutor;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let policy = jit_trust::TrustPolicy::new(jit_trust::mozilla());
/// let https = jit_trust::HttpsConnector::new(policy);
/// let client = Client::builder(TokioExecutor::new()).build(https);
/// # let body = http_body_util::Empty::<hyper::body::Bytes>::new();
/// let request = hyper::Request::get("https://www.rust-lang.org/").body(body)?;
/// let response = client.request(request).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HttpsConnector<C = HttpConnector> {
    connector: TokioConnector,
    tcp: C,
    allows_http: bool,
}

impl HttpsConnector {
    /// A connector that resolves names with the system's resolver, and offers HTTP/2 and HTTP/1.1.
    ///
    /// # Panics
    /// As [`TokioConnector::new`].
    pub fn new(policy: impl Into<TrustPolicy>) -> Self {
        let policy = policy.into();
        let mut config = crate::client_config(policy.clone());
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        Self::with_connectors(TokioConnector::with_config(policy, config), tcp)
    }
}

impl<C> HttpsConnector<C> {
    /// A connector over the connections of `tcp`. It offers the protocols of the connector's configuration.
    pub fn with_connectors(connector: TokioConnector, tcp: C) -> Self {
        Self {
            connector,
            tcp,
            allows_http: false,
        }
    }

    /// Makes connections without TLS for URLs with the scheme `http`.
    #[must_use]
    pub fn allowing_http(mut self) -> Self {
        self.allows_http = true;
        self
    }
}

impl<C> Service<Uri> for HttpsConnector<C>
where
    C: Service<Uri>,
    C::Response: Read + Write + Connection + Unpin + Send + 'static,
    C::Future: Send + 'static,
    C::Error: Into<BoxError>,
{
    type Response = MaybeHttps<C::Response>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(context).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let server = match uri.scheme_str() {
            Some("https") => Some(server_name(&uri)),
            Some("http") if self.allows_http => None,
            scheme => {
                let text = format!(
                    "expected a URL of https, not of {}",
                    scheme.unwrap_or("no scheme")
                );
                return Box::pin(async move { Err(text.into()) });
            }
        };
        let asked = match &server {
            Some(Ok(server)) => self.connector.policy().prefetch(&server.to_str()),
            _ => Prefetched::default(),
        };
        let tcp = self.tcp.call(uri);
        let connector = self.connector.clone();
        Box::pin(async move {
            let _asked = asked;
            let Some(server) = server else {
                return Ok(MaybeHttps(Stream::Http(tcp.await.map_err(Into::into)?)));
            };
            let server = server?;
            let tcp = tcp.await.map_err(Into::into)?;
            let tls = connector.connect(server, TokioIo::new(tcp)).await?;
            Ok(MaybeHttps(Stream::Https(Box::new(TokioIo::new(tls)))))
        })
    }
}

fn server_name(uri: &Uri) -> Result<ServerName<'static>, BoxError> {
    let host = uri.host().unwrap_or_default();
    // An IPv6 address is in brackets.
    let host = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host);
    Ok(ServerName::try_from(host.to_owned())?)
}

/// A connection with TLS; or without, where that was allowed.
#[derive(Debug)]
pub struct MaybeHttps<T>(Stream<T>);

#[derive(Debug)]
enum Stream<T> {
    Http(T),
    Https(Box<TokioIo<TokioTlsStream<TokioIo<T>>>>),
}

impl<T: Connection> Connection for MaybeHttps<T> {
    fn connected(&self) -> Connected {
        match &self.0 {
            Stream::Http(tcp) => tcp.connected(),
            Stream::Https(tls) => {
                let (tcp, tls) = tls.inner().get_ref();
                let connected = tcp.inner().connected();
                match tls.alpn_protocol() {
                    Some(b"h2") => connected.negotiated_h2(),
                    _ => connected,
                }
            }
        }
    }
}

impl<T: Read + Write + Unpin> Read for MaybeHttps<T> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Stream::Http(tcp) => Pin::new(tcp).poll_read(context, buffer),
            Stream::Https(tls) => Pin::new(tls).poll_read(context, buffer),
        }
    }
}

impl<T: Read + Write + Unpin> Write for MaybeHttps<T> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Stream::Http(tcp) => Pin::new(tcp).poll_write(context, bytes),
            Stream::Https(tls) => Pin::new(tls).poll_write(context, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().0 {
            Stream::Http(tcp) => Pin::new(tcp).poll_write_vectored(context, bytes),
            Stream::Https(tls) => Pin::new(tls).poll_write_vectored(context, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.0 {
            Stream::Http(tcp) => tcp.is_write_vectored(),
            Stream::Https(tls) => tls.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Stream::Http(tcp) => Pin::new(tcp).poll_flush(context),
            Stream::Https(tls) => Pin::new(tls).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().0 {
            Stream::Http(tcp) => Pin::new(tcp).poll_shutdown(context),
            Stream::Https(tls) => Pin::new(tls).poll_shutdown(context),
        }
    }
}
