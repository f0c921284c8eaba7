//! The heap that anchors of a deferred store take: none when no connection depends on them, and little whatever servers name.
//!
//! It is a program of its own with one test, because it counts the heap of the whole process.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;

use jit_trust_core::NameHash;
use std::io::Read;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust::{
    Certificate, Connector, DeferredStore, LookupRequest, LookupResponse, Responder, TlsStream, TrustPolicy,
    Verifier,
};
use jit_trust_lab::pki::{Ca, Key, Leaf, now};
use peak_alloc::PeakAlloc;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, ServerConfig, ServerConnection, StreamOwned};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

const GRACE: Duration = Duration::from_millis(300);

/// A store of one anchor, which answers from a thread.
#[derive(Debug)]
struct Deferred {
    name: NameHash,
    blob: Arc<[u8]>,
}

impl DeferredStore for Deferred {
    fn name(&self) -> String {
        "deferred".to_owned()
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        if request.key != jit_trust::AnchorKey::Subject(self.name) {
            return responder.send(Ok(LookupResponse::not_found()));
        }
        let blob = self.blob.clone();
        std::thread::spawn(move || responder.send(LookupResponse::blob(&*blob)));
    }
}

/// A server that makes handshakes and nothing else, and keeps nothing of them.
fn serve(leaf: &Leaf) -> SocketAddr {
    let builder = ServerConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder
        .with_no_client_auth()
        .with_single_cert(leaf.chain(&[]), leaf.key().private_der())
        .unwrap();
    config.send_tls13_tickets = 0;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for tcp in listener.incoming() {
            let connection = ServerConnection::new(config.clone()).unwrap();
            let mut tls = StreamOwned::new(connection, tcp.unwrap());
            std::thread::spawn(move || while tls.read(&mut [0; 1]).is_ok_and(|read| read > 0) {});
        }
    });
    addr
}

fn connector(trust: &TrustPolicy) -> Connector {
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Connector::with_config(trust.clone(), config)
}

fn connect(connector: &Connector, addr: SocketAddr) -> TlsStream {
    let tcp = TcpStream::connect(addr).unwrap();
    connector.connect("a.test".try_into().unwrap(), tcp).unwrap()
}

/// How much of the heap is in use when that has not changed for a while.
fn settled() -> usize {
    let mut last = HEAP.current_usage();
    let mut since = Instant::now();
    while since.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(10));
        if HEAP.current_usage() != last {
            last = HEAP.current_usage();
            since = Instant::now();
        }
    }
    last
}

#[test]
fn the_heap_is_as_before_when_the_grace_after_the_last_connection_is_over_and_bounded_whatever_servers_name()
{
    const LARGE: usize = 50_000;
    let root = Ca::builder("Root").padding(LARGE).self_signed();
    let leaf = root.leaf("a.test");
    let der = root.der();
    let deferred = Deferred {
        name: Certificate::from_der(&der).unwrap().subject().hash(),
        blob: stores::blob(&[&root], stores::Version::V1).into(),
    };
    let trust = TrustPolicy::builder()
        .deferred_store(deferred)
        .idle_grace(GRACE)
        .build();
    let connector = connector(&trust);
    let addr = serve(&leaf);

    // What is made once, by whatever library, is made now.
    for _ in 0..2 {
        drop(connect(&connector, addr));
        settled();
    }
    let before = settled();
    for _ in 0..3 {
        let (first, second) = (connect(&connector, addr), connect(&connector, addr));
        drop(first);
        std::thread::sleep(2 * GRACE);
        assert!(HEAP.current_usage() > before + LARGE);
        drop(second);
        let closed = Instant::now();
        std::thread::sleep(GRACE / 2);
        assert!(HEAP.current_usage() > before + LARGE);
        while HEAP.current_usage() != before {
            let after = HEAP.current_usage();
            let late = closed.elapsed() > GRACE + Duration::from_secs(1);
            assert!(!late, "{after} bytes, {before} before");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    let mut taken = Vec::new();
    for round in 0..3 {
        name_1000_issuers(&verifier, round);
        taken.push(settled() - before);
    }
    assert!(taken[0] < 100_000, "{taken:?}");
    assert!(
        taken.iter().all(|bytes| bytes.abs_diff(taken[0]) < 1_000),
        "{taken:?}"
    );
}

/// As a hostile server does, over 100 connections.
fn name_1000_issuers(verifier: &Verifier, round: usize) {
    let key = Key::ed25519(&[7; 32]);
    for connection in 0..100 {
        let issuer = |number: usize| {
            let name = format!("Issuer {round} {connection} {number}");
            Ca::builder(name.as_str()).key(&key).self_signed()
        };
        let leaf = Leaf::builder(&["a.test"]).key(&key).issued_by(&issuer(0));
        let named = (1..10).map(|number| Ca::builder("CA").key(&key).issued_by(&issuer(number)).der());
        let named: Vec<CertificateDer<'static>> = named.collect();
        let time = UnixTime::since_unix_epoch(Duration::from_secs(now().try_into().unwrap()));
        let name = ServerName::try_from("a.test").unwrap();
        let verdict = verifier.verify_server_cert(&leaf.der(), &named, &name, &[], time);
        verdict.unwrap_err();
    }
}
