//! Whole handshakes: one connection, and nothing sent before there is trust.
#![allow(unsafe_code, reason = "what the crate does not declare")]

use std::ffi::c_int;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use foreign_types::ForeignTypeRef;
use jit_trust::Rejection;
use jit_trust::openssl::Connector;
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslVersion};
use openssl::x509::X509VerifyResult;

use crate::support::{HOST, connect, error_in, get, server_of, store, x509};

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
    let error = error_in(&error);
    let original = error.rejection().unwrap().original().unwrap();
    let reason: &X509VerifyResult = original.downcast_ref().unwrap();
    assert_eq!(reason.as_raw(), 20, "{error}"); // unable to get local issuer certificate
    assert_eq!((server.connections(), server.requests()), (1, 0));
}

#[test]
fn a_server_that_wants_to_renegotiate_is_told_no() {
    unsafe extern "C" {
        fn SSL_renegotiate(ssl: *mut openssl_sys::SSL) -> c_int;
    }
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serving = std::thread::spawn(move || {
        let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
        context.set_certificate(&x509(leaf.der())).unwrap();
        let key = PKey::private_key_from_der(leaf.key().private_der().secret_der()).unwrap();
        context.set_private_key(&key).unwrap();
        let ssl = Ssl::new(&context.build()).unwrap();
        let mut tls = ssl.accept(listener.accept().unwrap().0).unwrap();
        // SAFETY: the connection is ours.
        assert_eq!(unsafe { SSL_renegotiate(tls.ssl().as_ptr()) }, 1);
        tls.write_all(b"hello").unwrap();
        tls.read(&mut [0; 3]).map_err(|error| error.to_string())
    });
    let connector = Connector::new(store(&[&root])).unwrap();
    let tcp = TcpStream::connect(address).unwrap();
    let mut tls = connector.connect(HOST, tcp).unwrap();
    let mut hello = [0; 5];
    tls.read_exact(&mut hello).unwrap();
    tls.write_all(b"bye").unwrap();
    assert_eq!(&hello, b"hello");
    let told = serving.join().unwrap().unwrap_err();
    assert!(told.contains("no renegotiation"), "{told}");
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_rejected_for_that() {
    let root = Ca::root("Root");
    let (leaf, other) = (root.leaf(HOST), root.leaf(HOST));
    for version in [ServerBuilder::tls12_only, ServerBuilder::tls13_only] {
        let server = Server::builder().default_site(other.key(), leaf.chain(&[]), |_| Response::ok("hello"));
        let server = version(server).start();
        let error = connect(&Connector::new(store(&[&root])).unwrap(), &server).unwrap_err();
        let error = error_in(&error);
        assert!(
            matches!(error.rejection(), Some(Rejection::KeyNotProven { .. })),
            "{error:?}"
        );
        let report = error.report().unwrap();
        assert!(
            matches!(report.result, Err(Rejection::KeyNotProven { .. })),
            "{report:?}"
        );
        assert!(report.anchor().is_none());
    }
}
