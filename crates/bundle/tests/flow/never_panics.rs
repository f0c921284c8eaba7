//! Whatever a file holds, reading it ends, and ends without a panic.

use std::sync::LazyLock;

use jit_trust_bundle::{BlobOptions, Diff, Policy, Record, encode_blob, read};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::fixture::*;
use crate::version_2::crc32c;

const POLICIES: [Policy; 3] = [Policy::Strict, Policy::SkipInvalid, Policy::Store];

/// A short list in each form.
static FORMS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let roots = roots(2);
    let whole = BlobOptions::default().with_names(true).with_certificates(true);
    let mut listed = all_trusted(&roots);
    listed[1].has_date = true;
    vec![
        pem_of(&roots).into_bytes(),
        certdata(&listed).into_bytes(),
        ccadb(&listed).into_bytes(),
        blob_v1(&roots),
        blob(&roots),
        encode_blob(&roots, GENERATION, whole).unwrap().bytes,
        der_of(&roots[0]).to_vec(),
    ]
});

/// What a file may begin with to be taken for something.
const BEGINNINGS: [&[u8]; 6] = [
    b"-----BEGIN CERTIFICATE-----\n",
    b"BEGINDATA\nCKA_CLASS T ",
    b"Trust Bits,PEM Info\n",
    b"TBLB\0\x01",
    b"TBLB\0\x02",
    b"\x30\x82",
];

fn read_with_each_policy(bytes: &[u8]) {
    for policy in POLICIES {
        match read(&[content(bytes)], policy) {
            Err(error) => {
                let line = error.to_string();
                assert!(!line.contains(char::is_control), "{line:?}");
            }
            // What was read can be described, compared and written again.
            Ok(list) => {
                let _ = list.roots().iter().map(Record::of).count();
                assert!(Diff::between(&list, &list).is_empty());
                let again = encode_blob(list.roots(), GENERATION, BlobOptions::default());
                let again = read(&[content(again.unwrap().bytes)], Policy::Store).unwrap();
                assert_eq!(again.roots().len(), list.roots().len());
            }
        }
    }
}

proptest! {
    #[test]
    fn on_arbitrary_bytes(beginning in select(&BEGINNINGS[..]), rest in vec(any::<u8>(), 0..300)) {
        read_with_each_policy(&rest);
        read_with_each_policy(&[beginning, &rest].concat());
    }

    #[test]
    fn on_arbitrary_lines(beginning in select(&BEGINNINGS[..]), lines in vec(line(), 0..30)) {
        read_with_each_policy(&[beginning, lines.join("\n").as_bytes()].concat());
    }

    #[test]
    fn on_blobs_of_version_2_with_bytes_changed_and_a_checksum_that_fits(
        whole in any::<bool>(),
        changes in vec((any::<Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = FORMS[if whole { 5 } else { 4 }].clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        read_with_each_policy(&with_its_checksum(bytes));
    }

    #[test]
    fn on_lists_with_bytes_changed_removed_and_doubled(
        form in any::<Index>(),
        changes in vec((any::<Index>(), any::<u8>(), 0..3), 1..6),
        end in proptest::option::of(any::<Index>()),
    ) {
        let mut bytes = form.get(&FORMS).clone();
        for (at, byte, change) in changes {
            let at = at.index(bytes.len());
            match change {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                _ => bytes.insert(at, byte),
            }
        }
        bytes.truncate(end.map_or(bytes.len(), |end| end.index(bytes.len())));
        read_with_each_policy(&bytes);
    }
}

/// Damage that the checksum does not show.
fn with_its_checksum(mut blob: Vec<u8>) -> Vec<u8> {
    if let Some((content, checksum)) = blob.split_last_chunk_mut() {
        *checksum = crc32c(content).to_be_bytes();
    }
    blob
}

/// Lines that mean something to one of the readers.
fn line() -> impl Strategy<Value = String> {
    let known = select(vec![
        "-----BEGIN CERTIFICATE-----",
        "-----END CERTIFICATE-----",
        "-----BEGIN X509 CRL-----",
        "-----BEGIN -----",
        "-----END -----",
        "-----BEGIN ",
        "AAAA",
        "CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE",
        "CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST",
        "CKA_VALUE MULTILINE_OCTAL",
        "CKA_ISSUER MULTILINE_OCTAL",
        "CKA_SERIAL_NUMBER MULTILINE_OCTAL",
        "CKA_NSS_SERVER_DISTRUST_AFTER MULTILINE_OCTAL",
        "CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR",
        "\\060\\377",
        "\\06",
        "END",
        "Websites,'-----BEGIN CERTIFICATE-----",
        "Websites,\"",
    ]);
    prop_oneof![4 => known.prop_map(str::to_owned), 1 => ".*"]
}
