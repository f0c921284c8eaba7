use jit_trust_lab::pki::{DAY, now};
use jit_trust_lab::relay::Relay;

use super::*;

fn key() -> AnchorKey {
    subject_of(&Ca::root("Root"))
}

#[track_caller]
fn assert_refused(store: &RemoteStore, server: &Server) {
    let error = reason(ask(store, &key()));
    assert!(matches!(error, RemoteError::Tls(_)), "{error:?}");
    assert!(error.to_string().starts_with("TLS: "), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    assert_eq!(server.requests_seen().len(), 0);
}

#[test]
fn a_server_of_another_ca_is_refused_at_once() {
    let server = Operator::new().server(|_| Response::status(404)).start();
    let store = Operator::new().store(server.port()).build().unwrap();
    assert_refused(&store, &server);
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_server_with_a_certificate_for_another_host_or_of_another_day_is_refused() {
    let operator = Operator::new();
    let past = Leaf::builder(&["127.0.0.1"]).validity(now() - 20 * DAY, now() - 10 * DAY);
    for leaf in [operator.ca.leaf("127.0.0.2"), past.issued_by(&operator.ca)] {
        let server = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::status(404));
        let server = server.start();
        let store = operator.store(server.port()).build().unwrap();
        assert_refused(&store, &server);
    }
}

#[test]
fn several_cas_are_trusted_as_pem_and_as_der() {
    let operator = Operator::new();
    let (other, another) = (Ca::root("Other"), Ca::root("Another"));
    let server = operator.server(|_| Response::status(404)).start();
    let store = RemoteStore::builder(&server.url("127.0.0.1", "/roots/"))
        .provider(Arc::new(aws_lc_rs::default_provider()))
        .trust_certificates([other.der()])
        .trust_pem(format!("{}{}", another.pem(), operator.ca.pem()).as_bytes());
    assert!(ask(&store.build().unwrap(), &key()).unwrap().is_empty());
}

#[test]
fn a_server_is_verified_anew_on_each_connection() {
    let operator = Operator::new();
    let honest = operator.server(|_| Response::status(404)).start();
    let relay = Relay::to(honest.addr());
    let store = operator.store(relay.addr().port()).build().unwrap();
    assert!(ask(&store, &key()).unwrap().is_empty());

    let other = Operator::new().server(|_| Response::status(404)).start();
    relay.lead_to(other.addr());
    honest.wait_until(|server| server.open_connections() == 0);
    assert_refused(&store, &other);

    relay.lead_to(honest.addr());
    assert!(ask(&store, &key()).unwrap().is_empty());
}

#[test]
fn a_server_that_changes_its_certificate_is_not_trusted_by_an_old_session() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::status(404)).start();
    let store = operator.store(server.port()).build().unwrap();
    assert!(ask(&store, &key()).unwrap().is_empty());
    let other = Operator::new();
    server.set_site("", other.leaf.key(), other.leaf.chain(&[]), |_| {
        Response::status(404)
    });
    server.close_connections();
    server.wait_until(|server| server.open_connections() == 0);
    let error = reason(ask(&store, &key()));
    assert!(matches!(error, RemoteError::Tls(_)), "{error:?}");
    assert_eq!((server.requests(), server.resumptions()), (1, 0));
}
