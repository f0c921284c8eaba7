//! OpenSSL comes to one verdict, whether it trusts the root's own certificate or the minimal one.

use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, Extension, KeyKind, KeyUsage, Leaf, SubjectKeyId, YEAR,
    dns_name_constraints, now, oid,
};
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use pki_types::CertificateDer;

use super::{NO_NAMES, entry, minimal, minimal_of};

const ACCEPTED: &str = "ok";
const EXPIRED: &str = "certificate has expired";
const NOT_YET_VALID: &str = "certificate is not yet valid";
const INVALID_CA: &str = "invalid CA certificate";
const PATH_TOO_LONG: &str = "path length constraint exceeded";
const UNKNOWN_EXTENSION: &str = "unhandled critical extension";
const OUTSIDE_OF_CONSTRAINTS: &str = "permitted subtree violation";
const NO_ISSUER: &str = "unable to get issuer certificate";
const NO_LOCAL_ISSUER: &str = "unable to get local issuer certificate";
const WRONG_PURPOSE: [&str; 2] = [
    "unsuitable certificate purpose",
    "unsupported certificate purpose",
];

/// What OpenSSL says of a chain, as a server sends it, when it trusts this certificate.
fn verdict(trusted: &[u8], sent: &[CertificateDer<'_>], flags: X509VerifyFlags) -> String {
    let x509 = |der: &[u8]| X509::from_der(der).unwrap();
    let mut store = X509StoreBuilder::new().unwrap();
    store.add_cert(x509(trusted)).unwrap();
    store.set_flags(flags).unwrap();
    store.set_purpose(X509PurposeId::SSL_SERVER).unwrap();
    let store = store.build();
    let mut rest = Stack::new().unwrap();
    for der in &sent[1..] {
        rest.push(x509(der)).unwrap();
    }
    let mut context = X509StoreContext::new().unwrap();
    let result = context.init(&store, &x509(&sent[0]), &rest, |context| {
        let is_accepted = context.verify_cert()?;
        let result = context.error();
        assert_eq!(is_accepted, result.as_raw() == 0);
        Ok(result)
    });
    result.unwrap().error_string().to_owned()
}

/// The verdict with the root's own certificate, which is the one with the minimal.
fn verdict_with_both(root: &Ca, sent: &[CertificateDer<'_>], flags: X509VerifyFlags) -> String {
    let own = verdict(&root.der(), sent, flags);
    assert_eq!(verdict(&minimal(&root.der()), sent, flags), own);
    own
}

/// The same of a chain of a leaf and an intermediate.
fn verdict_of_usual_chain(root: &Ca) -> String {
    let issuing = root.intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    verdict_with_both(root, &sent, X509VerifyFlags::empty())
}

#[test]
fn keys_of_each_kind_are_trusted() {
    for kind in [
        KeyKind::Rsa2048,
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::EcdsaP521,
        KeyKind::Ed25519,
    ] {
        let root = Ca::builder("Root").key_kind(kind).self_signed();
        assert_eq!(verdict_of_usual_chain(&root), ACCEPTED, "{kind:?}");
    }
}

#[test]
fn a_key_of_another_root_of_the_same_name_is_not_trusted() {
    let issuing = Ca::root("Root").intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    for flags in [X509VerifyFlags::empty(), X509VerifyFlags::PARTIAL_CHAIN] {
        assert_eq!(
            verdict_with_both(&Ca::root("Root"), &sent, flags),
            NO_LOCAL_ISSUER
        );
        let without = Ca::builder("Root").subject_key_id(SubjectKeyId::Absent);
        let verdict = verdict_with_both(&without.self_signed(), &sent, flags);
        assert_eq!(verdict, "certificate signature failure");
    }
}

#[test]
fn every_form_of_the_authority_key_identifier_finds_the_root() {
    for akid in [
        AuthorityKeyId::Derived,
        AuthorityKeyId::Absent,
        AuthorityKeyId::IssuerAndSerial,
        AuthorityKeyId::Both,
    ] {
        for serial in [&[0x01][..], &[0x00, 0xff], &[0x80, 0x01], &[0x00]] {
            let root = Ca::builder("Root").serial(serial).self_signed();
            let issuing = Ca::builder("Issuing").authority_key_id(akid.clone());
            let issuing = issuing.issued_by(&root);
            let sent = issuing.leaf("a.test").chain(&[&issuing]);
            let verdict = verdict_with_both(&root, &sent, X509VerifyFlags::empty());
            assert_eq!(verdict, ACCEPTED, "{akid:?} {serial:?}");
        }
    }
    let root = Ca::root("Root");
    let other = Some((root.name().clone(), vec![7]));
    let issuing = Ca::builder("Issuing").authority_key_id(AuthorityKeyId::Parts(None, other));
    let issuing = issuing.issued_by(&root);
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    let verdict = verdict_with_both(&root, &sent, X509VerifyFlags::empty());
    assert_eq!(verdict, NO_LOCAL_ISSUER);
}

#[test]
fn a_path_length_binds() {
    let limited = |path_length| {
        let constraints = BasicConstraints::Ca { path_length };
        Ca::builder("Root").basic_constraints(constraints).self_signed()
    };
    let root = limited(Some(0));
    assert_eq!(verdict_of_usual_chain(&root), PATH_TOO_LONG);
    let sent = root.leaf("a.test").chain(&[]);
    assert_eq!(
        verdict_with_both(&root, &sent, X509VerifyFlags::empty()),
        ACCEPTED
    );
    for path_length in [Some(1), Some(127), Some(128), Some(255), None] {
        assert_eq!(verdict_of_usual_chain(&limited(path_length)), ACCEPTED);
    }
}

#[test]
fn a_root_that_says_it_is_no_ca_is_refused() {
    let root = || Ca::builder("Root");
    for root in [
        root().key_usage(&[KeyUsage::DigitalSignature]),
        root().key_usage(&[KeyUsage::CrlSign, KeyUsage::DecipherOnly]),
        root().basic_constraints(BasicConstraints::NotCa),
        root().basic_constraints(BasicConstraints::Absent).key_usage(&[]),
    ] {
        assert_eq!(verdict_of_usual_chain(&root.self_signed()), INVALID_CA);
    }
    assert_eq!(
        verdict_of_usual_chain(&root().key_usage(&[]).self_signed()),
        ACCEPTED
    );
}

#[test]
fn a_root_for_another_purpose_is_refused() {
    let for_purposes = |purposes: &[&str]| {
        let root = Ca::builder("Root").extended_key_usage(purposes);
        verdict_of_usual_chain(&root.self_signed())
    };
    assert!(WRONG_PURPOSE.contains(&for_purposes(&[oid::CLIENT_AUTH]).as_str()));
    assert_eq!(for_purposes(&[oid::CLIENT_AUTH, oid::SERVER_AUTH]), ACCEPTED);
}

#[test]
fn constraints_bind_be_they_imposed_or_its_own() {
    let root = Ca::root("Root");
    let (inside, outside) = (root.leaf("b.a.test"), root.leaf("b.test"));
    let constraints = dns_name_constraints(&["a.test"], &NO_NAMES);
    let own_der = root.der();
    let imposed = minimal_of(entry(&own_der).with_name_constraints(Some(&constraints))).unwrap();
    let own = root.reissue().name_constraints(&["a.test"], &[]).self_signed();
    for (leaf, expected) in [(inside, ACCEPTED), (outside, OUTSIDE_OF_CONSTRAINTS)] {
        let sent = leaf.chain(&[]);
        let flags = X509VerifyFlags::empty();
        assert_eq!(verdict(&own_der, &sent, flags), ACCEPTED);
        assert_eq!(verdict(&imposed, &sent, flags), expected);
        assert_eq!(verdict_with_both(&own, &sent, flags), expected);
    }
}

#[test]
fn a_version_1_root_is_trusted() {
    let root = Ca::builder("Old Root").version_1().self_signed();
    assert_eq!(verdict_of_usual_chain(&root), ACCEPTED);
    let issuing = root.intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    let strict = X509VerifyFlags::X509_STRICT;
    assert_ne!(verdict_with_both(&root, &sent, strict), ACCEPTED);
}

#[test]
fn a_root_is_trusted_within_its_dates() {
    for (not_before, not_after, expected) in [
        (now() - 2 * YEAR, now() - YEAR, EXPIRED),
        (now() + YEAR, now() + 2 * YEAR, NOT_YET_VALID),
        (now() - YEAR, now() + 100 * YEAR, ACCEPTED),
        (0, 253_402_300_799, ACCEPTED),
    ] {
        let root = Ca::builder("Root").validity(not_before, not_after);
        assert_eq!(verdict_of_usual_chain(&root.self_signed()), expected);
    }
}

#[test]
fn a_root_that_is_valid_from_before_1970_is_accepted_and_one_that_was_valid_until_then_is_not() {
    for (not_before, not_after, expected) in [
        (-3600, now() + YEAR, ACCEPTED),
        (-YEAR, now() + YEAR, ACCEPTED),
        (-40 * YEAR, now() + YEAR, ACCEPTED), // a GeneralizedTime
        (-2 * YEAR, -YEAR, EXPIRED),
        (-2 * YEAR, now() - YEAR, EXPIRED),
    ] {
        let root = Ca::builder("Root").validity(not_before, not_after);
        assert_eq!(verdict_of_usual_chain(&root.self_signed()), expected);
    }
}

#[test]
fn an_unknown_critical_extension_is_refused() {
    for (critical, expected) in [(true, UNKNOWN_EXTENSION), (false, ACCEPTED)] {
        let root = Ca::builder("Root").extension(Extension::new("1.2.3.4", critical, &[]));
        assert_eq!(verdict_of_usual_chain(&root.self_signed()), expected);
    }
}

#[test]
fn a_root_that_is_not_self_issued_is_trusted_with_a_partial_chain_only() {
    let root = Ca::root("Upper").intermediate("Lower");
    let issuing = root.intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    let partial = X509VerifyFlags::PARTIAL_CHAIN;
    assert_eq!(
        verdict_with_both(&root, &sent, X509VerifyFlags::empty()),
        NO_ISSUER
    );
    assert_eq!(verdict_with_both(&root, &sent, partial), ACCEPTED);
    let strict = X509VerifyFlags::X509_STRICT;
    assert_eq!(verdict_with_both(&root, &sent, partial | strict), ACCEPTED);
}

#[test]
fn a_root_that_is_not_self_issued_is_not_found_by_its_issuer_and_serial() {
    let root = Ca::root("Upper").intermediate("Lower");
    let leaf = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::IssuerAndSerial);
    let sent = leaf.issued_by(&root).chain(&[]);
    let partial = X509VerifyFlags::PARTIAL_CHAIN;
    assert_eq!(verdict(&root.der(), &sent, partial), ACCEPTED);
    assert_eq!(verdict(&minimal(&root.der()), &sent, partial), NO_LOCAL_ISSUER);
}

#[test]
fn the_root_in_the_chain_does_no_harm() {
    let root = Ca::root("Root");
    let issuing = root.intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing, &root]);
    for flags in [X509VerifyFlags::empty(), X509VerifyFlags::PARTIAL_CHAIN] {
        assert_eq!(verdict_with_both(&root, &sent, flags), ACCEPTED);
    }
}

#[test]
fn strict_checks_are_passed() {
    let root = Ca::root("Root");
    let issuing = root.intermediate("Issuing");
    let sent = issuing.leaf("a.test").chain(&[&issuing]);
    let strict = X509VerifyFlags::X509_STRICT;
    assert_eq!(verdict_with_both(&root, &sent, strict), ACCEPTED);
}

#[test]
fn the_empty_signature_is_refused_where_somebody_verifies_it() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let verified = X509VerifyFlags::CHECK_SS_SIGNATURE;
    assert_eq!(verdict(&root.der(), &sent, verified), ACCEPTED);
    assert_ne!(verdict(&minimal(&root.der()), &sent, verified), ACCEPTED);
}

#[test]
fn a_root_sent_as_an_end_entity_is_known_by_its_own_certificate_only() {
    let usage = [KeyUsage::DigitalSignature, KeyUsage::KeyCertSign];
    let root = Ca::builder("a.test").key_usage(&usage).self_signed();
    let sent = [root.der()];
    let flags = X509VerifyFlags::empty();
    assert_eq!(verdict(&root.der(), &sent, flags), ACCEPTED);
    assert_ne!(verdict(&minimal(&root.der()), &sent, flags), ACCEPTED);
}
