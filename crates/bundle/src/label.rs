//! What to call an anchor.

use jit_trust_core::Entry;

use crate::Fingerprint;

/// The name of an anchor; where that is not known its subject key identifier, and without one the hash of its key.
pub(crate) fn label(entry: &Entry<'_>) -> String {
    match (entry.subject(), entry.subject_key_id()) {
        (Some(subject), _) => subject.to_string(),
        (None, Some(key_id)) => format!("SKID {key_id}"),
        (None, None) => format!("key {}", Fingerprint::from(entry.spki_sha256())),
    }
}
