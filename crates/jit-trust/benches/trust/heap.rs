//! What stays on the heap when trust is ready. Exact, and held to the budgets by tests.

use jit_trust::{FileStore, TrustPolicy, Verifier};
use rustls::crypto::aws_lc_rs;

use crate::deferred::Deferred;
use crate::host_cache;
use crate::open::{native_certs, webpki_roots};
use crate::verify::{Peer, verify};

pub(crate) fn run() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("trust.tblb");
    std::fs::write(&path, jit_trust::mozilla().as_bytes()).expect("a file in the temporary directory");

    row("a blob in the program", jit_trust::mozilla);
    row("a blob file", || FileStore::open(&path).expect("a good blob"));
    let peer = Peer::with_three_certificates();
    let (sent, deferred) = (peer.chain(), Deferred::of(&peer.root_der()));
    // What is kept while a connection depends on it, and for the grace after that.
    row("an anchor from a deferred store, in use", || {
        let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
        let verifier = Verifier::with_provider(trust, &aws_lc_rs::default_provider());
        verify(&verifier, &sent);
        verifier
    });
    row("webpki-roots", webpki_roots);
    row("rustls-native-certs", native_certs);
    row("a cache of 10,000 hosts", host_cache::filled);
}

fn row<T>(what: &str, make: impl Fn() -> T) {
    drop(make()); // what is set up once and for all does not count
    let mut kept = None;
    let counted = allocation_counter::measure(|| kept = Some(make()));
    println!("| {what} | {} |", counted.bytes_current);
}
