//! Key identifiers: the short name that a certificate gives to a public key.

use core::fmt;

/// The identifier of a public key, as a subject key identifier (SKID, RFC 5280 section 4.2.1.2) or as the key
/// identifier of an authority key identifier (AKID, section 4.2.1.1) gives it. Never empty; usually 20 bytes,
/// but nothing says so.
///
/// It is a hint, chosen by the issuer of the certificate: two keys may share one, and a certificate may lie.
///
/// Displayed as upper-case hex, as in the file names of a webroot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId<'a>(&'a [u8]);

impl<'a> KeyId<'a> {
    /// A key identifier of these bytes; `None` for no bytes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The bytes of the identifier, without any DER around them.
    pub fn as_bytes(&self) -> &'a [u8] {
        self.0
    }
}

impl fmt::Display for KeyId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
    }
}

impl fmt::Debug for KeyId<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}
