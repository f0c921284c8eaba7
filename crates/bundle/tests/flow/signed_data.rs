//! PKCS #7 that consists of certificates, as OpenSSL makes it and as it is published.

use jit_trust_bundle::{Form, certificates};
use jit_trust_lab::pki::der::{context, integer, object_identifier, sequence, set};
use jit_trust_lab::pki::{Ca, pem};
use openssl::pkcs7::{Pkcs7, Pkcs7Flags};
use openssl::pkey::PKey;
use openssl::stack::Stack;
use openssl::x509::X509;

use crate::fixture::*;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const DATA: &str = "1.2.840.113549.1.7.1";

/// `SignedData` of these certificates, with this content and these signers.
fn signed_data(ders: &[&[u8]], content: &[u8], signers: &[u8]) -> Vec<u8> {
    let signed_data = sequence(&[
        &integer(&[1]),
        &set(&[]),
        content,
        &context(0, &ders.concat()),
        &set(&[signers]),
    ]);
    sequence(&[&object_identifier(SIGNED_DATA), &context(0, &signed_data)])
}

fn of_certificates(ders: &[&[u8]]) -> Vec<u8> {
    signed_data(ders, &sequence(&[&object_identifier(DATA)]), &[])
}

#[test]
fn certificates_in_pkcs_7_are_a_list_in_der_and_in_pem() {
    let roots = roots(3);
    let ders: Vec<&[u8]> = roots.iter().map(|root| der_of(root).as_ref()).collect();
    let der = of_certificates(&ders);
    let list = read_strictly(der.clone()).unwrap();
    assert_eq!(
        (list.roots(), list.sources()[0].form),
        (&roots[..], Form::SignedData)
    );
    for label in [" PKCS7", " CMS", " PKCS #7 SIGNED DATA"] {
        let text = pem(&[der.as_slice()]).replace(" CERTIFICATE", label);
        let beside = pem_of(&roots[..1]) + &text;
        assert_eq!(read_strictly(text.clone()).unwrap().roots(), roots);
        assert_eq!(read_strictly(beside).unwrap().roots(), roots);
        assert_eq!(certificates("list", text.as_bytes()).unwrap(), ders);
    }
    assert_eq!(certificates("list", &der).unwrap(), ders);
    // What OpenSSL reads, and writes again, is the same.
    let again = Pkcs7::from_der(&der).unwrap().to_der().unwrap();
    assert_eq!(read_strictly(again).unwrap().roots(), roots);
}

#[test]
fn a_broken_certificate_in_pkcs_7_is_named_with_its_number() {
    let roots = roots(1);
    let der = of_certificates(&[der_of(&roots[0]).as_ref(), b"\x30\x00"]);
    let error = refusal(read_strictly(der));
    assert!(
        error.starts_with("list: certificate 2: not a certificate: "),
        "{error}"
    );
}

#[test]
fn the_certificates_of_signers_are_no_list() {
    let ca = Ca::root("Signer");
    let (certificate, key) = (X509::from_der(&ca.der()).unwrap(), ca.key().private_pem());
    let key = PKey::private_key_from_pem(key.as_bytes()).unwrap();
    let others = Stack::new().unwrap();
    let signed = Pkcs7::sign(&certificate, &key, &others, b"content", Pkcs7Flags::empty()).unwrap();
    let root = &roots(1)[0];
    let der = der_of(root).as_ref();
    let other_content = sequence(&[&object_identifier("1.3.6.1.4.1.311.10.1")]);
    for bytes in [
        signed.to_der().unwrap(),
        signed_data(&[der], &other_content, &[]),
        signed_data(&[der], &sequence(&[&object_identifier(DATA)]), &sequence(&[])),
        signed_data(&[], &sequence(&[&object_identifier(DATA)]), &[]),
        signed_data(&[der, b"\xa1\x00"], &sequence(&[&object_identifier(DATA)]), &[]),
        of_certificates(&[der, b"\x30\x01"]),
    ] {
        let error = refusal(read_strictly(bytes.clone()));
        assert!(
            error.starts_with("list: PKCS #7 with a signature or other content, or damaged: "),
            "{error}"
        );
        assert!(certificates("list", &bytes).is_err());
    }
}
