//! Certificates of the lab, read back by others: webpki for what is right, x509-parser for what is odd.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

use std::collections::HashSet;
use std::time::Duration;

use jit_trust_lab::pki::{
    Attribute, AuthorityKeyId, BasicConstraints, Ca, DAY, Extension, Key, KeyKind, KeyUsage, Leaf, Name,
    StringType, SubjectKeyId, YEAR, der, dns_name_constraints, garbage, now, oid, pem,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use webpki::{EndEntityCert, Error, anchor_from_trusted_cert};
use x509_parser::prelude::*;

/// What webpki says of a chain, given one root, a name and a time.
fn verify_at(root: &Ca, chain: &[CertificateDer<'_>], name: &str, time: i64) -> Result<(), Error> {
    let root = root.der();
    let anchors = [anchor_from_trusted_cert(&root)?];
    let leaf = EndEntityCert::try_from(&chain[0])?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(time.try_into().unwrap()));
    let usage = webpki::KeyUsage::server_auth();
    leaf.verify_for_usage(
        webpki::ALL_VERIFICATION_ALGS,
        &anchors,
        &chain[1..],
        time,
        usage,
        None,
        None,
    )?;
    leaf.verify_is_valid_for_subject_name(&ServerName::try_from(name).unwrap())
}

fn verify(root: &Ca, chain: &[CertificateDer<'_>], name: &str) -> Result<(), Error> {
    verify_at(root, chain, name, now())
}

/// Hands the certificate, read by x509-parser to its last byte, to `look`.
fn read<T>(der: &CertificateDer<'_>, look: impl FnOnce(&X509Certificate<'_>) -> T) -> T {
    let (rest, certificate) = X509Certificate::from_der(der).unwrap();
    assert!(rest.is_empty());
    look(&certificate)
}

/// The values of all extensions with this object identifier.
fn extensions(der: &CertificateDer<'_>, oid: &str) -> Vec<Vec<u8>> {
    let oid = &der::object_identifier(oid)[2..];
    read(der, |certificate| {
        let matching = certificate
            .extensions()
            .iter()
            .filter(|extension| extension.oid.as_bytes() == oid);
        matching.map(|extension| extension.value.to_vec()).collect()
    })
}

#[test]
fn an_honest_chain_verifies_under_its_root_and_no_other() {
    let root = Ca::root("Lab Root A");
    let issuing = root.intermediate("Lab CA A1").intermediate("Lab CA A2");
    let middle = root.intermediate("Lab CA A1");
    let leaf = middle.leaf_for(&["a.test", "b.test", "127.0.0.1", "::1"]);
    let chain = leaf.chain(&[&middle]);
    for name in ["a.test", "b.test", "127.0.0.1", "::1"] {
        assert_eq!(verify(&root, &chain, name), Ok(()));
    }
    assert!(verify(&root, &chain, "c.test").is_err());
    assert_eq!(
        verify(&Ca::root("Lab Root B"), &chain, "a.test"),
        Err(Error::UnknownIssuer)
    );
    assert_eq!(
        verify(&root, &issuing.leaf("a.test").chain(&[&issuing]), "a.test"),
        Err(Error::UnknownIssuer)
    );
}

#[test]
fn two_roots_of_one_name_are_told_apart_by_their_keys_only() {
    let (first, second) = (Ca::root("Twin"), Ca::root("Twin"));
    assert_eq!(first.name(), second.name());
    let chain = first.leaf("a.test").chain(&[]);
    assert_eq!(verify(&first, &chain, "a.test"), Ok(()));
    assert!(verify(&second, &chain, "a.test").is_err());
}

#[test]
fn every_kind_of_key_signs_what_webpki_accepts() {
    for kind in [
        KeyKind::EcdsaP256,
        KeyKind::EcdsaP384,
        KeyKind::EcdsaP521,
        KeyKind::Rsa2048,
        KeyKind::Ed25519,
    ] {
        let root = Ca::builder("Lab Root").key_kind(kind).self_signed();
        let leaf = Leaf::builder(&["a.test"]).key(root.key()).issued_by(&root);
        assert_eq!(verify(&root, &leaf.chain(&[]), "a.test"), Ok(()), "{kind:?}");
        read(&root.der(), |certificate| {
            assert_eq!(
                certificate.signature_algorithm,
                certificate.tbs_certificate.signature
            );
        });
    }
}

#[test]
fn a_key_of_a_given_private_key_is_the_same_every_time() {
    let certificate = || {
        let key = Key::ed25519(&[7; 32]);
        Ca::builder("Lab Root")
            .key(&key)
            .serial(&[1])
            .validity(0, DAY)
            .self_signed()
    };
    assert_eq!(certificate().der(), certificate().der());
    assert_ne!(Key::ed25519(&[7; 32]).spki(), Key::ed25519(&[8; 32]).spki());
    let root = Ca::builder("Lab Root").key(&Key::ed25519(&[7; 32])).self_signed();
    assert_eq!(verify(&root, &root.leaf("a.test").chain(&[]), "a.test"), Ok(()));
}

#[test]
fn a_forged_signature_is_refused() {
    let root = Ca::root("Lab Root");
    let leaf = Leaf::builder(&["a.test"]).forged().issued_by(&root);
    assert!(verify(&root, &leaf.chain(&[]), "a.test").is_err());
}

#[test]
fn a_leaf_posing_as_a_ca_is_refused() {
    let root = Ca::root("Lab Root");
    let honest = root.leaf("a.test");
    let victim = honest.posing_as_ca().leaf("bank.test");
    assert!(verify(&root, &[victim.der(), honest.der()], "bank.test").is_err());
}

#[test]
fn a_cross_signed_ca_leads_to_either_root() {
    let (old, new) = (Ca::root("Old Root"), Ca::root("New Root"));
    let cross = old.cross_sign(&new);
    let chain = new.leaf("a.test").chain(&[&cross]);
    assert_eq!(verify(&old, &chain, "a.test"), Ok(()));
    assert_eq!(verify(&new, &chain, "a.test"), Ok(()));
    assert_eq!((cross.name(), cross.issuer()), (new.name(), old.name()));
    assert_eq!(cross.subject_key_id(), new.subject_key_id());
    assert_ne!(cross.serial(), new.serial());
}

#[test]
fn a_reissued_root_has_a_new_validity_and_may_have_a_new_name() {
    let root = Ca::builder("Lab Root").validity(0, DAY).self_signed();
    let renewed = root.reissue().self_signed();
    let renamed = root.reissue().subject("Renamed Root").self_signed();
    let chain = root.leaf("a.test").chain(&[]);
    assert_eq!(verify(&renewed, &chain, "a.test"), Ok(()));
    assert_eq!(verify(&renamed, &chain, "a.test"), Err(Error::UnknownIssuer));
    assert_eq!(root.key().spki(), renamed.key().spki());
}

#[test]
fn validity_is_what_was_asked_for_to_the_second() {
    let root = Ca::root("Lab Root");
    let (start, end) = (now() - 10, now() + YEAR);
    let chain = Leaf::builder(&["a.test"])
        .validity(start, end)
        .issued_by(&root)
        .chain(&[]);
    assert!(verify_at(&root, &chain, "a.test", start - 1).is_err());
    assert_eq!(verify_at(&root, &chain, "a.test", start), Ok(()));
    assert_eq!(verify_at(&root, &chain, "a.test", end), Ok(()));
    assert!(verify_at(&root, &chain, "a.test", end + 1).is_err());
    read(
        &Ca::builder("Old and new")
            .validity(-631_152_001, 253_402_300_799)
            .self_signed()
            .der(),
        |certificate| {
            let validity = certificate.validity();
            assert_eq!(
                (validity.not_before.timestamp(), validity.not_after.timestamp()),
                (-631_152_001, 253_402_300_799)
            );
        },
    );
}

#[test]
fn name_constraints_bind_what_is_below() {
    let root = Ca::root("Lab Root");
    let limited = Ca::builder("Limited")
        .name_constraints(&["a.test"], &["bad.a.test"])
        .issued_by(&root);
    let check = |name: &str| verify(&root, &limited.leaf(name).chain(&[&limited]), name);
    assert_eq!(check("www.a.test"), Ok(()));
    assert_eq!(check("bad.a.test"), Err(Error::NameConstraintViolation));
    assert_eq!(check("b.test"), Err(Error::NameConstraintViolation));
}

#[test]
fn name_constraints_of_an_anchor_are_those_of_the_extension_without_its_header() {
    let root = Ca::builder("Limited Root")
        .name_constraints(&["a.test"], &["bad.a.test"])
        .self_signed();
    let der = root.der();
    let anchor = anchor_from_trusted_cert(&der).unwrap();
    let given = dns_name_constraints(&["a.test"], &["bad.a.test"]);
    assert_eq!(anchor.name_constraints.as_deref(), Some(given.as_slice()));
}

#[test]
fn a_path_length_binds_what_is_below() {
    let root = Ca::builder("Lab Root").self_signed();
    let last = Ca::builder("Last")
        .basic_constraints(BasicConstraints::Ca { path_length: Some(0) })
        .issued_by(&root);
    let beyond = last.intermediate("One too many");
    assert_eq!(
        verify(&root, &last.leaf("a.test").chain(&[&last]), "a.test"),
        Ok(())
    );
    assert!(verify(&root, &beyond.leaf("a.test").chain(&[&beyond, &last]), "a.test").is_err());
    read(&last.der(), |certificate| {
        let constraints = certificate.basic_constraints().unwrap().unwrap().value;
        assert_eq!((constraints.ca, constraints.path_len_constraint), (true, Some(0)));
    });
}

#[test]
fn usages_are_those_asked_for() {
    let ca = Ca::root("Lab Root");
    let leaf = ca.leaf("a.test");
    read(&ca.der(), |certificate| {
        let usage = certificate.key_usage().unwrap().unwrap().value;
        assert_eq!(usage.flags, 0b110_0000);
    });
    read(&leaf.der(), |certificate| {
        assert_eq!(certificate.key_usage().unwrap().unwrap().value.flags, 1);
        assert!(
            certificate
                .extended_key_usage()
                .unwrap()
                .unwrap()
                .value
                .server_auth
        );
        assert!(!certificate.basic_constraints().unwrap().unwrap().value.ca);
    });
    let all = Ca::builder("All")
        .key_usage(&[KeyUsage::DigitalSignature, KeyUsage::DecipherOnly])
        .self_signed();
    read(&all.der(), |certificate| {
        assert_eq!(
            certificate.key_usage().unwrap().unwrap().value.flags,
            0b1_0000_0001
        );
    });
    let client = Leaf::builder(&["a.test"])
        .extended_key_usage(&[oid::CLIENT_AUTH])
        .issued_by(&ca);
    assert!(verify(&ca, &client.chain(&[]), "a.test").is_err());
}

#[test]
fn a_key_identifier_may_be_derived_absent_or_anything() {
    let derived = Ca::root("Derived");
    assert_eq!(derived.subject_key_id().unwrap().len(), 20);
    let expected = der::octet_string(derived.subject_key_id().unwrap());
    assert_eq!(
        extensions(&derived.der(), oid::SUBJECT_KEY_IDENTIFIER),
        [expected]
    );

    let absent = Ca::builder("Absent")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    assert!(extensions(&absent.der(), oid::SUBJECT_KEY_IDENTIFIER).is_empty());
    assert!(extensions(&absent.leaf("a.test").der(), oid::AUTHORITY_KEY_IDENTIFIER).is_empty());

    for length in [0, 1, 64, 255, 256, 300] {
        let bytes = vec![7; length];
        let ca = Ca::builder("Given")
            .subject_key_id(SubjectKeyId::Bytes(bytes.clone()))
            .self_signed();
        assert_eq!(
            extensions(&ca.der(), oid::SUBJECT_KEY_IDENTIFIER),
            [der::octet_string(&bytes)]
        );
        let authority = der::sequence(&[&der::context_primitive(0, &bytes)]);
        assert_eq!(
            extensions(&ca.leaf("a.test").der(), oid::AUTHORITY_KEY_IDENTIFIER),
            [authority]
        );
    }
}

#[test]
fn an_authority_key_identifier_has_the_parts_asked_for() {
    let root = Ca::root("Lab Root");
    let issuing = Ca::builder("Issuing").serial(&[0x12, 0x34]).issued_by(&root);
    let parts = |id: AuthorityKeyId| {
        let leaf = Leaf::builder(&["a.test"])
            .authority_key_id(id)
            .issued_by(&issuing);
        read(&leaf.der(), |certificate| {
            let extension =
                certificate
                    .iter_extensions()
                    .find_map(|extension| match extension.parsed_extension() {
                        ParsedExtension::AuthorityKeyIdentifier(id) => Some(id),
                        _ => None,
                    })?;
            let issuer = extension
                .authority_cert_issuer
                .as_ref()
                .map(|names| match names.as_slice() {
                    [GeneralName::DirectoryName(name)] => Name::from_der(name.as_raw()),
                    other => panic!("not a directory name: {other:?}"),
                });
            let serial = extension.authority_cert_serial.map(<[u8]>::to_vec);
            Some((
                extension.key_identifier.as_ref().map(|id| id.0.to_vec()),
                issuer,
                serial,
            ))
        })
    };
    let key_id = issuing.subject_key_id().map(<[u8]>::to_vec);
    // The identifier names the issuer's certificate, so the issuer in it is the issuer's issuer.
    let issuer = Some(root.name().clone());
    let serial = Some(vec![0x12, 0x34]);
    assert_eq!(parts(AuthorityKeyId::Absent), None);
    assert_eq!(parts(AuthorityKeyId::Derived), Some((key_id.clone(), None, None)));
    assert_eq!(
        parts(AuthorityKeyId::KeyId(vec![9; 64])),
        Some((Some(vec![9; 64]), None, None))
    );
    assert_eq!(
        parts(AuthorityKeyId::IssuerAndSerial),
        Some((None, issuer.clone(), serial.clone()))
    );
    assert_eq!(parts(AuthorityKeyId::Both), Some((key_id, issuer, serial)));
    let given = Some((Name::from("Nobody"), vec![1]));
    assert_eq!(
        parts(AuthorityKeyId::Parts(None, given)),
        Some((None, Some(Name::from("Nobody")), Some(vec![1])))
    );
    assert_eq!(parts(AuthorityKeyId::Parts(None, None)), Some((None, None, None)));
}

#[test]
fn a_version_1_certificate_has_neither_version_nor_extensions() {
    let root = Ca::builder("Old Root").version_1().self_signed();
    read(&root.der(), |certificate| {
        assert_eq!(certificate.version(), X509Version::V1);
        assert!(certificate.extensions().is_empty());
    });
    assert_eq!(root.subject_key_id(), None);
    assert_eq!(verify(&root, &root.leaf("a.test").chain(&[]), "a.test"), Ok(()));
}

#[test]
fn a_serial_number_is_taken_as_it_is() {
    for serial in [&[0][..], &[0x80], &[0, 0, 1], &[0x7f; 40]] {
        let ca = Ca::builder("Odd").serial(serial).self_signed();
        read(&ca.der(), |certificate| {
            assert_eq!(certificate.raw_serial(), serial);
        });
    }
    assert_ne!(Ca::root("A").serial(), Ca::root("A").serial());
}

#[test]
fn a_name_has_the_attributes_and_string_types_asked_for() {
    let name = Name::of(&[
        Attribute::country("XX"),
        Attribute::organization("Lab"),
        Attribute::organizational_unit("Unit"),
        Attribute::new("2.5.4.3", StringType::Teletex, "Zürich"),
        Attribute::new("2.5.4.3", StringType::Bmp, "Zü"),
        Attribute::new("2.5.4.3", StringType::Universal, "Zü"),
    ]);
    let ca = Ca::root(&name);
    read(&ca.der(), |certificate| {
        assert_eq!(certificate.subject().as_raw(), name.der());
        let found: Vec<(u32, Vec<u8>)> = certificate
            .subject()
            .iter_attributes()
            .map(|attribute| {
                (
                    attribute.attr_value().tag().0,
                    attribute.attr_value().data.to_vec(),
                )
            })
            .collect();
        let expected: [(u32, &[u8]); 6] = [
            (19, b"XX"),
            (12, b"Lab"),
            (12, b"Unit"),
            (20, b"Z\xfcrich"),
            (30, b"\0Z\0\xfc"),
            (28, b"\0\0\0Z\0\0\0\xfc"),
        ];
        assert_eq!(found.len(), expected.len());
        for ((tag, value), (expected_tag, expected_value)) in found.iter().zip(expected) {
            assert_eq!((*tag, value.as_slice()), (expected_tag, expected_value));
        }
    });
    let raw = Name::from_der(&[0x30, 0]);
    assert_eq!(raw, Name::empty());
    read(&Ca::root(raw).der(), |certificate| {
        assert_eq!(certificate.issuer().as_raw(), [0x30, 0]);
    });
}

#[test]
fn an_empty_subject_makes_the_alternative_names_critical() {
    let root = Ca::root("Lab Root");
    let nameless = Leaf::builder(&["a.test"]).subject(Name::empty()).issued_by(&root);
    read(&nameless.der(), |certificate| {
        assert!(certificate.subject_alternative_name().unwrap().unwrap().critical);
    });
    assert_eq!(verify(&root, &nameless.chain(&[]), "a.test"), Ok(()));
    let without = Leaf::builder(&["a.test"]).names(&[]).issued_by(&root);
    assert!(extensions(&without.der(), oid::SUBJECT_ALT_NAME).is_empty());
}

#[test]
fn an_extension_may_be_unknown_critical_duplicate_malformed_or_missing() {
    let odd = Ca::builder("Odd")
        .basic_constraints(BasicConstraints::Absent)
        .key_usage(&[])
        .extension(Extension::new(oid::MEANINGLESS, true, b"not DER"))
        .extension(Extension::new(
            oid::SUBJECT_KEY_IDENTIFIER,
            false,
            &der::octet_string(b"second"),
        ))
        .self_signed();
    assert_eq!(extensions(&odd.der(), oid::MEANINGLESS), [b"not DER"]);
    assert_eq!(extensions(&odd.der(), oid::SUBJECT_KEY_IDENTIFIER).len(), 2);
    assert!(extensions(&odd.der(), oid::BASIC_CONSTRAINTS).is_empty());
    assert!(extensions(&odd.der(), oid::KEY_USAGE).is_empty());
    read(&odd.der(), |certificate| {
        let critical: Vec<bool> = certificate
            .extensions()
            .iter()
            .map(|extension| extension.critical)
            .collect();
        assert_eq!(critical, [false, true, false]);
    });
    let not_ca = Ca::builder("Not a CA")
        .basic_constraints(BasicConstraints::NotCa)
        .self_signed();
    read(&not_ca.der(), |certificate| assert!(!certificate.is_ca()));
}

#[test]
fn padding_makes_a_certificate_huge() {
    let huge = Ca::builder("Huge").padding(64 * 1024).self_signed();
    assert!(huge.der().len() > 64 * 1024);
    read(&huge.der(), |certificate| {
        assert_eq!(certificate.subject().as_raw(), huge.name().der());
    });
}

#[test]
fn pem_reads_back_as_the_same_certificates() {
    use rustls::pki_types::pem::PemObject;
    let root = Ca::root("Lab Root");
    let chain = root.leaf("a.test").chain(&[&root]);
    let text = pem(&chain);
    assert!(text.lines().all(|line| line.len() <= 64) && text.ends_with("-----END CERTIFICATE-----\n"));
    let read: Vec<_> = CertificateDer::pem_slice_iter(text.as_bytes())
        .collect::<Result<_, _>>()
        .unwrap();
    assert_eq!(read, chain);
    let key = Key::generate(KeyKind::EcdsaP256);
    let read = rustls::pki_types::PrivateKeyDer::from_pem_slice(key.private_pem().as_bytes()).unwrap();
    assert_eq!(read, key.private_der());
}

#[test]
fn garbage_is_what_it_says() {
    let root = Ca::root("Lab Root");
    assert_eq!(garbage::truncated(&root.der(), 40)[..], root.der()[..40]);
    let noise = garbage::sequence_of_noise(500);
    assert_eq!((noise.len(), &noise[..4]), (504, &[0x30, 0x82, 1, 0xf4][..]));
    assert_eq!(noise, garbage::sequence_of_noise(500));
    assert!(X509Certificate::from_der(&noise).is_err());
}

#[test]
fn a_key_of_a_number_is_the_same_every_time_and_signs_what_others_verify() {
    let ecdsa = [KeyKind::EcdsaP256, KeyKind::EcdsaP384, KeyKind::EcdsaP521];
    let rsa = [(KeyKind::Rsa2048, 2015), (KeyKind::Rsa4096, 275)];
    let ecdsa = ecdsa.map(|kind| [0xff, 7, 7].map(|byte| Key::ecdsa(kind, &[byte; 32])));
    let rsa = rsa.map(|(kind, last)| [0, last, last].map(|number| Key::weak_rsa(kind, number)));
    for [first, second, again] in ecdsa.into_iter().chain(rsa) {
        assert_ne!(first.spki(), second.spki());
        assert_eq!(second.spki(), again.spki());
        for key in [first, second] {
            let root = Ca::builder("Root").key(&key).self_signed();
            let leaf = Leaf::builder(&["a.test"]).key(&key).issued_by(&root);
            assert_eq!(
                verify(&root, &leaf.chain(&[]), "a.test"),
                Ok(()),
                "{:?}",
                key.kind()
            );
        }
    }
}

#[test]
fn every_number_makes_another_rsa_key() {
    let keys: HashSet<Vec<u8>> = (0..276)
        .map(|number| Key::weak_rsa(KeyKind::Rsa4096, number).spki())
        .collect();
    assert_eq!(keys.len(), 276);
}

#[test]
#[should_panic = "there are 276 such keys"]
fn there_are_no_more_weak_keys_than_pairs_of_primes() {
    Key::weak_rsa(KeyKind::Rsa4096, 276);
}
