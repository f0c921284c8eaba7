//! The stand-ins beside the roots they stand in for.

use std::collections::HashSet;

use jit_trust_core::mozilla::CONDITIONS;
use jit_trust_lab::internet::{StandIn, stand_ins};
use sha2::{Digest, Sha256};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;
use x509_parser::prelude::*;
use x509_parser::public_key::PublicKey;

/// Both certificates of every root, read.
fn each(mut look: impl FnMut(&StandIn, &X509Certificate<'_>, &X509Certificate<'_>)) {
    for root in stand_ins() {
        let der = root.der();
        let (rest, copy) = X509Certificate::from_der(&der).unwrap();
        assert!(rest.is_empty());
        look(root, &copy, &X509Certificate::from_der(root.real()).unwrap().1);
    }
}

#[test]
fn there_is_a_stand_in_for_each_of_mozillas_roots_in_order() {
    let real = stand_ins().iter().map(StandIn::real);
    assert!(real.eq(TLS_SERVER_ROOT_CERTS.iter().map(AsRef::as_ref)));
}

#[test]
fn a_stand_in_says_of_itself_what_the_root_says() {
    each(|root, copy, real| {
        assert_eq!(root.subject().der(), real.subject().as_raw());
        assert_eq!(copy.subject().as_raw(), real.subject().as_raw());
        assert_eq!(copy.issuer().as_raw(), real.issuer().as_raw());
        assert_eq!(copy.raw_serial(), real.raw_serial());
        assert_eq!(copy.version(), real.version());
        assert_eq!(copy.validity(), real.validity());
        let real_validity = real.validity();
        let validity = (
            real_validity.not_before.timestamp(),
            real_validity.not_after.timestamp(),
        );
        assert_eq!(root.validity(), validity);
        // Key identifiers, basic constraints with their path lengths, name constraints, all.
        assert_eq!(copy.extensions(), real.extensions());
    });
}

#[test]
fn the_subject_key_identifier_that_a_stand_in_issues_with_is_the_roots() {
    let mut with_key_id = 0;
    each(|root, _, real| {
        let mut key_ids =
            real.extensions()
                .iter()
                .filter_map(|extension| match extension.parsed_extension() {
                    ParsedExtension::SubjectKeyIdentifier(key_id) => Some(key_id.0),
                    _ => None,
                });
        let key_id = key_ids.next();
        assert_eq!(root.ca().subject_key_id(), key_id);
        with_key_id += usize::from(key_id.is_some());
    });
    assert!(with_key_id > 100, "{with_key_id}");
}

#[test]
fn a_stand_in_has_a_key_of_its_own_of_the_same_type_and_length() {
    let mut keys = HashSet::new();
    each(|_, copy, real| {
        let (copy, real) = (copy.public_key(), real.public_key());
        assert_eq!(copy.algorithm, real.algorithm);
        match (copy.parsed().unwrap(), real.parsed().unwrap()) {
            (PublicKey::RSA(copy), PublicKey::RSA(real)) => assert_eq!(copy.key_size(), real.key_size()),
            (PublicKey::EC(copy), PublicKey::EC(real)) => assert_eq!(copy.key_size(), real.key_size()),
            (copy, real) => panic!("{copy:?} stands in for {real:?}"),
        }
        assert_ne!(copy.raw, real.raw);
        keys.insert(copy.raw.to_vec());
    });
    assert_eq!(keys.len(), stand_ins().len());
}

#[test]
fn a_stand_in_is_signed_with_its_own_key() {
    each(|root, copy, _| {
        let (signed, key) = (copy.tbs_certificate.as_ref(), copy.public_key());
        // By their identifiers as they are in the certificate.
        let mut algorithms = webpki::ALL_VERIFICATION_ALGS.iter().filter(|algorithm| {
            contains(key.raw, algorithm.public_key_alg_id().as_ref())
                && contains(signed, algorithm.signature_alg_id().as_ref())
        });
        let algorithm = algorithms.next().unwrap();
        let (key, signature) = (&key.subject_public_key.data, &copy.signature_value.data);
        assert!(
            algorithm.verify_signature(key, signed, signature).is_ok(),
            "{}",
            copy.subject()
        );
        assert_eq!(copy.public_key().raw, root.ca().key().spki());
    });
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[test]
fn mozillas_conditions_lie_beside_the_roots_that_they_are_for() {
    let (mut dates, mut constraints) = (0, 0);
    each(|root, _, real| {
        let spki_sha256: [u8; 32] = Sha256::digest(real.public_key().raw).into();
        let conditions = CONDITIONS
            .iter()
            .find(|conditions| conditions.spki_sha256 == spki_sha256);
        assert_eq!(
            root.distrust_after(),
            conditions.and_then(|conditions| conditions.distrust_after)
        );
        assert_eq!(
            root.name_constraints(),
            conditions.and_then(|conditions| conditions.name_constraints)
        );
        dates += usize::from(root.distrust_after().is_some());
        constraints += usize::from(root.name_constraints().is_some());
    });
    // Not all that there are conditions for are in the list of this version.
    assert!(dates > 0 && constraints > 0, "{dates} {constraints}");
}
