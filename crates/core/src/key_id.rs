//! Key identifiers: short names that certificates give to public keys.

use core::fmt;

/// The identifier of a public key, as a subject key identifier (SKID, RFC 5280 section 4.2.1.2) or as the key
/// identifier of an authority key identifier (AKID, section 4.2.1.1). Never empty; usually 20 bytes, but that is not required.
///
/// It is a hint, which the issuer of the certificate chooses: two keys may have the same one, and it may be wrong.
///
/// Displayed as upper-case hex, as in the file names of a webroot.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId<'a>(&'a [u8]);

impl<'a> KeyId<'a> {
    /// A key identifier of these bytes; `None` for no bytes.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        (!bytes.is_empty()).then_some(Self(bytes))
    }

    /// The bytes of the identifier, without DER headers.
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
