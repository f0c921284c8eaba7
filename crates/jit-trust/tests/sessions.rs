//! A session is resumed only while the anchor that it depends on is trusted unchanged; the resumed connection depends on it too.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod stores;
#[path = "connectors/support.rs"]
mod support;

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use jit_trust::{BlobStore, Connection, Connector, Entry, TlsStream, TrustPolicy, WatchedFileStore};
use jit_trust_lab::pki::{Ca, now};
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use stores::Version;
use support::{
    GRACE, HOST, Later, block_on, config, connect, connect_async, connector, server_of, tokio_connector,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const TLS: [fn(ServerBuilder) -> ServerBuilder; 2] = [
    |server| server.tls12_only().http1_only(),
    |server| server.tls13_only().http1_only(),
];

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

fn store_of(entries: &[Entry<'_>]) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::encode(entries, Version::V2)).unwrap()
}

fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::blob(roots, Version::V2)).unwrap()
}

/// Sends a request and reads the answer, and with it the tickets that came before.
fn exchange(mut tls: impl Read + Write) {
    tls.write_all(REQUEST).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        let mut buffer = [0; 1000];
        let read = tls.read(&mut buffer).unwrap();
        assert!(read > 0);
        answer.extend_from_slice(&buffer[..read]);
    }
}

fn reach(connector: &Connector, server: &Server) -> io::Result<TlsStream> {
    let mut tls = connect(connector, server)?;
    exchange(&mut tls);
    Ok(tls)
}

type Plain = StreamOwned<ClientConnection, TcpStream>;

/// Makes a connection that nobody keeps account of, and reads nothing from it yet.
fn connect_plainly(config: &Arc<ClientConfig>, host: &'static str, server: &Server) -> Plain {
    let mut tls = ClientConnection::new(config.clone(), host.try_into().unwrap()).unwrap();
    let mut tcp = TcpStream::connect(server.addr()).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut tcp).unwrap();
    }
    StreamOwned::new(tls, tcp)
}

/// Puts a chain to another root in the place of the server's.
fn move_to(server: &Server, root: &Ca) {
    let leaf = root.leaf_for(&[HOST]);
    server.set_site("", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
}

#[test]
fn a_session_is_resumed_while_its_anchor_is_there() {
    let root = Ca::root("Root");
    for tls in TLS {
        let server = server_of(&root, tls);
        let trust = TrustPolicy::new(store(&[&root]));
        let connector = connector(&trust);
        for resumed in 0..4 {
            drop(reach(&connector, &server).unwrap());
            assert_eq!(server.resumptions(), resumed);
        }
        // A store that was replaced holds it still.
        trust.replace_store(store(&[&Ca::root("Other"), &root])).unwrap();
        drop(reach(&connector, &server).unwrap());
        assert_eq!(server.resumptions(), 4);
    }
}

#[test]
fn a_task_resumes_a_session_while_its_anchor_is_there() {
    let root = Ca::root("Root");
    for tls in TLS {
        let server = server_of(&root, tls);
        let later = Later::of(&[&root], Duration::from_millis(5));
        for trust in [TrustPolicy::new(store(&[&root])), later.trust()] {
            let before = server.resumptions();
            let connector = tokio_connector(&trust);
            block_on(async {
                for resumed in 0..3 {
                    let mut tls = connect_async(&connector, &server).await.unwrap();
                    tls.write_all(REQUEST).await.unwrap();
                    assert!(tls.read(&mut [0; 1000]).await.unwrap() > 0);
                    assert_eq!(server.resumptions(), before + resumed);
                }
            });
        }
        assert_eq!(later.queries(), 1);
    }
}

#[test]
fn a_session_is_not_resumed_once_its_anchor_is_gone_or_another() {
    let (root, namesake) = (Ca::root("Root"), Ca::root("Root"));
    let der = root.der();
    let unchanged = || stores::entry(&der);
    let future = u64::try_from(now()).unwrap() + 1_000_000;
    // In RFC 5280's encoding: all names but those below `.tr`.
    let not_tr = &b"\xa1\x07\x30\x05\x82\x03.tr"[..];
    let changes: [(BlobStore<Vec<u8>>, bool); 4] = [
        (store(&[&Ca::root("Other")]), false),
        (store(&[&namesake]), false),
        (store_of(&[unchanged().with_distrust_after(Some(future))]), true),
        (store_of(&[unchanged().with_name_constraints(Some(not_tr))]), true),
    ];
    for tls in TLS {
        for (changed, is_trusted) in &changes {
            let server = server_of(&root, tls);
            let trust = TrustPolicy::new(store(&[&root]));
            let connector = connector(&trust);
            drop(reach(&connector, &server).unwrap());
            drop(reach(&connector, &server).unwrap());
            assert_eq!(server.resumptions(), 1);
            trust.replace_store(changed.clone()).unwrap();
            assert_eq!(reach(&connector, &server).is_ok(), *is_trusted);
            assert_eq!(server.resumptions(), 1);
        }
    }
}

/// The store that holds the anchor is as it was; another says more of its name and key now.
#[test]
fn a_condition_that_comes_later_from_another_store_ends_resumption_and_marks_connections() {
    let root = Ca::root("Root");
    let der = root.der();
    let stated = || stores::entry(&der);
    let future = u64::try_from(now()).unwrap() + 1_000_000;
    let not_tr = &b"\xa1\x07\x30\x05\x82\x03.tr"[..];
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("trust.tblb");
    let replace = |entries: &[Entry<'_>]| {
        let new = path.with_extension("new");
        std::fs::write(&new, stores::encode(entries, Version::V2)).unwrap();
        std::fs::rename(&new, &path).unwrap();
    };
    for condition in [
        stated().with_distrust_after(Some(future)),
        stated().with_name_constraints(Some(not_tr)),
    ] {
        let later = Later::of(&[&root], Duration::ZERO);
        for is_remote in [false, true] {
            replace(&[stores::entry(&Ca::root("Other").der())]);
            let watched = WatchedFileStore::open(&path).unwrap();
            let server = server_of(&root, TLS[1]);
            let trust = TrustPolicy::builder().store(watched);
            let trust = match is_remote {
                true => trust.deferred_store(later.clone()),
                false => trust.store(store(&[&root])),
            };
            let trust = trust.build();
            let connector = connector(&trust);
            drop(reach(&connector, &server).unwrap());
            let _kept = reach(&connector, &server).unwrap();
            assert_eq!(server.resumptions(), 1);
            let removed = || trust.connections().iter().any(Connection::anchor_withdrawn);
            assert!(!removed());
            replace(&[condition]);
            assert!(removed(), "{is_remote}");
            // It is met, so that a new handshake is made, and its session is good.
            drop(reach(&connector, &server).unwrap());
            assert_eq!(server.resumptions(), 1);
            drop(reach(&connector, &server).unwrap());
            assert_eq!(server.resumptions(), 2);
        }
    }
}

#[test]
fn a_session_that_was_given_on_resuming_depends_on_what_the_first_did() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for tls in TLS {
        let server = server_of(&root, tls);
        let trust = TrustPolicy::new(store(&[&root, &other]));
        let connector = connector(&trust);
        for _ in 0..3 {
            drop(reach(&connector, &server).unwrap());
        }
        assert_eq!(server.resumptions(), 2);
        // With the other root gone they are as good as before.
        trust.replace_store(store(&[&root])).unwrap();
        drop(reach(&connector, &server).unwrap());
        assert_eq!(server.resumptions(), 3);
        move_to(&server, &other);
        trust.replace_store(store(&[&other])).unwrap();
        drop(reach(&connector, &server).unwrap());
        assert_eq!(server.resumptions(), 3);
    }
}

#[test]
fn a_session_that_was_offered_in_vain_leaves_no_trace_on_the_next() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for tls in TLS {
        let (first, second) = (server_of(&root, tls), server_of(&other, tls));
        let trust = TrustPolicy::new(store(&[&root, &other]));
        let connector = connector(&trust);
        drop(reach(&connector, &first).unwrap());
        let connected = reach(&connector, &second).unwrap();
        assert_eq!(second.resumptions(), 0);
        trust.replace_store(store(&[&other])).unwrap();
        assert!(!trust.connections()[0].anchor_withdrawn());
        drop(connected);
        // The session that comes of resuming one depends on what that did, and not on every anchor that verified the host.
        for resumed in 1..=2 {
            drop(reach(&connector, &second).unwrap());
            assert_eq!(second.resumptions(), resumed);
        }
    }
}

#[test]
fn a_late_ticket_depends_on_the_anchor_of_its_own_connection() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = server_of(&root, TLS[1]);
    let trust = TrustPolicy::new(store(&[&root, &other]));
    let connector = connector(&trust);
    let early = connect(&connector, &server).unwrap();
    server.wait_until(|server| server.handshakes() == 1);
    move_to(&server, &other);
    // Another anchor verifies the host since; the tickets of both connections are not read yet.
    let late = connect(&connector, &server).unwrap();
    trust.replace_store(store(&[&other])).unwrap();
    exchange(early);
    drop(connect(&connector, &server).unwrap());
    server.wait_until(|server| server.handshakes() == 3);
    assert_eq!(server.resumptions(), 0);
    exchange(late);
    drop(reach(&connector, &server).unwrap());
    assert_eq!(server.resumptions(), 1);
}

#[test]
fn without_a_tracked_connection_a_late_ticket_depends_on_all_anchors_that_verified_the_host() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for (kept, is_resumed) in [(vec![&root, &other], 1), (vec![&other], 0)] {
        let server = server_of(&root, TLS[1]);
        let trust = TrustPolicy::new(store(&[&root, &other]));
        let config = Arc::new(config(&trust));
        let early = connect_plainly(&config, HOST, &server);
        server.wait_until(|server| server.handshakes() == 1);
        move_to(&server, &other);
        let late = connect_plainly(&config, HOST, &server);
        trust.replace_store(store(&kept)).unwrap();
        exchange(early);
        exchange(connect_plainly(&config, HOST, &server));
        assert_eq!(server.resumptions(), is_resumed);
        drop(late);
    }
}

#[test]
fn where_nobody_keeps_account_two_anchors_in_turn_both_count() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for tls in TLS {
        // Of one name, and each with sessions of its own.
        let (first, second) = (server_of(&root, tls), server_of(&other, tls));
        let trust = TrustPolicy::new(store(&[&root, &other]));
        let plain = Arc::new(config(&trust));
        exchange(connect_plainly(&plain, HOST, &first));
        exchange(connect_plainly(&plain, HOST, &second));
        exchange(connect_plainly(&plain, HOST, &second));
        assert_eq!((first.resumptions(), second.resumptions()), (0, 1));
        trust.replace_store(store(&[&other])).unwrap();
        exchange(connect_plainly(&plain, HOST, &second));
        assert_eq!((first.resumptions(), second.resumptions()), (0, 1));
    }
}

#[test]
fn a_ticket_that_comes_when_its_host_is_evicted_depends_on_what_its_connection_did() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = server_of(&root, TLS[1]);
    let trust = TrustPolicy::new(store(&[&root, &other]));
    let plain = Arc::new(config(&trust));
    let early = connect_plainly(&plain, HOST, &server);
    server.wait_until(|server| server.handshakes() == 1);

    // As many hosts as are remembered, and more.
    let leaf = other.leaf_for(&["*.many.test"]);
    let many = Server::builder()
        .default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    for number in 0..300 {
        let host: &'static str = format!("host-{number}.many.test").leak();
        drop(connect_plainly(&plain, host, &many));
    }

    move_to(&server, &other);
    let late = connect_plainly(&plain, HOST, &server);
    trust.replace_store(store(&[&other])).unwrap();
    exchange(early);
    exchange(connect_plainly(&plain, HOST, &server));
    assert_eq!(server.resumptions(), 0);
    drop(late);
}

#[test]
fn a_resumed_connection_depends_on_the_anchor_of_its_session() {
    let root = Ca::root("Root");
    for tls in TLS {
        let server = server_of(&root, tls);
        let trust = TrustPolicy::new(store(&[&root]));
        let connector = connector(&trust);
        drop(reach(&connector, &server).unwrap());
        let resumed = reach(&connector, &server).unwrap();
        assert_eq!((server.resumptions(), trust.connections().len()), (1, 1));
        assert!(!trust.connections()[0].anchor_withdrawn());
        trust.replace_store(store(&[&Ca::root("Other")])).unwrap();
        assert!(trust.connections()[0].anchor_withdrawn());
        drop(resumed);
    }
}

#[test]
fn a_resumed_connection_keeps_the_anchor_of_its_session() {
    let root = Ca::root("Root");
    for tls in TLS {
        let server = server_of(&root, tls);
        let later = Later::of(&[&root], Duration::from_millis(5));
        let trust = later.trust();
        let of_one = connector(&trust);
        drop(reach(&of_one, &server).unwrap());
        let resumed = reach(&of_one, &server).unwrap();
        assert_eq!((server.resumptions(), later.queries()), (1, 1));
        std::thread::sleep(3 * GRACE);
        // One with sessions of its own, which has none yet.
        drop(reach(&connector(&trust), &server).unwrap());
        assert_eq!((server.resumptions(), later.queries()), (1, 1));
        drop(resumed);
        std::thread::sleep(3 * GRACE);
        // An anchor that is no longer cached cannot be checked, so that there is a full handshake.
        drop(reach(&of_one, &server).unwrap());
        assert_eq!((server.resumptions(), later.queries()), (1, 2));
    }
}

#[test]
fn the_anchor_of_a_session_that_was_offered_in_vain_is_not_kept() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    for tls in TLS {
        let (first, second) = (server_of(&root, tls), server_of(&other, tls));
        let later = Later::of(&[&root, &other], Duration::from_millis(5));
        let trust = later.trust();
        let of_one = connector(&trust);
        drop(reach(&of_one, &first).unwrap());
        let connected = reach(&of_one, &second).unwrap();
        assert_eq!((second.resumptions(), later.queries()), (0, 2));
        std::thread::sleep(3 * GRACE);
        drop(reach(&connector(&trust), &second).unwrap());
        assert_eq!(later.queries(), 2);
        drop(reach(&connector(&trust), &first).unwrap());
        assert_eq!(later.queries(), 3);
        drop(connected);
    }
}
