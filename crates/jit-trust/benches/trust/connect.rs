//! A warm connection whose anchor came from afar, beside one whose anchor is in a local store: the same connector, the
//! same server.

use jit_trust::{BlobStore, TokioConnector, TokioTlsStream, Trust};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};
use rustls::client::Resumption;
use rustls::crypto::aws_lc_rs;
use tokio::net::TcpStream;
use tokio::runtime::Builder;

use crate::afar::Afar;
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
    let store = Afar::of(&der);
    let local = connector(Trust::new(BlobStore::new(store.blob).expect("a good blob")));
    let remote = connector(Trust::builder().query_store(store).build());
    // What serves it is there from here on.
    let _open = runtime.block_on(connect(&remote, &server));

    let ours = || drop(runtime.block_on(connect(&remote, &server)));
    let theirs = || drop(runtime.block_on(connect(&local, &server)));
    compare(
        "a warm connection, anchor from afar",
        ours,
        ("anchor in a local store", theirs),
        "1.02",
    );
}

/// Without sessions: each connection is verified.
fn connector(trust: Trust) -> TokioConnector {
    let provider = aws_lc_rs::default_provider().into();
    let config = jit_trust::client_config_with_provider(trust.clone(), provider);
    let mut config = config.expect("cipher suites");
    config.resumption = Resumption::disabled();
    TokioConnector::with_config(trust, config)
}

async fn connect(connector: &TokioConnector, server: &Server) -> TokioTlsStream<TcpStream> {
    let tcp = TcpStream::connect(server.addr()).await.expect("a server");
    tcp.set_nodelay(true).expect("a socket");
    let name = "a.test".try_into().expect("a name");
    connector.connect(name, tcp).await.expect("a trusted server")
}
