//! Whole handshakes: one connection, with a local store.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::TrustPolicy;
use jit_trust::mbedtls::{Connector, Error, TokioConnector};
use jit_trust_lab::pki::{Ca, KeyKind, Leaf};
use jit_trust_lab::server::{Fault, Server, ServerBuilder};
use mbedtls::ssl::config::NullTerminatedStrList;

use crate::support::*;

#[test]
fn a_cold_host_is_reached_in_one_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    for connector in connectors(&[&Ca::root("Other"), &root]) {
        let before = (server.connections(), server.requests());
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
        assert_eq!(
            (server.connections(), server.requests()),
            (before.0 + 1, before.1 + 1)
        );
    }
}

#[test]
fn a_cold_host_is_reached_with_tokio_in_one_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = TokioConnector::new(store(&[&root])).unwrap();
    assert!(
        block_on(get_async(&connector, &server))
            .unwrap()
            .ends_with("hello")
    );
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[test]
fn an_rsa_root_with_an_ecdsa_chain_is_one_like_any_other() {
    let root = Ca::builder("Root").key_kind(KeyKind::Rsa2048).self_signed();
    let server = server_of(&root);
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn a_root_of_version_1_is_trusted() {
    let root = Ca::builder("Root").version_1().self_signed();
    let leaf = root.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn of_roots_of_one_name_the_one_that_signed_is_taken() {
    let roots = [Ca::root("Root"), Ca::root("Root"), Ca::root("Root")];
    let server = server_of(&roots[1]);
    for connector in connectors(&[&roots[0], &roots[1], &roots[2]]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn an_intermediate_can_be_the_anchor() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let leaf = ca.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[&ca]));
    for connector in connectors(&[&ca]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn a_leaf_with_a_great_many_names_is_read() {
    let root = Ca::root("Root");
    let names: Vec<_> = (0..800).map(|number| format!("{number}.host.test")).collect();
    let names = names.iter().map(String::as_str).chain([HOST]);
    let leaf = Leaf::builder(&names.collect::<Vec<_>>())
        .subject("Many")
        .issued_by(&root);
    assert!(leaf.der().len() > 11_000);
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn the_configuration_of_the_user_holds() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let protocols = Arc::new(NullTerminatedStrList::new(&["http/1.1"]).unwrap());
    let connector = Connector::new(store(&[&root])).unwrap();
    let plain = connect(&connector, &server).unwrap();
    assert_eq!(plain.alpn_protocol(), None);
    let connector = connector.configure(move |config| config.set_alpn_protocols(protocols.clone()));
    let mut tls = connect(&connector, &server).unwrap();
    assert_eq!(tls.alpn_protocol(), Some("http/1.1"));
    assert_eq!(tls.tcp().peer_addr().unwrap(), server.addr());
    assert!(get_over(&mut tls).unwrap().ends_with("hello"));
}

#[test]
fn an_observer_sees_what_happened() {
    let root = Ca::root("Root");
    let trusted = server_of(&root);
    let other = server_of(&Ca::root("Elsewhere"));
    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = seen.clone();
    let connector = Connector::new(store(&[&Ca::root("Other"), &root])).unwrap();
    let connector = connector.on_verification(move |verification| {
        assert!(verification.validating > Duration::ZERO);
        notes.lock().unwrap().push((
            verification.host.to_owned(),
            verification.chain().map(|chain| chain.certificates().count()),
            (verification.store_len, verification.selected),
            verification.anchor().map(|anchor| anchor.subject().to_string()),
            verification
                .result
                .clone()
                .map_err(|rejection| rejection.to_string()),
        ));
    });
    assert!(connect(&connector, &trusted).is_ok());
    assert!(connect(&connector, &other).is_err());
    let host = HOST.to_owned();
    let expected = [
        (
            host.clone(),
            Some(2),
            (Some(2), 1),
            Some("CN=Root".to_owned()),
            Ok(()),
        ),
        (
            host,
            Some(2),
            (Some(2), 0),
            None,
            Err(
                "no root in the trust store named \"CN=Elsewhere\" (asked for by the certificate of \"CN=CA\")"
                    .to_owned(),
            ),
        ),
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[test]
fn a_handshake_that_breaks_off_is_no_refusal() {
    let connector = Connector::new(store(&[])).unwrap();
    let observed = Arc::new(Mutex::new(0));
    let count = observed.clone();
    let connector = connector.on_verification(move |_| *count.lock().unwrap() += 1);
    let broken = |fault| Server::builder().fault(fault).start();
    let error = connect(&connector, &broken(Fault::CloseAfterClientHello)).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
    let error = connect(&connector, &broken(Fault::GarbageServerHello)).unwrap_err();
    let error: &Error = error.get_ref().unwrap().downcast_ref().unwrap();
    assert!(error.rejection().is_none(), "{error}");
    let tls13_only = server_with(
        &Ca::root("Root").leaf(HOST),
        Vec::new(),
        ServerBuilder::tls13_only,
    );
    assert!(connect(&connector, &tls13_only).is_err());
    assert_eq!(*observed.lock().unwrap(), 0);
}

#[test]
fn a_connection_that_ends_without_saying_so_is_an_error() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    let server = server_with(&leaf, leaf.chain(&[]), |server| {
        server.fault(Fault::CloseAfterHandshake)
    });
    let connector = Connector::new(store(&[&root])).unwrap();
    let mut tls = connect(&connector, &server).unwrap();
    let error = tls.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

#[test]
fn reading_can_time_out_and_go_on() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(store(&[&root])).unwrap();
    let tcp = TcpStream::connect(server.addr()).unwrap();
    tcp.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    let mut tls = connector.connect(HOST, tcp).unwrap();
    let error = tls.read(&mut [0; 16]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::WouldBlock);
    tls.tcp().set_read_timeout(None).unwrap();
    tls.flush().unwrap();
    assert!(get_over(&mut tls).unwrap().ends_with("hello"));
}

#[test]
fn many_connections_at_once_do_not_disturb_each_other() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(TrustPolicy::new(store(&[&root]))).unwrap();
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..16)
            .map(|_| scope.spawn(|| get(&connector, &server).unwrap()))
            .collect();
        all.into_iter()
            .for_each(|one| assert!(one.join().unwrap().ends_with("hello")));
    });
    assert_eq!(server.connections(), 16);
}
