//! Stores one behind the other: pinned CAs, local stores, deferred stores.

use std::fmt;
use std::net::TcpStream;
use std::sync::{Arc, OnceLock};

use jit_trust::{
    BlobStore, Candidates, Connector, OlderGeneration, StoreError, TrustPolicy, TrustStore, WatchedFileStore,
};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

use crate::deferred::{Deferred, What, blob, by_subject, wait_until};
use crate::verify::{Judge, ask, is_no_such_root, words};

fn local(roots: &[&Ca], generation: u32) -> BlobStore<Vec<u8>> {
    BlobStore::new(blob(roots, generation)).unwrap()
}

#[test]
fn an_anchor_of_a_local_store_is_asked_of_no_other_even_if_that_fails() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let deferred = Deferred::default();
    deferred.says(by_subject(&root), What::Broken);
    deferred.says(by_subject(&other), What::Broken);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .store(local(&[&root], 7))
        .build();
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    assert_eq!(deferred.queries(), 0);
    let text = words(ask(&trust, &other.leaf("a.test").chain(&[])));
    assert!(text.contains("the line is dead"), "{text}");

    // A chain to both: the store that fails knows only the topmost.
    let sent = root.leaf("a.test").chain(&[&other.cross_sign(&root)]);
    ask(&trust, &sent).unwrap();
}

#[test]
fn of_several_deferred_stores_a_failing_one_does_not_stop_another_that_has_the_anchor() {
    let root = Ca::root("Root");
    let (failing, good) = (Deferred::default(), Deferred::of(&[&root]));
    failing.says(by_subject(&root), What::Broken);
    let trust = TrustPolicy::builder()
        .deferred_store(failing.clone())
        .deferred_store(good.clone())
        .build();
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    assert_eq!((failing.queries(), good.queries()), (1, 1));
}

#[test]
fn a_pinned_host_depends_on_its_own_cas_and_nothing_is_looked_up_for_it() {
    let (company, public) = (Ca::root("Company"), Ca::root("Public"));
    let deferred = Deferred::of(&[&company, &public]);
    let trust = TrustPolicy::builder()
        .pin("a.test", [company.der().to_vec()])
        .unwrap()
        .pin("*.b.test", [company.der().to_vec()])
        .unwrap()
        .store(local(&[&public], 7))
        .deferred_store(deferred.clone())
        .build();
    let verifier = Judge::new(&trust);
    for host in ["a.test", "www.b.test", "x.y.b.test"] {
        verifier.ask_about(host, &company.leaf(host).chain(&[])).unwrap();
        let error = verifier.ask_about(host, &public.leaf(host).chain(&[]));
        assert!(is_no_such_root(&error.unwrap_err()), "{host}");
    }
    assert_eq!(deferred.queries(), 0);
    // Not those that are not pinned.
    for host in ["b.test", "www.a.test"] {
        verifier.ask_about(host, &public.leaf(host).chain(&[])).unwrap();
        verifier.ask_about(host, &company.leaf(host).chain(&[])).unwrap();
    }
    assert_eq!(deferred.queries(), 1);
}

#[test]
fn a_store_that_is_replaced_decides_about_the_next_connection() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let (old, new) = (Ca::root("Old"), Ca::root("New"));
    let leaf = old.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    let trust = TrustPolicy::new(local(&[&old], 7));
    let connector = Connector::new(trust.clone());
    let connect = || {
        let tcp = TcpStream::connect(server.addr())?;
        connector.connect("a.test".try_into().unwrap(), tcp)
    };
    let connection = connect().unwrap();
    assert!(!trust.connections()[0].anchor_withdrawn());
    trust.replace_store(local(&[&new], 8)).unwrap();
    assert!(trust.connections()[0].anchor_withdrawn());
    let error = connect().unwrap_err();
    assert!(
        error.to_string().contains("no root in the trust store named"),
        "{error}"
    );
    drop(connection);
}

#[test]
fn a_store_of_an_older_generation_replaces_a_newer_one_only_when_that_is_insisted_on() {
    let (old, new) = (Ca::root("Old"), Ca::root("New"));
    let sent = old.leaf("a.test").chain(&[]);
    let trust = TrustPolicy::new(local(&[&new], 8));
    let refused = trust.replace_store(local(&[&old], 7)).unwrap_err();
    assert_eq!((refused.given, refused.newest), (7, 8));
    assert!(ask(&trust, &sent).is_err());
    trust.replace_store(local(&[&new], 8)).unwrap();

    // One that does not know its generation does not make what was in force forgotten.
    trust.replace_store(Ageless(None)).unwrap();
    assert!(trust.replace_store(local(&[&old], 7)).is_err());
    trust.replace_allowing_rollback(local(&[&old], 7));
    ask(&trust, &sent).unwrap();
    trust.replace_store(local(&[&old], 7)).unwrap();
}

#[test]
fn a_file_that_was_replaced_while_it_was_watched_is_not_followed_by_an_older_store() {
    let root = Ca::root("Root");
    let file = tempfile::NamedTempFile::new().unwrap();
    let directory = file.path().parent().unwrap();
    let put = |generation| {
        let new = tempfile::NamedTempFile::new_in(directory).unwrap();
        std::fs::write(new.path(), crate::deferred::blob(&[&root], generation)).unwrap();
        new.persist(file.path()).unwrap();
    };
    put(7);
    let trust = TrustPolicy::new(WatchedFileStore::open(file.path()).unwrap());
    put(9);
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
    let of = |generation| BlobStore::new(crate::deferred::blob(&[&root], generation)).unwrap();
    let refused = trust.replace_store(of(8)).unwrap_err();
    assert_eq!((refused.given, refused.newest), (8, 9));
    trust.replace_store(of(9)).unwrap();
}

/// A store of no generation, which asks what is trusted when it is dropped.
struct Ageless(Option<Arc<OnceLock<TrustPolicy>>>);

impl fmt::Debug for Ageless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ageless")
    }
}

impl TrustStore for Ageless {
    fn select<'s>(&'s self, _: &mut Candidates<'s>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for Ageless {
    fn drop(&mut self) {
        if let Some(trust) = self.0.as_ref().and_then(|trust| trust.get()) {
            assert!(format!("{trust:?}").contains("TrustPolicy"));
        }
    }
}

#[test]
fn a_store_that_is_dropped_when_it_is_replaced_may_ask_what_is_trusted() {
    let known = Arc::new(OnceLock::new());
    let trust = TrustPolicy::new(Ageless(Some(known.clone())));
    known.set(trust.clone()).unwrap();
    let replacing = std::thread::spawn(move || {
        trust.replace_store(Ageless(Some(known.clone())))?;
        trust.replace_allowing_rollback(Ageless(Some(known)));
        trust.replace_store(jit_trust::mozilla())?;
        Ok::<(), OlderGeneration>(())
    });
    wait_until(|| replacing.is_finished());
    replacing.join().unwrap().unwrap();
}
