//! Misbehaviour, as the client meets it.

use std::time::Duration;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Fault, Response, Server};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::client::{Result, connect, trusting};

/// Longer than any handshake that ends takes.
const LONG: Duration = Duration::from_secs(5);

/// A server that does this to a site's every connection, and its root.
fn faulty(fault: Fault) -> (Ca, Server) {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let site = Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    (root, site.fault(fault).start())
}

/// How a handshake with it ends; none if it does not in this time.
async fn handshake(fault: Fault, patience: Duration) -> Option<Result<()>> {
    let (root, server) = faulty(fault);
    let config = trusting(&root, &[]);
    let handshake = connect(server.addr(), "a.test", &config);
    let end = tokio::time::timeout(patience, handshake).await.ok();
    server.wait_until(|server| server.connections() == 1);
    assert_eq!((server.handshakes(), server.requests()), (0, 0));
    end.map(|result| result.map(drop))
}

#[tokio::test]
async fn silence_and_a_stall_never_end() {
    for fault in [Fault::Silence, Fault::StallInServerHello] {
        assert!(handshake(fault, Duration::from_millis(100)).await.is_none());
    }
}

#[tokio::test]
async fn a_closed_connection_is_an_io_error() {
    for fault in [Fault::CloseAfterAccept, Fault::CloseAfterClientHello] {
        let error = handshake(fault, LONG).await.unwrap().unwrap_err();
        let io = error.downcast_ref::<std::io::Error>().unwrap();
        assert_ne!(io.kind(), std::io::ErrorKind::InvalidData, "{fault:?}: {io}");
    }
}

#[tokio::test]
async fn garbage_is_an_error_of_tls() {
    let error = handshake(Fault::GarbageServerHello, LONG)
        .await
        .unwrap()
        .unwrap_err();
    let io = error.downcast_ref::<std::io::Error>().unwrap();
    assert_eq!(io.kind(), std::io::ErrorKind::InvalidData, "{io}");
}

#[tokio::test]
async fn a_connection_closed_after_the_handshake_ends_without_a_close_notify() {
    let (root, server) = faulty(Fault::CloseAfterHandshake);
    let mut stream = connect(server.addr(), "a.test", &trusting(&root, &[]))
        .await
        .unwrap();
    let error = stream.read_u8().await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    server.wait_until(|server| server.handshakes() == 1);
}

#[tokio::test]
async fn a_dropped_server_closes_its_connections_and_its_port() {
    let (_, server) = faulty(Fault::Silence);
    let addr = server.addr();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    server.wait_until(|server| server.connections() == 1);
    drop(server);
    assert_eq!(stream.read(&mut [0]).await.unwrap_or(0), 0);
    assert!(TcpStream::connect(addr).await.is_err());
}
