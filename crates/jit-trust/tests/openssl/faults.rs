//! Faults of stores, of observers and of servers: a clear error, and no connection.

use std::time::{Duration, Instant};

use jit_trust::openssl::{Connector, TokioConnector, Verifier};
use jit_trust::{
    BlobStore, Candidates, DeferredStore, Entry, LookupError, LookupRequest, LookupResponse, Rejection,
    Responder, StoreError, TrustPolicy, TrustStore,
};
use jit_trust_core::v2;
use jit_trust_lab::pki::{Ca, DAY, Leaf, dns_name_constraints, garbage, now};
use openssl::ssl::SslVersion;

use crate::stores::{self, Version};
use crate::support::{
    HOST, Later, block_on, client, connect, connect_async, connector, dated_root, error_in, get, plain,
    reason, server, server_of, store, store_of,
};

fn store_error(error: &std::io::Error) -> String {
    reason::<StoreError>(error).to_string()
}

#[derive(Debug)]
struct Fails;

impl TrustStore for Fails {
    fn select<'s>(&'s self, _: &mut Candidates<'s>) -> Result<(), StoreError> {
        Err(StoreError::other("the disk is gone"))
    }
}

#[test]
fn a_store_that_fails_says_why_although_another_has_the_root() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::builder().store(store(&[&root])).store(Fails).build();
    let error = connect(&Connector::new(trust.clone()).unwrap(), &server).unwrap_err();
    assert!(store_error(&error).contains("the disk is gone"));
    let mut context = client();
    Verifier::new(trust).attach(&mut context).unwrap();
    // By OpenSSL alone it is in the error queue.
    let error = plain(&context.build(), &server, |_| ()).unwrap_err();
    assert!(
        error.contains("certificate rejected") && error.contains("the disk is gone"),
        "{error}"
    );
    assert_eq!(server.handshakes(), 0);
}

#[derive(Debug)]
struct Panics;

impl TrustStore for Panics {
    fn select<'s>(&'s self, _: &mut Candidates<'s>) -> Result<(), StoreError> {
        panic!("the store's own fault");
    }
}

impl DeferredStore for Panics {
    fn name(&self) -> String {
        "panics".to_owned()
    }

    fn look_up(&self, _: LookupRequest, _: Responder) {
        panic!("the store's own fault");
    }
}

#[test]
fn a_store_or_an_observer_that_panics_ends_the_handshake_and_goes_no_further() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let near = Verifier::new(TrustPolicy::builder().store(Panics).build());
    let deferred = Verifier::new(TrustPolicy::builder().deferred_store(Panics).build());
    let observed = Verifier::new(store(&[&root])).on_verification(|_| panic!("the observer's own fault"));
    for verifier in [near, deferred, observed] {
        let mut context = client();
        verifier.attach(&mut context).unwrap();
        let connector = Connector::with_context(context.build()).unwrap();
        let waiting = TokioConnector::with_context(connector.context().clone()).unwrap();
        for _ in 0..2 {
            let error = connect(&connector, &server).unwrap_err();
            assert!(error.to_string().contains("panicked"), "{error}");
            let error = block_on(connect_async(&waiting, &server)).unwrap_err();
            assert!(error.to_string().contains("panicked"), "{error}");
        }
        assert!(connector.policy().connections().is_empty());
    }
    assert_eq!((server.handshakes(), server.requests()), (0, 0));
}

/// Gives a blob that is cut off.
#[derive(Debug)]
struct CutsOff(Vec<u8>);

impl DeferredStore for CutsOff {
    fn name(&self) -> String {
        "cuts off".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        reply.send(LookupResponse::blob(&self.0[..self.0.len() - 1]));
    }
}

#[test]
fn a_blob_that_is_cut_off_is_no_answer() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let blob = stores::blob(&[&root], Version::V1);
    let trust = TrustPolicy::builder().deferred_store(CutsOff(blob)).build();
    let error = connect(&Connector::new(trust).unwrap(), &server).unwrap_err();
    let StoreError::Lookup { error, .. } = reason(&error) else {
        panic!("{error:?}")
    };
    assert!(matches!(**error, LookupError::Blob(_)), "{error:?}");
}

#[test]
fn a_connection_whose_server_shows_no_certificate_is_not_made() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let anonymous = |context: &mut openssl::ssl::SslContextBuilder| {
        context.set_security_level(0);
        context.set_cipher_list("aNULL").unwrap();
        context.set_max_proto_version(Some(SslVersion::TLS1_2)).unwrap();
    };
    let serving = std::thread::spawn(move || {
        let mut context = openssl::ssl::SslContext::builder(openssl::ssl::SslMethod::tls_server()).unwrap();
        anonymous(&mut context);
        let ssl = openssl::ssl::Ssl::new(&context.build()).unwrap();
        ssl.accept(listener.accept().unwrap().0).is_ok()
    });
    let connector = connector(store(&[&Ca::root("Root")]), anonymous);
    let tcp = std::net::TcpStream::connect(address).unwrap();
    let error = connector.connect(HOST, tcp).unwrap_err();
    assert!(error.to_string().contains("not known"), "{error}");
    assert!(serving.join().unwrap(), "to OpenSSL all is well");
}

#[test]
fn hostile_chains_are_refused_in_little_time() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    let connector = Connector::new(store(&[&root])).unwrap();
    let others: Vec<_> = (0..100)
        .map(|number| Ca::root(format!("{number}").as_str()))
        .collect();
    let sending = |count: usize| {
        let others: Vec<_> = others.iter().take(count).collect();
        server(&leaf, leaf.chain(&others))
    };
    // 63 that have nothing to do with it, and then the one more that is too many.
    get(&connector, &sending(63)).unwrap();
    let started = Instant::now();
    for count in [64, 100] {
        let error = connect(&connector, &sending(count)).unwrap_err();
        let rejection = error_in(&error).rejection().unwrap();
        assert!(
            matches!(rejection, Rejection::TooManyCertificates),
            "{rejection:?}"
        );
    }
    assert!(started.elapsed() < Duration::from_secs(5));
}

#[test]
fn certificates_that_openssl_cannot_read_do_not_come_to_us() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    let connector = Connector::new(store(&[&root])).unwrap();
    for garbage in [
        garbage::sequence_of_noise(300),
        garbage::truncated(&root.der(), 100),
    ] {
        let server = server(&leaf, vec![leaf.der(), garbage]);
        let error = connect(&connector, &server).unwrap_err();
        assert!(error_in(&error).rejection().is_none(), "{error:?}");
        assert_eq!(server.handshakes(), 0);
    }
}

/// A store of version 2 that holds certificates.
fn store_with(entry: Entry<'_>) -> BlobStore<Vec<u8>> {
    let options = v2::Options::default().with_certificates(true);
    store_of(v2::to_vec(&[entry], options, 7).unwrap())
}

#[test]
fn a_root_that_is_trusted_up_to_a_date_is_trusted_for_what_was_issued_before() {
    let root = Ca::root("Root");
    let der = root.der();
    let issued = |days: i64| {
        let leaf = Leaf::builder(&[HOST]).validity(now() - days * DAY, now() + DAY);
        let leaf = leaf.issued_by(&root);
        server(&leaf, leaf.chain(&[]))
    };
    let date = u64::try_from(now() - 10 * DAY).unwrap();
    let store = store_with(stores::entry(&der).with_distrust_after(Some(date)));
    let connector = Connector::new(store.clone()).unwrap();
    get(&connector, &issued(20)).unwrap();
    let late = issued(5);
    let error = connect(&connector, &late).unwrap_err();
    assert_eq!(dated_root(&error).distrust_after, date);
    assert_eq!(late.requests(), 0);

    let mut context = client();
    Verifier::new(store).attach(&mut context).unwrap();
    let error = plain(&context.build(), &late, |_| ()).unwrap_err();
    assert!(
        error.contains("trusted only for certificates issued up to"),
        "{error}"
    );
}

#[test]
fn a_date_is_no_reason_where_another_is_in_the_way_too() {
    let root = Ca::root("Root");
    let der = root.der();
    let leaf = root.leaf("b.test");
    let server = server(&leaf, leaf.chain(&[]));
    let date = u64::try_from(now() - 10 * DAY).unwrap();
    let store = store_with(stores::entry(&der).with_distrust_after(Some(date)));
    let error = connect(&Connector::new(store).unwrap(), &server).unwrap_err();
    assert!(
        !matches!(error_in(&error).rejection(), Some(Rejection::DatedRoot(_))),
        "{error:?}"
    );
}

#[test]
fn names_that_were_imposed_on_a_root_bind_it() {
    let root = Ca::root("Root");
    let der = root.der();
    for (permitted, is_accepted) in [(HOST, true), ("b.test", false)] {
        let constraints = dns_name_constraints(&[permitted], &[] as &[&str]);
        let store = store_with(stores::entry(&der).with_name_constraints(Some(&constraints)));
        let server = server_of(&root);
        assert_eq!(
            get(&Connector::new(store).unwrap(), &server).is_ok(),
            is_accepted,
            "{permitted}"
        );
    }
}

#[test]
fn a_failure_is_not_a_reason_when_a_path_is_found_without_that_store() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let later = Later::of(&[&root], Duration::from_millis(20));
    let trust = TrustPolicy::builder().deferred_store(CutsOff(vec![0; 40]));
    let trust = trust.deferred_store(later.clone()).build();
    get(&Connector::new(trust).unwrap(), &server).unwrap();
    assert_eq!(later.queries(), 1);
}
