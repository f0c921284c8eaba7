//! The hash of a name, the key under which stores file anchors.

use core::fmt;

use sha2::{Digest, Sha256};

/// SHA-256 over the DER encoding of a name, its SEQUENCE header included, like the `issuerNameHash` of OCSP
/// (RFC 6960 section 4.1.1). Displayed as 64 lower-case hex digits, as file names have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameHash([u8; 32]);

impl NameHash {
    pub(super) fn of(name_der: &[u8]) -> Self {
        Self(Sha256::digest(name_der).into())
    }

    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Display for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameHash({self})")
    }
}
