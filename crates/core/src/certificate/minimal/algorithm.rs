//! The signature algorithm of a key's own certificates.

use crate::der::{Reader, tag};

/// What subject public keys are of (RFC 3279, RFC 4055, RFC 5480, RFC 8410): the contents of OBJECT IDENTIFIERs.
mod key {
    pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    pub(super) const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
    pub(super) const ELLIPTIC_CURVE: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    pub(super) const ED25519: &[u8] = b"\x2b\x65\x70";
    pub(super) const ED448: &[u8] = b"\x2b\x65\x71";
}

/// Named curves (RFC 5480 section 2.1.1.1): OBJECT IDENTIFIERs, their headers included.
mod curve {
    pub(super) const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
    pub(super) const P521: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x23";
}

/// Signature algorithms (RFC 4055 section 5, RFC 5758 section 3.2): AlgorithmIdentifiers, their headers included.
mod signature {
    pub(super) const RSA_SHA256: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
    pub(super) const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    pub(super) const ECDSA_SHA384: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
    pub(super) const ECDSA_SHA512: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
}

/// The AlgorithmIdentifier of signatures by this key, given as the inside of its SPKI; `None` for a kind of key that
/// is not known here.
///
/// No signature is there to be verified with it, but OpenSSL takes a certificate for self-signed only if its algorithm
/// is one of its key, and in its Suite B modes wants the hash that belongs to the curve.
pub(super) fn of_key(spki_value: &[u8]) -> Option<&[u8]> {
    let algorithm = Reader::new(spki_value).expect(tag::SEQUENCE)?;
    let mut fields = Reader::new(algorithm.value);
    let id = fields.expect(tag::OBJECT_IDENTIFIER)?.value;
    match (id, fields.rest()) {
        (key::RSA, _) => Some(signature::RSA_SHA256),
        (key::ELLIPTIC_CURVE, curve::P384) => Some(signature::ECDSA_SHA384),
        (key::ELLIPTIC_CURVE, curve::P521) => Some(signature::ECDSA_SHA512),
        (key::ELLIPTIC_CURVE, _) => Some(signature::ECDSA_SHA256),
        // These name their keys and their signatures alike, and parameters of the key bind its signatures.
        (key::RSASSA_PSS | key::ED25519 | key::ED448, _) => Some(algorithm.whole),
        _ => None,
    }
}
