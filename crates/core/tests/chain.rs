//! What a peer sends, in whatever order, becomes a path and questions.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::HashSet;

use jit_trust_core::{Certificate, ChainError, MAX_CERTIFICATES, Name, PeerChain, Query, TrustAnchor};
use jit_trust_lab::pki::{AuthorityKeyId, Ca, Leaf, SubjectKeyId, garbage};
use pki_types::CertificateDer;
use proptest::prelude::*;

type Sent = Vec<CertificateDer<'static>>;

fn chain<'a>(sent: &'a [CertificateDer<'static>]) -> PeerChain<'a> {
    PeerChain::read(sent.iter().map(AsRef::as_ref)).unwrap()
}

fn path(sent: &[CertificateDer<'static>]) -> Vec<String> {
    chain(sent)
        .path()
        .map(|certificate| certificate.subject().to_string())
        .collect()
}

fn issuers(sent: &[CertificateDer<'static>]) -> Vec<String> {
    chain(sent).issuers().map(|name| name.to_string()).collect()
}

/// A leaf, two intermediates and their root.
fn straight() -> (Sent, Ca) {
    let root = Ca::root("Root");
    let upper = root.intermediate("Upper");
    let lower = upper.intermediate("Lower");
    (lower.leaf("a.test").chain(&[&lower, &upper]), root)
}

#[test]
fn a_straight_chain_asks_for_the_topmost_issuer_first() {
    let (sent, _) = straight();
    assert_eq!(path(&sent), ["CN=a.test", "CN=Lower", "CN=Upper"]);
    assert_eq!(issuers(&sent), ["CN=Root", "CN=Upper", "CN=Lower"]);
}

#[test]
fn order_duplicates_and_strangers_do_not_change_the_path() {
    let (straight, root) = straight();
    let stranger = Ca::root("Elsewhere").intermediate("Stranger").der();
    let mut sent: Sent = vec![straight[0].clone(), stranger, straight[2].clone()];
    sent.extend([
        straight[2].clone(),
        garbage::sequence_of_noise(50),
        straight[1].clone(),
    ]);
    assert_eq!(path(&sent), path(&straight));
    assert_eq!(chain(&sent).skipped(), 1);
    assert_eq!(chain(&sent).certificates().count(), 5);
    assert_eq!(
        issuers(&sent),
        ["CN=Root", "CN=Upper", "CN=Lower", "CN=Elsewhere"]
    );

    sent.push(root.der());
    assert_eq!(path(&sent), ["CN=a.test", "CN=Lower", "CN=Upper", "CN=Root"]);
}

#[test]
fn of_two_issuers_of_one_name_the_one_with_the_right_key_identifier_is_on_the_path() {
    let root = Ca::root("Root");
    let (wrong, right) = (root.intermediate("CA"), root.intermediate("CA"));
    let sent = right.leaf("a.test").chain(&[&wrong, &right]);
    assert_eq!(chain(&sent).path().nth(1).unwrap().as_der(), right.der().as_ref());
    let without = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::Absent);
    let sent = without.issued_by(&right).chain(&[&wrong, &right]);
    assert_eq!(chain(&sent).path().nth(1).unwrap().as_der(), wrong.der().as_ref());
}

#[test]
fn a_contradicting_key_identifier_is_better_than_no_issuer() {
    let ca = Ca::root("Root").intermediate("CA");
    let lying = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::KeyId(vec![7; 20]));
    let sent = lying.issued_by(&ca).chain(&[&ca]);
    assert_eq!(path(&sent), ["CN=a.test", "CN=CA"]);
}

#[test]
fn a_loop_ends() {
    let (a, b) = (Ca::root("A"), Ca::root("B"));
    let (a_by_b, b_by_a) = (b.cross_sign(&a), a.cross_sign(&b));
    let sent = a.leaf("a.test").chain(&[&a_by_b, &b_by_a, &a_by_b]);
    assert_eq!(path(&sent), ["CN=a.test", "CN=A", "CN=B", "CN=A"]);
    assert_eq!(
        issuers(&sent).iter().collect::<HashSet<_>>().len(),
        issuers(&sent).len()
    );
}

#[test]
fn questions_come_by_name_then_by_authority_then_by_a_root_that_was_sent() {
    let root = Ca::root("Root");
    let both = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::Both);
    let sent = both.issued_by(&root).chain(&[&root]);
    let root_der = root.der();
    let root = Certificate::from_der(&root_der).unwrap();
    let (subject, key_id) = (root.subject(), root.subject_key_id().unwrap());
    let chain = chain(&sent);
    let expected = [
        Query::Subject(subject),
        Query::KeyId { key_id, subject },
        Query::IssuerSerial {
            issuer: subject,
            serial: root.serial(),
            subject,
        },
        Query::KeyId { key_id, subject },
    ];
    assert_eq!(chain.queries().collect::<Vec<_>>(), expected);
    assert!(
        chain
            .queries()
            .all(|query| query.is_answered_by(&TrustAnchor::from_trusted_certificate(root)))
    );
}

#[test]
fn an_anchor_of_another_name_answers_no_question() {
    let root = Ca::root("Root");
    let renamed = root.reissue().subject("Other").self_signed().der();
    let sent = root.leaf("a.test").chain(&[]);
    let renamed = TrustAnchor::from_trusted_certificate(Certificate::from_der(&renamed).unwrap());
    assert!(!chain(&sent).queries().any(|query| query.is_answered_by(&renamed)));
}

#[test]
fn key_identifiers_that_are_absent_are_not_asked_for() {
    let root = Ca::builder("Root")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let leaf = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::Absent);
    let sent = leaf.issued_by(&root).chain(&[&root]);
    let chain = chain(&sent);
    assert!(chain.queries().all(|query| matches!(query, Query::Subject(_))));
    assert_eq!(chain.queries().count(), 1);
}

#[test]
fn nothing_too_much_and_an_unreadable_leaf_are_errors() {
    assert_eq!(PeerChain::read([]).unwrap_err(), ChainError::Empty);
    let leaf = Ca::root("Root").leaf("a.test").der();
    let sent = vec![leaf.as_ref(); MAX_CERTIFICATES];
    assert!(PeerChain::read(sent.iter().copied()).is_ok());
    let too_many = sent.iter().copied().chain([leaf.as_ref()]);
    assert_eq!(
        PeerChain::read(too_many).unwrap_err(),
        ChainError::TooManyCertificates
    );
    let unreadable = PeerChain::read([&leaf[..40], leaf.as_ref()]).unwrap_err();
    assert!(matches!(unreadable, ChainError::EndEntity(_)), "{unreadable}");
}

#[test]
fn reading_a_chain_and_asking_allocates_nothing() {
    let (sent, _) = straight();
    let counted = allocation_counter::measure(|| {
        let chain = chain(&sent);
        assert_eq!(chain.queries().count(), 6);
        assert_eq!(chain.path().count(), 3);
    });
    assert_eq!(counted.count_total, 0);
}

/// Certificates with few names, so that they issue one another in all sorts of ways.
fn web() -> &'static [CertificateDer<'static>] {
    static WEB: std::sync::LazyLock<Sent> = std::sync::LazyLock::new(|| {
        let roots = ["A", "B", "C", "D"].map(Ca::root);
        let crossed = roots
            .iter()
            .flat_map(|by| roots.iter().map(|of| by.cross_sign(of).der()));
        let leaves = roots.iter().map(|root| root.leaf("a.test").der());
        crossed
            .chain(leaves)
            .chain([garbage::sequence_of_noise(90)])
            .collect()
    });
    &WEB
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn whatever_is_sent_every_issuer_is_asked_for_once_and_the_path_hangs_together(
        picked in prop::collection::vec(any::<prop::sample::Index>(), 1..=MAX_CERTIFICATES),
    ) {
        let leaf = web()[web().len() - 2].clone();
        let sent: Sent = std::iter::once(leaf)
            .chain(picked.iter().skip(1).map(|index| index.get(web()).clone()))
            .collect();
        let chain = chain(&sent);

        let asked: Vec<Name<'_>> = chain.issuers().collect();
        let distinct: HashSet<_> = asked.iter().copied().collect();
        let named: HashSet<_> = chain.certificates().map(Certificate::issuer).collect();
        prop_assert_eq!(asked.len(), distinct.len());
        prop_assert_eq!(distinct, named);

        let path: Vec<_> = chain.path().collect();
        prop_assert_eq!(path[0].as_der(), sent[0].as_ref());
        for pair in path.windows(2) {
            prop_assert_eq!(pair[0].issuer(), pair[1].subject());
        }
        prop_assert_eq!(chain.certificates().count() + chain.skipped(), sent.len());
    }
}
