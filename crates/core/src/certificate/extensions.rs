//! The extensions of a certificate (RFC 5280 section 4.2) that matter for the selection.

use super::reading::{CertificateError, Reading};
use crate::der::{Reader, Span, Tlv, tag};

/// The last byte of the object identifiers 2.5.29.x of the standard extensions.
pub(crate) mod id_ce {
    pub(crate) const SUBJECT_KEY_IDENTIFIER: u8 = 14;
    pub(crate) const KEY_USAGE: u8 = 15;
    pub(crate) const SUBJECT_ALT_NAME: u8 = 17;
    pub(crate) const BASIC_CONSTRAINTS: u8 = 19;
    pub(crate) const NAME_CONSTRAINTS: u8 = 30;
    pub(crate) const CRL_DISTRIBUTION_POINTS: u8 = 31;
    pub(crate) const AUTHORITY_KEY_IDENTIFIER: u8 = 35;
    pub(crate) const EXT_KEY_USAGE: u8 = 37;

    /// The extensions that may be critical in the certificate of a CA by RFC 5280 section 4.2.1, so that a TLS library can be
    /// expected to process them. Key identifiers, issuer alternative names, directory attributes and freshest CRLs must not
    /// be critical.
    pub(crate) const MAY_BE_CRITICAL: [u8; 10] = [15, 17, 19, 30, 31, 32, 33, 36, 37, 54];
}

/// The values of the extensions, as spans of the certificate; an empty span for an absent one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) subject_key_id: Span,
    pub(super) authority_key_id: Span,
    pub(super) authority_issuer: Span,
    pub(super) authority_serial: Span,
    pub(super) name_constraints: Option<Span>,
    pub(super) says_it_is_no_ca: bool,
}

impl Extensions {
    /// The extensions of a v1 certificate, which has none, and so cannot say that it is not a CA's.
    pub(super) fn of_version_1() -> Self {
        Self::default()
    }

    /// Reads `extensions [3] EXPLICIT`, which may be absent, and is empty in certificates of some CAs.
    pub(super) fn read<'a>(reading: Reading<'a>, tbs: &mut Reader<'a>) -> Result<Self, CertificateError> {
        let mut extensions = Self::default();
        let mut seen = Seen::default();
        if !tbs.is_at_end() {
            let extensions_tag = tag::context_constructed(3);
            let tagged = reading.expect(tbs, extensions_tag, "the extensions, or the end")?;
            let mut tagged = Reader::new(tagged.value);
            let list = reading.expect(&mut tagged, tag::SEQUENCE, "the SEQUENCE of extensions")?;
            reading.expect_end(tagged, "nothing behind the extensions")?;
            let mut list = Reader::new(list.value);
            while !list.is_at_end() {
                extensions.read_one(reading, &mut list, &mut seen)?;
            }
        }
        let may_sign_certificates = seen.key_usage_allows_signing.unwrap_or(true);
        extensions.says_it_is_no_ca = !(seen.is_ca && may_sign_certificates);
        Ok(extensions)
    }

    fn read_one<'a>(
        &mut self,
        reading: Reading<'a>,
        list: &mut Reader<'a>,
        seen: &mut Seen,
    ) -> Result<(), CertificateError> {
        let extension = reading.expect(list, tag::SEQUENCE, "the SEQUENCE of an extension")?;
        let mut fields = Reader::new(extension.value);
        let id = reading.expect(
            &mut fields,
            tag::OBJECT_IDENTIFIER,
            "the identifier of an extension",
        )?;
        if let [tag::BOOLEAN, ..] = fields.rest() {
            let critical = reading.expect(&mut fields, tag::BOOLEAN, "a BOOLEAN")?;
            if !matches!(critical.value, [0x00] | [0xff]) {
                return Err(reading.error("TRUE or FALSE", critical.value));
            }
        }
        let value = reading.expect(&mut fields, tag::OCTET_STRING, "the value of an extension")?;
        reading.expect_end(fields, "nothing behind the value of an extension")?;

        let &[0x55, 0x1d, id] = id.value else {
            return Ok(());
        };
        match id {
            id_ce::SUBJECT_KEY_IDENTIFIER => self.read_subject_key_id(reading, value.value),
            id_ce::AUTHORITY_KEY_IDENTIFIER => self.read_authority_key_id(reading, value.value),
            _ => {}
        }
        // The extensions that webpki reads: each at most once, each a SEQUENCE except the key usage.
        let Some(bit) = Seen::bit(id) else {
            return Ok(());
        };
        if seen.ids & bit != 0 {
            return Err(reading.error("each extension once", extension.whole));
        }
        seen.ids |= bit;
        if id == id_ce::KEY_USAGE {
            seen.key_usage_allows_signing = Some(allows_signing_certificates(value.value));
            return Ok(());
        }
        let mut inside = Reader::new(value.value);
        let sequence = reading.expect(
            &mut inside,
            tag::SEQUENCE,
            "a SEQUENCE as the value of the extension",
        )?;
        reading.expect_end(inside, "nothing behind the SEQUENCE of the extension")?;
        match id {
            id_ce::BASIC_CONSTRAINTS => seen.is_ca = matches!(sequence.value, [tag::BOOLEAN, 1, 0xff, ..]),
            id_ce::NAME_CONSTRAINTS => self.name_constraints = Some(reading.span(sequence.value)),
            _ => {}
        }
        Ok(())
    }

    /// Reads `SubjectKeyIdentifier ::= OCTET STRING`. A malformed one counts as absent, because it is only a hint.
    fn read_subject_key_id(&mut self, reading: Reading<'_>, value: &[u8]) {
        let mut value = Reader::new(value);
        if let Some(key_id) = value.expect(tag::OCTET_STRING).filter(|_| value.is_at_end()) {
            self.subject_key_id = reading.span(key_id.value);
        }
    }

    /// `AuthorityKeyIdentifier ::= SEQUENCE { [0] keyIdentifier, [1] authorityCertIssuer, [2] serial }`.
    fn read_authority_key_id(&mut self, reading: Reading<'_>, value: &[u8]) {
        let Some(sequence) = Reader::new(value).expect(tag::SEQUENCE) else {
            return;
        };
        let mut fields = Reader::new(sequence.value);
        if let Some(key_id) = fields.expect(tag::context(0)) {
            self.authority_key_id = reading.span(key_id.value);
        }
        if let Some(issuer) = fields
            .expect(tag::context_constructed(1))
            .and_then(directory_name)
        {
            self.authority_issuer = reading.span(issuer);
        }
        if let Some(serial) = fields.expect(tag::context(2)) {
            self.authority_serial = reading.span(serial.value);
        }
    }
}

/// The state while the list is read.
#[derive(Default)]
struct Seen {
    ids: u8,
    is_ca: bool,
    key_usage_allows_signing: Option<bool>,
}

impl Seen {
    fn bit(id: u8) -> Option<u8> {
        Some(match id {
            id_ce::KEY_USAGE => 1,
            id_ce::SUBJECT_ALT_NAME => 2,
            id_ce::BASIC_CONSTRAINTS => 4,
            id_ce::NAME_CONSTRAINTS => 8,
            id_ce::CRL_DISTRIBUTION_POINTS => 16,
            id_ce::EXT_KEY_USAGE => 32,
            _ => return None,
        })
    }
}

/// The first directory name, `[4]`, among `GeneralNames` (RFC 5280 section 4.2.1.6).
fn directory_name(names: Tlv<'_>) -> Option<&[u8]> {
    let mut names = Reader::new(names.value);
    while let Some(name) = names.read() {
        if name.tag == tag::context_constructed(4) {
            return Some(Reader::new(name.value).expect(tag::SEQUENCE)?.whole);
        }
    }
    None
}

/// Reads `KeyUsage ::= BIT STRING`, of at most nine named bits. Unused bits count as not set.
pub(super) fn key_usage(value: &[u8]) -> Option<u16> {
    let mut reader = Reader::new(value);
    let (unused, bits) = match reader.expect(tag::BIT_STRING)?.value {
        [0] => (0, 0),
        [unused @ 0..=7, first] => (8 + u32::from(*unused), u16::from_be_bytes([*first, 0])),
        [unused @ 0..=7, first, second] => (u32::from(*unused), u16::from_be_bytes([*first, *second])),
        _ => return None,
    };
    Some(bits & u16::MAX.checked_shl(unused)?)
}

/// Whether a key of this usage may sign certificates: `keyCertSign` is bit 5 (RFC 5280 section 4.2.1.3).
fn allows_signing_certificates(value: &[u8]) -> bool {
    const KEY_CERT_SIGN: u16 = 0x8000 >> 5;
    key_usage(value).is_some_and(|usage| usage & KEY_CERT_SIGN != 0)
}
