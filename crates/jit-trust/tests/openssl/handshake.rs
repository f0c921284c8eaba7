//! Whole handshakes: one connection, and nothing sent before there is trust.

use jit_trust::openssl::Connector;
use jit_trust_lab::pki::Ca;
use openssl::x509::X509VerifyResult;

use crate::support::{get, server_of, store};

#[test]
fn a_cold_host_is_reached_in_one_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(store(&[&Ca::root("Other"), &root])).unwrap();
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert_eq!((server.connections(), server.requests()), (1, 1));
}

#[test]
fn nothing_is_sent_to_a_server_that_is_not_trusted() {
    let server = server_of(&Ca::root("Elsewhere"));
    let connector = Connector::new(store(&[&Ca::root("Root")])).unwrap();
    let error = get(&connector, &server).unwrap_err();
    let error: &jit_trust::openssl::Error = error.get_ref().unwrap().downcast_ref().unwrap();
    let reason: &X509VerifyResult = error.refusal().unwrap().downcast_ref().unwrap();
    assert_eq!(reason.as_raw(), 20, "{error}"); // unable to get local issuer certificate
    assert_eq!((server.connections(), server.requests()), (1, 0));
}
