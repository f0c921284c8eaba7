//! The host names that a server is verified for.

use std::net::TcpStream;

use jit_trust::mbedtls::Connector;
use jit_trust_lab::pki::{Ca, Leaf};
use mbedtls::x509::VerifyError;

use crate::support::*;

fn connect_to(
    host: &str,
    connector: &Connector,
    server: &jit_trust_lab::server::Server,
) -> std::io::Result<()> {
    let mut tls = connector.connect(host, TcpStream::connect(server.addr())?)?;
    get_over(&mut tls).map(drop)
}

#[test]
fn an_address_is_reached_and_verified() {
    let root = Ca::root("Root");
    let leaf = root.leaf_for(&["a.test", "127.0.0.1", "::1"]);
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        connect_to("127.0.0.1", &connector, &server).unwrap();
        connect_to("::1", &connector, &server).unwrap();
        let error = connect_to("127.0.0.2", &connector, &server).unwrap_err();
        assert_eq!(flags(&error), VerifyError::CERT_CN_MISMATCH);
    }
}

#[test]
fn an_address_among_the_dns_names_or_in_a_common_name_is_none() {
    let root = Ca::root("Root");
    for leaf in [
        Leaf::builder(&["a.test"]).subject("127.0.0.1"),
        Leaf::builder(&[]).subject("127.0.0.1"),
    ] {
        let leaf = leaf.issued_by(&root);
        let server = server(&leaf, leaf.chain(&[]));
        for connector in connectors(&[&root]) {
            let error = connect_to("127.0.0.1", &connector, &server).unwrap_err();
            assert_eq!(flags(&error), VerifyError::CERT_CN_MISMATCH);
        }
        assert_eq!(server.handshakes(), 0);
    }
}

#[test]
fn a_name_is_verified_whatever_it_is() {
    let root = Ca::root("Root");
    let leaf = root.leaf("*.a.test");
    let server = server(&leaf, leaf.chain(&[]));
    let connector = Connector::new(store(&[&root])).unwrap();
    connect_to("www.a.test", &connector, &server).unwrap();
    for host in ["a.test", "w.w.a.test", "b.test"] {
        let error = connect_to(host, &connector, &server).unwrap_err();
        assert_eq!(flags(&error), VerifyError::CERT_CN_MISMATCH, "{host}");
    }
    // These are no names, and the server may say so first.
    for host in ["[::1]", "127.1"] {
        assert!(connect_to(host, &connector, &server).is_err(), "{host}");
    }
    assert_eq!(server.requests(), 1);
    for host in ["", ".a.test", "a\0.test", &"a".repeat(256)] {
        let error = connect_to(host, &connector, &server).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{host:?}");
    }
}

#[test]
fn a_host_may_end_with_a_dot() {
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test");
    // Found by SNI alone, which has no final dot.
    let server = jit_trust_lab::server::Server::builder();
    let server = server.site("a.test", leaf.key(), leaf.chain(&[]), |_| {
        jit_trust_lab::server::Response::ok("hello")
    });
    let server = server.start();
    for connector in connectors(&[&root]) {
        connect_to("a.test.", &connector, &server).unwrap();
        let listed = connector
            .connect("a.test.", TcpStream::connect(server.addr()).unwrap())
            .unwrap();
        assert_eq!(connector.policy().connections()[0].host(), "a.test");
        drop(listed);
    }
}
