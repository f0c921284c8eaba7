//! A warm connection whose anchor came from a deferred store, beside one whose anchor is in a local store: the same connector, the
//! same server.

use std::time::Duration;

use jit_trust::{BlobStore, Connector, TlsStream, TokioConnector, TokioTlsStream, TrustPolicy};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};
use rustls::ClientConfig;
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::deferred::Deferred;
use crate::paired::compare;

pub(crate) fn run() {
    let root = Ca::root("Bench Root");
    let ca = root.intermediate("Bench CA");
    let leaf = ca.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[&ca]), |_| Response::ok(""))
        .start();
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.expect("a runtime");

    let der = root.der();
    let store = Deferred::of(&der);
    let local = TrustPolicy::new(BlobStore::new(store.blob.clone()).expect("a good blob"));
    // It stays in use, and is not asked for again.
    let remote = TrustPolicy::builder()
        .deferred_store(store)
        .max_age(Duration::MAX)
        .build();
    let blocking = |trust: &TrustPolicy| Connector::with_config(trust.clone(), config(trust));
    let (from_deferred, from_local) = (blocking(&remote), blocking(&local));
    let _open = connect_blocking(&from_deferred, &server);
    compare(
        "a warm connection, anchor from a deferred store",
        || drop(connect_blocking(&from_deferred, &server)),
        ("anchor in a local store", || {
            drop(connect_blocking(&from_local, &server));
        }),
        "1.02",
    );

    let tokio = |trust: &TrustPolicy| TokioConnector::with_config(trust.clone(), config(trust));
    let (remote, local) = (tokio(&remote), tokio(&local));
    // What serves it is there from here on.
    let _open = runtime.block_on(connect(&remote, &server));

    let ours = || drop(runtime.block_on(connect(&remote, &server)));
    let theirs = || drop(runtime.block_on(connect(&local, &server)));
    compare(
        "the same with tokio",
        ours,
        ("anchor in a local store", theirs),
        "1.02",
    );
}

/// Without sessions: each connection is verified.
fn config(trust: &TrustPolicy) -> ClientConfig {
    let provider = aws_lc_rs::default_provider().into();
    let config = jit_trust::client_config_with_provider(trust.clone(), provider);
    let mut config = config.expect("cipher suites");
    config.resumption = Resumption::disabled();
    config
}

fn connect_blocking(connector: &Connector, server: &Server) -> TlsStream {
    let tcp = std::net::TcpStream::connect(server.addr()).expect("a server");
    tcp.set_nodelay(true).expect("a socket");
    let name = "a.test".try_into().expect("a name");
    connector.connect(name, tcp).expect("a trusted server")
}

async fn connect(connector: &TokioConnector, server: &Server) -> TokioTlsStream<TcpStream> {
    let tcp = TcpStream::connect(server.addr()).await.expect("a server");
    tcp.set_nodelay(true).expect("a socket");
    let name = "a.test".try_into().expect("a name");
    connector.connect(name, tcp).await.expect("a trusted server")
}
