//! A client as small as it can be: rustls with one root, hyper over it, one connection a call.

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jit_trust_lab::pki::Ca;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A configuration that trusts one root and offers these protocols.
pub(crate) fn trusting(root: &Ca, alpn: &[&str]) -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(root.der()).unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Arc::new(config)
}

/// A TLS connection to `addr` for `name`; five seconds at most.
pub(crate) async fn connect(
    addr: SocketAddr,
    name: &str,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>> {
    let tcp = TcpStream::connect(addr).await?;
    over(tcp, name, config).await
}

/// TLS for `name` over a connection that is there.
pub(crate) async fn over(
    tcp: TcpStream,
    name: &str,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<TcpStream>> {
    let name = ServerName::try_from(name.to_owned())?;
    let handshake = TlsConnector::from(config.clone()).connect(name, tcp);
    Ok(tokio::time::timeout(Duration::from_secs(5), handshake).await??)
}

/// An answer read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) version: hyper::Version,
    pub(crate) body: Bytes,
}

/// GETs each URL in turn over one connection, in the protocol that TLS agreed on.
pub(crate) async fn get_all(stream: TlsStream<TcpStream>, urls: &[String]) -> Result<Vec<Answer>> {
    let http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    get_all_over(stream, http2, urls).await
}

/// GETs each URL in turn over one connection.
pub(crate) async fn get_all_over<S>(stream: S, http2: bool, urls: &[String]) -> Result<Vec<Answer>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let io = TokioIo::new(stream);
    let mut answers = Vec::new();
    if http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await?;
        tokio::spawn(connection);
        for url in urls {
            let request = hyper::Request::get(url)
                .header("cookie", "a=b")
                .header("cookie", "c=d=e; a=f")
                .body(Empty::<Bytes>::new())?;
            answers.push(whole(sender.send_request(request).await?).await?);
        }
    } else {
        let (mut sender, connection) = http1::handshake(io).await?;
        tokio::spawn(connection);
        for url in urls {
            let uri: hyper::Uri = url.parse()?;
            let host = uri.authority().unwrap().as_str();
            let request = hyper::Request::get(uri.path_and_query().unwrap().as_str())
                .header("host", host)
                .header("cookie", "a=b")
                .header("cookie", "c=d=e; a=f")
                .body(Empty::<Bytes>::new())?;
            answers.push(whole(sender.send_request(request).await?).await?);
            sender.ready().await.ok();
        }
    }
    Ok(answers)
}

async fn whole(response: hyper::Response<hyper::body::Incoming>) -> Result<Answer> {
    let (parts, body) = response.into_parts();
    let body = body.collect().await?.to_bytes();
    Ok(Answer {
        status: parts.status.as_u16(),
        headers: parts.headers,
        version: parts.version,
        body,
    })
}
