//! What is written, and what is lent.

use std::sync::LazyLock;

use jit_trust_core::{
    AnchorCertificateError, Certificate, MAX_CERTIFICATE_LEN, TrustAnchor, TrustBlob, v1, v2,
};
use jit_trust_lab::pki::{
    BasicConstraints, Ca, CertificateBuilder, Extension, Key, KeyKind, KeyUsage, Name, SubjectKeyId, der,
    dns_name_constraints,
};
use proptest::prelude::*;

use super::{NO_NAMES, anchor, blob_of, certificate_of, entry, minimal, minimal_of, read};

const YEAR_2049: i64 = 2_524_607_999; // 2049-12-31T23:59:59Z
const YEAR_9999: u64 = 253_402_300_799; // 9999-12-31T23:59:59Z

/// Both say the same of everything that an anchor is judged by, but for dates that cannot be read: with one of those,
/// the certificate is never valid.
fn assert_says_the_same(minimal: &Certificate<'_>, own: &Certificate<'_>) {
    assert_eq!(minimal.subject(), own.subject());
    assert_eq!(minimal.spki(), own.spki());
    assert_eq!(minimal.serial(), own.serial());
    assert_eq!(minimal.subject_key_id(), own.subject_key_id());
    assert_eq!(minimal.name_constraints(), own.name_constraints());
    assert_eq!(minimal.profile(), own.profile());
    assert_eq!(minimal.not_before(), own.not_before().or(Some(YEAR_9999)));
    assert_eq!(minimal.not_after(), own.not_after().or(Some(0)));
}

fn assert_minimal_says_the_same(own: &[u8]) {
    assert_says_the_same(&read(&minimal(own)), &read(own));
}

#[test]
fn a_minimal_certificate_is_written_to_the_end_of_a_buffer_and_needs_no_byte_more() {
    let root = Ca::root("Root").der();
    let blob = blob_of(entry(&root), v2::Options::default()).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    let anchor = anchor(&blob, read(&root).subject());
    let needed = anchor.certificate_buffer_len().unwrap();

    let mut buffer = vec![7; needed + 3];
    let written = anchor.to_certificate(&mut buffer).unwrap().to_vec();
    assert_eq!(written.len(), needed);
    assert_eq!(buffer[..3], [7; 3]);
    assert_eq!(buffer[3..], written);
    assert_eq!(anchor.to_certificate(&mut buffer[..needed]), Ok(&written[..]));
    let too_small = AnchorCertificateError::BufferTooSmall { needed };
    for len in [0, 1, needed - 1] {
        assert_eq!(anchor.to_certificate(&mut buffer[..len]), Err(too_small));
    }
    let message = format!("the anchor's certificate needs a buffer of {needed} bytes");
    assert_eq!(too_small.to_string(), message);
}

#[test]
fn the_roots_own_certificate_is_lent_where_the_store_holds_it() {
    let root = Ca::builder("Root").name_constraints(&["a.test"], &[]);
    let root = root.self_signed().der();
    let options = v2::Options::default().with_certificates(true);
    let mut version_1 = vec![0; v1::encoded_len(&[read(&root)]).unwrap()];
    v1::encode(&[read(&root)], 7, &mut version_1).unwrap();
    let version_2 = blob_of(entry(&root), options).unwrap();

    assert_lent(&TrustAnchor::from_trusted_certificate(read(&root)), &root);
    for blob in [version_1, version_2] {
        let blob = TrustBlob::open(&blob).unwrap();
        assert_lent(&anchor(&blob, read(&root).subject()), &root);
    }
}

fn assert_lent(anchor: &TrustAnchor<'_>, root: &[u8]) {
    assert_eq!(anchor.certificate_buffer_len(), Ok(0));
    assert_eq!(anchor.to_certificate(&mut []), Ok(root));
}

#[test]
fn imposed_constraints_are_written_where_the_roots_own_certificate_has_others() {
    let imposed = dns_name_constraints(&["a.test"], &NO_NAMES);
    for own in [
        Ca::root("Root"),
        Ca::builder("Root").name_constraints(&["test"], &[]).self_signed(),
    ] {
        let own = own.der();
        let entry = entry(&own).with_name_constraints(Some(&imposed));
        let expected = Certificate::name_constraints;
        let anchor = entry.named(read(&own).subject()).unwrap();
        let written = certificate_of(&anchor).unwrap();
        assert_eq!(expected(&read(&written)), Some(&imposed[..]));
        assert_eq!(read(&written).profile(), read(&own).profile());
        assert_eq!(written, minimal_of(entry).unwrap());
    }
}

#[test]
fn the_key_says_the_signature_algorithm() {
    for (kind, algorithm) in [
        (KeyKind::Rsa2048, &b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"[..]),
        (KeyKind::EcdsaP256, b"\x2a\x86\x48\xce\x3d\x04\x03\x02"),
        (KeyKind::EcdsaP384, b"\x2a\x86\x48\xce\x3d\x04\x03\x03"),
        (KeyKind::EcdsaP521, b"\x2a\x86\x48\xce\x3d\x04\x03\x04"),
        (KeyKind::Ed25519, b"\x2b\x65\x70"),
    ] {
        let own = Ca::builder("Root").key_kind(kind).self_signed().der();
        assert_says_the_same(&read(&minimal(&own)), &read(&own));
        let openssl = |der: &[u8]| {
            let certificate = openssl::x509::X509::from_der(der).unwrap();
            certificate.signature_algorithm().object().nid()
        };
        assert_eq!(openssl(&minimal(&own)), openssl(&own), "{kind:?}");
        let end = [
            algorithm,
            if kind == KeyKind::Rsa2048 { &[5, 0] } else { &[] },
            &[3, 1, 0],
        ]
        .concat();
        assert!(minimal(&own).ends_with(&end), "{kind:?}");
    }
}

/// The certificate of a key that the lab cannot sign with. Nobody verifies its signature.
fn with_key(algorithm: &[&[u8]]) -> Vec<u8> {
    let own = Ca::root("Root").der();
    let spki = der::sequence(&[&der::sequence(algorithm), &der::bit_string(&[7; 32])]);
    let tbs = der::sequence(&[
        &der::context(0, &der::integer(&[2])),
        &der::integer(&[1]),
        &der::sequence(&[]),
        read(&own).issuer().as_der(),
        &der::sequence(&[]),
        read(&own).subject().as_der(),
        &spki,
    ]);
    der::sequence(&[&tbs, &der::sequence(&[]), &der::bit_string(&[])])
}

#[test]
fn keys_that_name_their_signatures_lend_them_their_algorithm() {
    let parameters = der::sequence(&[&der::context(2, &der::integer(&[48]))]);
    for algorithm in [
        &[&der::object_identifier("1.3.101.113")[..]][..],
        &[&der::object_identifier("1.2.840.113549.1.1.10")],
        &[&der::object_identifier("1.2.840.113549.1.1.10"), &parameters],
    ] {
        let own = with_key(algorithm);
        let end = [der::sequence(algorithm), der::bit_string(&[])].concat();
        assert!(minimal(&own).ends_with(&end));
        assert_minimal_says_the_same(&own);
    }
}

#[test]
fn any_other_curve_signs_with_sha_256() {
    let k256 = [
        der::object_identifier("1.2.840.10045.2.1"),
        der::object_identifier("1.3.132.0.10"),
    ];
    let own = with_key(&[&k256[0], &k256[1]]);
    assert!(minimal(&own).ends_with(b"\x2a\x86\x48\xce\x3d\x04\x03\x02\x03\x01\x00"));
}

#[test]
fn a_key_of_an_unknown_kind_is_refused() {
    let (unknown, number) = (der::object_identifier("2.999"), der::integer(&[5]));
    for algorithm in [&[][..], &[&unknown[..]], &[&number]] {
        assert_eq!(
            minimal_of(entry(&with_key(algorithm))),
            Err(AnchorCertificateError::UnknownKey)
        );
    }
}

#[test]
fn a_version_1_root_stays_one_and_takes_no_constraints() {
    let own = Ca::builder("Old Root").version_1().self_signed().der();
    assert_minimal_says_the_same(&own);
    assert!(read(&minimal(&own)).profile().is_version_1);
    let constraints = dns_name_constraints(&["a.test"], &NO_NAMES);
    let constrained = entry(&own).with_name_constraints(Some(&constraints));
    assert_eq!(
        minimal_of(constrained),
        Err(AnchorCertificateError::BeyondVersion1)
    );
}

#[test]
fn a_root_without_any_extension_gets_none() {
    let bare = Ca::builder("Bare")
        .subject_key_id(SubjectKeyId::Absent)
        .basic_constraints(BasicConstraints::Absent)
        .key_usage(&[]);
    assert_minimal_says_the_same(&bare.self_signed().der());
}

#[test]
fn dates_are_written_up_to_the_year_9999_in_the_form_of_their_year() {
    for (not_before, not_after) in [
        (0, YEAR_2049),
        (YEAR_2049, YEAR_2049 + 1),
        (0, i64::try_from(YEAR_9999).unwrap()),
    ] {
        let own = Ca::builder("Root").validity(not_before, not_after);
        let own = own.self_signed().der();
        assert_minimal_says_the_same(&own);
        let validity = |der: &[u8]| {
            let certificate = openssl::x509::X509::from_der(der).unwrap();
            [certificate.not_before(), certificate.not_after()].map(ToString::to_string)
        };
        assert_eq!(validity(&minimal(&own)), validity(&own));
    }
}

#[test]
fn with_a_date_that_cannot_be_read_a_certificate_is_never_valid() {
    // The months of these dates are 13.
    let with = |not_before: &[u8], not_after: &[u8]| {
        let own = Ca::builder("Root").validity(0, 1).self_signed().der();
        let own = replaced(&own, b"700101000001Z", not_after);
        replaced(&own, b"700101000000Z", not_before)
    };
    let without_start = with(b"701301000000Z", b"491231235959Z");
    assert_eq!(read(&without_start).not_before(), None);
    assert_eq!(read(&without_start).not_after(), Some(YEAR_2049.unsigned_abs()));
    assert_eq!(read(&minimal(&without_start)).not_before(), Some(YEAR_9999));
    assert_eq!(
        read(&minimal(&without_start)).not_after(),
        Some(YEAR_2049.unsigned_abs())
    );
    let without_end = with(b"700101000001Z", b"491331235959Z");
    assert_eq!(read(&without_end).not_before(), Some(1));
    assert_eq!(read(&without_end).not_after(), None);
    assert_eq!(read(&minimal(&without_end)).not_before(), Some(1));
    assert_eq!(read(&minimal(&without_end)).not_after(), Some(0));
}

/// The certificate with these bytes, which occur once, in the place of those.
fn replaced(der: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = der.windows(old.len()).position(|window| window == old).unwrap();
    [&der[..at], new, &der[at + old.len()..]].concat()
}

#[test]
fn the_issuer_of_a_root_that_is_not_self_issued_is_nobodys_name() {
    let upper = Ca::root("Upper");
    for subject in [Name::from("Lower"), Name::empty()] {
        let own = Ca::builder(subject).issued_by(&upper).der();
        assert_minimal_says_the_same(&own);
        let written = minimal(&own);
        let (issuer, subject) = (read(&written).issuer(), read(&written).subject());
        assert!(issuer.to_string().ends_with("CN=issuer not recorded"));
        assert!(issuer.value().starts_with(subject.value()));
        assert!(issuer != subject);
    }
}

#[test]
fn what_would_be_longer_than_a_certificate_is_refused() {
    // The subject is there twice.
    let name = Name::from("x".repeat(MAX_CERTIFICATE_LEN / 2).as_str());
    let own = Ca::builder(name).issued_by(&Ca::root("Upper")).der();
    let error = minimal_of(entry(&own)).unwrap_err();
    assert_eq!(error, AnchorCertificateError::TooLong);
}

#[test]
fn what_is_more_than_a_profile_is_written_as_an_unknown_critical_extension() {
    let unknown = || Extension::new("1.2.3.4", true, &[]);
    let malformed = Extension::new("2.5.29.15", true, &[0x04, 0x00]);
    let no_usage = Ca::builder("Root").key_usage(&[]).extension(malformed);
    for own in [Ca::builder("Root").extension(unknown()), no_usage] {
        let own = own.self_signed().der();
        assert!(read(&own).profile().is_incomplete);
        assert_minimal_says_the_same(&own);
    }
}

fn keys() -> &'static [Key] {
    static KEYS: LazyLock<Vec<Key>> = LazyLock::new(|| {
        [
            KeyKind::EcdsaP256,
            KeyKind::EcdsaP384,
            KeyKind::EcdsaP521,
            KeyKind::Ed25519,
        ]
        .map(Key::generate)
        .to_vec()
    });
    &KEYS
}

prop_compose! {
    fn basic_constraints()(kind in 0..3, length in any::<u8>(), limited in any::<bool>()) -> BasicConstraints {
        match kind {
            0 => BasicConstraints::Absent,
            1 => BasicConstraints::NotCa,
            _ => BasicConstraints::Ca { path_length: limited.then_some(length) },
        }
    }
}

prop_compose! {
    fn root_to_be()(
        name in "[a-z]{0,200}",
        key in prop::sample::select(keys()),
        serial in prop::collection::vec(any::<u8>(), 0..40),
        (not_before, not_after) in (-1_000_000_000..5_000_000_000_i64, 0..300_000_000_000_i64),
        key_id in prop::option::of(prop::collection::vec(any::<u8>(), 0..255)),
        constraints in basic_constraints(),
        usage in prop::sample::subsequence(&[
            KeyUsage::DigitalSignature, KeyUsage::KeyCertSign, KeyUsage::CrlSign, KeyUsage::DecipherOnly,
        ], 0..=4),
        purposes in prop::sample::subsequence(&["1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "2.5.29.37.0"], 0..=3),
        domains in prop::collection::vec("[a-z]{1,20}", 0..20),
        is_version_1 in prop::bool::weighted(0.1),
        unknown in prop::option::weighted(0.2, any::<bool>()),
    ) -> CertificateBuilder<Ca> {
        let domains: Vec<_> = domains.iter().map(String::as_str).collect();
        let root = Ca::builder(name.as_str())
            .key(&key)
            .serial(&serial)
            .validity(not_before, not_after)
            .subject_key_id(key_id.map_or(SubjectKeyId::Absent, SubjectKeyId::Bytes))
            .basic_constraints(constraints)
            .key_usage(&usage)
            .extended_key_usage(&purposes)
            .name_constraints(&domains, &[]);
        let root = match unknown {
            Some(critical) => root.extension(Extension::new("1.2.3.4", critical, &[1])),
            None => root,
        };
        if is_version_1 { root.version_1() } else { root }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_minimal_certificate_says_what_the_roots_own_does(root in root_to_be(), self_issued in any::<bool>()) {
        static UPPER: LazyLock<Ca> = LazyLock::new(|| Ca::root("Upper"));
        let own = if self_issued { root.self_signed() } else { root.issued_by(&UPPER) };
        assert_minimal_says_the_same(&own.der());
    }

    #[test]
    fn any_change_to_a_certificate_that_leaves_it_readable_is_in_the_minimal_one(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        static ROOTS: LazyLock<[Vec<u8>; 3]> = LazyLock::new(|| {
            let full = Ca::builder("Root")
                .basic_constraints(BasicConstraints::Ca { path_length: Some(1) })
                .extended_key_usage(&["1.3.6.1.5.5.7.3.1"])
                .name_constraints(&["a.test"], &[]);
            [full, Ca::builder("Old").version_1(), Ca::builder("Late").validity(0, YEAR_2049 + 1)]
                .map(|root| root.self_signed().der().to_vec())
        });
        let mut own = which.get(&*ROOTS).clone();
        for (place, byte) in changes {
            let place = place.index(own.len());
            own[place] = byte;
        }
        let Ok(own) = Certificate::from_der(&own) else {
            return Ok(());
        };
        let Some(blob) = blob_of(entry(own.as_der()), v2::Options::default()) else {
            return Ok(());
        };
        let blob = TrustBlob::open(&blob).unwrap();
        match certificate_of(&anchor(&blob, own.subject())) {
            Ok(written) => assert_says_the_same(&read(&written), &own),
            Err(error) => assert_eq!(error, AnchorCertificateError::UnknownKey),
        }
    }
}
