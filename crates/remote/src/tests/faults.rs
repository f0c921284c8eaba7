use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

use jit_trust_lab::relay::Relay;
use jit_trust_lab::server::Fault;

use super::*;

fn key() -> AnchorKey {
    subject_of(&Ca::root("Root"))
}

#[test]
fn a_server_that_goes_on_failing_is_asked_three_times_again_and_no_more() {
    let (server, store) = served(|_| Response::status(500));
    let error = reason(ask(&store, &key()));
    assert_eq!(error.to_string(), "HTTP status 500");
    assert_eq!((server.requests(), store.traffic().requests), (4, 4));
    // It is known by now how the server is doing.
    reason(ask(&store, &key()));
    assert_eq!(server.requests(), 6);
}

#[test]
fn a_refusal_is_an_error_at_once() {
    for status in [204, 206, 304, 400, 401, 403, 405, 421] {
        let (server, store) = served(move |_| Response::status(status));
        let error = reason(ask(&store, &key()));
        assert_eq!(error.to_string(), format!("HTTP status {status}"));
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_redirect_is_not_followed_and_the_error_says_so() {
    for status in [301, 302, 303, 307, 308] {
        let (server, store) = served(move |request| match request.path.starts_with("/roots") {
            true => Response::redirect(status, "/elsewhere"),
            false => Response::status(404),
        });
        let said = reason(ask(&store, &key())).to_string();
        assert!(
            said.starts_with(&format!("HTTP status {status}, a redirect")),
            "{said}"
        );
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn a_server_that_says_when_to_come_back_is_not_asked_earlier() {
    let tries = AtomicUsize::new(0);
    let (server, store) = served(move |_| match tries.fetch_add(1, SeqCst) {
        0 => Response::status(503).header("retry-after", "2"),
        _ => Response::status(404),
    });
    let began = Instant::now();
    assert!(ask(&store, &key()).unwrap().is_empty());
    assert!(began.elapsed() >= Duration::from_secs(2));
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_server_that_wants_to_be_asked_too_late_is_not_asked_again() {
    let (server, store) = served(|_| Response::status(503).header("retry-after", "3600"));
    let error = reason(ask(&store, &key()));
    assert_eq!(error.to_string(), "HTTP status 503, to be asked again in 3600 s");
    assert_eq!(server.requests(), 1);
    // Nor for another connection, and not for as long as it says.
    let said = reason(ask(&store, &key())).to_string();
    assert!(
        said.contains("is asked again in 60 s: connect again then"),
        "{said}"
    );
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_server_that_was_asked_too_often_for_one_root_is_asked_for_another() {
    let (hostile, root) = (Ca::root("Hostile"), Ca::root("Root"));
    for wants in ["600", "99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
        let (good, body) = (path(&subject_of(&root)), blob(&[&root], 7));
        let operator = Operator::new();
        let server = operator.server(move |request| match request.path == good {
            true => Response::ok(body.clone()),
            false => Response::status(429).header("retry-after", wants),
        });
        let server = server.start();
        // Too short to wait for a server that wants to be left alone.
        let store = operator
            .store(server.port())
            .query_timeout(Duration::from_secs(2));
        let store = store.build().unwrap();
        let error = reason(ask(&store, &subject_of(&hostile)));
        assert!(
            matches!(error, RemoteError::Status { status: 429, .. }),
            "{error:?}"
        );
        assert_eq!(skids(&ask(&store, &subject_of(&root)).unwrap()), [skid(&root)]);
        let error = reason(ask(&store, &subject_of(&hostile)));
        assert!(matches!(error, RemoteError::LeftAlone(_)), "{error:?}");
        assert_eq!(server.requests(), 2);
    }
}

#[test]
fn a_question_waits_for_a_server_that_wants_to_be_left_alone_if_it_can_wait_so_long() {
    let (hostile, root) = (Ca::root("Hostile"), Ca::root("Root"));
    let (good, body) = (path(&subject_of(&root)), blob(&[&root], 7));
    let operator = Operator::new();
    let server = operator.server(move |request| match request.path == good {
        true => Response::ok(body.clone()),
        false => Response::status(503).header("retry-after", "600"),
    });
    let server = server.start();
    let store = operator.store(server.port()).build().unwrap();
    reason(ask(&store, &subject_of(&hostile)));
    assert_eq!(skids(&ask(&store, &subject_of(&root)).unwrap()), [skid(&root)]);
    assert_eq!(server.requests(), 2);

    let hasty = operator
        .store(server.port())
        .query_timeout(Duration::from_secs(2));
    let hasty = hasty.build().unwrap();
    reason(ask(&hasty, &subject_of(&hostile)));
    let said = reason(ask(&hasty, &subject_of(&root))).to_string();
    assert!(
        said.contains("is asked again in 5 s: connect again then"),
        "{said}"
    );
    assert_eq!(server.requests(), 3);
}

#[test]
fn a_slow_answer_ends_with_the_time_for_a_query() {
    let operator = Operator::new();
    let slow = |_: &Request| Response::ok(vec![0; 1000]).chunked(1, Duration::from_millis(100));
    let server = operator.server(slow).start();
    let limit = Duration::from_millis(700);
    let store = operator
        .store(server.port())
        .query_timeout(limit)
        .build()
        .unwrap();
    let began = Instant::now();
    let error = ask(&store, &key()).unwrap_err();
    assert!(
        matches!(error, LookupError::TimedOut(after) if after == limit),
        "{error:?}"
    );
    assert!(began.elapsed() >= limit);
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
}

#[test]
fn what_came_before_the_time_was_over_is_told() {
    let tries = AtomicUsize::new(0);
    let operator = Operator::new();
    let server = operator.server(move |_| match tries.fetch_add(1, SeqCst) {
        0 => Response::status(500),
        _ => Response::never(),
    });
    let server = server.start();
    let store = operator
        .store(server.port())
        .query_timeout(Duration::from_secs(1))
        .build();
    let error = reason(ask(&store.unwrap(), &key()));
    assert_eq!(
        error.to_string(),
        "no answer within 1s; before that: HTTP status 500"
    );
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up() {
    let server = Server::builder().fault(Fault::Silence).start();
    let limit = Duration::from_millis(300);
    let store = Operator::new().store(server.port()).connect_timeout(limit);
    let error = reason(ask(&store.build().unwrap(), &key()));
    assert!(
        matches!(error, RemoteError::ConnectTimedOut(after) if after == limit),
        "{error:?}"
    );
}

#[test]
fn a_handshake_that_breaks_is_an_error() {
    for fault in [
        Fault::CloseAfterAccept,
        Fault::CloseAfterClientHello,
        Fault::GarbageServerHello,
        Fault::StallInServerHello,
        Fault::CloseAfterHandshake,
    ] {
        let operator = Operator::new();
        let server = operator.server(|_| Response::status(404)).fault(fault).start();
        let store = operator
            .store(server.port())
            .connect_timeout(Duration::from_millis(500));
        let error = reason(ask(&store.build().unwrap(), &key()));
        let said = error.to_string();
        let (start, tries) = match fault {
            Fault::GarbageServerHello => ("TLS: ", 1),
            Fault::CloseAfterHandshake => ("HTTP/2: ", 4),
            _ => ("connecting: ", 4),
        };
        assert!(said.starts_with(start), "{fault:?}: {said}");
        assert_eq!(server.connections(), tries, "{fault:?}: {said}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_asked_for_again() {
    let root = Ca::root("Root");
    let body = blob(&[&root], 7);
    let tries = AtomicUsize::new(0);
    let (server, store) = served(move |_| match tries.fetch_add(1, SeqCst) {
        0 => Response::ok(body.clone()).cut_after(100),
        _ => Response::ok(body.clone()),
    });
    assert_eq!(skids(&ask(&store, &subject_of(&root)).unwrap()), [skid(&root)]);
    assert_eq!(server.requests(), 2);
}

#[test]
fn a_body_that_is_announced_as_huge_is_not_read() {
    let (server, store) = served(|_| {
        let response = Response::ok(vec![0; 1000]).chunked(1, Duration::from_millis(100));
        response.header("content-length", "10000000000")
    });
    let began = Instant::now();
    let error = ask(&store, &key()).unwrap_err();
    assert!(matches!(error, LookupError::TooLarge), "{error:?}");
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert_eq!(server.requests(), 1);
}

#[test]
fn a_body_without_end_costs_little_and_spoils_no_other_answer() {
    let operator = Operator::new();
    let endless = path(&key());
    let server = operator.server(move |request| match request.path == endless {
        true => Response::ok(vec![0x30; 16 << 10]).endless(),
        false => Response::status(404),
    });
    let server = server.start();
    let relay = Relay::to(server.addr());
    let store = operator.store(relay.addr().port()).build().unwrap();
    for _ in 0..20 {
        let error = ask(&store, &key()).unwrap_err();
        assert!(matches!(error, LookupError::TooLarge), "{error:?}");
    }
    let absent = subject_of(&Ca::root("Absent"));
    assert!(ask(&store, &absent).unwrap().is_empty());
    assert_eq!(server.connections(), 1);
    // Twice what may be taken, each time: what was read, and what was on its way.
    let most = 20 * 2 * jit_trust_engine::MAX_RESPONSE_LEN;
    let came = relay.bytes_from_server();
    assert!(came < most + (16 << 10), "{came}");
}

#[test]
fn header_fields_without_measure_are_an_error() {
    let (_server, store) = served(|_| Response::status(404).header("x-much", &"x".repeat(1 << 20)));
    let error = reason(ask(&store, &key()));
    assert!(matches!(error, RemoteError::Http(_)), "{error:?}");
}

#[test]
fn a_server_without_http2_is_named_so_at_once() {
    let operator = Operator::new();
    let server = || operator.server(|_| Response::status(404));
    for server in [
        server().http1_only(),
        server().without_alpn(),
        server().without_alpn().tls12_only(),
    ] {
        let server = server.start();
        let store = operator.store(server.port()).build().unwrap();
        let error = reason(ask(&store, &key()));
        assert!(matches!(error, RemoteError::NoHttp2), "{error:?}");
        assert!(error.to_string().starts_with("HTTP/2 is not spoken"), "{error}");
        assert_eq!((server.connections(), server.requests()), (1, 0));
    }
}
