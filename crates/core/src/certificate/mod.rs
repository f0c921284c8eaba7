//! A certificate, and its fields.

mod extensions;
mod profile;
mod reading;
mod signed;
mod validity;

pub use profile::{BasicConstraints, Profile};
pub use reading::CertificateError;
pub use signed::SignedParts;

use core::fmt;

use crate::der::{Reader, Span, tag};
use crate::{KeyId, Name};
use extensions::Extensions;
pub(crate) use extensions::id_ce;
use reading::Reading;
use validity::Validity;

/// The length of the longest certificate that is read, in bytes. A TLS 1.3 handshake message could contain longer ones, but
/// rustls accepts none, and a trust blob of version 1 cannot hold one.
pub const MAX_CERTIFICATE_LEN: usize = 0xffff;

/// `version [0] EXPLICIT INTEGER` of v3. A v1 certificate has no version field; v2 is not in use.
pub(crate) const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];

/// A certificate (RFC 5280 section 4.1), X.509 version 1 or 3, borrowed from its DER encoding.
///
/// The whole structure was read. What webpki accepts is accepted, and what webpki refuses is refused, with two exceptions:
/// unknown critical extensions are accepted (webpki accepts them in trust anchors and refuses them elsewhere), and a
/// certificate of 65,536 to 65,539 bytes is refused, which is longer than [`MAX_CERTIFICATE_LEN`] by at most its header.
/// **None of its statements was checked**: not the signature, not the dates, not whether it may sign others. The TLS library
/// checks these.
///
/// It holds offsets, not copies: 64 bytes on a 64-bit machine.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Certificate<'a> {
    der: &'a [u8],
    serial: Span,
    issuer: Span,
    validity: Span,
    subject: Span,
    spki: Span,
    extensions: Extensions,
}

impl<'a> Certificate<'a> {
    /// Reads one whole certificate with nothing after it.
    ///
    /// # Errors
    /// When webpki could not read it as a trust anchor either, and when it is longer than [`MAX_CERTIFICATE_LEN`]. The error
    /// says what was expected, and at which byte.
    pub fn from_der(der: &'a [u8]) -> Result<Self, CertificateError> {
        let reading = Reading { der };
        match der.get(MAX_CERTIFICATE_LEN..) {
            Some(behind) if !behind.is_empty() => Err(reading.error("an end", behind)),
            _ => reading.certificate(),
        }
    }

    /// The same certificate, borrowed from a copy of its bytes.
    #[cfg(feature = "alloc")]
    pub(crate) fn in_copy<'b>(&self, der: &'b [u8]) -> Certificate<'b> {
        Certificate {
            der,
            serial: self.serial,
            issuer: self.issuer,
            validity: self.validity,
            subject: self.subject,
            spki: self.spki,
            extensions: self.extensions,
        }
    }

    /// The whole certificate.
    pub fn as_der(&self) -> &'a [u8] {
        self.der
    }

    /// The subject (RFC 5280 section 4.1.2.6).
    pub fn subject(&self) -> Name<'a> {
        Name::of_certificate(self.subject.in_certificate(self.der))
    }

    /// The issuer (RFC 5280 section 4.1.2.4).
    pub fn issuer(&self) -> Name<'a> {
        Name::of_certificate(self.issuer.in_certificate(self.der))
    }

    /// Whether subject and issuer are the same (RFC 5280 section 3.2: self-issued), as in roots.
    pub fn is_self_issued(&self) -> bool {
        self.subject() == self.issuer()
    }

    /// The serial number: the content of the INTEGER, as encoded, without its header.
    pub fn serial(&self) -> &'a [u8] {
        self.serial.in_certificate(self.der)
    }

    /// The subject public key info (SPKI), the header of its SEQUENCE included.
    pub fn spki(&self) -> &'a [u8] {
        self.spki.in_certificate(self.der)
    }

    /// The value of the SEQUENCE of the subject public key info, without its header.
    pub fn spki_value(&self) -> &'a [u8] {
        let spki = Reader::new(self.spki()).read();
        spki.map(|spki| spki.value).unwrap_or_default()
    }

    /// The first second of the validity period, in Unix time, and 0 for one before 1970; `None` when the date cannot be
    /// read.
    pub fn not_before(&self) -> Option<u64> {
        self.validity().not_before()
    }

    /// The last second of the validity period, in Unix time; `None` as for [`not_before`](Self::not_before).
    pub fn not_after(&self) -> Option<u64> {
        self.validity().not_after()
    }

    /// Whether the validity period begins or ends before 1970. webpki refuses such a certificate, except as a trust anchor;
    /// OpenSSL does not.
    pub fn begins_or_ends_before_1970(&self) -> bool {
        self.validity().begins_or_ends_before_1970()
    }

    fn validity(&self) -> Validity {
        Validity::read(self.validity.in_certificate(self.der))
    }

    /// The subject key identifier, SKID (RFC 5280 section 4.2.1.2); `None` when absent, empty or malformed.
    pub fn subject_key_id(&self) -> Option<KeyId<'a>> {
        KeyId::new(self.extensions.subject_key_id.in_certificate(self.der))
    }

    /// Whether it names itself as its issuer: it is self-issued, and no part of its authority key identifier contradicts that
    /// (RFC 5280 section 4.2.1.1). OpenSSL regards no other certificate as self-signed.
    pub(crate) fn names_itself_as_issuer(&self) -> bool {
        let key_ids = self.authority_key_id().zip(self.subject_key_id());
        let issuer = self.extensions.authority_issuer.in_certificate(self.der);
        let serial = self.extensions.authority_serial.in_certificate(self.der);
        self.is_self_issued()
            && key_ids.is_none_or(|(authority, subject)| authority == subject)
            && (issuer.is_empty() || Name::of_certificate(issuer) == self.issuer())
            && (serial.is_empty() || serial == self.serial())
    }

    /// The key identifier of the authority key identifier, AKID (RFC 5280 section 4.2.1.1); `None` when
    /// absent, empty or malformed.
    pub fn authority_key_id(&self) -> Option<KeyId<'a>> {
        KeyId::new(self.extensions.authority_key_id.in_certificate(self.der))
    }

    /// The issuer and the serial number of the issuer's own certificate, as the AKID gives them
    /// (the first directory name in `authorityCertIssuer`, and `authorityCertSerialNumber`).
    pub fn authority_issuer_serial(&self) -> Option<(Name<'a>, &'a [u8])> {
        let issuer = self.extensions.authority_issuer.in_certificate(self.der);
        let serial = self.extensions.authority_serial.in_certificate(self.der);
        let is_complete = !issuer.is_empty() && !serial.is_empty();
        is_complete.then(|| (Name::of_certificate(issuer), serial))
    }

    /// The name constraints (RFC 5280 section 4.2.1.10): the value of the `NameConstraints` SEQUENCE, without
    /// its header, as webpki's trust anchors have it.
    pub fn name_constraints(&self) -> Option<&'a [u8]> {
        let value = self.extensions.name_constraints?;
        Some(value.in_certificate(self.der))
    }

    /// Whether the certificate itself says that its key must not be used to verify other certificates: an X.509
    /// v3 certificate whose basic constraints are absent or not those of a CA (RFC 5280 section 4.2.1.9), or
    /// whose key usage is present and lacks `keyCertSign` (section 4.2.1.3).
    ///
    /// webpki does not check this of a trust anchor; a program that makes a list of anchors should.
    pub fn says_it_is_no_ca(&self) -> bool {
        self.extensions.says_it_is_no_ca
    }
}

/// Reads a certificate: `Certificate` and `TBSCertificate` of RFC 5280 section 4.1.
impl<'a> Reading<'a> {
    fn certificate(self) -> Result<Certificate<'a>, CertificateError> {
        let mut reader = Reader::new(self.der);
        let certificate = self.expect(&mut reader, tag::SEQUENCE, "the SEQUENCE of a certificate")?;
        self.expect_end(reader, "nothing behind the certificate")?;

        let mut reader = Reader::new(certificate.value);
        let tbs = self.expect(
            &mut reader,
            tag::SEQUENCE,
            "the SEQUENCE of the to-be-signed part",
        )?;
        let algorithm = self.expect(&mut reader, tag::SEQUENCE, "a signature algorithm")?;
        let signature = self.expect(&mut reader, tag::BIT_STRING, "the BIT STRING of a signature")?;
        self.expect_end(reader, "nothing behind the signature")?;
        if signature.bits().is_none() {
            return Err(self.error("a signature of whole bytes", signature.whole));
        }

        let mut tbs = Reader::new(tbs.value);
        let is_version_3 = self.version(&mut tbs)?;
        let serial = self.expect(
            &mut tbs,
            tag::INTEGER,
            "the INTEGER of a serial number, or version 3",
        )?;
        let inner_algorithm = self.expect(&mut tbs, tag::SEQUENCE, "a signature algorithm")?;
        let issuer = self.expect(&mut tbs, tag::SEQUENCE, "the name of the issuer")?;
        let validity = self.expect(&mut tbs, tag::SEQUENCE, "a validity period")?;
        let subject = self.expect(&mut tbs, tag::SEQUENCE, "the name of the subject")?;
        let spki = self.expect(&mut tbs, tag::SEQUENCE, "a public key")?;

        let extensions = if is_version_3 {
            if inner_algorithm.value != algorithm.value {
                let expected = "the signature algorithm that the end of the certificate names";
                return Err(self.error(expected, inner_algorithm.whole));
            }
            Extensions::read(self, &mut tbs)?
        } else {
            Extensions::of_version_1()
        };
        self.expect_end(tbs, "nothing behind the last field of the to-be-signed part")?;

        Ok(Certificate {
            der: self.der,
            serial: self.span(serial.value),
            issuer: self.span(issuer.whole),
            validity: self.span(validity.value),
            subject: self.span(subject.whole),
            spki: self.span(spki.whole),
            extensions,
        })
    }

    /// Skips the version, and returns whether it is 3.
    fn version(self, tbs: &mut Reader<'a>) -> Result<bool, CertificateError> {
        match tbs.expect(tag::context_constructed(0)) {
            None => Ok(false),
            Some(version) if version.whole == VERSION_3 => Ok(true),
            Some(version) => {
                let expected = "X.509 version 1 (without a version field) or 3";
                Err(self.error(expected, version.whole))
            }
        }
    }
}

impl fmt::Debug for Certificate<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("subject", &self.subject())
            .field("issuer", &self.issuer())
            .field("subject_key_id", &self.subject_key_id())
            .field("authority_key_id", &self.authority_key_id())
            .finish_non_exhaustive()
    }
}
