//! The relay.

use std::time::Duration;

use jit_trust_lab::relay::Relay;
use jit_trust_lab::server::{Response, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";

fn plain(body: &'static str) -> Server {
    Server::builder().plain(move |_| Response::ok(body)).start()
}

/// Asks, and reads until this comes.
async fn asks_and_gets(stream: &mut TcpStream, body: &str) {
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(body.as_bytes()) {
        answer.push(stream.read_u8().await.unwrap());
    }
}

async fn is_closed(stream: &mut TcpStream) -> bool {
    // An end or a reset.
    let read = timeout(Duration::from_secs(5), stream.read_u8()).await;
    read.is_ok_and(|read| read.is_err())
}

#[tokio::test]
async fn a_relay_passes_both_ways_and_counts() {
    let server = plain("hello");
    let relay = Relay::to(server.addr());
    let mut stream = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut stream, "hello").await;
    asks_and_gets(&mut stream, "hello").await;
    assert_eq!((relay.connections(), server.connections()), (1, 1));
    assert!(relay.bytes_from_server() > 2 * "hello".len());
}

#[tokio::test]
async fn a_relay_that_is_down_closes_what_there_is_and_what_comes_until_it_is_up() {
    let server = plain("hello");
    let relay = Relay::to(server.addr());
    let mut before = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut before, "hello").await;
    relay.down();
    assert!(is_closed(&mut before).await);
    let mut during = TcpStream::connect(relay.addr()).await.unwrap();
    assert!(is_closed(&mut during).await);
    relay.up();
    let mut after = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut after, "hello").await;
    assert_eq!((relay.connections(), server.connections()), (3, 2));
}

#[tokio::test]
async fn a_silent_connection_stays_open_and_says_nothing_while_new_ones_work() {
    let server = plain("hello");
    let relay = Relay::to(server.addr());
    let mut silent = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut silent, "hello").await;
    relay.silence();
    let mut new = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut new, "hello").await;
    silent.write_all(REQUEST).await.unwrap();
    let read = timeout(Duration::from_millis(300), silent.read_u8()).await;
    assert!(read.is_err(), "{read:?}");
}

#[tokio::test]
async fn a_relay_can_lead_to_another_server() {
    let (first, second) = (plain("first"), plain("second"));
    let relay = Relay::to(first.addr());
    let mut before = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut before, "first").await;
    relay.lead_to(second.addr());
    assert!(is_closed(&mut before).await);
    let mut after = TcpStream::connect(relay.addr()).await.unwrap();
    asks_and_gets(&mut after, "second").await;
}
