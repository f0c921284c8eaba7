//! Connections that live: what they keep resident, and how they are listed and closed.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use jit_trust::openssl::{Connector, TokioConnector, Verifier};
use jit_trust::{Connection, TrustPolicy};
use jit_trust_lab::pki::Ca;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{
    GRACE, Later, block_on, client, connect, connect_async, connector, plain, server_of, store,
};

const LATE: Duration = Duration::from_millis(20);
const LONGER: Duration = Duration::from_millis(400);

#[test]
fn connections_that_depend_on_a_removed_anchor_are_told_from_the_others() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let (server, elsewhere) = (server_of(&root), server_of(&other));
    let trust = TrustPolicy::new(store(&[&root, &other]));
    let connector = Connector::new(trust.clone()).unwrap();
    let one = connect(&connector, &server).unwrap();
    let two = connect(&connector, &elsewhere).unwrap();
    let removed = || {
        let connections = trust.connections();
        connections
            .iter()
            .map(Connection::anchor_withdrawn)
            .collect::<Vec<_>>()
    };
    assert_eq!(removed(), [false, false]);
    trust.replace_store(store(&[&other])).unwrap();
    assert_eq!(removed(), [true, false]);
    trust.replace_store(store(&[&root, &other])).unwrap();
    assert_eq!(removed(), [false, false]);
    assert_eq!(trust.connections()[0].host(), crate::support::HOST);
    drop((one, two));
    assert!(trust.connections().is_empty());
}

#[test]
fn closing_ends_a_blocking_read_and_the_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let mut tls = connect(&Connector::new(trust.clone()).unwrap(), &server).unwrap();
    let listed = trust.connections();
    let reading = std::thread::spawn(move || {
        let read = tls.read(&mut [0; 10]).unwrap_err().kind();
        let wrote = tls.write(b"more").unwrap_err().kind();
        let shut_down = tls.shutdown().unwrap_err().kind();
        [read, wrote, shut_down]
    });
    std::thread::sleep(Duration::from_millis(50));
    listed[0].close();
    listed[0].close();
    assert_eq!(reading.join().unwrap(), [ErrorKind::ConnectionAborted; 3]);
    server.wait_until(|server| server.open_connections() == 0);
    assert!(trust.connections().is_empty());
}

#[test]
fn closing_ends_both_halves_of_a_tokio_connection_however_often_they_are_tried() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    block_on(async {
        let connector = TokioConnector::new(trust.clone()).unwrap();
        let tls = connect_async(&connector, &server).await.unwrap();
        let (mut reading, mut writing) = tokio::io::split(tls);
        let reader = tokio::spawn(async move {
            let first = reading.read(&mut [0; 10]).await.unwrap_err().kind();
            let second = reading.read(&mut [0; 10]).await.unwrap_err().kind();
            assert_eq!([first, second], [ErrorKind::ConnectionAborted; 2]);
        });
        let writer = tokio::spawn(async move {
            // The server reads the head of a request and no more, so that this comes to a stop.
            let head = b"POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1000000000\r\n\r\n";
            writing.write_all(head).await.unwrap();
            loop {
                if let Err(error) = writing.write_all(&[b'x'; 1 << 16]).await {
                    let again = writing.write(b"x").await.unwrap_err().kind();
                    assert_eq!([error.kind(), again], [ErrorKind::ConnectionAborted; 2]);
                    return;
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!reader.is_finished() && !writer.is_finished());
        trust.connections()[0].close();
        reader.await.unwrap();
        writer.await.unwrap();
    });
    assert!(trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
}

#[test]
fn an_anchor_stays_while_a_connection_depends_on_it_and_for_the_grace_after_the_last() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root), Later::of(&[&root], LATE));
    let connector = Connector::new(later.trust()).unwrap();
    let first = connect(&connector, &server).unwrap();
    std::thread::sleep(LONGER);
    let second = connect(&connector, &server).unwrap();
    assert_eq!(later.queries(), 1);
    drop(first);
    std::thread::sleep(LONGER);
    drop(connect(&connector, &server).unwrap());
    assert_eq!(later.queries(), 1);
    drop(second);
    std::thread::sleep(LONGER);
    drop(connect(&connector, &server).unwrap());
    assert_eq!(later.queries(), 2);
}

#[test]
fn without_our_connector_it_stays_as_well_while_openssl_has_the_connection() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root), Later::of(&[&root], LATE));
    let mut context = client();
    let trust = later.trust();
    Verifier::new(trust.clone()).attach(&mut context).unwrap();
    let context = context.build();
    let connection = plain(&context, &server, |_| ()).unwrap();
    assert!(trust.connections().is_empty());
    std::thread::sleep(LONGER);
    plain(&context, &server, |_| ()).unwrap();
    assert_eq!(later.queries(), 1);
    drop(connection);
    std::thread::sleep(GRACE + LONGER);
    plain(&context, &server, |_| ()).unwrap();
    assert_eq!(later.queries(), 2);
}

#[test]
fn an_anchor_that_is_removed_while_a_connection_is_made_admits_none() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let (changing, other) = (trust.clone(), store(&[&Ca::root("Other")]));
    // The handshake is not over when the observer is told.
    let verifier = Verifier::new(trust.clone());
    let verifier = verifier.on_verification(move |_| changing.replace_store(other.clone()).unwrap());
    let mut context = client();
    verifier.attach(&mut context).unwrap();
    let connector = Connector::with_context(context.build()).unwrap();
    let error = connect(&connector, &server).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted);
    assert!(trust.connections().is_empty());
}

#[test]
fn the_context_the_connections_and_their_trust_may_go_in_any_order() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let connector = connector(trust.clone(), |_| ());
    let mut tls = connect(&connector, &server).unwrap();
    drop(connector);
    drop(trust);
    assert!(crate::support::get_over(&mut tls).unwrap().ends_with("hello"));
    let session = tls.ssl().session().map(ToOwned::to_owned);
    drop(tls);
    drop(session.unwrap());
}
