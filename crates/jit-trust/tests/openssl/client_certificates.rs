//! A server that is not trusted gets nothing of what is the client's.

use std::time::Duration;

use jit_trust::TrustPolicy;
use jit_trust::openssl::{Connector, TokioConnector};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use openssl::pkey::PKey;

use crate::support::{HOST, Later, block_on, connect, connect_async, connector, store, x509};

const VERSIONS: [fn(ServerBuilder) -> ServerBuilder; 2] =
    [ServerBuilder::tls12_only, ServerBuilder::tls13_only];

fn asking(root: &Ca, version: fn(ServerBuilder) -> ServerBuilder) -> Server {
    let leaf = root.leaf(HOST);
    let builder = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
    version(builder.asking_for_client_certificates()).start()
}

fn with_client_certificate(trust: &TrustPolicy) -> Connector {
    let client = Ca::root("Clients").leaf("client.test");
    connector(trust.clone(), |context| {
        context.set_certificate(&x509(client.der())).unwrap();
        let key = PKey::private_key_from_der(client.key().private_der().secret_der()).unwrap();
        context.set_private_key(&key).unwrap();
    })
}

/// Connects in every way, and says how many client certificates the server got.
fn client_certificates(server: &Server, trust: &TrustPolicy) -> usize {
    let connector = with_client_certificate(trust);
    let blocking = connect(&connector, server);
    let connector = TokioConnector::with_context(connector.context().clone()).unwrap();
    let later = block_on(async { connect_async(&connector, server).await.map(drop) });
    assert_eq!(blocking.is_ok(), later.is_ok());
    if blocking.is_ok() {
        // In TLS 1.3 the client is done before the server is.
        server.wait_until(|server| server.handshakes() == 2);
    }
    drop(blocking);
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(server.connections(), 2);
    server.client_certificates()
}

#[test]
fn a_client_certificate_is_for_servers_that_are_trusted() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for version in VERSIONS {
        for trust in [
            TrustPolicy::new(store(&[&root])),
            Later::of(&[&root], Duration::from_millis(50)).trust(),
        ] {
            assert_eq!(client_certificates(&asking(&root, version), &trust), 2);
            let untrusted = asking(&other, version);
            assert_eq!(client_certificates(&untrusted, &trust), 0);
            assert_eq!((untrusted.handshakes(), untrusted.requests()), (0, 0));
        }
    }
}

#[test]
fn nothing_is_sent_while_the_store_has_not_answered() {
    let root = Ca::root("Root");
    for version in VERSIONS {
        let server = asking(&root, version);
        let never = Later::of(&[&root], Duration::from_secs(60));
        let connector = with_client_certificate(&never.trust());
        let connector = TokioConnector::with_context(connector.context().clone()).unwrap();
        block_on(async {
            let connecting = connect_async(&connector, &server);
            tokio::time::timeout(Duration::from_millis(200), connecting)
                .await
                .unwrap_err();
        });
        server.wait_until(|server| server.open_connections() == 0);
        assert_eq!(
            (never.queries(), server.client_certificates(), server.handshakes()),
            (1, 0, 0)
        );
    }
}
