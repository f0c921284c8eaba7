//! The CONNECT proxy.

use jit_trust_lab::pki::Ca;
use jit_trust_lab::proxy::Proxy;
use jit_trust_lab::server::{Response, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::client::{get_all, get_all_over, over, trusting};

/// Sends a head and reads the answer's, which ends in an empty line.
async fn ask(proxy: &Proxy, head: &str) -> (TcpStream, String) {
    let mut stream = TcpStream::connect(proxy.addr()).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    (stream, String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn a_tunnel_leads_every_name_to_loopback() {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    let proxy = Proxy::start();
    let target = format!("a.test:{}", server.port());
    let (stream, answer) = ask(
        &proxy,
        &format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n"),
    )
    .await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let stream = over(stream, "a.test", &trusting(&root, &["h2"])).await.unwrap();
    assert_eq!(
        get_all(stream, &[server.url("a.test", "/")]).await.unwrap()[0].body,
        "hello"
    );
    assert_eq!((proxy.connects(), proxy.targets()), (1, vec![target]));
    assert_eq!(server.connections(), 1);
}

#[tokio::test]
async fn a_password_is_asked_for() {
    let server = Server::builder().plain(|_| Response::ok("")).start();
    let proxy = Proxy::start_with_password("user", "secret");
    let head = |fields: &str| format!("CONNECT a.test:{} HTTP/1.1\r\n{fields}\r\n", server.port());
    let (_, answer) = ask(&proxy, &head("")).await;
    assert!(
        answer.starts_with("HTTP/1.1 407 ") && answer.contains("Proxy-Authenticate: Basic"),
        "{answer}"
    );
    let (_, answer) = ask(&proxy, &head("Proxy-Authorization: Basic dXNlcjp3cm9uZw==\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 407 "), "{answer}");
    let (_, answer) = ask(&proxy, &head("proxy-authorization: Basic dXNlcjpzZWNyZXQ=\r\n")).await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    assert_eq!((proxy.connects(), proxy.refused()), (1, 2));
}

#[tokio::test]
async fn what_is_no_connect_or_leads_nowhere_is_refused() {
    let proxy = Proxy::start();
    let closed = Server::builder().start().addr().port();
    for (head, status) in [
        ("GET http://a.test/ HTTP/1.1\r\n\r\n".to_owned(), "405"),
        ("CONNECT a.test HTTP/1.1\r\n\r\n".to_owned(), "400"),
        (format!("CONNECT a.test:{closed} HTTP/1.1\r\n\r\n"), "502"),
    ] {
        let (_, answer) = ask(&proxy, &head).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{answer}");
    }
    assert_eq!(proxy.connects(), 0);
}

#[tokio::test]
async fn a_proxy_can_lead_every_name_and_port_to_one_address() {
    let server = Server::builder().plain(|_| Response::ok("hello")).start();
    let proxy = Proxy::leading_to(server.addr());
    let (stream, answer) = ask(&proxy, "CONNECT a.test:443 HTTP/1.1\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    let answers = get_all_over(stream, false, &["http://a.test/".to_owned()])
        .await
        .unwrap();
    assert_eq!(answers[0].body, "hello");
    assert_eq!(proxy.targets(), ["a.test:443"]);
}
