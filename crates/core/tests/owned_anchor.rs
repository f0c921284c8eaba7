//! The copy of an anchor lends what it was made of, after the store is gone.
#![cfg(feature = "alloc")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jit_trust_core::{
    Certificate, Entry, Name, OwnedTrustAnchor, TrustAnchor, TrustBlob, WriteError, v1, v2,
};
use jit_trust_lab::pki::Ca;

const DATE: u64 = 1_776_297_599;
/// Permitted: subdomains of tr.
const CONSTRAINTS: &[u8] = b"\xa0\x07\x30\x05\x82\x03.tr";

/// A plain root, one with constraints of its own, and an intermediate.
fn certificates() -> [Vec<u8>; 3] {
    let root = Ca::root("Root");
    let constrained = Ca::builder("Constrained").name_constraints(&["a.test"], &[]);
    let intermediate = Ca::builder("Intermediate").issued_by(&root);
    [root.der(), constrained.self_signed().der(), intermediate.der()].map(|der| der.to_vec())
}

/// A certificate under each kind of conditions.
fn entries(der: &[u8]) -> impl Iterator<Item = Entry<'_>> {
    let bare = Entry::from_certificate(Certificate::from_der(der).unwrap());
    let own = bare.name_constraints();
    [
        bare,
        bare.with_distrust_after(Some(DATE)),
        bare.with_distrust_after(None),
        bare.with_name_constraints(Some(CONSTRAINTS)),
        bare.with_name_constraints(None),
        bare.with_distrust_after(Some(DATE)).with_name_constraints(own),
    ]
    .into_iter()
}

/// The blobs of an entry: one of version 1, and those of version 2 with and without names and certificates.
fn blobs(entry: Entry<'_>) -> Vec<Vec<u8>> {
    let certificate = [entry.certificate().unwrap()];
    let mut blobs = vec![v1::to_vec(&certificate, 7).unwrap()];
    for (names, certificates) in [(false, false), (true, false), (false, true), (true, true)] {
        let options = v2::Options::default()
            .with_names(names)
            .with_certificates(certificates);
        // Constraints that are lifted do not go with the certificate.
        match v2::to_vec(&[entry], options, 7) {
            Err(WriteError::ConstraintsLifted { .. }) => {}
            written => blobs.push(written.unwrap()),
        }
    }
    blobs
}

/// Calls `check` with an anchor of every kind.
fn with_anchors(mut check: impl FnMut(TrustAnchor<'_>)) {
    for der in certificates() {
        let name = Certificate::from_der(&der).unwrap().subject();
        for entry in entries(&der) {
            check(entry.named(name).unwrap());
            for blob in blobs(entry) {
                let blob = TrustBlob::open(&blob).unwrap();
                for found in blob.by_subject(name) {
                    check(found);
                    check(found.with_distrust_after(Some(1)));
                    let entry = found.entry().with_name_constraints(Some(b""));
                    check(entry.named(name).unwrap());
                }
            }
        }
    }
}

fn certificate_of(anchor: &TrustAnchor<'_>) -> Option<Vec<u8>> {
    let mut buffer = vec![0; anchor.certificate_buffer_len().ok()?];
    Some(anchor.to_certificate(&mut buffer).unwrap().to_vec())
}

fn assert_says_the_same(copy: &TrustAnchor<'_>, anchor: &TrustAnchor<'_>) {
    assert_eq!(copy, anchor);
    assert_eq!(copy.subject(), anchor.subject());
    assert_eq!(copy.spki_value(), anchor.spki_value());
    assert_eq!(copy.name_constraints(), anchor.name_constraints());
    assert_eq!(copy.subject_key_id(), anchor.subject_key_id());
    assert_eq!(copy.distrust_after(), anchor.distrust_after());
    assert_eq!(copy.certificate(), anchor.certificate());
    assert_eq!(certificate_of(copy), certificate_of(anchor));
    let (copy, entry) = (copy.entry(), anchor.entry());
    assert_eq!(copy, entry);
    assert_eq!(copy.encoded(), entry.encoded());
    assert_eq!(copy.subject(), entry.subject());
    assert_eq!(copy.name_hash(), entry.name_hash());
    assert_eq!(copy.spki_sha256(), entry.spki_sha256());
    assert_eq!(copy.serial(), entry.serial());
    assert_eq!(copy.not_before(), entry.not_before());
    assert_eq!(copy.not_after(), entry.not_after());
    assert_eq!(copy.profile(), entry.profile());
    assert_eq!(copy.certificate(), entry.certificate());
}

#[test]
fn a_copy_lends_what_it_was_made_of() {
    let mut count = 0;
    with_anchors(|anchor| {
        let copy = anchor.to_owned_anchor();
        assert_says_the_same(&copy.as_anchor(), &anchor);
        assert_says_the_same(&copy.as_anchor().to_owned_anchor().as_anchor(), &anchor);
        count += 1;
    });
    assert!(count > 200, "{count}");
}

#[test]
fn a_copy_outlives_the_store_and_the_peers_certificates() {
    let [der, ..] = certificates();
    let copies: Vec<OwnedTrustAnchor> = {
        let der = der.clone();
        let entry = entries(&der).nth(1).unwrap();
        let blobs = blobs(entry);
        let copy = |blob: &Vec<u8>| {
            let blob = TrustBlob::open(blob).unwrap();
            let anchor = blob.by_subject(entry.subject().unwrap()).next().unwrap();
            anchor.to_owned_anchor()
        };
        blobs.iter().map(copy).collect()
    };
    let certificate = Certificate::from_der(&der).unwrap();
    for copy in copies {
        assert_eq!(copy.as_anchor().subject(), certificate.subject());
        assert_eq!(copy.as_anchor().spki_value(), certificate.spki_value());
    }
}

/// The place of a record in its blob is in its bytes, and says nothing of the anchor.
#[test]
fn copies_are_equal_when_their_anchors_are_whichever_store_they_come_from() {
    let [first, second, third] = certificates();
    let copy_of_last = |ders: &[&[u8]]| {
        let entries: Vec<Entry<'_>> = ders
            .iter()
            .map(|der| Entry::from_certificate(Certificate::from_der(der).unwrap()))
            .collect();
        let blob = v2::to_vec(&entries, v2::Options::default(), 7).unwrap();
        let name: Name<'_> = entries.last().unwrap().subject().unwrap();
        let blob = TrustBlob::open(&blob).unwrap();
        blob.by_subject(name).next().unwrap().to_owned_anchor()
    };
    for last in [&first, &second, &third] {
        let others: Vec<&[u8]> = [&first, &second, &third]
            .into_iter()
            .filter(|other| *other != last)
            .map(Vec::as_slice)
            .collect();
        let alone = copy_of_last(&[last]);
        let among_others = copy_of_last(&[others[0], others[1], last]);
        assert_eq!(alone, among_others);
        assert_ne!(alone, copy_of_last(&[others[0]]));
        let dated = alone.as_anchor().with_distrust_after(Some(DATE));
        assert_ne!(alone, dated.to_owned_anchor());
    }
    assert_eq!(
        format!("{:?}", copy_of_last(&[&first])),
        format!("OwnedTrustAnchor({:?})", copy_of_last(&[&first]).as_anchor())
    );
}
