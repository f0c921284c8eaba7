//! Reading a certificate: `Certificate` and `TBSCertificate` of RFC 5280 section 4.1.

use super::extensions::Extensions;
use super::{Certificate, CertificateError};
use crate::Name;
use crate::der::{Reader, Span, Tlv, tag};

/// `version [0] EXPLICIT INTEGER`, saying v3. A v1 certificate has no version field; v2 is not in use.
const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];

impl<'a> Certificate<'a> {
    /// Reads a certificate: one, whole, with nothing behind it.
    ///
    /// # Errors
    /// What was expected and at which byte, for anything that webpki would not read either.
    pub fn from_der(der: &'a [u8]) -> Result<Self, CertificateError> {
        let reader = Reader::new(der);
        let mut reader = reader.ok_or(CertificateError::new("at most 65535 bytes", 0_u16))?;
        let certificate = expect(&mut reader, tag::SEQUENCE, "the SEQUENCE of a certificate")?;
        expect_end(&reader, "nothing behind the certificate")?;

        let mut reader = reader.enter(certificate.value);
        let tbs = expect(
            &mut reader,
            tag::SEQUENCE,
            "the SEQUENCE of the to-be-signed part",
        )?;
        let algorithm = expect(&mut reader, tag::SEQUENCE, "a signature algorithm")?;
        let signature = expect(&mut reader, tag::BIT_STRING, "the BIT STRING of a signature")?;
        expect_end(&reader, "nothing behind the signature")?;

        let mut tbs = reader.enter(tbs.value);
        let is_version_3 = read_version(&mut tbs, der)?;
        let serial = expect(
            &mut tbs,
            tag::INTEGER,
            "the INTEGER of a serial number, or version 3",
        )?;
        let inner_algorithm = expect(&mut tbs, tag::SEQUENCE, "a signature algorithm")?;
        let issuer = expect(&mut tbs, tag::SEQUENCE, "the name of the issuer")?;
        let validity = expect(&mut tbs, tag::SEQUENCE, "a validity period")?;
        let subject = expect(&mut tbs, tag::SEQUENCE, "the name of the subject")?;
        let spki = expect(&mut tbs, tag::SEQUENCE, "a public key")?;

        let extensions = if is_version_3 {
            let algorithm_repeats = inner_algorithm.value.of(der) == algorithm.value.of(der);
            if !algorithm_repeats {
                let expected = "the signature algorithm that the end of the certificate names";
                return Err(CertificateError::new(expected, inner_algorithm.whole.start()));
            }
            let has_no_unused_bits = signature.value.of(der).first() == Some(&0);
            if !has_no_unused_bits {
                let expected = "a signature of whole bytes";
                return Err(CertificateError::new(expected, signature.whole.start()));
            }
            Extensions::read(&mut tbs, der)?
        } else {
            Extensions::of_version_1()
        };
        expect_end(&tbs, "nothing behind the last field of the to-be-signed part")?;

        Ok(Self {
            der,
            serial: serial.value,
            issuer: issuer.whole,
            validity: validity.value,
            subject: subject.whole,
            spki: spki.whole,
            extensions,
        })
    }

    /// The subject alone of a certificate that has been read before: a hop over the fields in front of it.
    pub(crate) fn subject_of(der: &'a [u8]) -> Option<Name<'a>> {
        let mut reader = Reader::new(der)?;
        let certificate = reader.read()?;
        let mut reader = reader.enter(certificate.value);
        let tbs = reader.read()?;
        let mut reader = reader.enter(tbs.value);
        if reader.next_is(tag::context_constructed(0)) {
            reader.read()?;
        }
        let fields_before_the_subject = 4; // serial, signature algorithm, issuer, validity
        for _ in 0..fields_before_the_subject {
            reader.read()?;
        }
        let subject = reader.read()?;
        Some(Name::of_certificate(subject.whole.of(der)))
    }
}

/// Steps over the version and says whether it is 3.
fn read_version(tbs: &mut Reader<'_>, der: &[u8]) -> Result<bool, CertificateError> {
    let Some(version) = tbs.expect(tag::context_constructed(0)) else {
        return Ok(false);
    };
    if version.whole.of(der) == VERSION_3 {
        Ok(true)
    } else {
        let expected = "X.509 version 1 (without a version field) or 3";
        Err(CertificateError::new(expected, version.whole.start()))
    }
}

pub(super) fn expect(reader: &mut Reader<'_>, tag: u8, what: &'static str) -> Result<Tlv, CertificateError> {
    let offset = reader.position();
    reader.expect(tag).ok_or(CertificateError::new(what, offset))
}

pub(super) fn expect_end(reader: &Reader<'_>, what: &'static str) -> Result<(), CertificateError> {
    if reader.is_at_end() {
        Ok(())
    } else {
        Err(CertificateError::new(what, reader.position()))
    }
}

/// The inside of the one SEQUENCE that `value` must consist of.
pub(super) fn sequence_inside(reader: &Reader<'_>, value: Span) -> Option<Span> {
    let mut inside = reader.enter(value);
    let sequence = inside.expect(tag::SEQUENCE)?;
    inside.is_at_end().then_some(sequence.value)
}
