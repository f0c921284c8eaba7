//! The fields that a TLS library checks in the certificate of a root: the permitted uses of its key, and its kind.

use core::net::IpAddr;

use super::Certificate;
use super::extensions::{id_ce, key_usage};
use crate::der::{Reader, tag};

/// The fields that a TLS library which takes anchors as certificates checks, other than the name, key, dates and name
/// constraints. webpki checks none of them; OpenSSL and mbedTLS do.
///
/// The default is a plain root: X.509 version 3, self-issued, a CA without a path length, whose key signs certificates
/// and CRLs for any purpose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Profile<'a> {
    /// Whether it is X.509 version 1, which has no extensions.
    pub is_version_1: bool,
    /// Whether it names itself as its issuer: subject and issuer are the same (RFC 5280 section 3.2), and its authority key
    /// identifier, if it has one, names no other.
    pub is_self_issued: bool,
    /// The basic constraints (RFC 5280 section 4.2.1.9).
    pub basic_constraints: BasicConstraints,
    /// The key usage (RFC 5280 section 4.2.1.3): the named bits in the order of the BIT STRING, `digitalSignature` the most
    /// significant of the 16. `None` without the extension, which permits everything.
    pub key_usage: Option<u16>,
    /// The extended key usage (RFC 5280 section 4.2.1.12): the value of its SEQUENCE, one OBJECT IDENTIFIER after the
    /// other. `None` without the extension, which allows everything.
    pub extended_key_usage: Option<&'a [u8]>,
    /// Whether the certificate has more than these fields can represent: a critical extension that RFC 5280 does not define as
    /// critical, or one of the above that cannot be read. A library that checks such a certificate refuses it.
    pub is_incomplete: bool,
}

/// The basic constraints of a certificate (RFC 5280 section 4.2.1.9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BasicConstraints {
    /// The extension is absent.
    Absent,
    /// Not a CA.
    NotCa,
    /// A CA.
    Ca {
        /// The number of CAs that may be between it and an end entity. 255 means 255 or more, which no path has.
        path_length: Option<u8>,
    },
}

impl Profile<'_> {
    /// The key usage of a plain root: `keyCertSign` and `cRLSign`.
    pub const PLAIN_KEY_USAGE: u16 = 0x0600;
}

impl Default for Profile<'_> {
    fn default() -> Self {
        Self {
            is_version_1: false,
            is_self_issued: true,
            basic_constraints: BasicConstraints::Ca { path_length: None },
            key_usage: Some(Self::PLAIN_KEY_USAGE),
            extended_key_usage: None,
            is_incomplete: false,
        }
    }
}

impl<'a> Certificate<'a> {
    /// The permitted uses of the certificate's key, by its own statements. Reads the extensions once more.
    pub fn profile(&self) -> Profile<'a> {
        let mut profile = Profile {
            is_version_1: self.extensions_list().is_none(),
            is_self_issued: self.names_itself_as_issuer(),
            basic_constraints: BasicConstraints::Absent,
            key_usage: None,
            extended_key_usage: None,
            is_incomplete: false,
        };
        let mut list = Reader::new(self.extensions_list().unwrap_or_default());
        while let Some(extension) = list.read() {
            let read = profile.read_extension(extension.value);
            profile.is_incomplete |= read.is_none();
        }
        profile
    }

    /// The subject alternative names (RFC 5280 section 4.2.1.6): the value of the `GeneralNames` SEQUENCE, without its
    /// header; `None` without the extension. Reads the extensions once more.
    pub fn subject_alt_names(&self) -> Option<&'a [u8]> {
        let mut list = Reader::new(self.extensions_list()?);
        while let Some(extension) = list.read() {
            let mut fields = Reader::new(extension.value);
            let id = fields.expect(tag::OBJECT_IDENTIFIER)?.value;
            fields.expect(tag::BOOLEAN);
            if id == [0x55, 0x1d, id_ce::SUBJECT_ALT_NAME] {
                let value = fields.expect(tag::OCTET_STRING)?.value;
                return Some(Reader::new(value).expect(tag::SEQUENCE)?.value);
            }
        }
        None
    }

    /// Whether the certificate is for this IP address: whether that is among its subject alternative names.
    pub fn is_for_ip_address(&self, address: IpAddr) -> bool {
        let mut names = Reader::new(self.subject_alt_names().unwrap_or_default());
        let is_it = |octets: &[u8]| match address {
            IpAddr::V4(address) => octets == address.octets(),
            IpAddr::V6(address) => octets == address.octets(),
        };
        core::iter::from_fn(|| names.read()).any(|name| name.tag == tag::context(7) && is_it(name.value))
    }

    /// The value of the SEQUENCE of extensions, empty where there are none; `None` for an X.509 v1 certificate.
    fn extensions_list(&self) -> Option<&'a [u8]> {
        let mut certificate = Reader::new(self.der);
        let mut tbs = Reader::new(Reader::new(certificate.read()?.value).read()?.value);
        tbs.expect(tag::context_constructed(0))?;
        let mut rest = tbs;
        while let Some(field) = rest.read() {
            if field.tag == tag::context_constructed(3) {
                let mut list = Reader::new(field.value);
                return list.read().map(|list| list.value);
            }
        }
        Some(&[])
    }
}

impl<'a> Profile<'a> {
    /// Adds the contents of one extension; `None` when it cannot be read, or is critical and unknown.
    fn read_extension(&mut self, extension: &'a [u8]) -> Option<()> {
        let mut fields = Reader::new(extension);
        let id = fields.expect(tag::OBJECT_IDENTIFIER)?.value;
        let is_critical = fields
            .expect(tag::BOOLEAN)
            .is_some_and(|critical| critical.value == [0xff]);
        let value = fields.expect(tag::OCTET_STRING)?.value;
        match id {
            [0x55, 0x1d, id_ce::BASIC_CONSTRAINTS] => self.basic_constraints = basic_constraints(value)?,
            [0x55, 0x1d, id_ce::KEY_USAGE] => self.key_usage = Some(key_usage(value)?),
            [0x55, 0x1d, id_ce::EXT_KEY_USAGE] => {
                self.extended_key_usage = Some(Reader::new(value).expect(tag::SEQUENCE)?.value);
            }
            [0x55, 0x1d, id] if id_ce::MAY_BE_CRITICAL.contains(id) => {}
            _ => return (!is_critical).then_some(()),
        }
        Some(())
    }
}

/// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER OPTIONAL }`.
fn basic_constraints(value: &[u8]) -> Option<BasicConstraints> {
    let mut reader = Reader::new(value);
    let mut fields = Reader::new(reader.expect(tag::SEQUENCE)?.value);
    let is_ca = match fields.expect(tag::BOOLEAN) {
        Some(is_ca) => is_ca.value == [0xff],
        None => false,
    };
    let path_length = fields.expect(tag::INTEGER);
    if !fields.is_at_end() {
        return None;
    }
    match (is_ca, path_length) {
        (false, _) => Some(BasicConstraints::NotCa),
        (true, None) => Some(BasicConstraints::Ca { path_length: None }),
        (true, Some(length)) => Some(BasicConstraints::Ca {
            path_length: Some(small_integer(length.value)?),
        }),
    }
}

/// The content of an INTEGER that is not negative, in its shortest form; 255 for all that are larger.
fn small_integer(content: &[u8]) -> Option<u8> {
    match content {
        [] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
        [only] | [0, only] => Some(*only),
        _ => Some(u8::MAX),
    }
}
