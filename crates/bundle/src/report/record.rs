//! One root, described.

use jit_trust_core::Certificate;
use serde::Serialize;

use crate::Fingerprint;
use crate::time::rfc3339;

/// What a certificate is, as text. Serialised with the names of these fields, in this order; `null` for what a
/// certificate does not have.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// The subject, as `C=US, O=Example, CN=Example Root`, safe for a terminal.
    pub subject: String,
    /// The subject key identifier in upper-case hex.
    pub skid: Option<String>,
    /// SHA-256 over the certificate, in lower-case hex.
    pub sha256: String,
    /// SHA-256 over the subject public key info, the header of its SEQUENCE included, in lower-case hex.
    pub spki_sha256: String,
    /// The first second of the validity period, in RFC 3339; `None` when the date cannot be read.
    pub not_before: Option<String>,
    /// The last second of the validity period, in RFC 3339; `None` when the date cannot be read.
    pub not_after: Option<String>,
    /// The length of the certificate in bytes.
    pub der_len: usize,
}

impl Record {
    /// Describes a certificate.
    pub fn of(certificate: &Certificate<'_>) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            skid: certificate.subject_key_id().map(|key_id| key_id.to_string()),
            sha256: Fingerprint::of(certificate.as_der()).to_string(),
            spki_sha256: Fingerprint::of(certificate.spki()).to_string(),
            not_before: certificate.not_before().and_then(rfc3339),
            not_after: certificate.not_after().and_then(rfc3339),
            der_len: certificate.as_der().len(),
        }
    }
}
