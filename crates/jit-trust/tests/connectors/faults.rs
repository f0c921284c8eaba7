//! A program's own code that panics, and a runtime that ends.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jit_trust::{Connector, DeferredStore, LookupRequest, Responder, TokioConnector, TrustPolicy, Verifier};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::ServerBuilder;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use crate::support::*;

const LATE: Duration = Duration::from_millis(30);

fn observed(trust: &TrustPolicy, observer: impl Fn() + Send + Sync + 'static) -> ClientConfig {
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    let mut verifier = verifier.on_verification(move |_| observer());
    let resumption = verifier.resumption();
    let mut config = with_verifier(verifier);
    config.resumption = resumption;
    config
}

fn with_verifier(verifier: Verifier) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    builder.with_no_client_auth()
}

#[test]
fn an_observer_that_panics_panics_where_the_connection_is_wanted_and_leaves_none() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let trust = later.trust();
    let config = observed(&trust, || panic!("the observer's own fault"));
    let blocking = || connect(&Connector::with_config(trust.clone(), config.clone()), &server).map(drop);
    let connector = TokioConnector::with_config(trust.clone(), config.clone());
    let waiting = || block_on(async { connect_async(&connector, &server).await.map(drop) });
    for fault in [
        catch_unwind(AssertUnwindSafe(blocking)).unwrap_err(),
        catch_unwind(AssertUnwindSafe(waiting)).unwrap_err(),
    ] {
        assert_eq!(fault.downcast_ref::<&str>(), Some(&"the observer's own fault"));
    }
    assert!(trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
    drop(connect(&crate::support::connector(&trust), &server).unwrap());
}

/// A store with a fault of its own.
#[derive(Debug)]
struct Panics;

impl DeferredStore for Panics {
    fn name(&self) -> String {
        "panics".to_owned()
    }

    fn look_up(&self, _: LookupRequest, _: Responder) {
        panic!("the store's own fault");
    }
}

#[test]
fn a_store_that_panics_panics_where_the_connection_is_wanted_and_leaves_none() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let trust = TrustPolicy::builder().deferred_store(Panics).build();
    let connector = tokio_connector(&trust);
    for _ in 0..2 {
        let waiting = || block_on(async { connect_async(&connector, &server).await.map(drop) });
        let fault = catch_unwind(AssertUnwindSafe(waiting)).unwrap_err();
        assert_eq!(fault.downcast_ref::<&str>(), Some(&"the store's own fault"));
    }
    assert!(trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
}

#[test]
fn a_connection_that_the_observer_makes_is_not_taken_for_the_one_that_is_verified() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let (server, elsewhere) = (
        server_of(&root, |server| server),
        server_of(&other, |server| server),
    );
    let later = Later::of(&[&root, &other], LATE);
    let trust = later.trust();
    let plain = Arc::new(config(&trust));
    let address = elsewhere.addr();
    let config = observed(&trust, move || {
        // To a server of the same name, of another root.
        let mut tls = rustls::ClientConnection::new(plain.clone(), HOST.try_into().unwrap()).unwrap();
        let mut tcp = std::net::TcpStream::connect(address).unwrap();
        tls.complete_io(&mut tcp).unwrap();
    });
    let tls = connect(&Connector::with_config(trust.clone(), config), &server).unwrap();
    assert_eq!(elsewhere.connections(), 1);
    // Its own root stays, that of the other does not.
    std::thread::sleep(GRACE + Duration::from_millis(200));
    assert_eq!(later.queries(), 2);
    drop(connect(&crate::support::connector(&trust), &server).unwrap());
    assert_eq!(later.queries(), 2);
    drop(connect(&connector(&trust), &elsewhere).unwrap());
    assert_eq!(later.queries(), 3);
    drop(tls);
}

#[test]
fn a_runtime_that_is_shut_down_while_a_handshake_waits_ends_soon() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let never = Later::of(&[&root], Duration::from_secs(60));
    let trust = never.trust();
    let connector = tokio_connector(&trust);
    let runtime = runtime();
    let tcp = std::net::TcpStream::connect(server.addr()).unwrap();
    tcp.set_nonblocking(true).unwrap();
    runtime.spawn(async move {
        let tcp = tokio::net::TcpStream::from_std(tcp).unwrap();
        connector.connect(HOST.try_into().unwrap(), tcp).await.map(drop)
    });
    runtime.block_on(async {
        while never.queries() == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let started = Instant::now();
    drop(runtime);
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert!(trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
}

#[test]
fn a_connection_that_outlives_its_runtime_is_an_error_and_not_a_hang() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let connector = tokio_connector(&later.trust());
    let runtime = runtime();
    let handle = runtime.handle().clone();
    let tcp = runtime.block_on(tokio::net::TcpStream::connect(server.addr()));
    runtime.shutdown_background();
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let connecting = connector.connect(HOST.try_into().unwrap(), tcp.unwrap());
        sender.send(handle.block_on(connecting).map(drop))
    });
    let ended = receiver
        .recv_timeout(Duration::from_secs(5))
        .expect("it does not hang");
    // It is tokio that says so, of its stream.
    let error = ended.unwrap_err();
    assert!(error.to_string().contains("being shutdown"), "{error}");
}

#[test]
fn one_thread_for_what_may_wait_is_enough() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let connector = tokio_connector(&later.trust());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (one, other) = tokio::join!(
            connect_async(&connector, &server),
            connect_async(&connector, &server)
        );
        assert!(one.is_ok() && other.is_ok());
    });
    assert_eq!(later.queries(), 1);
}

#[test]
fn a_configuration_that_is_not_of_the_trust_is_refused() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let later = Later::of(&[&root], LATE);
    let trust = later.trust();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(root.der()).unwrap();
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let own = builder.with_root_certificates(roots).with_no_client_auth();
    let error = connect(&Connector::with_config(trust.clone(), own), &server).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidInput, "{error}");
    assert!(trust.connections().is_empty());
}

#[test]
fn a_session_that_was_kept_behind_our_back_is_refused() {
    let root = Ca::root("Root");
    let server = server_of(&root, ServerBuilder::tls12_only);
    let later = Later::of(&[&root], LATE);
    let trust = later.trust();
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    // Its resumption is as rustls sets it.
    let connector = Connector::with_config(trust.clone(), with_verifier(verifier));
    drop(connect(&connector, &server).unwrap());
    let error = connect(&connector, &server).unwrap_err();
    assert!(error.to_string().contains("Verifier::resumption"), "{error}");
    server.wait_until(|server| server.resumptions() == 1);
    assert_eq!((server.requests(), trust.connections().len()), (0, 0));
}
