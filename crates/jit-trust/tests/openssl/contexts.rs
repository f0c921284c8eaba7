//! What a context says counts: it is OpenSSL that validates.
#![allow(unsafe_code, reason = "what the crate does not declare")]

use std::ffi::{c_int, c_void};
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use jit_trust::TrustPolicy;
use jit_trust::openssl::{Connector, Verifier};
use jit_trust_lab::pki::{Ca, DAY, KeyKind, Leaf, now};
use jit_trust_lab::server::Server;
use openssl::error::ErrorStack;
use openssl::pkey::PKey;
use openssl::ssl::{Ssl, SslContext, SslMethod, SslRef, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::verify::X509CheckFlags;
use openssl_sys::{SSL, SSL_CTX, X509_STORE_CTX};

use crate::support::{HOST, client, connect, connector, get, plain, refused, server, server_of, store};

unsafe extern "C" {
    fn SSL_CTX_set_cert_verify_callback(
        context: *mut SSL_CTX,
        callback: Option<unsafe extern "C" fn(*mut X509_STORE_CTX, *mut c_void) -> c_int>,
        argument: *mut c_void,
    );
    fn SSL_CTX_set_info_callback(
        context: *mut SSL_CTX,
        callback: Option<unsafe extern "C" fn(*const SSL, c_int, c_int)>,
    );
}

#[test]
fn attaching_has_the_server_verified() {
    let root = Ca::root("Root");
    let (trusted, other) = (server_of(&root), server_of(&Ca::root("Other")));
    let mut context = client();
    Verifier::new(store(&[&root])).attach(&mut context).unwrap();
    let context = context.build();
    assert_eq!(context.verify_mode(), SslVerifyMode::PEER);
    plain(&context, &trusted, |_| ()).unwrap();
    let error = plain(&context, &other, |_| ()).unwrap_err();
    assert!(error.contains("certificate verify failed"), "{error}");
}

#[test]
fn a_name_is_checked_where_openssl_is_told_one() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let mut context = client();
    Verifier::new(store(&[&root])).attach(&mut context).unwrap();
    let context = context.build();
    plain(&context, &server, |_| ()).unwrap();
    plain(&context, &server, |ssl| ssl.param_mut().set_host(HOST).unwrap()).unwrap();
    plain(&context, &server, |ssl| {
        ssl.param_mut().set_host("b.test").unwrap();
    })
    .unwrap_err();
}

#[test]
fn a_connector_needs_a_verifier_in_its_context() {
    assert!(Connector::with_context(client().build()).is_none());
}

#[test]
fn a_context_that_verifies_nothing_makes_no_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = connector(store(&[&root]), |context| context.set_verify(SslVerifyMode::NONE));
    assert_eq!(
        connect(&connector, &server).unwrap_err().kind(),
        ErrorKind::InvalidInput
    );
    let tcp = TcpStream::connect(server.addr()).unwrap();
    let lax = Connector::new(store(&[&root])).unwrap();
    let lax = lax.connect_with(HOST, tcp, |ssl| {
        ssl.set_verify(SslVerifyMode::NONE);
        Ok(())
    });
    assert_eq!(lax.unwrap_err().kind(), ErrorKind::InvalidInput);
    assert_eq!(server.handshakes(), 0);
}

#[test]
fn a_context_with_another_verification_in_the_place_of_ours_makes_no_connection() {
    unsafe extern "C" fn accepts(_: *mut X509_STORE_CTX, _: *mut c_void) -> c_int {
        1
    }
    let server = server_of(&Ca::root("Elsewhere"));
    let connector = connector(store(&[&Ca::root("Root")]), |context| {
        // SAFETY: a function of the type that is asked for.
        unsafe { SSL_CTX_set_cert_verify_callback(context.as_ptr(), Some(accepts), ptr::null_mut()) };
    });
    connect(&connector, &server).unwrap_err();
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_verify_callback_is_asked_and_may_refuse() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let asked = Arc::new(AtomicUsize::new(0));
    let count = asked.clone();
    let mut context = client();
    context.set_verify_callback(SslVerifyMode::PEER, move |is_valid, context| {
        count.fetch_add(1, Ordering::SeqCst);
        is_valid && context.error_depth() > 0
    });
    Verifier::new(store(&[&root])).attach(&mut context).unwrap();
    let connector = Connector::with_context(context.build()).unwrap();
    connect(&connector, &server).unwrap_err();
    // Once for each certificate of the path, the root first.
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_verify_callback_may_accept_what_openssl_would_not_and_then_no_anchor_is_bound() {
    let server = server_of(&Ca::root("Elsewhere"));
    let trust = TrustPolicy::new(store(&[&Ca::root("Root")]));
    let connector = connector(trust.clone(), |context| {
        context.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    });
    let tls = connect(&connector, &server).unwrap();
    trust.replace_store(store(&[&Ca::root("Another")])).unwrap();
    assert!(!trust.connections()[0].anchor_withdrawn());
    drop(tls);
}

#[test]
fn a_certificate_for_clients_is_no_servers() {
    const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
    let root = Ca::root("Root");
    let leaf = Leaf::builder(&[HOST])
        .extended_key_usage(&[CLIENT_AUTH])
        .issued_by(&root);
    let server = server(&leaf, leaf.chain(&[]));
    let connector = Connector::new(store(&[&root])).unwrap();
    assert_eq!(refused(connect(&connector, &server)), 26); // unsuitable certificate purpose
}

#[test]
fn a_path_is_no_longer_than_the_context_allows() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = |depth| connector(store(&[&root]), |context| context.set_verify_depth(depth));
    connect(&connector(1), &server).unwrap();
    refused(connect(&connector(0), &server));
}

#[test]
fn keys_are_as_strong_as_the_security_level_asks() {
    let root = Ca::builder("Root").key_kind(KeyKind::EcdsaP384).self_signed();
    let weak = Ca::builder("CA").issued_by(&root);
    let strong = Ca::builder("CA").key_kind(KeyKind::EcdsaP384).issued_by(&root);
    for (ca, is_accepted) in [(strong, true), (weak, false)] {
        let leaf = Leaf::builder(&[HOST]).key_kind(KeyKind::EcdsaP384).issued_by(&ca);
        let server = server(&leaf, leaf.chain(&[&ca]));
        let connector = connector(store(&[&root]), |context| context.set_security_level(4));
        let result = connect(&connector, &server);
        match is_accepted {
            true => drop(result.unwrap()),
            false => assert!([67, 68].contains(&refused(result))), // the CA's key, or digest, is too weak
        }
    }
}

#[test]
fn the_time_is_that_of_the_context() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = |days| {
        connector(store(&[&root]), |context| {
            context.verify_param_mut().set_time(now() + days * DAY);
        })
    };
    connect(&connector(10), &server).unwrap();
    assert_eq!(refused(connect(&connector(200), &server)), 10); // certificate has expired
}

fn named(root: &Ca, name: &str) -> Server {
    let leaf = root.leaf_for(&[name]);
    server(&leaf, leaf.chain(&[]))
}

#[test]
fn names_and_addresses_are_matched_as_web_clients_do() {
    let root = Ca::root("Root");
    let connector = Connector::new(store(&[&root])).unwrap();
    let connect = |host: &str, name: &str| {
        let server = named(&root, name);
        let tcp = TcpStream::connect(server.addr()).unwrap();
        connector.connect(host, tcp)
    };
    for (host, name) in [
        ("a.test", "a.test"),
        ("A.test", "a.test"),
        ("b.a.test", "*.a.test"),
        ("127.0.0.1", "127.0.0.1"),
        ("::1", "::1"),
    ] {
        connect(host, name).unwrap_or_else(|error| panic!("{host} {name} {error}"));
    }
    for (host, name, reason) in [
        ("b.test", "a.test", 62), // hostname mismatch
        ("c.b.a.test", "*.a.test", 62),
        ("a.test", "*.a.test", 62),
        ("bad.a.test", "b*.a.test", 62),
        ("127.0.0.2", "127.0.0.1", 64), // IP address mismatch
        ("127.0.0.1", "a.test", 64),
    ] {
        assert_eq!(refused(connect(host, name)), reason, "{host} {name}");
    }
    for host in ["", ".test", ".a.test", "a.test\0.b.test", "a.test\0"] {
        assert_eq!(
            connect(host, "a.a.test").unwrap_err().kind(),
            ErrorKind::InvalidInput,
            "{host}"
        );
    }
}

#[test]
fn stricter_checks_of_names_that_the_context_asks_for_stay() {
    let root = Ca::root("Root");
    let server = named(&root, "*.a.test");
    let connector = connector(store(&[&root]), |context| {
        context
            .verify_param_mut()
            .set_hostflags(X509CheckFlags::NO_WILDCARDS);
    });
    let tcp = TcpStream::connect(server.addr()).unwrap();
    assert_eq!(refused(connector.connect("b.a.test", tcp)), 62);
}

#[test]
fn the_context_serves_many_threads_and_nothing_piles_up_in_it() {
    const THREADS: usize = 4;
    const EACH: usize = 250;
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&Ca::root("Other"), &root]));
    let connector = Connector::new(trust.clone()).unwrap();
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..EACH).for_each(|_| drop(connect(&connector, &server).unwrap())));
        }
    });
    assert_eq!(server.connections(), THREADS * EACH);
    assert_eq!(connector.context().cert_store().all_certificates().len(), 0);
    assert!(trust.connections().is_empty());
}

static TOLD: AtomicUsize = AtomicUsize::new(0);

unsafe extern "C" fn told(_: *const SSL, at: c_int, _: c_int) {
    const SSL_CB_HANDSHAKE_DONE: c_int = 0x20;
    TOLD.fetch_add(usize::from(at == SSL_CB_HANDSHAKE_DONE), Ordering::SeqCst);
}

#[test]
fn the_verifier_that_is_attached_last_counts_and_an_info_callback_from_before_is_called() {
    let (first, second) = (Ca::root("First"), Ca::root("Second"));
    let mut context = client();
    context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    // SAFETY: a function of the type that is asked for.
    unsafe { SSL_CTX_set_info_callback(context.as_ptr(), Some(told)) };
    for root in [&first, &second] {
        Verifier::new(store(&[root])).attach(&mut context).unwrap();
    }
    let connector = Connector::with_context(context.build()).unwrap();
    get(&connector, &server_of(&second)).unwrap();
    assert_eq!(TOLD.load(Ordering::SeqCst), 1);
    connect(&connector, &server_of(&first)).unwrap_err();
}

#[test]
fn a_connection_that_may_be_to_one_host_of_several_is_refused() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(store(&[&root])).unwrap();
    let tcp = TcpStream::connect(server.addr()).unwrap();
    let connected = connector.connect_with(HOST, tcp, |ssl| add_host(ssl, c"b.test"));
    let error = connected.unwrap_err().to_string();
    assert!(error.contains("is for one host"), "{error}");
    assert_eq!(server.requests(), 0);
}

/// `SSL_add1_host`, which the crate does not wrap.
fn add_host(ssl: &mut SslRef, host: &std::ffi::CStr) -> Result<(), ErrorStack> {
    unsafe extern "C" {
        fn SSL_add1_host(ssl: *mut openssl_sys::SSL, host: *const std::ffi::c_char) -> std::ffi::c_int;
    }
    // SAFETY: the connection is borrowed, the host a string that ends with a NUL.
    let added = unsafe { SSL_add1_host(foreign_types::ForeignTypeRef::as_ptr(ssl), host.as_ptr()) };
    assert_eq!(added, 1);
    Ok(())
}

#[test]
fn a_server_that_verifies_its_clients_is_told_no() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
    let certificate = X509::from_der(&leaf.der()).unwrap();
    let key = PKey::private_key_from_pem(leaf.key().private_pem().as_bytes()).unwrap();
    context.set_certificate(&certificate).unwrap();
    context.set_private_key(&key).unwrap();
    Verifier::new(store(&[&root])).attach(&mut context).unwrap();
    let context = context.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let client = std::thread::spawn(move || {
        let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
        context.set_certificate(&certificate).unwrap();
        context.set_private_key(&key).unwrap();
        let ssl = Ssl::new(&context.build()).unwrap();
        let _ = ssl
            .connect(TcpStream::connect(address).unwrap())
            .map(|mut tls| tls.read(&mut [0]));
    });
    let (tcp, _) = listener.accept().unwrap();
    let error = Ssl::new(&context).unwrap().accept(tcp).unwrap_err().to_string();
    assert!(error.contains("is for clients"), "{error}");
    client.join().unwrap();
}
