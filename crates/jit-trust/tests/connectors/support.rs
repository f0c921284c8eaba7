//! A store that answers later, servers, and the clients that are tested.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fmt;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jit_trust::{
    AnchorKey, Certificate, ConnectLayer, Connector, DeferredStore, HttpsConnector, LookupRequest,
    LookupResponse, Responder, TlsStream, TokioConnector, TokioTlsStream, TrustPolicy,
};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use crate::stores;

/// A name that the system resolves to loopback.
pub(crate) const HOST: &str = "localhost";

/// A key, and the blob that answers it.
type Anchor = (AnchorKey, Vec<u8>);

/// Answers from a thread of its own, after a while.
#[derive(Clone)]
pub(crate) struct Later {
    anchors: Arc<Mutex<Vec<Anchor>>>,
    queries: Arc<AtomicUsize>,
    delay: Duration,
}

impl Later {
    pub(crate) fn of(roots: &[&Ca], delay: Duration) -> Self {
        let anchor = |root: &&Ca| {
            let der = root.der();
            let subject = Certificate::from_der(&der).unwrap().subject().hash();
            (
                AnchorKey::Subject(subject),
                stores::blob(&[root], stores::Version::V2),
            )
        };
        Self {
            anchors: Arc::new(Mutex::new(roots.iter().map(anchor).collect())),
            queries: Arc::default(),
            delay,
        }
    }

    /// How often it was asked.
    pub(crate) fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }

    /// A policy of this store alone. It soon evicts an anchor that no connection depends on.
    pub(crate) fn trust(&self) -> TrustPolicy {
        TrustPolicy::builder()
            .deferred_store(self.clone())
            .idle_grace(GRACE)
            .build()
    }
}

/// How long an anchor stays after the last connection that depends on it.
pub(crate) const GRACE: Duration = Duration::from_millis(150);

impl DeferredStore for Later {
    fn name(&self) -> String {
        "later".to_owned()
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.queries.fetch_add(1, Ordering::SeqCst);
        let (anchors, delay) = (self.anchors.clone(), self.delay);
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            let anchors = anchors.lock().unwrap();
            let found = anchors.iter().find(|(key, _)| *key == question.key);
            reply.send(match found {
                Some((_, blob)) => LookupResponse::blob(blob.clone()),
                None => Ok(LookupResponse::not_found()),
            });
        });
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}

/// A server of `HOST` and `other.test` whose chain leads to this root.
pub(crate) fn server_of(root: &Ca, with: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Server {
    let ca = root.intermediate("CA");
    let leaf = ca.leaf_for(&[HOST, "other.test", "127.0.0.1"]);
    let builder = Server::builder().default_site(leaf.key(), leaf.chain(&[&ca]), |_| Response::ok("hello"));
    with(builder).start()
}

pub(crate) fn config(trust: &TrustPolicy) -> ClientConfig {
    let provider = aws_lc_rs::default_provider().into();
    jit_trust::client_config_with_provider(trust.clone(), provider).unwrap()
}

pub(crate) fn connector(trust: &TrustPolicy) -> Connector {
    Connector::with_config(trust.clone(), config(trust))
}

pub(crate) fn tokio_connector(trust: &TrustPolicy) -> TokioConnector {
    TokioConnector::with_config(trust.clone(), config(trust))
}

pub(crate) fn connect(connector: &Connector, server: &Server) -> std::io::Result<TlsStream> {
    connector.connect(HOST.try_into().unwrap(), TcpStream::connect(server.addr())?)
}

pub(crate) type TokioStream = TokioTlsStream<tokio::net::TcpStream>;

pub(crate) async fn connect_async(
    connector: &TokioConnector,
    server: &Server,
) -> std::io::Result<TokioStream> {
    let tcp = tokio::net::TcpStream::connect(server.addr()).await?;
    connector.connect(HOST.try_into().unwrap(), tcp).await
}

pub(crate) type HyperClient = Client<HttpsConnector<HttpConnector>, Empty<Bytes>>;

pub(crate) fn hyper_client(trust: &TrustPolicy) -> HyperClient {
    let mut config = config(trust);
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    let connector = TokioConnector::with_config(trust.clone(), config);
    Client::builder(TokioExecutor::new()).build(HttpsConnector::with_connectors(connector, tcp))
}

pub(crate) async fn get_with_hyper(client: &HyperClient, url: &str) -> Result<String, String> {
    let answer = client
        .get(url.parse().unwrap())
        .await
        .map_err(|error| format!("{error:?}"))?;
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(|error| format!("{error:?}"))?;
    Ok(String::from_utf8(body.to_bytes().to_vec()).unwrap())
}

pub(crate) fn reqwest_client(trust: &TrustPolicy) -> reqwest::Client {
    let mut config = config(trust);
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()];
    let builder = reqwest::Client::builder().tls_backend_preconfigured(config);
    builder.connector_layer(ConnectLayer::default()).build().unwrap()
}

pub(crate) async fn get_with_reqwest(client: &reqwest::Client, url: &str) -> Result<String, String> {
    let answer = client
        .get(url)
        .send()
        .await
        .map_err(|error| format!("{error:?}"))?;
    answer.text().await.map_err(|error| format!("{error:?}"))
}

pub(crate) fn runtime() -> tokio::runtime::Runtime {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap()
}

/// Runs on one thread, so that a task that waits would stop all others.
pub(crate) fn block_on<T>(task: impl Future<Output = T>) -> T {
    runtime().block_on(task)
}

/// Waits until something holds, five seconds at most.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(5);
    while !condition() {
        assert!(
            Instant::now() < deadline,
            "it did not come to that within five seconds"
        );
        std::thread::sleep(Duration::from_millis(2));
    }
}
