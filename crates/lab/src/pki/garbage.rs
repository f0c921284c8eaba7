//! Bytes that a peer may send or a file may hold in place of a certificate.

use pki_types::CertificateDer;
use sha2::{Digest, Sha256};

use super::der;

/// The first `length` bytes of a certificate.
///
/// # Panics
///
/// When the certificate is shorter.
pub fn truncated(certificate: &CertificateDer<'_>, length: usize) -> CertificateDer<'static> {
    certificate[..length].to_vec().into()
}

/// A well-formed SEQUENCE header over `length` bytes of noise; the same bytes every time.
pub fn sequence_of_noise(length: usize) -> CertificateDer<'static> {
    der::sequence(&[&noise(length)]).into()
}

/// `length` bytes that look random and are the same every time.
pub fn noise(length: usize) -> Vec<u8> {
    (0_u64..)
        .flat_map(|block| Sha256::digest(block.to_be_bytes()))
        .take(length)
        .collect()
}
