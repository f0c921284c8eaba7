//! What is no list of roots is called by its name, with the command that makes one of it.

use jit_trust_bundle::{Policy, certificates, read};
use jit_trust_lab::pki::der::{bit_string, integer, object_identifier, octet_string, sequence, tlv};
use jit_trust_lab::pki::{Ca, garbage, pem};
use openssl::pkcs12::Pkcs12;
use openssl::pkey::PKey;
use openssl::x509::{X509, X509Req};

use crate::fixture::*;

/// Each with how its description begins.
fn others() -> Vec<(Vec<u8>, &'static str)> {
    let ca = Ca::root("Root");
    let key = PKey::private_key_from_pem(ca.key().private_pem().as_bytes()).unwrap();
    let certificate = X509::from_der(&ca.der()).unwrap();
    let store = Pkcs12::builder()
        .pkey(&key)
        .cert(&certificate)
        .build2("x")
        .unwrap();
    let mut request = X509Req::builder().unwrap();
    request.set_pubkey(&key).unwrap();
    request
        .sign(&key, openssl::hash::MessageDigest::sha256())
        .unwrap();
    let algorithm = sequence(&[&object_identifier("1.2.840.10045.4.3.2")]);
    let revoked = sequence(&[
        &integer(&[1]),
        &algorithm,
        ca.name().der(),
        &tlv(0x17, b"250101000000Z"),
    ]);
    let revocation_list = sequence(&[&revoked, &algorithm, &bit_string(&[0; 64])]);
    let encrypted = sequence(&[&algorithm, &octet_string(&[0; 130])]);
    vec![
        (
            store.to_der().unwrap(),
            "a PKCS #12 store; make PEM of it: openssl pkcs12 -in FILE",
        ),
        (
            b"\x30\x80\x02\x01\x03\x30\x80\x06\x09".to_vec(),
            "a PKCS #12 store; ",
        ),
        (
            b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80".to_vec(),
            "PKCS #7 in BER; make PEM of it: openssl pkcs7 ",
        ),
        (
            b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec(),
            "a Java key store; make PEM of it: keytool ",
        ),
        (key.private_key_to_der().unwrap(), "a private key; "),
        (ca.key().private_der().secret_der().to_vec(), "a private key; "),
        (encrypted, "a private key; "),
        (key.public_key_to_der().unwrap(), "a public key; "),
        (
            request.build().to_der().unwrap(),
            "a request for a certificate (PKCS #10); ",
        ),
        (revocation_list, "a list of revoked certificates (CRL); "),
        (
            b"SQLite format 3\0".to_vec(),
            "a database, such as NSS's cert9.db; ",
        ),
        (
            b"\0\0\0\0CERT".to_vec(),
            "Microsoft's store of certificates (SST); ",
        ),
        (b"\xff\xfe-\0-\0".to_vec(), "text in UTF-16; "),
        (b"\x1f\x8b\x08".to_vec(), "compressed; "),
        (b"PK\x03\x04".to_vec(), "an archive; "),
        (b"\n<!DOCTYPE html>".to_vec(), "a page in HTML; "),
    ]
}

#[test]
fn a_file_of_another_form_is_named_under_every_policy() {
    for (bytes, expected) in others() {
        for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
            let error = refusal(read(&[content(bytes.clone())], policy));
            assert!(error.contains(expected), "{expected}: {error}");
        }
        let error = certificates("list", &bytes).unwrap_err().to_string();
        assert!(error.starts_with(&format!("list: {expected}")), "{error}");
    }
}

#[test]
fn another_form_that_was_labelled_a_certificate_is_named() {
    for (bytes, expected) in others() {
        let error = refusal(read_strictly(pem(&[bytes])));
        assert!(
            error.starts_with(&format!("list: certificate 1, line 1: {expected}")),
            "{error}"
        );
    }
}

#[test]
fn a_pem_file_without_a_certificate_says_what_it_has() {
    for (label, expected) in [
        ("PRIVATE KEY", "a private key; "),
        ("ENCRYPTED PRIVATE KEY", "a private key; "),
        ("CERTIFICATE REQUEST", "a request for a certificate (PKCS #10); "),
        ("X509 CRL", "a list of revoked certificates (CRL); "),
        ("PUBLIC KEY", "a public key; "),
        ("DH PARAMETERS", "a section DH PARAMETERS; "),
    ] {
        let text = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n");
        for policy in [Policy::Strict, Policy::Store] {
            let error = refusal(read(&[content(text.clone())], policy));
            assert!(
                error.starts_with(&format!("list: no certificate, but {expected}")),
                "{error}"
            );
        }
    }
}

#[test]
fn where_nothing_is_left_every_reason_is_told() {
    let trailing = [Ca::root("Root").der().as_ref(), b"\n"].concat();
    let version_2 = {
        let mut der = Ca::root("Root").der().to_vec();
        let at = der
            .windows(5)
            .position(|window| window == [0xa0, 3, 2, 1, 2])
            .unwrap();
        der[at + 4] = 1;
        der
    };
    let text = pem(&[trailing, version_2, garbage::noise(30)]);
    let key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    for policy in [Policy::SkipInvalid, Policy::Store] {
        let error = refusal(read(&[content(format!("{text}{key}"))], policy));
        for reason in [
            "; list: certificate 1, line 1: not a certificate: expected ",
            "; list: certificate 2, line ",
            "; list: certificate 3, line ",
            ": a section PRIVATE KEY is not a certificate; passed over",
        ] {
            assert!(error.contains(reason), "{reason}: {error}");
        }
    }
    let many = pem(&vec![vec![0x30, 0x00]; 50]);
    let error = refusal(read(&[content(many)], Policy::SkipInvalid));
    assert!(error.ends_with("; and 30 more"), "{error}");
    assert!(error.len() < 4000);
}
