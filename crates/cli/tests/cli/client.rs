//! An HTTPS client that sends any path as it is, in either version of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request, Version};
use hyper_util::rt::{TokioExecutor, TokioIo};
use jit_trust_lab::pki::Ca;
use pki_types::ServerName;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Longer than anything on loopback may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let value = self.headers.get(name);
        value
            .unwrap_or_else(|| panic!("no {name} in {self:#?}"))
            .to_str()
            .unwrap()
    }
}

/// Asks the server at `addr`, whose certificate must be for `localhost` and by `root`.
pub(crate) struct Client {
    pub(crate) addr: SocketAddr,
    pub(crate) root: Ca,
}

/// The versions of HTTP, as TLS names them.
pub(crate) const PROTOCOLS: [&str; 2] = ["http/1.1", "h2"];

impl Client {
    /// One request on a connection of its own.
    #[track_caller]
    pub(crate) fn ask(&self, protocol: &str, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        let host = format!("localhost:{}", self.addr.port());
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = match protocol {
            "h2" => request.uri(format!("https://{host}{path}")),
            _ => request.uri(path).header("host", host),
        };
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        let asking = async {
            let asked = send(self.connect(&[protocol]).await, protocol, request);
            tokio::time::timeout(PATIENCE, asked).await
        };
        block_on(asking).unwrap()
    }

    #[track_caller]
    pub(crate) fn get(&self, protocol: &str, path: &str) -> Answer {
        self.ask(protocol, "GET", path, &[])
    }

    /// A connection that has agreed on one of these protocols.
    pub(crate) async fn connect(&self, protocols: &[&str]) -> TlsStream<TcpStream> {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der()).unwrap();
        let builder = ClientConfig::builder_with_provider(Arc::new(default_provider()));
        let mut config = builder
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = protocols.iter().map(|name| name.as_bytes().to_vec()).collect();
        let tcp = TcpStream::connect(self.addr).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let stream = TlsConnector::from(Arc::new(config)).connect(name, tcp).await;
        let stream = stream.unwrap();
        let agreed = stream.get_ref().1.alpn_protocol();
        assert!(protocols.iter().any(|name| agreed == Some(name.as_bytes())));
        stream
    }
}

pub(crate) fn block_on<T>(work: impl Future<Output = T>) -> T {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    runtime.enable_all().build().unwrap().block_on(work)
}

async fn send(stream: TlsStream<TcpStream>, protocol: &str, request: Request<Empty<Bytes>>) -> Answer {
    let io = TokioIo::new(stream);
    let answer = if protocol == "h2" {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    } else {
        let (mut sender, connection) = http1::handshake(io).await.unwrap();
        tokio::spawn(connection);
        sender.send_request(request).await.unwrap()
    };
    let (head, body) = answer.into_parts();
    Answer {
        status: head.status.as_u16(),
        version: head.version,
        headers: head.headers,
        body: body.collect().await.unwrap().to_bytes(),
    }
}
