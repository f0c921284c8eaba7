//! Mozilla's own roots, read as webpki reads them and kept by a blob as they were.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jit_trust_core::{Certificate, NameHash, PeerChain, Query, TrustAnchor, TrustBlob, v1};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

fn roots() -> Vec<Certificate<'static>> {
    let roots = TLS_SERVER_ROOT_CERTS.iter();
    roots
        .map(|der| Certificate::from_der(der.as_ref()).expect("Mozilla's roots can be read"))
        .collect()
}

fn blob_of(roots: &[Certificate<'_>]) -> Vec<u8> {
    let mut blob = vec![0; v1::encoded_len(roots).unwrap()];
    v1::encode(roots, 1_777_593_600, &mut blob).unwrap();
    blob
}

#[test]
fn every_root_is_the_anchor_that_webpki_makes_of_it() {
    for (der, root) in TLS_SERVER_ROOT_CERTS.iter().zip(roots()) {
        let webpki = webpki::anchor_from_trusted_cert(der).unwrap();
        let ours = TrustAnchor::from_trusted_certificate(root);
        assert_eq!(ours.subject().value(), webpki.subject.as_ref());
        assert_eq!(ours.spki_value(), webpki.subject_public_key_info.as_ref());
        assert_eq!(ours.name_constraints(), webpki.name_constraints.as_deref());
    }
}

#[test]
fn every_root_is_found_in_a_blob_by_each_of_its_keys() {
    let roots = roots();
    let blob = blob_of(&roots);
    let blob = TrustBlob::open(&blob).unwrap();
    assert_eq!(
        (blob.len(), blob.generation(), blob.version()),
        (roots.len(), 1_777_593_600, 1)
    );
    let certificates = blob.entries().filter_map(|entry| entry.certificate());
    assert!(certificates.eq(roots.iter().copied()));
    for root in &roots {
        let anchor = TrustAnchor::from_trusted_certificate(*root);
        let entry = *anchor.entry();
        assert!(blob.by_subject(root.subject()).any(|found| found == anchor));
        assert!(blob.by_issuer_serial(root.issuer(), root.serial()).eq([entry]));
        if let Some(key_id) = root.subject_key_id() {
            assert!(blob.by_subject_key_id(key_id).any(|found| found == entry));
        }
    }
}

#[test]
fn a_root_that_was_sent_alone_asks_for_itself() {
    let root = roots()[0];
    let chain = PeerChain::read([root.as_der()]).unwrap();
    assert!(chain.issuers().eq([root.subject()]));
    assert!(
        chain
            .queries()
            .any(|query| query == Query::Subject(root.subject()))
    );
    let key_id = root.subject_key_id().unwrap();
    let subject = root.subject();
    assert!(
        chain
            .queries()
            .any(|query| query == Query::KeyId { key_id, subject })
    );
}

#[test]
fn names_and_dates_of_roots_are_read() {
    let roots = roots();
    let isrg = roots
        .iter()
        .find(|root| root.subject().to_string().ends_with("CN=ISRG Root X1"));
    let isrg = isrg.expect("ISRG Root X1 is in Mozilla's list");
    assert_eq!(
        isrg.subject().to_string(),
        "C=US, O=Internet Security Research Group, CN=ISRG Root X1"
    );
    assert_eq!(isrg.not_before(), Some(1_433_415_878)); // 2015-06-04 11:04:38
    assert_eq!(isrg.not_after(), Some(2_064_567_878)); // 2035-06-04 11:04:38
    assert!(isrg.is_self_issued() && !isrg.says_it_is_no_ca());
    assert_eq!(
        isrg.subject_key_id().unwrap().to_string(),
        "79B459E67BB6E5E40173800888C81A58F6E99B6E"
    );
    let hash: NameHash = isrg.subject().hash();
    assert_eq!(
        hash.to_string(),
        "f6db2fbd9dd85d9259ddb3c6de7d7b2fec3f3e0cef1761bcbf3320571e2d30f8"
    );
}
