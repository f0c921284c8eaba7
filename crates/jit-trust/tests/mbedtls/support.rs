//! Servers, stores and clients.
#![allow(dead_code, reason = "each test uses some of it")]

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use jit_trust::mbedtls::{Connector, Error, Invalid, TlsStream, TokioConnector};
use jit_trust::{BlobStore, DatedRoot, Entry, Rejection};
use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use mbedtls::alloc::List;
use mbedtls::x509::{Certificate, VerifyError};
use pki_types::CertificateDer;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::stores::{self, VERSIONS, Version};

pub(crate) const HOST: &str = "a.test";
const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";

pub(crate) fn server_with(
    leaf: &Leaf,
    chain: Vec<CertificateDer<'static>>,
    options: impl FnOnce(ServerBuilder) -> ServerBuilder,
) -> Server {
    options(Server::builder().default_site(leaf.key(), chain, |_| Response::ok("hello"))).start()
}

pub(crate) fn server(leaf: &Leaf, chain: Vec<CertificateDer<'static>>) -> Server {
    server_with(leaf, chain, |server| server)
}

/// A server whose chain leads over an intermediate to this root.
pub(crate) fn server_of(root: &Ca) -> Server {
    let ca = root.intermediate("CA");
    let leaf = ca.leaf_for(&[HOST, "127.0.0.1"]);
    server(&leaf, leaf.chain(&[&ca]))
}

pub(crate) fn store_of(entries: &[Entry<'_>], version: Version) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::encode(entries, version)).unwrap()
}

/// A store of these roots, without their certificates.
pub(crate) fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::blob(roots, Version::V2)).unwrap()
}

pub(crate) fn connect(connector: &Connector, server: &Server) -> io::Result<TlsStream> {
    connector.connect(HOST, TcpStream::connect(server.addr())?)
}

pub(crate) fn get_over(tls: &mut TlsStream) -> io::Result<String> {
    tls.write_all(REQUEST)?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn get(connector: &Connector, server: &Server) -> io::Result<String> {
    get_over(&mut connect(connector, server)?)
}

pub(crate) async fn get_async(connector: &TokioConnector, server: &Server) -> io::Result<String> {
    let tcp = tokio::net::TcpStream::connect(server.addr()).await?;
    let mut tls = connector.connect(HOST, tcp).await?;
    tls.write_all(REQUEST).await?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer).await?;
    tls.shutdown().await?;
    Ok(answer)
}

/// On a runtime of one thread, for a while at most.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let in_time = async { tokio::time::timeout(Duration::from_secs(60), future).await };
    runtime.block_on(in_time).expect("it comes to an end")
}

/// The reason for a refusal.
pub(crate) fn reason<R: std::error::Error + 'static>(error: &io::Error) -> &R {
    assert_eq!(error.kind(), io::ErrorKind::InvalidData, "{error}");
    let error: &Error = error.get_ref().unwrap().downcast_ref().unwrap();
    let rejection = error.rejection().unwrap_or_else(|| panic!("{error:?}"));
    let original = rejection.original().unwrap_or_else(|| panic!("{error:?}"));
    original
        .downcast_ref()
        .unwrap_or_else(|| panic!("it is {original:?}"))
}

/// Why a server was rejected.
pub(crate) fn rejection(error: &io::Error) -> &Rejection {
    let error: &Error = error.get_ref().unwrap().downcast_ref().unwrap();
    error.rejection().unwrap_or_else(|| panic!("{error:?}"))
}

/// The root that a connection was refused for because of its date.
pub(crate) fn dated_root(error: &io::Error) -> &DatedRoot {
    match rejection(error) {
        Rejection::DatedRoot(dated) => dated,
        other => panic!("{other:?}"),
    }
}

/// What mbedTLS itself found wrong.
pub(crate) fn flags(error: &io::Error) -> VerifyError {
    reason::<Invalid>(error).flags()
}

/// By stores of both forms, certificates and what is left of them.
pub(crate) fn connectors(roots: &[&Ca]) -> impl Iterator<Item = Connector> {
    let blobs = VERSIONS.map(|version| stores::blob(roots, version));
    blobs
        .into_iter()
        .map(|blob| Connector::new(BlobStore::new(blob).unwrap()).unwrap())
}

/// The verdict of mbedTLS with these roots loaded.
pub(crate) fn all_loaded(roots: &[&Ca], sent: &[CertificateDer<'_>]) -> Result<(), VerifyError> {
    let list = |ders: &mut dyn Iterator<Item = CertificateDer<'_>>| -> List<Certificate> {
        ders.map(|der| Certificate::from_der(&der).unwrap()).collect()
    };
    let sent = list(&mut sent.iter().cloned());
    let roots = list(&mut roots.iter().map(|root| root.der()));
    Certificate::verify_with_expected_common_name_return_verify_err(&sent, &roots, None, None, Some(HOST))
        .map_err(|(_, flags)| flags)
}
