//! The certificates that OpenSSL gets for the anchors of Mozilla's list, from a blob that holds none.

use std::collections::HashMap;

use jit_trust_bundle::{Input, Policy, Root, RootList, read};
use jit_trust_core::{Certificate, TrustAnchor, TrustBlob};
use jit_trust_lab::pki::{AuthorityKeyId, Ca, Key, KeyKind, Leaf, Name, SubjectKeyId};
use openssl::nid::Nid;
use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::fixture::*;

/// What a certificate says in the extensions that OpenSSL judges a root by: the value of each, by its identifier.
fn judged_extensions(der: &[u8]) -> HashMap<String, Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(der).unwrap();
    let extensions = certificate.extensions().iter();
    extensions
        .map(|extension| (extension.oid.to_id_string(), extension.value.to_vec()))
        .filter(|(oid, _)| {
            ["2.5.29.14", "2.5.29.15", "2.5.29.19", "2.5.29.30", "2.5.29.37"].contains(&oid.as_str())
        })
        .collect()
}

/// What is handed out for the root from a blob of version 2 that holds the whole list, without certificates.
fn minimal_of(root: &Root, blob: &TrustBlob<'_>) -> Vec<u8> {
    let own = certificate_of(root);
    let entries = blob.entries();
    let anchors: Vec<TrustAnchor<'_>> = entries
        .filter(|entry| entry.spki_value() == own.spki_value())
        .filter_map(|entry| entry.named(own.subject()))
        .collect();
    let [anchor] = anchors[..] else {
        panic!("{} is found once", root.label());
    };
    let mut buffer = vec![0; anchor.certificate_buffer_len().unwrap()];
    anchor.to_certificate(&mut buffer).unwrap().to_vec()
}

fn lists() -> impl Iterator<Item = RootList> {
    let certdata = nss_certdata().map(|(path, _)| read_path(&path).unwrap());
    let compiled_in = read(&[Input::Mozilla], Policy::Strict).unwrap();
    [Some(compiled_in), certdata].into_iter().flatten()
}

#[test]
fn a_minimal_certificate_says_what_the_roots_own_does() {
    for list in lists() {
        let blob = blob(list.roots());
        let blob = TrustBlob::open(&blob).unwrap();
        for root in list.roots() {
            let (own_der, minimal_der) = (der_of(root), minimal_of(root, &blob));
            let label = root.label();
            let mut expected = judged_extensions(own_der);
            let imposed = root.conditions().name_constraints.as_deref();
            if let Some(imposed) = imposed {
                let value = jit_trust_lab::pki::der::sequence(&[imposed]);
                expected.insert("2.5.29.30".to_owned(), value);
            }
            assert_eq!(judged_extensions(&minimal_der), expected, "{label}");

            let own = X509::from_der(own_der).unwrap();
            let minimal = X509::from_der(&minimal_der).unwrap();
            let name = |name: &openssl::x509::X509NameRef| name.to_der().unwrap();
            assert_eq!(name(minimal.subject_name()), name(own.subject_name()), "{label}");
            assert_eq!(name(minimal.issuer_name()), name(own.issuer_name()), "{label}");
            let serial = |certificate: &X509| certificate.serial_number().to_bn().unwrap();
            assert_eq!(serial(&minimal), serial(&own), "{label}");
            assert_eq!(minimal.not_before(), own.not_before(), "{label}");
            assert_eq!(minimal.not_after(), own.not_after(), "{label}");
            assert!(
                minimal
                    .public_key()
                    .unwrap()
                    .public_eq(&own.public_key().unwrap()),
                "{label}"
            );
            assert_eq!(minimal.version(), own.version(), "{label}");
            assert_eq!(minimal.pathlen(), own.pathlen(), "{label}");
            let key_id = |certificate: &X509| certificate.subject_key_id().map(|id| id.as_slice().to_vec());
            assert_eq!(key_id(&minimal), key_id(&own), "{label}");
            assert_eq!(minimal.issued(&minimal), own.issued(&own), "{label}");
            assert!(minimal_der.len() < own_der.len(), "{label}");
            assert!(Certificate::from_der(&minimal_der).is_ok(), "{label}");
        }
    }
}

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
        context.verify_cert()?;
        Ok(context.error())
    });
    result.unwrap().error_string().to_owned()
}

/// Chains as the CA of this root could have issued them, but for the signature on the first certificate below it. OpenSSL
/// looks at extensions first and at signatures then, so what it has against the root it says instead.
fn chains_below(root: &Root, keys: &HashMap<Nid, Key>) -> Vec<Vec<CertificateDer<'static>>> {
    let own = certificate_of(root);
    let public_key = X509::from_der(own.as_der()).unwrap().public_key().unwrap();
    let kind = public_key
        .ec_key()
        .map_or(Nid::RSA, |key| key.group().curve_name().unwrap());
    let key_id = own.subject_key_id();
    let stand_in = Ca::builder(Name::from_der(own.subject().as_der()))
        .key(&keys[&kind])
        .serial(own.serial())
        .subject_key_id(key_id.map_or(SubjectKeyId::Absent, |id| {
            SubjectKeyId::Bytes(id.as_bytes().to_vec())
        }))
        .self_signed();
    let below = |name, issuer: &Ca| {
        Ca::builder(name)
            .authority_key_id(AuthorityKeyId::Both)
            .issued_by(issuer)
    };
    let leaf = |issuer: &Ca| {
        Leaf::builder(&["a.test"])
            .authority_key_id(AuthorityKeyId::Both)
            .issued_by(issuer)
    };
    let first = below("First", &stand_in);
    let second = below("Second", &first);
    let third = below("Third", &second);
    vec![
        leaf(&stand_in).chain(&[]),
        leaf(&first).chain(&[&first]),
        leaf(&third).chain(&[&third, &second, &first]),
    ]
}

/// What OpenSSL says when it has nothing else against a chain.
const SIGNATURE_FAILURE: &str = "certificate signature failure";

#[test]
fn openssl_holds_the_same_against_both() {
    let keys = [
        (Nid::RSA, KeyKind::Rsa2048),
        (Nid::X9_62_PRIME256V1, KeyKind::EcdsaP256),
        (Nid::SECP384R1, KeyKind::EcdsaP384),
        (Nid::SECP521R1, KeyKind::EcdsaP521),
    ];
    let keys = keys.map(|(curve, kind)| (curve, Key::generate(kind))).into();
    let mut counts = HashMap::<String, usize>::new();
    for list in lists() {
        let blob = blob(list.roots());
        let blob = TrustBlob::open(&blob).unwrap();
        for root in list.roots() {
            let (own, minimal) = (der_of(root), minimal_of(root, &blob));
            for chain in chains_below(root, &keys) {
                for flags in [X509VerifyFlags::empty(), X509VerifyFlags::PARTIAL_CHAIN] {
                    let said = verdict(&minimal, &chain, flags);
                    assert_eq!(said, verdict(own, &chain, flags), "{}", root.label());
                    *counts.entry(said).or_default() += 1;
                }
                // Which fault it names first may differ: a minimal certificate has no wrong criticality.
                let strict = X509VerifyFlags::X509_STRICT;
                let is_at_fault = |trusted: &[u8]| verdict(trusted, &chain, strict) != SIGNATURE_FAILURE;
                assert_eq!(is_at_fault(&minimal), is_at_fault(own), "{}", root.label());
            }
        }
    }
    assert!(counts[SIGNATURE_FAILURE] > 600, "{counts:?}");
    assert!(counts["path length constraint exceeded"] > 0, "{counts:?}");
}
