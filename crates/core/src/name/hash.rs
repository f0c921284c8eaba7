//! The hash of a name, by which stores find anchors.

use core::fmt;

use sha2::{Digest, Sha256};

/// SHA-256 over the DER encoding of a name, its SEQUENCE header included, like the `issuerNameHash` of OCSP
/// (RFC 6960 section 4.1.1). Displayed as 64 lower-case hex digits, as in file names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameHash([u8; Self::LEN]);

impl NameHash {
    /// The length in bytes.
    pub const LEN: usize = 32;

    pub(super) fn of(name_der: &[u8]) -> Self {
        Self(Sha256::digest(name_der).into())
    }

    /// The hash with these bytes.
    #[inline]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes of the hash.
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// The first 16 bytes of the hash.
    pub fn prefix(&self) -> NameHashPrefix {
        let [prefix @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = self.0;
        NameHashPrefix(prefix)
    }
}

/// The first 16 bytes of a [`NameHash`], under which a trust blob of version 2 holds an anchor. Displayed as 32
/// lower-case hex digits.
///
/// To confuse one CA's anchor with that of another, an attacker needs a second name with a given prefix: 2^128 hashes. (Any two
/// names with the same prefix take 2^64, but both must be names of CAs in the store, and the writer refuses that.)
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameHashPrefix([u8; Self::LEN]);

impl NameHashPrefix {
    /// The length in bytes.
    pub const LEN: usize = 16;

    /// The prefix with these bytes.
    #[inline]
    pub fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// The prefix as a number with the same order, which is faster to compare.
    #[inline]
    pub(crate) fn to_number(self) -> u128 {
        u128::from_be_bytes(self.0)
    }

    /// The 16 bytes.
    #[inline]
    pub fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }
}

impl fmt::Display for NameHashPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for NameHashPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NameHashPrefix({self})")
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
