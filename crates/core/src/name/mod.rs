//! Distinguished names. Anchors are found by their bytes.

mod attributes;
mod comparison;
mod display;
mod hash;

pub(crate) use attributes::{COMMON_NAME, EMAIL_ADDRESS, attributes};
pub use hash::{NameHash, NameHashPrefix};

use crate::der::{Reader, tag};

/// A distinguished name (RFC 5280 section 4.1.2.4) in its DER encoding, the header of its SEQUENCE included.
///
/// Two names are equal when their bytes are equal: webpki builds paths that way, and the CA/Browser Forum's Baseline
/// Requirements (section 7.1.4.1) demand it of a subject and the issuer field that refers to it.
///
/// Displayed in the order of the encoding, as `C=US, O=Example, CN=Example Root`. Characters that could mislead a reader
/// or a terminal are escaped as in RFC 4514 section 2.4; the order and the separators are not those of that RFC.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Name<'a> {
    der: &'a [u8],
}

impl<'a> Name<'a> {
    /// The name with this encoding: one DER SEQUENCE with nothing after it. Its content is not read.
    pub fn from_der(der: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(der);
        reader.expect(tag::SEQUENCE)?;
        reader.is_at_end().then_some(Self { der })
    }

    /// A name whose header was read before, together with its certificate.
    pub(crate) fn of_certificate(der: &'a [u8]) -> Self {
        Self { der }
    }

    /// The encoding, the header of the SEQUENCE included.
    pub fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The content of the SEQUENCE, without its header: what webpki calls the subject of a trust anchor.
    pub fn value(&self) -> &'a [u8] {
        let name = Reader::new(self.der).read();
        name.map(|name| name.value).unwrap_or_default()
    }

    /// The name's hash, which is in the file names of a webroot.
    pub fn hash(&self) -> NameHash {
        NameHash::of(self.der)
    }

    /// The name with the prefix of its hash, for lookups that need it more than once.
    pub fn hashed(&self) -> HashedName<'a> {
        HashedName {
            name: *self,
            hash_prefix: self.hash().prefix(),
        }
    }
}

/// A name and the prefix of its hash, by which an anchor is looked up in a trust blob of version 2. Only [`Name::hashed`] makes
/// one, so the two always belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashedName<'a> {
    name: Name<'a>,
    hash_prefix: NameHashPrefix,
}

impl<'a> HashedName<'a> {
    /// The name.
    pub fn name(&self) -> Name<'a> {
        self.name
    }

    /// The prefix of its hash.
    pub fn hash_prefix(&self) -> NameHashPrefix {
        self.hash_prefix
    }
}
