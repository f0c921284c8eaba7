//! A certificate is read as webpki reads it, whatever is odd about it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use jit_trust_core::{Certificate, MAX_CERTIFICATE_LEN, TrustAnchor};
use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, Extension, KeyUsage, Leaf, Name, SubjectKeyId, garbage,
};
use pki_types::CertificateDer;
use proptest::prelude::*;

fn read(der: &[u8]) -> Certificate<'_> {
    Certificate::from_der(der).unwrap_or_else(|error| panic!("{error}"))
}

/// Both read it, and make the same of it; or neither does.
fn assert_read_as_webpki_does(der: &[u8]) {
    let der = CertificateDer::from(der);
    match (
        Certificate::from_der(&der),
        webpki::anchor_from_trusted_cert(&der),
    ) {
        (Ok(certificate), Ok(webpki)) => {
            let anchor = TrustAnchor::from_trusted_certificate(certificate);
            assert_eq!(anchor.subject().value(), webpki.subject.as_ref());
            assert_eq!(anchor.spki_value(), webpki.subject_public_key_info.as_ref());
            assert_eq!(anchor.name_constraints(), webpki.name_constraints.as_deref());
        }
        (Err(_), Err(_)) => {}
        (ours, webpkis) => panic!("we say {ours:?}, webpki says {webpkis:?}"),
    }
}

#[test]
fn a_certificate_says_who_it_is_and_who_issued_it() {
    let root = Ca::builder("Root").serial(&[0x01, 0x02]).self_signed();
    let both = Leaf::builder(&["a.test"]).authority_key_id(AuthorityKeyId::Both);
    let leaf = both.validity(1_700_000_000, 2_600_000_000).issued_by(&root);
    let (root_der, leaf_der) = (root.der(), leaf.der());
    let (root, leaf) = (read(&root_der), read(&leaf_der));

    assert_eq!(root.subject().to_string(), "CN=Root");
    assert!(root.is_self_issued() && !leaf.is_self_issued());
    assert_eq!(leaf.issuer(), root.subject());
    assert_eq!(leaf.authority_key_id(), root.subject_key_id());
    assert_eq!(
        leaf.authority_issuer_serial(),
        Some((root.subject(), root.serial()))
    );
    assert_eq!(root.serial(), [0x01, 0x02]);
    assert_eq!(
        (leaf.not_before(), leaf.not_after()),
        (Some(1_700_000_000), Some(2_600_000_000))
    );
}

#[test]
fn what_a_certificate_does_not_say_is_none() {
    let silent = Ca::builder("Root").subject_key_id(SubjectKeyId::Absent);
    let silent = silent
        .authority_key_id(AuthorityKeyId::Absent)
        .self_signed()
        .der();
    let silent = read(&silent);
    assert_eq!(silent.subject_key_id(), None);
    assert_eq!(silent.authority_key_id(), None);
    assert_eq!(silent.authority_issuer_serial(), None);
    assert_eq!(silent.name_constraints(), None);
}

#[test]
fn a_version_1_certificate_is_read_and_does_not_say_that_it_is_no_ca() {
    let old = Ca::builder("Old Root").version_1().self_signed().der();
    assert_read_as_webpki_does(&old);
    assert!(!read(&old).says_it_is_no_ca());
    assert_eq!(read(&old).subject_key_id(), None);
}

#[test]
fn key_identifiers_of_any_length_are_read() {
    for length in [1, 20, 64, 300] {
        let key_id = garbage::noise(length);
        let root = Ca::builder("Root").subject_key_id(SubjectKeyId::Bytes(key_id.clone()));
        let root = root
            .authority_key_id(AuthorityKeyId::KeyId(key_id.clone()))
            .self_signed()
            .der();
        assert_eq!(read(&root).subject_key_id().unwrap().as_bytes(), key_id);
        assert_eq!(read(&root).authority_key_id().unwrap().as_bytes(), key_id);
    }
}

#[test]
fn a_malformed_key_identifier_is_none_and_the_certificate_is_read() {
    let malformed = |oid, value: &[u8]| {
        let root = Ca::builder("Root").subject_key_id(SubjectKeyId::Absent);
        let root = root.authority_key_id(AuthorityKeyId::Absent);
        root.extension(Extension::new(oid, false, value))
            .self_signed()
            .der()
    };
    for value in [
        &[][..],
        &[0x04],
        &[0x04, 0x00],
        &[0x04, 0x05, 1],
        &[0x30, 0x80],
        &[0x04, 0x01, 1, 1],
    ] {
        let with_skid = malformed("2.5.29.14", value);
        assert_eq!(read(&with_skid).subject_key_id(), None, "{value:?}");
        let with_akid = malformed("2.5.29.35", value);
        assert_eq!(read(&with_akid).authority_key_id(), None, "{value:?}");
        assert_read_as_webpki_does(&with_akid);
    }
}

#[test]
fn a_certificate_that_says_it_is_no_ca_is_known_by_it() {
    let says_no = |builder: jit_trust_lab::pki::CertificateBuilder<Ca>| {
        let der = builder.self_signed().der();
        read(&der).says_it_is_no_ca()
    };
    assert!(!says_no(Ca::builder("Root")));
    assert!(says_no(
        Ca::builder("Root").basic_constraints(BasicConstraints::NotCa)
    ));
    assert!(says_no(
        Ca::builder("Root").basic_constraints(BasicConstraints::Absent)
    ));
    assert!(says_no(
        Ca::builder("Root").key_usage(&[KeyUsage::DigitalSignature])
    ));
    assert!(!says_no(Ca::builder("Root").key_usage(&[])));
}

#[test]
fn oddities_are_taken_or_refused_as_webpki_does() {
    let constraints = || Ca::builder("Root").name_constraints(&["a.test"], &["b.a.test"]);
    let again = Extension::new("2.5.29.19", true, &[0x30, 0x03, 0x01, 0x01, 0xff]);
    let odd = [
        Ca::builder("Root").subject(Name::empty()).self_signed(),
        Ca::builder("Root").serial(&[]).self_signed(),
        Ca::builder("Root").serial(&[0xff; 40]).self_signed(),
        constraints().self_signed(),
        Ca::builder("Root").extension(again).self_signed(),
        Ca::builder("Root")
            .extension(Extension::new("1.2.3.4", true, &[]))
            .self_signed(),
        Ca::builder("Root")
            .extension(Extension::new("2.5.29.99", true, &[1]))
            .self_signed(),
        Ca::builder("Root")
            .extension(Extension::new("2.5.29.30", true, &[0x04, 0x00]))
            .self_signed(),
        Ca::builder("Root").padding(60_000).self_signed(),
        Ca::builder("Root").padding(66_000).self_signed(),
    ];
    for certificate in odd {
        assert_read_as_webpki_does(&certificate.der());
    }
    let constrained = constraints().self_signed().der();
    assert!(read(&constrained).name_constraints().is_some());
}

#[test]
fn unused_bits_in_the_signature_are_refused_in_every_version() {
    let mut old = Ca::builder("Old Root").version_1().self_signed().der().to_vec();
    // The BIT STRING that ends with the certificate. The bytes of a signature may look like the header of one.
    let signature = (0..old.len() - 2)
        .find(|at| old[*at] == 0x03 && at + 2 + usize::from(old[at + 1]) == old.len())
        .unwrap();
    old[signature + 2] = 1;
    assert!(Certificate::from_der(&old).is_err());
    assert_read_as_webpki_does(&old);
}

#[test]
fn a_certificate_is_read_up_to_65535_bytes() {
    let of_length = |length: usize| {
        let padded = |padding| {
            Ca::builder("Root")
                .serial(&[7])
                .padding(padding)
                .self_signed()
                .der()
        };
        let around = padded(60_000).len() - 60_000;
        // The length of an ECDSA signature varies by a few bytes.
        let tries = (0..100).map(|_| padded(length - around));
        tries.into_iter().find(|der| der.len() == length).unwrap()
    };
    let longest = of_length(MAX_CERTIFICATE_LEN);
    assert_read_as_webpki_does(&longest);
    assert!(Certificate::from_der(&longest).is_ok());
    // webpki allows 65,535 bytes for what is inside the certificate's header.
    assert!(Certificate::from_der(&of_length(MAX_CERTIFICATE_LEN + 1)).is_err());
}

#[test]
fn a_certificate_cut_anywhere_is_refused_with_the_place() {
    let root = Ca::root("Root").der();
    for length in 0..root.len() {
        let error = Certificate::from_der(&root[..length]).unwrap_err();
        assert!(error.offset() <= length, "{error}");
    }
    let longer = [root.as_ref(), &[0]].concat();
    let error = Certificate::from_der(&longer).unwrap_err();
    let expected = format!(
        "not a certificate: expected nothing behind the certificate at byte {}",
        root.len()
    );
    assert_eq!(error.to_string(), expected);
}

fn constrained_root() -> Vec<u8> {
    let root = Ca::builder("Root").name_constraints(&["a.test"], &[]);
    root.authority_key_id(AuthorityKeyId::Both)
        .self_signed()
        .der()
        .to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_change_to_a_certificate_is_read_as_webpki_does(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        static ROOT: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(constrained_root);
        let mut der = ROOT.clone();
        for (place, byte) in changes {
            let place = place.index(der.len());
            der[place] = byte;
        }
        assert_read_as_webpki_does(&der);
    }

    #[test]
    fn any_change_to_a_version_1_certificate_is_read_as_webpki_does(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..3),
    ) {
        static ROOT: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
            Ca::builder("Old Root").version_1().self_signed().der().to_vec()
        });
        let mut der = ROOT.clone();
        for (place, byte) in changes {
            let place = place.index(der.len());
            der[place] = byte;
        }
        assert_read_as_webpki_does(&der);
    }
}
