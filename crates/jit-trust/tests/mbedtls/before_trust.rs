//! A server that is not trusted gets nothing of what is the client's.

use std::sync::Arc;

use jit_trust::TrustPolicy;
use jit_trust::mbedtls::{Connector, TokioConnector};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Server, ServerBuilder};
use mbedtls::pk::Pk;
use mbedtls::ssl::Config;
use mbedtls::x509::Certificate;

use crate::deferred::Deferred;
use crate::support::*;

/// Sets a client certificate.
fn client_certificate() -> impl Fn(&mut Config) -> mbedtls::Result<()> + Clone + Send + Sync + 'static {
    let client = Ca::root("Clients").leaf("client.test");
    let certificate = std::iter::once(Certificate::from_der(&client.der()).unwrap()).collect();
    let certificate = Arc::new(certificate);
    let key = Arc::new(Pk::from_private_key(client.key().private_der().secret_der(), None).unwrap());
    move |config| config.push_cert(Arc::clone(&certificate), key.clone())
}

/// Connects in every way, and says how many client certificates the server got.
fn client_certificates(server: &Server, trust: &TrustPolicy) -> usize {
    let set = client_certificate();
    let connector = Connector::new(trust.clone()).unwrap().configure(set.clone());
    let blocking = get(&connector, server);
    let connector = TokioConnector::new(trust.clone()).unwrap().configure(set);
    let later = block_on(get_async(&connector, server));
    assert_eq!(blocking.is_ok(), later.is_ok());
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(server.connections(), 2);
    assert_eq!(server.handshakes(), if later.is_ok() { 2 } else { 0 });
    server.client_certificates()
}

fn asking(root: &Ca) -> Server {
    let leaf = root.leaf(HOST);
    server_with(
        &leaf,
        leaf.chain(&[]),
        ServerBuilder::asking_for_client_certificates,
    )
}

#[test]
fn a_client_certificate_is_for_servers_that_are_trusted() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let deferred = TrustPolicy::builder()
        .deferred_store(Deferred::of(&[&root]))
        .build();
    for trust in [TrustPolicy::new(store(&[&root])), deferred] {
        assert_eq!(client_certificates(&asking(&root), &trust), 2);
        let untrusted = asking(&other);
        assert_eq!(client_certificates(&untrusted, &trust), 0);
        assert_eq!(untrusted.requests_seen().len(), 0);
    }
}

#[test]
fn a_configuration_cannot_turn_the_verification_off() {
    use mbedtls::ssl::config::AuthMode;
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = asking(&other);
    let others: mbedtls::alloc::List<Certificate> =
        std::iter::once(Certificate::from_der(&other.der()).unwrap()).collect();
    let others = Arc::new(others);
    let connector = Connector::new(store(&[&root])).unwrap().configure(move |config| {
        config.set_authmode(AuthMode::None);
        config.set_ca_list(others.clone(), None);
        config.set_verify_callback(|_: &Certificate, _, _: &mut _| Ok(()));
        Ok(())
    });
    assert!(get(&connector, &server).is_err());
    assert_eq!((server.handshakes(), server.client_certificates()), (0, 0));
}
