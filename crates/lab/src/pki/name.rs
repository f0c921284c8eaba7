//! Distinguished names (RFC 5280 section 4.1.2.4).

use super::der;

/// The DER encoding of a Name, its SEQUENCE header included.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Name(Vec<u8>);

impl Name {
    /// The name without any attribute.
    pub fn empty() -> Self {
        Self::of(&[])
    }

    /// A name of these attributes, each in its own RelativeDistinguishedName.
    pub fn of(attributes: &[Attribute]) -> Self {
        let rdns: Vec<u8> = attributes
            .iter()
            .flat_map(|attribute| der::set(&[&attribute.encode()]))
            .collect();
        Self(der::sequence(&[&rdns]))
    }

    /// Any bytes in the place of a Name.
    pub fn from_der(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// The encoding, its SEQUENCE header included.
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn is_empty(&self) -> bool {
        *self == Self::empty()
    }
}

/// A common name in a UTF8String.
impl From<&str> for Name {
    fn from(common_name: &str) -> Self {
        Self::of(&[Attribute::common_name(common_name)])
    }
}

impl From<&Name> for Name {
    fn from(name: &Name) -> Self {
        name.clone()
    }
}

impl<const N: usize> From<[Attribute; N]> for Name {
    fn from(attributes: [Attribute; N]) -> Self {
        Self::of(&attributes)
    }
}

/// One attribute of a [`Name`]: what it is, and its value in some string type.
#[derive(Clone, Debug)]
pub struct Attribute {
    oid: String,
    string_type: StringType,
    value: Vec<u8>,
}

impl Attribute {
    /// An attribute by its dotted object identifier.
    pub fn new(oid: &str, string_type: StringType, value: &str) -> Self {
        Self {
            oid: oid.to_owned(),
            string_type,
            value: string_type.contents(value),
        }
    }

    /// CN, a UTF8String.
    pub fn common_name(value: &str) -> Self {
        Self::new("2.5.4.3", StringType::Utf8, value)
    }

    /// C, a PrintableString.
    pub fn country(value: &str) -> Self {
        Self::new("2.5.4.6", StringType::Printable, value)
    }

    /// O, a UTF8String.
    pub fn organization(value: &str) -> Self {
        Self::new("2.5.4.10", StringType::Utf8, value)
    }

    /// OU, a UTF8String.
    pub fn organizational_unit(value: &str) -> Self {
        Self::new("2.5.4.11", StringType::Utf8, value)
    }

    fn encode(&self) -> Vec<u8> {
        der::sequence(&[
            &der::object_identifier(&self.oid),
            &der::tlv(self.string_type.tag(), &self.value),
        ])
    }
}

/// The string types that a DirectoryString and its relatives may have. Values are not checked against their
/// alphabet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum StringType {
    /// UTF8String.
    Utf8,
    /// PrintableString.
    Printable,
    /// TeletexString, its characters taken as Latin-1 as most software does.
    Teletex,
    /// IA5String.
    Ia5,
    /// BMPString, UTF-16 big-endian.
    Bmp,
    /// UniversalString, UTF-32 big-endian.
    Universal,
}

impl StringType {
    fn tag(self) -> u8 {
        match self {
            Self::Utf8 => 0x0c,
            Self::Printable => 0x13,
            Self::Teletex => 0x14,
            Self::Ia5 => 0x16,
            Self::Bmp => 0x1e,
            Self::Universal => 0x1c,
        }
    }

    fn contents(self, value: &str) -> Vec<u8> {
        match self {
            Self::Utf8 | Self::Printable | Self::Ia5 => value.as_bytes().to_vec(),
            Self::Teletex => value
                .chars()
                .map(|character| {
                    u8::try_from(character).expect("a TeletexString holds Latin-1 characters only")
                })
                .collect(),
            Self::Bmp => value.encode_utf16().flat_map(u16::to_be_bytes).collect(),
            Self::Universal => value
                .chars()
                .flat_map(|character| u32::from(character).to_be_bytes())
                .collect(),
        }
    }
}
