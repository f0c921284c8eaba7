//! A server that is not trusted gets nothing of what is the client's.

use std::time::Duration;

use jit_trust::{Connector, HandshakeError, Rejection, TokioConnector, TrustPolicy, rejection};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use rustls::ClientConfig;

use crate::support::*;

const LATE: Duration = Duration::from_millis(50);

/// A configuration with a client certificate.
fn with_client_certificate(trust: &TrustPolicy) -> ClientConfig {
    let client = Ca::root("Clients").leaf("client.test");
    let mut config = config(trust);
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let key = provider
        .key_provider
        .load_private_key(client.key().private_der())
        .unwrap();
    let certified = rustls::sign::CertifiedKey::new(vec![client.der()], key);
    config.client_auth_cert_resolver = std::sync::Arc::new(rustls::sign::SingleCertAndKey::from(certified));
    config
}

/// Connects in every way to a server that asks for a client certificate, and says how many it got.
fn client_certificates(server: &Server, trust: &TrustPolicy) -> usize {
    // Each with sessions of its own, so that each makes a full handshake.
    let blocking = connect(
        &Connector::with_config(trust.clone(), with_client_certificate(trust)),
        server,
    );
    let connector = TokioConnector::with_config(trust.clone(), with_client_certificate(trust));
    let later = block_on(async { connect_async(&connector, server).await.map(drop) });
    assert_eq!(blocking.is_ok(), later.is_ok());
    drop(blocking);
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(server.connections(), 2);
    assert_eq!(server.handshakes(), if later.is_ok() { 2 } else { 0 });
    server.client_certificates()
}

const VERSIONS: [fn(ServerBuilder) -> ServerBuilder; 2] = [
    |server| server.asking_for_client_certificates().tls13_only(),
    |server| server.asking_for_client_certificates().tls12_only(),
];

#[test]
fn a_client_certificate_is_for_servers_that_are_trusted() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let later = Later::of(&[&root], LATE);
    for version in VERSIONS {
        assert_eq!(client_certificates(&server_of(&root, version), &later.trust()), 2);
        let untrusted = server_of(&other, version);
        assert_eq!(client_certificates(&untrusted, &later.trust()), 0);
        assert_eq!(untrusted.requests_seen().len(), 0);
    }
}

#[test]
fn it_is_not_sent_either_to_a_server_that_a_local_store_does_not_trust() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let blob = crate::stores::blob(&[&root], crate::stores::Version::V2);
    let trust = TrustPolicy::new(jit_trust::BlobStore::new(blob).unwrap());
    for version in VERSIONS {
        assert_eq!(client_certificates(&server_of(&other, version), &trust), 0);
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_rejected_for_that() {
    let root = Ca::root("Root");
    let (leaf, other) = (root.leaf(HOST), root.leaf(HOST));
    for version in [ServerBuilder::tls12_only, ServerBuilder::tls13_only] {
        let server = Server::builder().default_site(other.key(), leaf.chain(&[]), |_| Response::ok("hello"));
        let server = version(server).start();
        let trust = Later::of(&[&root], Duration::ZERO).trust();
        let blocking = connect(&Connector::with_config(trust.clone(), config(&trust)), &server);
        let connector = TokioConnector::with_config(trust.clone(), config(&trust));
        let later = block_on(async { connect_async(&connector, &server).await.map(drop) });
        for error in [blocking.map(drop).unwrap_err(), later.unwrap_err()] {
            assert!(
                matches!(rejection(&error), Some(Rejection::KeyNotProven { .. })),
                "{error:?}"
            );
            let error: &HandshakeError = error.get_ref().unwrap().downcast_ref().unwrap();
            let report = error.report().unwrap();
            assert!(
                matches!(report.result, Err(Rejection::KeyNotProven { .. })),
                "{report:?}"
            );
            assert!(report.anchor().is_none());
        }
    }
}
