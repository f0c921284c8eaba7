//! What a server presents, and in which protocol.

use std::sync::{Arc, Mutex};

use jit_trust_lab::pki::{Ca, Leaf, garbage};
use jit_trust_lab::server::{Response, Server};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, DigitallySignedStruct, Error, ProtocolVersion, SignatureScheme};

use crate::client::{connect, get_all, trusting};

/// Notes the chain that it is shown and refuses it.
#[derive(Debug, Default)]
struct Witness(Mutex<Vec<CertificateDer<'static>>>);

impl ServerCertVerifier for Witness {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let chain = std::iter::once(end_entity).chain(intermediates);
        *self.0.lock().unwrap() = chain
            .map(|certificate| certificate.clone().into_owned())
            .collect();
        Err(Error::General("seen".to_owned()))
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("not reached".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("not reached".to_owned()))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// The chain that a client is shown which connects for `name`.
async fn presented(server: &Server, name: &str) -> Vec<CertificateDer<'static>> {
    let witness = Arc::new(Witness::default());
    let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(witness.clone())
        .with_no_client_auth();
    assert!(connect(server.addr(), name, &Arc::new(config)).await.is_err());
    let chain = witness.0.lock().unwrap();
    chain.clone()
}

#[tokio::test]
async fn each_name_gets_its_chain_as_it_is() {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let many: Vec<_> = std::iter::repeat_n(leaf.der(), 100).collect();
    let broken = vec![
        leaf.der(),
        garbage::sequence_of_noise(200),
        garbage::truncated(&root.der(), 30),
    ];
    let huge = vec![Leaf::builder(&["a.test"]).padding(60_000).issued_by(&root).der()];
    let noise = vec![garbage::noise(50).into()];
    let server = Server::builder()
        .site("many.test", leaf.key(), many.clone(), |_| Response::ok(""))
        .site("broken.test", leaf.key(), broken.clone(), |_| Response::ok(""))
        .site("huge.test", leaf.key(), huge.clone(), |_| Response::ok(""))
        .site("noise.test", leaf.key(), noise.clone(), |_| Response::ok(""))
        .default_site(leaf.key(), leaf.chain(&[&root]), |_| Response::ok(""))
        .start();
    assert_eq!(presented(&server, "many.test").await, many);
    assert_eq!(presented(&server, "broken.test").await, broken);
    assert_eq!(presented(&server, "huge.test").await, huge);
    assert_eq!(presented(&server, "noise.test").await, noise);
    assert_eq!(presented(&server, "127.0.0.1").await, leaf.chain(&[&root]));
    assert_eq!(presented(&server, "unknown.test").await, leaf.chain(&[&root]));
    assert_eq!((server.connections(), server.handshakes()), (6, 0));
}

#[tokio::test]
async fn a_chain_of_no_certificate_and_one_of_64_kb_end_in_an_error() {
    let root = Ca::root("Lab Root");
    let leaf = Leaf::builder(&["a.test"]).padding(64 * 1024).issued_by(&root);
    let server = Server::builder()
        .site("none.test", leaf.key(), Vec::new(), |_| Response::ok(""))
        .site("huge.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""))
        .start();
    for name in ["none.test", "huge.test", "unknown.test"] {
        assert!(
            connect(server.addr(), name, &trusting(&root, &[])).await.is_err(),
            "{name}"
        );
    }
    assert_eq!((server.connections(), server.handshakes()), (3, 0));
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_root_leaves_no_handshake() {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""))
        .start();
    assert!(
        connect(server.addr(), "a.test", &trusting(&Ca::root("Other"), &[]))
            .await
            .is_err()
    );
    assert_eq!(
        (server.connections(), server.handshakes(), server.requests()),
        (1, 0, 0)
    );
}

#[tokio::test]
async fn a_site_can_be_replaced_while_the_server_runs() {
    let (old, new) = (Ca::root("Old"), Ca::root("New"));
    let leaf = old.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("old"))
        .start();
    let leaf = new.leaf("a.test");
    server.set_site("A.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("new"));
    assert!(
        connect(server.addr(), "a.test", &trusting(&old, &[]))
            .await
            .is_err()
    );
    let stream = connect(server.addr(), "a.test", &trusting(&new, &[]))
        .await
        .unwrap();
    assert_eq!(
        get_all(stream, &[server.url("a.test", "/")]).await.unwrap()[0].body,
        "new"
    );
}

#[tokio::test]
async fn protocol_versions_can_be_limited() {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let site = || Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    let cases = [
        (site().start(), ProtocolVersion::TLSv1_3, Some(&b"h2"[..])),
        (
            site().http1_only().start(),
            ProtocolVersion::TLSv1_3,
            Some(b"http/1.1"),
        ),
        (
            site().http2_only().tls12_only().start(),
            ProtocolVersion::TLSv1_2,
            Some(b"h2"),
        ),
        (
            site().without_alpn().tls13_only().start(),
            ProtocolVersion::TLSv1_3,
            None,
        ),
    ];
    let config = trusting(&root, &["h2", "http/1.1"]);
    for (server, version, alpn) in cases {
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(
            (session.protocol_version(), session.alpn_protocol()),
            (Some(version), alpn)
        );
        let answers = get_all(stream, &[server.url("a.test", "/")]).await.unwrap();
        assert_eq!(answers[0].status, 200);
    }
}

#[tokio::test]
async fn a_resumed_session_is_counted_as_one() {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""))
        .start();
    let config = trusting(&root, &["h2"]);
    for _ in 0..2 {
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        get_all(stream, &[server.url("a.test", "/")]).await.unwrap();
    }
    assert_eq!((server.handshakes(), server.resumptions()), (2, 1));
}

#[tokio::test]
async fn a_client_certificate_that_was_asked_for_is_counted() {
    let (root, client) = (Ca::root("Root"), Ca::root("Clients").leaf("client.test"));
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .asking_for_client_certificates()
        .start();
    let without = trusting(&root, &["http/1.1"]);
    let mut with = ClientConfig::clone(&trusting(&root, &["http/1.1"]));
    let key = default_provider()
        .key_provider
        .load_private_key(client.key().private_der())
        .unwrap();
    let certified = CertifiedKey::new(vec![client.der()], key);
    with.client_auth_cert_resolver = Arc::new(SingleCertAndKey::from(certified));
    for (config, certificates) in [(without, 0), (Arc::new(with), 1)] {
        let url = [server.url("a.test", "/")];
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        assert_eq!(get_all(stream, &url).await.unwrap()[0].status, 200);
        assert_eq!(server.client_certificates(), certificates);
    }
}
