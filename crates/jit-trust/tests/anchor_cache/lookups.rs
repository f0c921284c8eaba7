//! What a store is asked, and how often.

use std::time::Duration;

use jit_trust::{AnchorKey, LookupOutcome, TrustPolicy};
use jit_trust_lab::pki::{AuthorityKeyId, Ca, Leaf};
use pki_types::CertificateDer;

use crate::deferred::{self, Deferred, by_issuer_serial, by_key_id, by_subject};
use crate::verify::{Judge, ask, words};

fn trust(deferred: &Deferred) -> TrustPolicy {
    TrustPolicy::builder().deferred_store(deferred.clone()).build()
}

/// A path of so many CAs below a root, the topmost first, and what a server with it sends.
fn path(length: usize) -> (Vec<Ca>, Vec<CertificateDer<'static>>) {
    let mut cas = vec![Ca::root("CA 0")];
    for number in 1..=length {
        let ca = cas[number - 1].intermediate(format!("CA {number}").as_str());
        cas.push(ca);
    }
    let leaf = cas[length].leaf("a.test");
    let sent = leaf.chain(&cas[1..].iter().rev().collect::<Vec<_>>());
    (cas, sent)
}

#[test]
fn the_topmost_issuer_is_asked_for_first_and_the_others_only_while_validation_fails() {
    let (cas, sent) = path(3);
    let keys: Vec<_> = cas.iter().map(by_subject).collect();
    let deferred = Deferred::of(&[&cas[0], &cas[2]]);
    ask(&trust(&deferred), &sent).unwrap();
    assert_eq!(deferred.asked(), keys[..1]);

    // An anchor further down will do, and nothing is asked beyond it.
    let deferred = Deferred::of(&[&cas[2]]);
    let verifier = Judge::new(&trust(&deferred));
    verifier.ask(&sent).unwrap();
    assert_eq!(deferred.asked(), keys[..3]);
    assert!(matches!(
        *verifier.outcomes(),
        [
            LookupOutcome::NotFound,
            LookupOutcome::NotFound,
            LookupOutcome::Found(1),
        ]
    ));
    verifier.ask(&sent).unwrap();
    assert_eq!(deferred.queries(), 3);
    assert!(matches!(verifier.outcomes()[2], LookupOutcome::Cached(1)));
}

#[test]
fn one_connection_makes_at_most_six_queries() {
    let (cas, sent) = path(7);
    let deferred = Deferred::of(&[&cas[5]]);
    ask(&trust(&deferred), &sent).unwrap();
    assert_eq!(deferred.queries(), 6);

    let deferred = Deferred::of(&[&cas[6]]);
    ask(&trust(&deferred), &sent).unwrap_err();
    assert_eq!(deferred.queries(), 6);
}

#[test]
fn one_connection_imports_at_most_three_cas() {
    // Each issuer is found under its name, and none of those found but the last is the right one.
    let (cas, sent) = path(3);
    let impostors: Vec<_> = (0..3)
        .map(|number| Ca::root(format!("CA {number}").as_str()))
        .collect();
    let deferred = Deferred::of(&[&impostors[0], &impostors[1], &cas[2]]);
    ask(&trust(&deferred), &sent).unwrap();
    let deferred = Deferred::of(&[&impostors[0], &impostors[1], &impostors[2], &cas[3]]);
    ask(&trust(&deferred), &sent).unwrap_err();
    assert_eq!(deferred.queries(), 3);
}

#[test]
fn of_more_than_three_cas_of_one_name_those_are_imported_that_a_certificate_names_by_key() {
    let twins: Vec<Ca> = (0..6).map(|_| Ca::root("Twin")).collect();
    let deferred = Deferred::default();
    let blob = deferred::blob(&twins.iter().collect::<Vec<_>>(), 7);
    deferred.says(by_subject(&twins[0]), deferred::What::Blob(blob));
    let trust = trust(&deferred);
    for twin in &twins {
        let verifier = Judge::new(&trust);
        verifier.ask(&twin.leaf("a.test").chain(&[])).unwrap();
        assert!(matches!(
            verifier.outcomes()[0],
            LookupOutcome::Found(3) | LookupOutcome::Cached(3)
        ));
    }
}

#[test]
fn that_there_is_no_such_anchor_is_remembered_as_long_as_was_said() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::default();
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .negative_ttl(Duration::from_millis(700))
        .build();
    ask(&trust, &sent).unwrap_err();
    ask(&trust, &sent).unwrap_err();
    assert_eq!(deferred.queries(), 1);
    deferred.has(&root, 7);
    std::thread::sleep(Duration::from_millis(750));
    ask(&trust, &sent).unwrap();
    assert_eq!(deferred.queries(), 2);
}

#[test]
fn that_there_is_no_such_anchor_is_remembered_until_the_generation_changes_and_the_first_is_no_change() {
    let (root, other, third) = (Ca::root("Root"), Ca::root("Other"), Ca::root("Third"));
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::default();
    let trust = trust(&deferred);
    ask(&trust, &sent).unwrap_err();
    deferred.has(&other, 7);
    ask(&trust, &other.leaf("a.test").chain(&[])).unwrap();
    ask(&trust, &sent).unwrap_err();
    assert_eq!(deferred.queries(), 2);
    // A newer generation may have it.
    deferred.has(&root, 8);
    deferred.has(&third, 8);
    ask(&trust, &third.leaf("a.test").chain(&[])).unwrap();
    ask(&trust, &sent).unwrap();
    assert_eq!(deferred.queries(), 4);
}

#[test]
fn a_store_of_bare_certificates_is_asked_by_key_identifier_and_by_issuer_and_serial() {
    let root = Ca::root("Root");
    let deferred = Deferred::by_key_id(&[&root]);
    ask(&trust(&deferred), &root.leaf("a.test").chain(&[])).unwrap();
    assert_eq!(deferred.asked(), [by_key_id(&root)]);

    let leaf = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::IssuerAndSerial);
    let deferred = Deferred::by_key_id(&[&root]);
    ask(&trust(&deferred), &leaf.issued_by(&root).chain(&[])).unwrap();
    assert_eq!(deferred.asked(), [by_issuer_serial(&root)]);
}

#[test]
fn an_anchor_found_by_key_identifier_is_trusted_under_any_name_that_a_certificate_gives_to_that_key() {
    // One key under two names, both of which are named in the chain; the store knows the second.
    let first = Ca::root("First");
    let second = first.reissue().subject("Second").self_signed();
    let ca = Ca::root("CA");
    let sent = ca
        .leaf("a.test")
        .chain(&[&ca, &first.cross_sign(&ca), &second.cross_sign(&ca)]);
    let deferred = Deferred::by_key_id(&[&second]);
    ask(&trust(&deferred), &sent).unwrap();

    // And no other name, whatever the key.
    let third = first.reissue().subject("Third").self_signed();
    let deferred = Deferred::by_key_id(&[&third]);
    ask(&trust(&deferred), &sent).unwrap_err();
    assert!(deferred.asked().contains(&by_key_id(&third)));
}

#[test]
fn a_store_error_is_not_taken_for_no_such_anchor_and_is_not_remembered() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::default();
    deferred.says(by_subject(&root), deferred::What::Broken);
    let trust = trust(&deferred);
    let verifier = Judge::new(&trust);
    let text = words(verifier.ask(&sent));
    let key: AnchorKey = by_subject(&root);
    assert!(
        text.contains("deferred") && text.contains("the line is dead"),
        "{text}"
    );
    assert!(text.contains(&key.to_string()), "{text}");
    match &*verifier.outcomes() {
        [LookupOutcome::Failed(error)] => assert!(error.to_string().contains("the line is dead"), "{error}"),
        other => panic!("{other:?}"),
    }
    deferred.has(&root, 7);
    verifier.ask(&sent).unwrap();
    assert_eq!(deferred.queries(), 2);
}

#[test]
fn a_store_that_failed_is_not_asked_again_for_this_connection() {
    let (_, sent) = path(4);
    let (one, other) = (Deferred::default(), Deferred::default());
    for certificate in &sent {
        let certificate = jit_trust::Certificate::from_der(certificate).unwrap();
        let key = AnchorKey::Subject(certificate.issuer().hash());
        one.says(key.clone(), deferred::What::Broken);
        other.says(key, deferred::What::Broken);
    }
    let trust = TrustPolicy::builder()
        .deferred_store(one.clone())
        .deferred_store(other.clone())
        .build();
    ask(&trust, &sent).unwrap_err();
    assert_eq!((one.queries(), other.queries()), (1, 1));
}
