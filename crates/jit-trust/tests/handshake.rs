//! Whole handshakes with a real server: one connection, and nothing sent before there is trust.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use jit_trust::{BlobStore, Candidates, StoreError, TrustStore, Verifier, WebrootStore};
use jit_trust_lab::pki::{Ca, Leaf, garbage};
use jit_trust_lab::server::{Response, Server};
use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use stores::Version;

fn server(leaf: &Leaf, chain: Vec<CertificateDer<'static>>) -> Server {
    Server::builder()
        .site("a.test", leaf.key(), chain, |_| Response::ok("hello"))
        .start()
}

fn config(verifier: Verifier) -> Arc<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    Arc::new(builder.with_no_client_auth())
}

fn get(server: &Server, verifier: Verifier) -> std::io::Result<String> {
    get_with(server, &config(verifier))
}

fn get_with(server: &Server, config: &Arc<ClientConfig>) -> std::io::Result<String> {
    let connection = ClientConnection::new(Arc::clone(config), "a.test".try_into().unwrap()).unwrap();
    let mut stream = StreamOwned::new(connection, TcpStream::connect(server.addr())?);
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn verifier(store: impl TrustStore + 'static) -> Verifier {
    Verifier::with_provider(store, &aws_lc_rs::default_provider())
}

fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::blob(roots, Version::V2)).unwrap()
}

#[test]
fn a_cold_host_is_reached_in_one_connection_and_the_observer_is_told() {
    let (root, old) = (Ca::root("Root"), Ca::root("Old Root"));
    let ca = root.intermediate("CA");
    let leaf = ca.leaf("a.test");
    let server = server(&leaf, leaf.chain(&[&ca, &old.cross_sign(&root)]));
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let verifier = verifier(store(&[&old, &Ca::root("Other")])).on_verification(move |verification| {
        tell.lock().unwrap().push((
            verification.anchor().map(|anchor| anchor.subject().to_string()),
            verification.chain().map(|chain| chain.certificates().count()),
            (verification.selected, verification.store_len),
            verification.result.is_ok(),
        ));
    });
    assert!(get(&server, verifier).unwrap().ends_with("hello"));
    assert_eq!((server.connections(), server.requests()), (1, 1));
    let expected = (Some("CN=Old Root".into()), Some(3), (1, Some(2)), true);
    assert_eq!(*told.lock().unwrap(), [expected]);
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let leaf = Ca::root("Elsewhere").leaf("a.test");
    let server = server(&leaf, leaf.chain(&[]));
    let error = get(&server, verifier(store(&[&Ca::root("Root")]))).unwrap_err();
    assert!(
        error.to_string().contains("no root in the trust store named"),
        "{error}"
    );
    assert_eq!((server.connections(), server.requests()), (1, 0));
}

#[test]
fn a_session_is_resumed_only_as_long_as_its_anchor_is_there_unchanged() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let leaf = root.leaf("a.test");
    let server = server(&leaf, leaf.chain(&[]));
    let directory = tempfile::tempdir().unwrap();
    stores::webroot(directory.path(), &[&root], Version::V2);
    let provider = aws_lc_rs::default_provider().into();
    let changing = WebrootStore::open(directory.path()).unwrap();
    let changing = Arc::new(jit_trust::client_config_with_provider(changing, provider).unwrap());
    assert!(get_with(&server, &changing).is_ok());
    assert!(get_with(&server, &changing).is_ok());
    assert_eq!(server.resumptions(), 1);

    std::fs::remove_dir_all(directory.path().join("by-subject")).unwrap();
    stores::webroot(directory.path(), &[&other], Version::V2);
    let error = get_with(&server, &changing).unwrap_err();
    assert!(
        error.to_string().contains("no root in the trust store named"),
        "{error}"
    );
    assert_eq!(server.resumptions(), 1);
}

/// A store that cannot answer.
#[derive(Debug)]
struct Broken;

impl TrustStore for Broken {
    fn select<'s>(&'s self, _: &mut Candidates<'s>) -> Result<(), StoreError> {
        Err(StoreError::other("the flash cannot be read"))
    }
}

#[test]
fn a_store_that_cannot_answer_fails_the_handshake_and_says_why() {
    let leaf = Ca::root("Root").leaf("a.test");
    let server = server(&leaf, leaf.chain(&[]));
    let error = get(&server, verifier(Broken)).unwrap_err();
    assert!(error.to_string().contains("the flash cannot be read"), "{error}");
    assert_eq!(server.requests(), 0);
}

#[test]
fn hostile_chains_end_in_an_error_and_not_in_a_panic_or_a_hang() {
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test");
    let (a, b) = (Ca::root("A"), Ca::root("B"));
    let (a_by_b, b_by_a) = (b.cross_sign(&a), a.cross_sign(&b));
    let in_loop = a.leaf("a.test");
    let padded = Leaf::builder(&["a.test"]).padding(60_000).issued_by(&a);
    let noise = garbage::sequence_of_noise(500);
    let chains = [
        ("sent more than 64 certificates", vec![leaf.der(); 100]),
        (
            "no root in the trust store named \"CN=A\"",
            in_loop.chain(&[&a_by_b, &b_by_a]),
        ),
        ("no root in the trust store named \"CN=A\"", padded.chain(&[])),
        ("BadEncoding", vec![noise.clone(), leaf.der()]),
        ("BadEncoding", vec![garbage::truncated(&leaf.der(), 100)]),
    ];
    for (reason, chain) in chains {
        let server = server(&leaf, chain);
        let error = get(&server, verifier(store(&[&root]))).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(server.requests(), 0);
    }
    let server = server(&leaf, vec![leaf.der(), noise, root.der()]);
    assert!(get(&server, verifier(store(&[&root]))).is_ok());
}
