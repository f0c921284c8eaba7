//! The extensions of a certificate (RFC 5280 section 4.2), encoded.

use std::net::IpAddr;

use super::{Name, der};

/// Object identifiers, dotted, of what the lab reads or writes by itself and of what tests ask for most.
pub mod oid {
    /// id-ce-subjectKeyIdentifier.
    pub const SUBJECT_KEY_IDENTIFIER: &str = "2.5.29.14";
    /// id-ce-keyUsage.
    pub const KEY_USAGE: &str = "2.5.29.15";
    /// id-ce-subjectAltName.
    pub const SUBJECT_ALT_NAME: &str = "2.5.29.17";
    /// id-ce-basicConstraints.
    pub const BASIC_CONSTRAINTS: &str = "2.5.29.19";
    /// id-ce-nameConstraints.
    pub const NAME_CONSTRAINTS: &str = "2.5.29.30";
    /// id-ce-authorityKeyIdentifier.
    pub const AUTHORITY_KEY_IDENTIFIER: &str = "2.5.29.35";
    /// id-ce-extKeyUsage.
    pub const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
    /// id-kp-serverAuth.
    pub const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
    /// id-kp-clientAuth.
    pub const CLIENT_AUTH: &str = "1.3.6.1.5.5.7.3.2";
    /// anyExtendedKeyUsage.
    pub const ANY_EXTENDED_KEY_USAGE: &str = "2.5.29.37.0";
    /// id-ecPublicKey.
    pub const EC_PUBLIC_KEY: &str = "1.2.840.10045.2.1";
    /// secp256r1.
    pub const P256: &str = "1.2.840.10045.3.1.7";
    /// secp384r1.
    pub const P384: &str = "1.3.132.0.34";
    /// secp521r1.
    pub const P521: &str = "1.3.132.0.35";
    /// rsaEncryption.
    pub const RSA: &str = "1.2.840.113549.1.1.1";
    /// An extension that means nothing to anyone, from the arc set aside for examples.
    pub const MEANINGLESS: &str = "2.999.1";
}

/// An extension as its parts: nothing is checked, so its value may be no DER at all.
#[derive(Clone, Debug)]
pub struct Extension {
    oid: String,
    critical: bool,
    value: Vec<u8>,
}

impl Extension {
    /// An extension by its dotted object identifier, with the bytes that its OCTET STRING holds.
    pub fn new(oid: &str, critical: bool, value: &[u8]) -> Self {
        Self {
            oid: oid.to_owned(),
            critical,
            value: value.to_vec(),
        }
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        // DER leaves a default out, and critical is FALSE by default.
        let critical = if self.critical {
            der::boolean(true)
        } else {
            Vec::new()
        };
        der::sequence(&[
            &der::object_identifier(&self.oid),
            &critical,
            &der::octet_string(&self.value),
        ])
    }
}

/// The subject key identifier of a certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum SubjectKeyId {
    /// The leftmost 160 bits of the SHA-256 of the SubjectPublicKeyInfo. (RFC 7093's method 1 takes the same
    /// of the bare key; only equality matters to anyone.)
    #[default]
    Derived,
    /// No such extension.
    Absent,
    /// These bytes, however many.
    Bytes(Vec<u8>),
}

/// The authority key identifier of a certificate.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub enum AuthorityKeyId {
    /// The issuer's subject key identifier. Left out if the issuer has none, and of a self-signed
    /// certificate, as RFC 5280 permits.
    #[default]
    Derived,
    /// No such extension.
    Absent,
    /// This key identifier.
    KeyId(Vec<u8>),
    /// The issuer and serial number in the issuer's own certificate.
    IssuerAndSerial,
    /// The issuer's subject key identifier, and the issuer and serial number in its certificate.
    Both,
    /// Any parts: a key identifier, and an issuer with a serial number's content bytes.
    Parts(Option<Vec<u8>>, Option<(Name, Vec<u8>)>),
}

/// Whether a certificate says that it is a CA's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum BasicConstraints {
    /// No such extension.
    Absent,
    /// cA is TRUE.
    Ca {
        /// How many intermediate certificates may follow this one, if limited.
        path_length: Option<u8>,
    },
    /// cA is FALSE.
    NotCa,
}

/// The permitted uses of a key: the bits of KeyUsage, by number.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are those of RFC 5280 section 4.2.1.3")]
pub enum KeyUsage {
    DigitalSignature = 0,
    ContentCommitment = 1,
    KeyEncipherment = 2,
    DataEncipherment = 3,
    KeyAgreement = 4,
    KeyCertSign = 5,
    CrlSign = 6,
    EncipherOnly = 7,
    DecipherOnly = 8,
}

pub(super) fn subject_key_id(key_id: &[u8]) -> Extension {
    Extension::new(oid::SUBJECT_KEY_IDENTIFIER, false, &der::octet_string(key_id))
}

pub(super) fn authority_key_id(
    key_id: Option<&[u8]>,
    issuer_and_serial: Option<(&Name, &[u8])>,
) -> Extension {
    let mut parts = Vec::new();
    if let Some(key_id) = key_id {
        parts.extend(der::context_primitive(0, key_id));
    }
    if let Some((issuer, serial)) = issuer_and_serial {
        // authorityCertIssuer is a GeneralNames; a directoryName in it is explicitly tagged, Name being a
        // CHOICE.
        parts.extend(der::context(1, &der::context(4, issuer.der())));
        parts.extend(der::context_primitive(2, serial));
    }
    Extension::new(oid::AUTHORITY_KEY_IDENTIFIER, false, &der::sequence(&[&parts]))
}

pub(super) fn basic_constraints(constraints: BasicConstraints) -> Option<Extension> {
    let value = match constraints {
        BasicConstraints::Absent => return None,
        BasicConstraints::NotCa => Vec::new(),
        BasicConstraints::Ca { path_length: None } => der::boolean(true),
        BasicConstraints::Ca {
            path_length: Some(length),
        } => [der::boolean(true), der::integer(&unsigned(length))].concat(),
    };
    Some(Extension::new(
        oid::BASIC_CONSTRAINTS,
        true,
        &der::sequence(&[&value]),
    ))
}

/// The shortest two's complement form of a number that is not negative.
fn unsigned(number: u8) -> Vec<u8> {
    if number < 0x80 {
        vec![number]
    } else {
        vec![0, number]
    }
}

pub(super) fn key_usage(usages: &[KeyUsage]) -> Extension {
    let mut bits = [0_u8; 2];
    for usage in usages {
        let number = *usage as usize;
        bits[number / 8] |= 0x80 >> (number % 8);
    }
    // DER drops the trailing zero bits of a list of named ones.
    let contents = match bits {
        [0, 0] => vec![0],
        [first, 0] => vec![first.trailing_zeros() as u8, first],
        [first, second] => vec![second.trailing_zeros() as u8, first, second],
    };
    Extension::new(oid::KEY_USAGE, true, &der::tlv(0x03, &contents))
}

pub(super) fn extended_key_usage(purposes: &[String]) -> Extension {
    let purposes: Vec<u8> = purposes
        .iter()
        .flat_map(|purpose| der::object_identifier(purpose))
        .collect();
    Extension::new(oid::EXTENDED_KEY_USAGE, false, &der::sequence(&[&purposes]))
}

pub(super) fn subject_alt_name(names: &[String], critical: bool) -> Extension {
    let names: Vec<u8> = names.iter().flat_map(|name| general_name(name)).collect();
    Extension::new(oid::SUBJECT_ALT_NAME, critical, &der::sequence(&[&names]))
}

/// An iPAddress where the text is one, else a dNSName.
fn general_name(name: &str) -> Vec<u8> {
    match name.parse() {
        Ok(IpAddr::V4(address)) => der::context_primitive(7, &address.octets()),
        Ok(IpAddr::V6(address)) => der::context_primitive(7, &address.octets()),
        Err(_) => der::context_primitive(2, name.as_bytes()),
    }
}

pub(super) fn name_constraints(permitted: &[String], excluded: &[String]) -> Extension {
    let constraints = dns_name_constraints(permitted, excluded);
    Extension::new(oid::NAME_CONSTRAINTS, true, &der::sequence(&[&constraints]))
}

/// Name constraints on DNS names as a trust anchor carries them: the inside of the NameConstraints SEQUENCE,
/// without its header.
pub fn dns_name_constraints(permitted: &[impl AsRef<str>], excluded: &[impl AsRef<str>]) -> Vec<u8> {
    [subtrees(0, permitted), subtrees(1, excluded)].concat()
}

fn subtrees(number: u8, domains: &[impl AsRef<str>]) -> Vec<u8> {
    if domains.is_empty() {
        return Vec::new();
    }
    let subtrees: Vec<u8> = domains
        .iter()
        .flat_map(|domain| der::sequence(&[&der::context_primitive(2, domain.as_ref().as_bytes())]))
        .collect();
    der::context(number, &subtrees)
}
