//! The description of a root.

use jit_trust_core::{Certificate, Entry};
use serde::Serialize;

use crate::time::rfc3339;
use crate::{Fingerprint, NameConstraints, Root};

/// The description of a root, as text. Serialised with the names of these fields, in this order; `null` for fields that the root
/// does not have, or the store does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Record {
    /// The subject, as `C=US, O=Example, CN=Example Root`, safe for a terminal; `None` from a trust blob without
    /// names.
    pub subject: Option<String>,
    /// The subject key identifier in upper-case hex.
    pub skid: Option<String>,
    /// SHA-256 over the certificate, in lower-case hex; `None` from a trust blob without certificates.
    pub sha256: Option<String>,
    /// SHA-256 over the subject public key info, the header of its SEQUENCE included, in lower-case hex. It identifies a root's key
    /// in every form of a store.
    pub spki_sha256: String,
    /// The first second of the validity period, in RFC 3339, and 1970-01-01T00:00:00Z for one before that; `None` when the
    /// date cannot be read.
    pub not_before: Option<String>,
    /// The last second of the validity period, as the first.
    pub not_after: Option<String>,
    /// The length of the certificate in bytes; `None` as for `sha256`.
    pub der_len: Option<usize>,
    /// The last second of which end-entity certificates are trusted, by their notBefore, in RFC 3339 (after the year
    /// 9999 in Unix time); `None` when there is no such condition, or the store cannot hold it.
    pub distrust_after: Option<String>,
    /// The name constraints, those of the certificate or those imposed on it.
    pub name_constraints: Option<NameConstraints>,
}

impl Record {
    /// Describes a root.
    pub fn of(root: &Root) -> Self {
        Self::of_entry(&root.entry())
    }

    /// Describes an entry of a store.
    pub fn of_entry(entry: &Entry<'_>) -> Self {
        let certificate = entry.certificate();
        let der = certificate.as_ref().map(Certificate::as_der);
        let condition = |time| rfc3339(time).unwrap_or_else(|| time.to_string());
        Self {
            subject: entry.subject().map(|subject| subject.to_string()),
            skid: entry.subject_key_id().map(|key_id| key_id.to_string()),
            sha256: der.map(|der| Fingerprint::of(der).to_string()),
            spki_sha256: Fingerprint::from(entry.spki_sha256()).to_string(),
            not_before: entry.not_before().and_then(rfc3339),
            not_after: entry.not_after().and_then(rfc3339),
            der_len: der.map(<[u8]>::len),
            distrust_after: entry.distrust_after().map(condition),
            name_constraints: entry.name_constraints().map(NameConstraints::of),
        }
    }
}
