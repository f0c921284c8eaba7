//! Connections that can be listed and closed.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use jit_trust::{BlobStore, Connection, TrustPolicy};
use jit_trust_lab::pki::Ca;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::stores::{self, Version};
use crate::support::*;

fn store(roots: &[&Ca]) -> BlobStore<Vec<u8>> {
    BlobStore::new(stores::blob(roots, Version::V2)).unwrap()
}

#[test]
fn connections_that_depend_on_a_removed_anchor_are_told_from_the_others() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let (server, elsewhere) = (
        server_of(&root, |server| server),
        server_of(&other, |server| server),
    );
    let trust = TrustPolicy::new(store(&[&root, &other]));
    let connector = connector(&trust);
    let _one = connect(&connector, &server).unwrap();
    let _other = connect(&connector, &elsewhere).unwrap();
    let removed = || {
        trust
            .connections()
            .iter()
            .map(Connection::anchor_withdrawn)
            .collect::<Vec<_>>()
    };
    assert_eq!(removed(), [false, false]);
    trust.replace_store(store(&[&other])).unwrap();
    assert_eq!(removed(), [true, false]);
    trust.replace_store(store(&[&root, &other])).unwrap();
    assert_eq!(removed(), [false, false]);
}

#[test]
fn closing_ends_a_blocking_read_and_the_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    let mut tls = connect(&connector(&trust), &server).unwrap();
    let listed = trust.connections();
    let reading = std::thread::spawn(move || {
        let read = tls.read(&mut [0; 10]).unwrap_err().kind();
        let wrote = tls.write(b"more").unwrap_err().kind();
        (read, wrote)
    });
    std::thread::sleep(Duration::from_millis(50));
    listed[0].close();
    listed[0].close();
    let aborted = ErrorKind::ConnectionAborted;
    assert_eq!(reading.join().unwrap(), (aborted, aborted));
    server.wait_until(|server| server.open_connections() == 0);
    assert!(trust.connections().is_empty());
}

#[test]
fn a_connection_that_is_dropped_is_closed_although_somebody_has_it_on_a_list() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    let tls = connect(&connector(&trust), &server).unwrap();
    let listed = trust.connections();
    drop(tls);
    server.wait_until(|server| server.handshakes() == 1 && server.open_connections() == 0);
    listed[0].close();
}

#[test]
fn closing_ends_both_halves_of_a_tokio_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    block_on(async {
        let tls = connect_async(&tokio_connector(&trust), &server).await.unwrap();
        let (mut reading, mut writing) = tokio::io::split(tls);
        let reader =
            tokio::spawn(async move { (reading.read(&mut [0; 10]).await.unwrap_err().kind(), reading) });
        // The server reads the head of a request and no more, so that this comes to a stop.
        let writer = tokio::spawn(async move {
            let head = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000000\r\n\r\n";
            writing.write_all(head).await.unwrap();
            loop {
                if let Err(error) = writing.write_all(&[b'x'; 1 << 16]).await {
                    return (error.kind(), writing);
                }
            }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!reader.is_finished());
        trust.connections()[0].close();
        let (read, reading) = reader.await.unwrap();
        let (wrote, mut writing) = writer.await.unwrap();
        assert_eq!(
            (read, wrote),
            (ErrorKind::ConnectionAborted, ErrorKind::ConnectionAborted)
        );
        assert_eq!(
            writing.flush().await.unwrap_err().kind(),
            ErrorKind::ConnectionAborted
        );
        // To shut it down is what is wanted.
        writing.shutdown().await.unwrap();
        drop((reading, writing));
    });
    assert!(trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
}

#[test]
fn a_connection_that_was_closed_can_be_shut_down_and_sends_nothing_more() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    block_on(async {
        let mut tls = connect_async(&tokio_connector(&trust), &server).await.unwrap();
        tls.write_all(b"GET / HTTP/1.1\r\n").await.unwrap();
        trust.connections()[0].close();
        tls.shutdown().await.unwrap();
        server.wait_until(|server| server.open_connections() == 0);
        assert_eq!(
            tls.read(&mut [0]).await.unwrap_err().kind(),
            ErrorKind::ConnectionAborted
        );
    });
}

#[test]
fn an_anchor_that_is_removed_while_a_connection_is_made_admits_none() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    let verifier =
        jit_trust::Verifier::with_provider(trust.clone(), &rustls::crypto::aws_lc_rs::default_provider());
    let changing = trust.clone();
    let other = store(&[&Ca::root("Other")]);
    // The handshake is not over when the observer is told.
    let mut verifier = verifier.on_verification(move |_| changing.replace_store(other.clone()).unwrap());
    let resumption = verifier.resumption();
    let mut config = config(&trust);
    config
        .dangerous()
        .set_certificate_verifier(std::sync::Arc::new(verifier));
    config.resumption = resumption;
    let connector = jit_trust::Connector::with_config(trust.clone(), config);
    let error = connect(&connector, &server).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionAborted, "{error}");
    assert!(trust.connections().is_empty());
    assert_eq!(server.requests(), 0);
}

#[test]
fn vectored_writes_go_through_as_one() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::new(store(&[&root]));
    block_on(async {
        let mut tls = connect_async(&tokio_connector(&trust), &server).await.unwrap();
        assert!(tls.is_write_vectored());
        let parts: [&[u8]; 2] = [
            b"GET / HTTP/1.1\r\nHost: localhost\r\n",
            b"Connection: close\r\n\r\n",
        ];
        let parts = parts.map(std::io::IoSlice::new);
        assert_eq!(
            tls.write_vectored(&parts).await.unwrap(),
            parts[0].len() + parts[1].len()
        );
        let mut answer = String::new();
        tls.read_to_string(&mut answer).await.unwrap();
        assert!(answer.ends_with("hello"), "{answer}");
    });
}
