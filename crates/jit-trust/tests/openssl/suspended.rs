//! A handshake that waits for a store.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jit_trust::openssl::{Connector, TokioConnector, Verifier};
use jit_trust::{
    DeferredStore, LookupError, LookupRequest, LookupResponse, Responder, StoreError, TrustPolicy,
};
use jit_trust_lab::pki::{Ca, DAY, Leaf, now};
use jit_trust_lab::server::Server;
use openssl::ssl::NameType;

use crate::given_up::poll_so_often;
use crate::stores::{self, Version};
use crate::support::{
    GRACE, HOST, Later, block_on, client, connect, connect_async, get, key_of, plain, reason, server,
    server_of, store,
};

const LATE: Duration = Duration::from_millis(50);

#[test]
fn a_handshake_is_suspended_until_the_store_answers_in_one_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let later = Later::of(&[&root], LATE);
    let connector = Connector::new(later.trust()).unwrap();
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert_eq!((server.connections(), later.queries()), (2, 1));
}

#[test]
fn other_tasks_of_the_thread_go_on_meanwhile() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let later = Later::of(&[&root], Duration::from_millis(300));
    let connector = TokioConnector::new(later.trust()).unwrap();
    block_on(async {
        let ticking = tokio::spawn(async {
            for _ in 0..10 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            Instant::now()
        });
        let tls = connect_async(&connector, &server).await.unwrap();
        let connected = Instant::now();
        assert!(ticking.await.unwrap() < connected);
        drop(tls);
    });
    assert_eq!((server.connections(), later.queries()), (1, 1));
}

/// Answers when it is told to.
#[derive(Clone, Debug, Default)]
struct Held(Arc<Mutex<Vec<Responder>>>);

impl DeferredStore for Held {
    fn name(&self) -> String {
        "held".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        self.0.lock().unwrap().push(reply);
    }
}

#[test]
fn many_connections_wait_at_once_on_one_thread() {
    const MANY: usize = 600;
    let root = Ca::root("Root");
    let server = server_of(&root);
    let held = Held::default();
    let trust = TrustPolicy::builder().deferred_store(held.clone()).build();
    let told = Arc::new(Mutex::new(Vec::new()));
    let threads = told.clone();
    let verifier = Verifier::new(trust.clone());
    let verifier =
        verifier.on_verification(move |_| threads.lock().unwrap().push(std::thread::current().id()));
    let mut context = client();
    verifier.attach(&mut context).unwrap();
    let connector = TokioConnector::with_context(context.build()).unwrap();
    block_on(async {
        let mut connections = tokio::task::JoinSet::new();
        for _ in 0..MANY {
            let connector = connector.clone();
            let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
            connections.spawn(async move { connector.connect(HOST, tcp).await });
        }
        while held.0.lock().unwrap().is_empty() || server.connections() < MANY {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Time for all of them to get to where they wait.
        tokio::time::sleep(Duration::from_millis(500)).await;
        let mut replies = std::mem::take(&mut *held.0.lock().unwrap());
        assert_eq!((replies.len(), told.lock().unwrap().len()), (1, 0));
        let reply = replies.pop().unwrap();
        reply.send(LookupResponse::blob(stores::blob(&[&root], Version::V1)));
        let connections = connections.join_all().await;
        assert!(connections.iter().all(Result::is_ok));
        assert_eq!(trust.connections().len(), MANY);
    });
    let told = told.lock().unwrap();
    assert_eq!(told.len(), MANY);
    assert!(told.iter().all(|thread| *thread == std::thread::current().id()));
    assert_eq!(server.connections(), MANY);
}

#[test]
fn a_connection_that_is_given_up_at_any_step_leaves_nothing_behind() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root), Later::of(&[&root], LATE));
    let trust = later.trust();
    let connector = TokioConnector::new(trust.clone()).unwrap();
    for polls in 0.. {
        let is_done = block_on(poll_so_often(polls, async {
            connect_async(&connector, &server).await.unwrap()
        }));
        assert!(trust.connections().is_empty());
        server.wait_until(|server| server.open_connections() == 0);
        // A response that came meanwhile is evicted, since no connection depends on it: the next one asks again.
        std::thread::sleep(LATE + GRACE + Duration::from_millis(100));
        let before = later.queries();
        drop(connect(&Connector::new(trust.clone()).unwrap(), &server).unwrap());
        assert_eq!(later.queries(), before + 1);
        server.wait_until(|server| server.open_connections() == 0);
        std::thread::sleep(GRACE + Duration::from_millis(100));
        if is_done {
            assert!(polls > 2, "there was nothing to give up: {polls}");
            return;
        }
    }
}

#[test]
fn a_store_that_never_answers_is_waited_for_until_the_lookup_timeout() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let held = Held::default();
    let timeout = Duration::from_millis(200);
    let trust = TrustPolicy::builder()
        .deferred_store(held)
        .lookup_timeout(timeout)
        .build();
    let blocking = || connect(&Connector::new(trust.clone()).unwrap(), &server).map(drop);
    let waiting = || {
        let connector = TokioConnector::new(trust.clone()).unwrap();
        block_on(async { connect_async(&connector, &server).await.map(drop) })
    };
    let ways: [&dyn Fn() -> std::io::Result<()>; 2] = [&blocking, &waiting];
    for connect in ways {
        let started = Instant::now();
        let error = connect().unwrap_err();
        let took = started.elapsed();
        assert!(
            took >= Duration::from_millis(150) && took < timeout * 10,
            "{took:?}"
        );
        let reason = reason::<StoreError>(&error);
        let StoreError::Lookup { error, .. } = reason else {
            panic!("{reason:?}")
        };
        assert!(matches!(**error, LookupError::TimedOut(limit) if limit == timeout));
    }
    assert_eq!((server.handshakes(), trust.connections().len()), (0, 0));
}

#[test]
fn where_the_top_issuer_is_unknown_the_next_is_asked_for() {
    let root = Ca::root("Root");
    let old = Ca::root("Old");
    let crossed = old.cross_sign(&root);
    let ca = root.intermediate("CA");
    let leaf = ca.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[&ca, &crossed]));
    let later = Later::of(&[&root], LATE);
    get(&Connector::new(later.trust()).unwrap(), &server).unwrap();
    assert_eq!(later.asked(), [key_of(&old), key_of(&root)]);
    let connector = TokioConnector::new(later.trust()).unwrap();
    block_on(async { drop(connect_async(&connector, &server).await.unwrap()) });
    assert_eq!((server.connections(), later.queries()), (2, 4));
}

/// A server that names 21 issuers.
fn naming_many_issuers() -> Server {
    let mut cas = vec![Ca::root("Root")];
    for number in 0..20 {
        let ca = cas[number].intermediate(format!("CA {number}").as_str());
        cas.push(ca);
    }
    let leaf = cas[20].leaf(HOST);
    let chain: Vec<_> = cas.iter().rev().collect();
    server(&leaf, leaf.chain(&chain))
}

#[test]
fn a_server_that_names_many_issuers_has_six_questions_asked() {
    let server = naming_many_issuers();
    let later = Later::of(&[], Duration::from_millis(20));
    let connector = Connector::new(later.trust()).unwrap();
    connect(&connector, &server).unwrap_err();
    assert_eq!(later.queries(), 6);
    let later = Later::of(&[], Duration::from_millis(20));
    let connector = TokioConnector::new(later.trust()).unwrap();
    block_on(async { connect_async(&connector, &server).await.map(drop).unwrap_err() });
    assert_eq!((later.queries(), server.connections()), (6, 2));
}

/// Says at once, to every other question, that there is no such anchor; to the others later.
#[derive(Clone, Debug, Default)]
struct Unsteady(Arc<Mutex<usize>>);

impl DeferredStore for Unsteady {
    fn name(&self) -> String {
        "unsteady".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        let mut asked = self.0.lock().unwrap();
        *asked += 1;
        if *asked % 2 == 1 {
            return reply.send(Ok(LookupResponse::not_found()));
        }
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(20));
            reply.send(Ok(LookupResponse::not_found()));
        });
    }
}

#[test]
fn what_was_answered_at_once_is_not_asked_again_when_the_handshake_goes_on() {
    let server = naming_many_issuers();
    let unsteady = Unsteady::default();
    let trust = TrustPolicy::builder().deferred_store(unsteady.clone());
    // What it does not have is not remembered.
    let trust = trust.negative_ttl(Duration::ZERO).build();
    connect(&Connector::new(trust).unwrap(), &server).unwrap_err();
    assert_eq!(*unsteady.0.lock().unwrap(), 6);
}

#[test]
fn without_our_connector_the_thread_waits() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root), Later::of(&[&root], LATE));
    let mut context = client();
    Verifier::new(later.trust()).attach(&mut context).unwrap();
    let started = Instant::now();
    plain(&context.build(), &server, |_| ()).unwrap();
    assert!(started.elapsed() >= LATE);
    assert_eq!((server.connections(), later.queries()), (1, 1));
}

/// Leaves a line in OpenSSL's error queue, as a store does that uses OpenSSL and does not look.
#[derive(Debug)]
struct Untidy(Later);

impl DeferredStore for Untidy {
    fn name(&self) -> String {
        "untidy".to_owned()
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        openssl::x509::X509::from_der(b"none").unwrap_err().put();
        self.0.look_up(question, reply);
    }
}

#[test]
fn what_a_store_leaves_in_openssls_error_queue_does_not_end_the_handshake() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::builder().deferred_store(Untidy(Later::of(&[&root], LATE)));
    get(&Connector::new(trust.build()).unwrap(), &server).unwrap();
}

#[test]
fn a_server_whose_own_certificate_has_expired_costs_no_question() {
    let root = Ca::root("Root");
    let leaf = Leaf::builder(&[HOST])
        .validity(now() - 2 * DAY, now() - DAY)
        .issued_by(&root);
    let server = server(&leaf, leaf.chain(&[]));
    let later = Later::of(&[&root], Duration::ZERO);
    let trust = TrustPolicy::builder().deferred_store(later.clone()).build();
    get(&Connector::new(trust).unwrap(), &server).unwrap_err();
    assert!(later.asked().is_empty());
}

#[test]
fn a_host_may_end_with_a_dot() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(store(&[&root])).unwrap();
    let tcp = TcpStream::connect(server.addr()).unwrap();
    assert_eq!(
        connector
            .connect("a.test.", tcp)
            .unwrap()
            .ssl()
            .servername(NameType::HOST_NAME),
        Some(HOST)
    );
}
