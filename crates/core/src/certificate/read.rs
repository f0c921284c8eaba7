//! Reading a certificate: `Certificate` and `TBSCertificate` of RFC 5280 section 4.1.

use super::extensions::Extensions;
use super::reading::Reading;
use super::{Certificate, CertificateError, MAX_CERTIFICATE_LEN};
use crate::der::{Reader, tag};

/// `version [0] EXPLICIT INTEGER`, saying v3. A v1 certificate has no version field; v2 is not in use.
pub(super) const VERSION_3: [u8; 5] = [0xa0, 0x03, 0x02, 0x01, 0x02];

impl<'a> Certificate<'a> {
    /// Reads a certificate: one, whole, with nothing behind it.
    ///
    /// # Errors
    /// What was expected and at which byte, for anything that webpki would not read as a trust anchor either, and for
    /// what is longer than [`MAX_CERTIFICATE_LEN`].
    pub fn from_der(der: &'a [u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_LEN {
            return Err(CertificateError::new("an end", MAX_CERTIFICATE_LEN));
        }
        Reading { der }.certificate()
    }
}

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
        let has_unused_bits = signature.value.first() != Some(&0);
        if has_unused_bits {
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

    /// Steps over the version and says whether it is 3.
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
