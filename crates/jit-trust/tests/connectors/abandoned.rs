//! Connections that are given up while they wait for a store, and those that come after them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::{
    AnchorKey, BlobStore, Certificate, DeferredStore, HostCache, LookupRequest, LookupResponse, RemoteStore,
    Responder, TrustPolicy,
};
use jit_trust_lab::pki::{Ca, Key};
use jit_trust_lab::server::{Response, Server};
use rustls::crypto::aws_lc_rs;

use crate::stores;
use crate::support::*;

/// As many connections as a remote store asks for at once, and more.
const HOSTILE: usize = 80;

/// Longer than the test may take: nothing comes to an end by itself.
const FOR_EVER: Duration = Duration::from_secs(600);

fn subject_of(root: &Ca) -> AnchorKey {
    let der = root.der();
    AnchorKey::Subject(Certificate::from_der(&der).unwrap().subject().hash())
}

#[test]
fn a_good_host_is_reached_each_time_after_connections_that_were_given_up_while_the_store_was_silent() {
    let root = Ca::root("Root");
    let good = server_of(&root, |server| server);
    // Each of these names an issuer of its own.
    let key = Key::ed25519(&[7; 32]);
    let mut hostile = Server::builder();
    let name = |number| format!("host{number}.test");
    for number in 0..HOSTILE {
        let issuer = Ca::builder(name(number).as_str()).key(&key).self_signed();
        let leaf = issuer.leaf(&name(number));
        hostile = hostile.site(&name(number), leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    }
    let hostile = hostile.start();
    let operator = Ca::root("Webroot operator");
    let leaf = operator.leaf("127.0.0.1");
    let (known, blob) = (
        format!("/{}", subject_of(&root)),
        stores::blob(&[&root], stores::Version::V2),
    );
    let webroot = Server::builder().default_site(leaf.key(), leaf.chain(&[]), move |request| {
        match request.path == known {
            true => Response::ok(blob.clone()),
            false => Response::never(),
        }
    });
    let webroot = webroot.start();
    let store = RemoteStore::builder(&format!("https://127.0.0.1:{}", webroot.port()))
        .provider(Arc::new(aws_lc_rs::default_provider()))
        .trust_certificates([operator.der()])
        .query_timeout(FOR_EVER);
    let trust = TrustPolicy::builder()
        .deferred_store(store.build().unwrap())
        .lookup_timeout(FOR_EVER)
        .idle_grace(Duration::ZERO)
        .build();
    let connector = tokio_connector(&trust);
    let mut taken_back = 0;
    for round in 1..=4 {
        block_on(async {
            let mut abandoned = Vec::new();
            for number in 0..HOSTILE {
                let tcp = tokio::net::TcpStream::connect(hostile.addr()).await.unwrap();
                let (connector, server) = (connector.clone(), name(number).try_into().unwrap());
                let connecting = async move { connector.connect(server, tcp).await.map(drop) };
                abandoned.push(tokio::spawn(connecting));
            }
            // All places are taken, by none that will be answered.
            let asked = || webroot.requests_seen().len() - webroot.requests_taken_back() - webroot.requests();
            while asked() < 64 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            abandoned.iter().for_each(tokio::task::JoinHandle::abort);
            let connecting = connect_async(&connector, &good);
            let connected = tokio::time::timeout(Duration::from_secs(60), connecting).await;
            connected.expect("there is a place").unwrap();
        });
        assert_eq!((good.connections(), webroot.requests()), (round, round));
        webroot.wait_until(|webroot| webroot.requests_taken_back() >= taken_back + 64);
        taken_back = webroot.requests_taken_back();
    }
}

/// Keeps its replies.
#[derive(Clone, Debug, Default)]
struct Held(Arc<Mutex<Vec<(LookupRequest, Responder)>>>);

impl DeferredStore for Held {
    fn name(&self) -> String {
        "held".to_owned()
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.0.lock().unwrap().push((question, reply));
    }
}

impl Held {
    fn wait_for(&self, count: usize) {
        wait_until(|| self.0.lock().unwrap().len() == count);
    }

    fn is_wanted(&self, at: usize) -> bool {
        self.0.lock().unwrap()[at].1.is_wanted()
    }
}

#[test]
fn who_comes_while_a_question_is_dropped_that_nobody_wanted_gets_an_answer_however_often_that_happens() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let held = Held::default();
    let trust = TrustPolicy::builder()
        .deferred_store(held.clone())
        .lookup_timeout(FOR_EVER)
        .build();
    let connector = tokio_connector(&trust);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let connect = || {
        let tcp = std::net::TcpStream::connect(server.addr()).unwrap();
        tcp.set_nonblocking(true).unwrap();
        let connector = connector.clone();
        runtime.spawn(async move {
            let tcp = tokio::net::TcpStream::from_std(tcp).unwrap();
            connector.connect(HOST.try_into().unwrap(), tcp).await.map(drop)
        })
    };
    let mut waiting = connect();
    held.wait_for(1);
    for _ in 0..3 {
        assert!(held.is_wanted(0));
        waiting.abort();
        wait_until(|| !held.is_wanted(0));
        waiting = connect();
        wait_until(|| held.is_wanted(0));
        // It was about to drop it.
        let dropped = held.0.lock().unwrap().remove(0);
        drop(dropped);
        held.wait_for(1);
    }
    let (_, reply) = held.0.lock().unwrap().remove(0);
    reply.send(LookupResponse::blob(stores::blob(&[&root], stores::Version::V2)));
    runtime.block_on(waiting).unwrap().unwrap();
}

#[test]
fn what_is_asked_ahead_is_wanted_until_the_handshake_is_over_or_for_the_next() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let held = Held::default();
    let host_cache = HostCache::builder().build().unwrap();
    host_cache.served(HOST, &[subject_of(&Ca::root("Another"))]);
    let trust = TrustPolicy::builder()
        .store(BlobStore::new(stores::blob(&[&root], stores::Version::V2)).unwrap())
        .deferred_store(held.clone())
        .host_cache(host_cache)
        .build();
    // The handshake does without.
    drop(connect(&connector(&trust), &server).unwrap());
    held.wait_for(1);
    assert!(!held.is_wanted(0));
    // It is there for the next, and so is one that is asked before there is a connection.
    assert_eq!(tokio_connector(&trust).prefetch(&HOST.try_into().unwrap()), 1);
    assert!(held.is_wanted(0));
    assert_eq!(held.0.lock().unwrap().len(), 1);
}
