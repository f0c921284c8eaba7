use std::time::Instant;

use jit_trust_lab::relay::Relay;

use super::*;

#[test]
fn many_questions_at_once_share_one_connection() {
    let roots: Vec<_> = (0..50)
        .map(|number| Ca::root(&*format!("Root {number}")))
        .collect();
    let files: Vec<_> = roots
        .iter()
        .map(|root| (path(&subject_of(root)), blob(&[root], 7)))
        .collect();
    let (server, store) = served(move |request| {
        let file = files.iter().find(|(path, _)| *path == request.path);
        file.map_or_else(|| Response::status(404), |(_, blob)| Response::ok(blob.clone()))
    });
    let waiting: Vec<_> = roots
        .iter()
        .map(|root| begin(&store, &subject_of(root), None))
        .collect();
    for (root, answered) in roots.iter().zip(waiting) {
        let answer = answered.recv_timeout(TIMEOUT).unwrap().unwrap();
        assert_eq!(skids(&answer), [skid(root)]);
    }
    assert_eq!((server.connections(), server.requests()), (1, 50));
    assert_eq!((store.traffic().connections, store.traffic().requests), (1, 50));
}

#[test]
fn a_connection_that_the_server_closes_is_made_again() {
    let (server, store) = served(|_| Response::status(404));
    let key = subject_of(&Ca::root("Root"));
    for round in 1..=3 {
        assert!(ask(&store, &key).unwrap().is_empty());
        assert_eq!(server.connections(), round);
        server.close_connections();
        server.wait_until(|server| server.open_connections() == 0);
    }
}

#[test]
fn a_connection_that_is_closed_under_a_question_is_made_again() {
    let (server, store) = served(|_| Response::status(404));
    let key = subject_of(&Ca::root("Root"));
    for _ in 0..20 {
        server.close_connections(); // it may be on its way, or have come
        assert!(ask(&store, &key).unwrap().is_empty());
    }
}

#[test]
fn a_connection_that_has_died_without_a_word_is_noticed_in_time_to_ask_on_another() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::status(404)).start();
    let relay = Relay::to(server.addr());
    let store = operator.store(relay.addr().port());
    let store = store.query_timeout(Duration::from_secs(6)).build().unwrap();
    let key = subject_of(&Ca::root("Root"));
    assert!(ask(&store, &key).unwrap().is_empty());
    relay.silence();
    assert!(ask(&store, &key).unwrap().is_empty());
    assert_eq!(relay.connections(), 2);
}

#[test]
fn a_server_that_thinks_for_long_and_is_alive_keeps_its_connection() {
    let operator = Operator::new();
    let server = operator.server(|_| {
        std::thread::sleep(Duration::from_secs(3));
        Response::status(404)
    });
    let server = server.start();
    // A ping is sent after two seconds without a byte.
    let store = operator
        .store(server.port())
        .query_timeout(Duration::from_secs(6));
    let store = store.build().unwrap();
    assert!(ask(&store, &subject_of(&Ca::root("Root"))).unwrap().is_empty());
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[test]
fn a_connection_is_closed_when_nothing_is_asked_for_a_while_and_made_again_when_something_is() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::status(404)).start();
    let store = operator
        .store(server.port())
        .query_timeout(Duration::from_secs(1))
        .idle_timeout(Duration::from_secs(1));
    let store = store.build().unwrap();
    let key = subject_of(&Ca::root("Root"));
    for round in 1..=2 {
        assert!(ask(&store, &key).unwrap().is_empty());
        assert_eq!((server.connections(), server.open_connections()), (round, 1));
        server.wait_until(|server| server.open_connections() == 0);
    }
}

#[test]
fn a_server_that_is_down_is_an_error_soon_and_answers_when_it_comes_up() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::status(404)).start();
    let relay = Relay::to(server.addr());
    let store = operator.store(relay.addr().port()).build().unwrap();
    let key = subject_of(&Ca::root("Root"));
    relay.down();
    let error = reason(ask(&store, &key));
    assert!(matches!(error, RemoteError::Connect(_)), "{error:?}");
    assert_eq!(relay.connections(), 4, "three times again");
    relay.up();
    assert!(ask(&store, &key).unwrap().is_empty());
}

#[test]
fn questions_that_come_in_while_the_server_is_down_do_not_each_connect() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::status(404)).start();
    let relay = Relay::to(server.addr());
    relay.down();
    let store = operator.store(relay.addr().port()).build().unwrap();
    let key = subject_of(&Ca::root("Root"));
    let began = Instant::now();
    let waiting: Vec<_> = (0..40).map(|_| begin(&store, &key, None)).collect();
    for answered in waiting {
        let error = reason(answered.recv_timeout(TIMEOUT).unwrap());
        assert!(matches!(error, RemoteError::Connect(_)), "{error:?}");
    }
    // An attempt stands for all who ask within a tenth of a second after it.
    let at_most = began.elapsed().as_millis() / 100 + 1;
    assert!(relay.connections() as u128 <= at_most, "{}", relay.connections());
}

#[test]
fn a_port_where_nobody_listens_is_named_so() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let store = Operator::new().store(port).build().unwrap();
    let error = reason(ask(&store, &subject_of(&Ca::root("Root"))));
    let said = error.to_string();
    assert!(said.starts_with("connecting: "), "{said}");
    assert!(said.contains("refused"), "{said}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn a_host_is_reached_by_name_at_whichever_of_its_addresses_answers() {
    let ca = Ca::root("Webroot operator");
    let leaf = ca.leaf("localhost");
    // On 127.0.0.1 alone, though the name may stand for ::1 too.
    let server = Server::builder().site("localhost", leaf.key(), leaf.chain(&[]), |_| {
        Response::status(404)
    });
    let server = server.start();
    let store = RemoteStore::builder(&server.url("localhost", ""))
        .provider(Arc::new(aws_lc_rs::default_provider()))
        .trust_certificates([ca.der()]);
    let key = subject_of(&Ca::root("Root"));
    assert!(ask(&store.build().unwrap(), &key).unwrap().is_empty());
    let seen = server.requests_seen();
    assert_eq!(seen[0].server_name.as_deref(), Some("localhost"));
    assert_eq!(seen[0].path, format!("/{key}"));
}
