//! What happens above TLS.

use std::time::Duration;

use http_body_util::Empty;
use hyper::body::Bytes;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Request, Response, Server, Version};
use tokio::net::TcpStream;

use crate::client::{connect, get_all, get_all_over, trusting};

/// A server with one site whose root is given too.
fn one_site(handler: impl Fn(&Request) -> Response + Send + Sync + 'static) -> (Ca, Server) {
    let root = Ca::root("Lab Root");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), handler)
        .start();
    (root, server)
}

#[tokio::test]
async fn both_protocols_are_served_and_counted_exactly() {
    let (root, server) = one_site(|request| Response::ok(format!("{} {}", request.method, request.path)));
    let urls = [server.url("a.test", "/one"), server.url("a.test", "/two?x=y")];
    for (alpn, version) in [
        ("http/1.1", hyper::Version::HTTP_11),
        ("h2", hyper::Version::HTTP_2),
    ] {
        let stream = connect(server.addr(), "a.test", &trusting(&root, &[alpn]))
            .await
            .unwrap();
        let answers = get_all(stream, &urls).await.unwrap();
        assert_eq!(answers[0].body, "GET /one");
        assert_eq!(answers[1].body, "GET /two?x=y");
        assert!(
            answers
                .iter()
                .all(|answer| answer.version == version && answer.status == 200)
        );
    }
    assert_eq!(
        (server.connections(), server.handshakes(), server.requests()),
        (2, 2, 4)
    );
    assert_eq!(
        (server.requests_to("a.test"), server.requests_to("b.test")),
        (4, 0)
    );
}

#[tokio::test]
async fn requests_are_recorded_as_they_came() {
    let (root, server) = one_site(|_| Response::ok(""));
    for alpn in ["http/1.1", "h2"] {
        let stream = connect(server.addr(), "a.test", &trusting(&root, &[alpn]))
            .await
            .unwrap();
        get_all(stream, &[server.url("a.test", "/path?query")])
            .await
            .unwrap();
    }
    let seen = server.requests_seen();
    assert_eq!(
        seen.iter().map(|request| request.version).collect::<Vec<_>>(),
        [Version::Http1, Version::Http2]
    );
    for request in &seen {
        assert_eq!(
            (request.method.as_str(), request.path.as_str()),
            ("GET", "/path?query")
        );
        assert_eq!(request.authority, format!("a.test:{}", server.port()));
        assert_eq!(
            (request.host().as_str(), request.header("cookie")),
            ("a.test", Some("a=b"))
        );
        assert_eq!(
            ["a", "c", "d"].map(|name| request.cookie(name)),
            [Some("b"), Some("d=e"), None]
        );
        assert_eq!(
            (request.server_name.as_deref(), request.port),
            (Some("a.test"), server.port())
        );
    }
}

#[tokio::test]
async fn a_handler_sets_status_and_header_fields() {
    let (root, server) = one_site(|request| match request.path.as_str() {
        "/moved" => Response::redirect(302, &request.url("b.test", "/there")),
        "/panic" => panic!("on request"),
        _ => Response::status(304).header("etag", "\"1\""),
    });
    let urls = ["/moved", "/cached", "/panic"].map(|path| server.url("a.test", path));
    let stream = connect(server.addr(), "a.test", &trusting(&root, &[]))
        .await
        .unwrap();
    let answers = get_all(stream, &urls).await.unwrap();
    assert_eq!(
        answers.iter().map(|answer| answer.status).collect::<Vec<_>>(),
        [302, 304, 500]
    );
    assert_eq!(answers[0].headers["location"], server.url("b.test", "/there"));
    assert_eq!(answers[1].headers["etag"], "\"1\"");
}

#[tokio::test]
async fn a_body_may_come_in_chunks_or_break_off() {
    let (root, server) = one_site(|request| match request.path.as_str() {
        "/chunks" => Response::ok("0123456789").chunked(3, Duration::from_millis(5)),
        _ => Response::ok("0123456789").cut_after(4),
    });
    for alpn in ["http/1.1", "h2"] {
        let config = trusting(&root, &[alpn]);
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        let chunked = get_all(stream, &[server.url("a.test", "/chunks")]).await.unwrap();
        assert_eq!(chunked[0].body, "0123456789");
        assert!(!chunked[0].headers.contains_key("content-length"));
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        let cut = get_all(stream, &[server.url("a.test", "/cut")]).await;
        assert!(cut.is_err(), "{cut:?}");
    }
    assert_eq!(server.requests(), 4);
}

#[tokio::test]
async fn a_cut_body_is_announced_whole_and_arrives_in_part() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let server = Server::builder()
        .plain(|_| Response::ok("0123456789").cut_after(4))
        .start();
    let mut stream = TcpStream::connect(server.addr()).await.unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nhost: a.test\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    // The connection may end in a reset; what came before it is here.
    let _ = stream.read_to_string(&mut answer).await;
    assert!(
        answer.contains("content-length: 10\r\n") && answer.ends_with("\r\n\r\n0123"),
        "{answer}"
    );
}

#[tokio::test]
async fn a_request_may_never_be_answered() {
    let (root, server) = one_site(|_| Response::never());
    let stream = connect(server.addr(), "a.test", &trusting(&root, &["h2"]))
        .await
        .unwrap();
    let urls = [server.url("a.test", "/")];
    let answer = tokio::time::timeout(Duration::from_millis(100), get_all(stream, &urls)).await;
    assert!(answer.is_err());
    server.wait_until(|server| server.requests_seen().len() == 1);
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn a_plain_server_speaks_http_without_tls() {
    let server = Server::builder()
        .plain(|request| Response::ok(request.host()))
        .start();
    assert!(server.url("a.test", "/").starts_with("http://a.test:"));
    let stream = TcpStream::connect(server.addr()).await.unwrap();
    let answers = get_all_over(stream, false, &[server.url("a.test", "/")])
        .await
        .unwrap();
    assert_eq!(answers[0].body, "a.test");
    assert_eq!(
        (
            server.connections(),
            server.handshakes(),
            server.requests_to("a.test")
        ),
        (1, 0, 1)
    );
    assert_eq!(server.requests_seen()[0].server_name, None);
}

#[tokio::test]
async fn a_server_says_goodbye_on_open_connections_and_takes_new_ones() {
    let (root, server) = one_site(|_| Response::ok("hello"));
    for round in 1..=2 {
        let config = trusting(&root, &["h2"]);
        let stream = connect(server.addr(), "a.test", &config).await.unwrap();
        let made = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await;
        let (mut sender, connection) = made.unwrap();
        let ended = tokio::spawn(connection);
        let request = hyper::Request::get(server.url("a.test", "/"));
        let request = request.body(Empty::<Bytes>::new()).unwrap();
        assert_eq!(sender.send_request(request).await.unwrap().status(), 200);
        assert_eq!((server.connections(), server.open_connections()), (round, 1));
        server.close_connections();
        ended.await.unwrap().unwrap();
        assert!(sender.is_closed());
        server.wait_until(|server| server.open_connections() == 0);
    }
}
