//! Choosing the anchors for a chain of three certificates.

use jit_trust::{Candidates, FileStore, TrustStore};
use jit_trust_core::PeerChain;
use pki_types::CertificateDer;

use crate::paired::measure;
use crate::verify::Peer;

pub(crate) fn run() {
    let peer = Peer::with_three_certificates();
    let (sent, mozilla) = (peer.chain(), peer.store());
    assert_eq!(sent.len(), 3);
    measure(
        "select from a blob in memory, 3 certificates",
        || select(&mozilla, &sent),
        "2 µs",
    );

    let directory = tempfile::tempdir().expect("a temporary directory");
    let path = directory.path().join("trust.tblb");
    std::fs::write(&path, mozilla.as_bytes()).expect("a file in the temporary directory");
    let file = FileStore::open(path).expect("a good blob");
    measure(
        "select from a blob file, 3 certificates",
        || select(&file, &sent),
        "",
    );
}

/// Reads and sorts the chain, asks the store; says how many anchors there are.
fn select(store: &dyn TrustStore, sent: &[CertificateDer<'_>]) -> usize {
    let chain = PeerChain::read(sent.iter().map(AsRef::as_ref)).expect("a good chain");
    let mut selection = Candidates::new(&chain);
    store.select(&mut selection).expect("a good store");
    assert!(!selection.is_empty());
    selection.len()
}
