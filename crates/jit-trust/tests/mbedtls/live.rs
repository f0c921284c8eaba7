//! Connections that live, and what comes of them when trust is taken back.

use std::io::{ErrorKind, Read, Write};

use jit_trust::TrustPolicy;
use jit_trust::mbedtls::{Connector, TokioConnector};
use jit_trust_lab::pki::Ca;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::*;

#[test]
fn two_connections_are_two_full_handshakes() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(store(&[&root])).unwrap();
    get(&connector, &server).unwrap();
    get(&connector, &server).unwrap();
    let connector = TokioConnector::new(store(&[&root])).unwrap();
    block_on(async {
        get_async(&connector, &server).await.unwrap();
        get_async(&connector, &server).await.unwrap();
    });
    assert_eq!((server.handshakes(), server.resumptions()), (4, 0));
}

#[test]
fn after_its_root_was_removed_a_server_is_refused() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let connector = Connector::new(trust.clone()).unwrap();
    let mut tls = connect(&connector, &server).unwrap();
    assert!(!trust.connections()[0].anchor_withdrawn());
    trust.replace_store(store(&[&other])).unwrap();
    assert!(connect(&connector, &server).is_err());
    // One that lives can be found, and closed.
    let [connection] = &*trust.connections() else {
        panic!("there is one");
    };
    assert_eq!(connection.host(), HOST);
    assert!(connection.anchor_withdrawn());
    connection.close();
    assert_eq!(tls.write(b"x").unwrap_err().kind(), ErrorKind::ConnectionAborted);
    assert_eq!(
        tls.read(&mut [0; 1]).unwrap_err().kind(),
        ErrorKind::ConnectionAborted
    );
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(server.requests(), 0);
    drop(tls);
    assert!(trust.connections().is_empty());
}

#[test]
fn a_connection_of_tokio_is_listed_and_closed() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let connector = TokioConnector::new(trust.clone()).unwrap();
    block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
        let mut tls = connector.connect(HOST, tcp).await.unwrap();
        assert!(tls.get_ref().is_some());
        let [connection] = &*trust.connections() else {
            panic!("there is one");
        };
        let close = async {
            tokio::task::yield_now().await;
            connection.close();
        };
        let mut byte = [0; 1];
        let (read, ()) = tokio::join!(tls.read(&mut byte), close);
        assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionAborted);
        assert_eq!(
            tls.write(b"x").await.unwrap_err().kind(),
            ErrorKind::ConnectionAborted
        );
    });
    server.wait_until(|server| server.open_connections() == 0);
    assert!(trust.connections().is_empty());
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_stream_can_be_shut_down_twice() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = TokioConnector::new(store(&[&root])).unwrap();
    block_on(async {
        let tcp = tokio::net::TcpStream::connect(server.addr()).await.unwrap();
        let mut tls = connector.connect(HOST, tcp).await.unwrap();
        tls.flush().await.unwrap();
        tls.shutdown().await.unwrap();
        tls.shutdown().await.unwrap();
        assert!(tls.get_ref().is_none());
    });
    server.wait_until(|server| server.open_connections() == 0);
}
