//! How long an anchor of a deferred store stays in memory.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use jit_trust::{Connector, HostCache, TlsStream, TrustPolicy, client_config_with_provider};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConnection, StreamOwned};

use crate::deferred::Deferred;

const GRACE: Duration = Duration::from_millis(400);
const LONGER: Duration = Duration::from_millis(700);

/// A server, and a store that has its root.
struct Fixture {
    server: Server,
    deferred: Deferred,
    trust: TrustPolicy,
    root: Ca,
}

impl Fixture {
    fn new() -> Self {
        aws_lc_rs::default_provider().install_default().ok();
        let root = Ca::root("Root");
        let ca = root.intermediate("CA");
        let leaf = ca.leaf("a.test");
        let server = Server::builder()
            .site("a.test", leaf.key(), leaf.chain(&[&ca]), |_| {
                Response::ok("hello")
            })
            .start();
        let deferred = Deferred::of(&[&root]);
        let trust = TrustPolicy::builder()
            .deferred_store(deferred.clone())
            .idle_grace(GRACE)
            .build();
        Self {
            server,
            deferred,
            trust,
            root,
        }
    }

    /// With a full handshake, each time.
    fn connect(&self) -> TlsStream {
        let connector = Connector::new(self.trust.clone());
        let tcp = TcpStream::connect(self.server.addr()).unwrap();
        connector.connect("a.test".try_into().unwrap(), tcp).unwrap()
    }
}

#[test]
fn a_cold_host_takes_one_query_and_one_connection() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.connect(), fixture.connect());
    assert_eq!(fixture.deferred.queries(), 1);
    assert_eq!(fixture.trust.connections().len(), 2);
    drop((first, second));
    assert_eq!(fixture.trust.connections().len(), 0);
    assert_eq!(fixture.server.connections(), 2);
}

#[test]
fn an_anchor_stays_while_a_connection_depends_on_it_and_for_the_grace_after_the_last() {
    let fixture = Fixture::new();
    let (first, second) = (fixture.connect(), fixture.connect());
    drop(first);
    std::thread::sleep(LONGER);
    let third = fixture.connect();
    assert_eq!(fixture.deferred.queries(), 1);
    drop((second, third));
    drop(fixture.connect());
    assert_eq!(fixture.deferred.queries(), 1);
    std::thread::sleep(LONGER);
    drop(fixture.connect());
    assert_eq!(fixture.deferred.queries(), 2);
}

#[test]
fn with_a_plain_configuration_the_grace_counts_from_the_verification() {
    let fixture = Fixture::new();
    let connect = || {
        let provider = aws_lc_rs::default_provider().into();
        let config = client_config_with_provider(fixture.trust.clone(), provider).unwrap();
        let connection = ClientConnection::new(Arc::new(config), "a.test".try_into().unwrap()).unwrap();
        let mut tls = StreamOwned::new(connection, TcpStream::connect(fixture.server.addr()).unwrap());
        tls.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n").unwrap();
        tls.read_exact(&mut [0; 1]).unwrap();
        tls
    };
    let first = connect();
    let second = connect();
    assert_eq!(fixture.deferred.queries(), 1);
    std::thread::sleep(LONGER);
    let third = connect();
    assert_eq!(fixture.deferred.queries(), 2);
    drop((first, second, third));
}

#[test]
fn a_newer_generation_that_is_seen_has_the_anchors_of_living_connections_asked_for_again() {
    let fixture = Fixture::new();
    let connection = fixture.connect();
    fixture.deferred.loses(&fixture.root);
    let other = Ca::root("Other");
    fixture.deferred.has(&other, 8);
    assert!(!fixture.trust.connections()[0].anchor_withdrawn());
    crate::verify::ask(&fixture.trust, &other.leaf("a.test").chain(&[])).unwrap();
    assert!(fixture.trust.connections()[0].anchor_withdrawn());
    assert_eq!(fixture.deferred.queries(), 3);
    drop(connection);
}

/// Each response is of a newer generation than the one before, so that what all others depend on is out of date again.
#[test]
fn a_store_of_a_newer_generation_with_each_answer_is_not_asked_without_end() {
    use std::sync::atomic::{AtomicU32, Ordering};

    use jit_trust::{AnchorKey, DeferredStore, LookupRequest, LookupResponse, Responder};

    #[derive(Debug)]
    struct Ever {
        roots: Vec<(AnchorKey, Ca)>,
        generation: Arc<AtomicU32>,
    }

    impl DeferredStore for Ever {
        fn name(&self) -> String {
            "ever newer".to_owned()
        }

        fn look_up(&self, question: LookupRequest, reply: Responder) {
            let generation = self.generation.fetch_add(1, Ordering::SeqCst);
            let (_, root) = self.roots.iter().find(|(key, _)| *key == question.key).unwrap();
            reply.send(LookupResponse::blob(crate::deferred::blob(&[root], generation)));
        }
    }

    aws_lc_rs::default_provider().install_default().ok();
    let roots: Vec<_> = (0..4)
        .map(|number| Ca::root(format!("Root {number}").as_str()))
        .collect();
    let generation = Arc::new(AtomicU32::new(1));
    let ever = Ever {
        roots: roots
            .iter()
            .map(|root| (crate::deferred::by_subject(root), root.clone()))
            .collect(),
        generation: generation.clone(),
    };
    let trust = TrustPolicy::builder().deferred_store(ever).build();
    let connector = Connector::new(trust);
    let mut connections = Vec::new();
    for root in &roots {
        let leaf = root.leaf("a.test");
        let server = Server::builder()
            .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
            .start();
        let tcp = TcpStream::connect(server.addr()).unwrap();
        let tls = connector.connect("a.test".try_into().unwrap(), tcp).unwrap();
        connections.push((tls, server));
    }
    // One for each connection, and one for each that lived when it was made.
    assert_eq!(generation.load(Ordering::SeqCst) - 1, 4 + 1 + 2 + 3);
}

#[test]
fn an_anchor_that_a_store_removed_serves_new_connections_no_longer_than_max_age_however_many_depend_on_it() {
    let mut fixture = Fixture::new();
    let max_age = Duration::from_millis(300);
    let trust = TrustPolicy::builder()
        .deferred_store(fixture.deferred.clone())
        .max_age(max_age);
    fixture.trust = trust.build();
    let _open = fixture.connect();
    fixture.deferred.loses(&fixture.root);
    // Nobody has told, and it is in use.
    drop(fixture.connect());
    assert_eq!(fixture.deferred.queries(), 1);

    std::thread::sleep(max_age);
    let connector = Connector::new(fixture.trust.clone());
    let tcp = TcpStream::connect(fixture.server.addr()).unwrap();
    let refused = connector.connect("a.test".try_into().unwrap(), tcp);
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("no root in the trust store named")
    );
    assert!(fixture.deferred.queries() > 1);
    // By now it is known.
    assert!(fixture.trust.connections()[0].anchor_withdrawn());
}

#[test]
fn a_configuration_of_another_trust_is_refused() {
    let fixture = Fixture::new();
    let other = TrustPolicy::builder()
        .deferred_store(fixture.deferred.clone())
        .build();
    let provider = aws_lc_rs::default_provider().into();
    let config = client_config_with_provider(other, provider).unwrap();
    let connector = Connector::with_config(fixture.trust.clone(), config);
    let tcp = TcpStream::connect(fixture.server.addr()).unwrap();
    let refused = connector.connect("a.test".try_into().unwrap(), tcp).unwrap_err();
    assert_eq!(refused.kind(), std::io::ErrorKind::InvalidInput);
    assert!(fixture.trust.connections().is_empty());
}

#[test]
fn what_is_asked_ahead_in_vain_counts_among_the_six_questions_of_a_connection() {
    let fixture = Fixture::new();
    let gone: Vec<Ca> = (0..3)
        .map(|number| Ca::root(format!("Gone {number}").as_str()))
        .collect();
    let named: Vec<Ca> = (0..8)
        .map(|number| Ca::root(format!("Named {number}").as_str()))
        .collect();
    let leaf = named[0].leaf("a.test");
    let mut sent = leaf.chain(&[]);
    sent.extend(named.iter().map(|root| root.intermediate("Unrelated").der()));
    let server = Server::builder()
        .site("a.test", leaf.key(), sent, |_| Response::ok("hello"))
        .start();

    let host_cache = HostCache::builder().build().unwrap();
    let keys: Vec<_> = gone.iter().map(crate::deferred::by_subject).collect();
    host_cache.served("a.test", &keys);
    let trust = TrustPolicy::builder()
        .deferred_store(fixture.deferred.clone())
        .host_cache(host_cache);
    let tcp = TcpStream::connect(server.addr()).unwrap();
    let connector = Connector::new(trust.build());
    connector.connect("a.test".try_into().unwrap(), tcp).unwrap_err();
    assert_eq!(fixture.deferred.queries(), 6);
}
