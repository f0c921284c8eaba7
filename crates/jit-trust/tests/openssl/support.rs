//! Servers, stores and clients.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::openssl::{Connector, TlsStream, TokioConnector, TokioTlsStream, Verifier};
use jit_trust::{
    AnchorKey, BlobStore, Certificate, DatedRoot, DeferredStore, LookupRequest, LookupResponse, Rejection,
    Responder, TrustPolicy,
};
use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Response, Server};
use openssl::ssl::{HandshakeError, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream};
use openssl::x509::{X509, X509VerifyResult};
use pki_types::CertificateDer;

use crate::stores::{self, Version};

pub(crate) const HOST: &str = "a.test";

pub(crate) fn server(leaf: &Leaf, chain: Vec<CertificateDer<'static>>) -> Server {
    Server::builder()
        .default_site(leaf.key(), chain, |_| Response::ok("hello"))
        .start()
}

/// A server whose chain leads over an intermediate to this root.
pub(crate) fn server_of(root: &Ca) -> Server {
    let ca = root.intermediate("CA");
    let leaf = ca.leaf_for(&[HOST, "127.0.0.1"]);
    server(&leaf, leaf.chain(&[&ca]))
}

pub(crate) fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    store_of(stores::blob(roots, Version::V2))
}

/// A store in memory of this blob.
pub(crate) fn store_of(blob: Vec<u8>) -> BlobStore<Vec<u8>> {
    BlobStore::new(blob).unwrap()
}

pub(crate) fn connect(connector: &Connector, server: &Server) -> io::Result<TlsStream> {
    connector.connect(HOST, TcpStream::connect(server.addr())?)
}

pub(crate) fn get_over(tls: &mut TlsStream) -> io::Result<String> {
    tls.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn get(connector: &Connector, server: &Server) -> io::Result<String> {
    get_over(&mut connect(connector, server)?)
}

/// How long an anchor stays after the last connection that depends on it.
pub(crate) const GRACE: Duration = Duration::from_millis(150);

/// Answers from a thread of its own, after a while.
#[derive(Clone)]
pub(crate) struct Later(Arc<Known>);

struct Known {
    anchors: Vec<(AnchorKey, Vec<u8>)>,
    asked: Mutex<Vec<AnchorKey>>,
    delay: Duration,
}

impl Later {
    pub(crate) fn of(roots: &[&Ca], delay: Duration) -> Self {
        let anchor = |root: &&Ca| (key_of(root), stores::blob(&[root], Version::V2));
        Self(Arc::new(Known {
            anchors: roots.iter().map(anchor).collect(),
            asked: Mutex::default(),
            delay,
        }))
    }

    /// What it was asked, in that order.
    pub(crate) fn asked(&self) -> Vec<AnchorKey> {
        self.0.asked.lock().unwrap().clone()
    }

    /// How often it was asked.
    pub(crate) fn queries(&self) -> usize {
        self.asked().len()
    }

    /// A policy of this store alone. It soon evicts an anchor that no connection depends on.
    pub(crate) fn trust(&self) -> TrustPolicy {
        TrustPolicy::builder()
            .deferred_store(self.clone())
            .idle_grace(GRACE)
            .build()
    }
}

impl DeferredStore for Later {
    fn name(&self) -> String {
        "later".to_owned()
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.0.asked.lock().unwrap().push(question.key.clone());
        let known = self.0.clone();
        std::thread::spawn(move || {
            std::thread::sleep(known.delay);
            let found = known.anchors.iter().find(|(key, _)| *key == question.key);
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

/// What a store is asked for a root.
pub(crate) fn key_of(root: &Ca) -> AnchorKey {
    AnchorKey::Subject(Certificate::from_der(&root.der()).unwrap().subject().hash())
}

pub(crate) fn x509(der: impl AsRef<[u8]>) -> X509 {
    X509::from_der(der.as_ref()).unwrap()
}

pub(crate) fn load(context: &mut SslContextBuilder, ca: &Ca) {
    context.cert_store_mut().add_cert(x509(ca.der())).unwrap();
}

/// A client's context to be, without any CA.
pub(crate) fn client() -> SslContextBuilder {
    SslContext::builder(SslMethod::tls_client()).unwrap()
}

/// A connector with a context of its own.
pub(crate) fn connector(
    trust: impl Into<TrustPolicy>,
    set_up: impl FnOnce(&mut SslContextBuilder),
) -> Connector {
    let mut context = client();
    Verifier::new(trust).attach(&mut context).unwrap();
    set_up(&mut context);
    Connector::with_context(context.build()).unwrap()
}

/// Connects by OpenSSL alone, without our connector.
pub(crate) fn plain(
    context: &SslContext,
    server: &Server,
    set: impl FnOnce(&mut Ssl),
) -> Result<SslStream<TcpStream>, String> {
    let mut ssl = Ssl::new(context).unwrap();
    set(&mut ssl);
    let tcp = TcpStream::connect(server.addr()).unwrap();
    ssl.connect(tcp).map_err(|error| match error {
        HandshakeError::Failure(failed) => failed.error().to_string(),
        other => other.to_string(),
    })
}

/// Our error inside that of a connection.
pub(crate) fn error_in(error: &io::Error) -> &jit_trust::openssl::Error {
    error
        .get_ref()
        .unwrap_or_else(|| panic!("{error:?}"))
        .downcast_ref()
        .unwrap()
}

/// Our reason for a refusal.
pub(crate) fn reason<R: std::error::Error + 'static>(error: &io::Error) -> &R {
    let rejection = error_in(error).rejection().unwrap_or_else(|| panic!("{error:?}"));
    let original = rejection.original().unwrap_or_else(|| panic!("{error:?}"));
    original.downcast_ref().unwrap_or_else(|| panic!("{error:?}"))
}

/// The root that a connection was refused for because of its date.
pub(crate) fn dated_root(error: &io::Error) -> &DatedRoot {
    match error_in(error).rejection() {
        Some(Rejection::DatedRoot(dated)) => dated,
        other => panic!("{other:?}"),
    }
}

/// Why OpenSSL refuses a certificate.
pub(crate) fn refused<T: fmt::Debug>(result: io::Result<T>) -> i32 {
    let error = result.unwrap_err();
    reason::<X509VerifyResult>(&error).as_raw()
}

pub(crate) async fn connect_async(
    connector: &TokioConnector,
    server: &Server,
) -> io::Result<TokioTlsStream<tokio::net::TcpStream>> {
    let tcp = tokio::net::TcpStream::connect(server.addr()).await?;
    connector.connect(HOST, tcp).await
}

/// Runs on one thread, so that a task that waits would stop all others.
pub(crate) fn block_on<T>(task: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(task)
}
