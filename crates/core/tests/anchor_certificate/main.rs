//! The certificate of an anchor, for libraries that want one: it says what the root's own says, and leads OpenSSL to
//! the same verdicts.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod fields;
mod verdict;

use jit_trust_core::{AnchorCertificateError, Certificate, Entry, Name, TrustAnchor, TrustBlob, v2};

const NO_NAMES: [&str; 0] = [];

fn read(der: &[u8]) -> Certificate<'_> {
    Certificate::from_der(der).unwrap_or_else(|error| panic!("{error}"))
}

fn entry(der: &[u8]) -> Entry<'_> {
    Entry::from_certificate(read(der))
}

/// A blob of version 2 that holds this entry; `None` when it is too long for one.
fn blob_of(entry: Entry<'_>, options: v2::Options) -> Option<Vec<u8>> {
    let mut blob = vec![0; v2::encoded_len(&[entry], options).ok()?];
    v2::encode(&[entry], options, 7, &mut blob).unwrap();
    Some(blob)
}

/// The anchor under this name in a blob.
fn anchor<'a>(blob: &TrustBlob<'a>, name: Name<'a>) -> TrustAnchor<'a> {
    let entry = blob.entries().next().unwrap();
    entry.named(name).unwrap()
}

/// The certificate of the anchor, in a buffer as long as it takes.
fn certificate_of(anchor: &TrustAnchor<'_>) -> Result<Vec<u8>, AnchorCertificateError> {
    let mut buffer = vec![0; anchor.certificate_buffer_len()?];
    anchor.to_certificate(&mut buffer).map(<[u8]>::to_vec)
}

/// What is handed out for this entry once it has been in a blob of version 2 without certificates.
fn minimal_of(entry: Entry<'_>) -> Result<Vec<u8>, AnchorCertificateError> {
    let blob = blob_of(entry, v2::Options::default()).unwrap();
    let blob = TrustBlob::open(&blob).unwrap();
    certificate_of(&anchor(&blob, entry.subject().unwrap()))
}

fn minimal(der: &[u8]) -> Vec<u8> {
    minimal_of(entry(der)).unwrap()
}
