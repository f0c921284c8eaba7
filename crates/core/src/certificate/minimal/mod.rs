//! From an anchor to a certificate, for TLS libraries that take nothing else.

mod algorithm;
mod error;
mod extensions;
mod validity;
mod writer;

pub use error::AnchorCertificateError;

use super::MAX_CERTIFICATE_LEN;
use super::read::VERSION_3;
use crate::blob::v2::Record;
use crate::der::tag;
use crate::{Name, TrustAnchor};
use writer::Writer;

/// CN=issuer not recorded, a RelativeDistinguishedName.
const ISSUER_NOT_RECORDED: &[u8] = b"\x31\x1c\x30\x1a\x06\x03\x55\x04\x03\x0c\x13issuer not recorded";

/// What a library that wants a certificate gets, OpenSSL and mbedTLS for instance.
impl<'a> TrustAnchor<'a> {
    /// The certificate to hand to a TLS library that takes an anchor in no other form: the root's own where it is at
    /// hand, or else a minimal one, written to the end of `buffer`, of which
    /// [`certificate_buffer_len`](Self::certificate_buffer_len) bytes are needed.
    ///
    /// The root's own is lent, and the buffer left alone, where the store holds it and it says by itself which name
    /// constraints bind the anchor. Where others are imposed on the anchor, a library would not learn of them from it.
    ///
    /// The minimal one is DER, of the same X.509 version, with these fields of RFC 5280 section 4.1:
    ///
    /// | field | content |
    /// |---|---|
    /// | serial number, subject, public key | the root's own |
    /// | signature algorithm | one that fits the key |
    /// | issuer | the subject, of a root that is self-issued; else a name that nobody has, the subject with `CN=issuer not recorded` behind it |
    /// | validity | the root's own; a date that is not known has 9999-12-31T23:59:59Z (notBefore) or 1970-01-01T00:00:00Z (notAfter) in its place, so that the certificate is never valid |
    /// | subject key identifier, basic constraints, key usage, extended key usage | the root's own, as [`Profile`](crate::Profile) has them |
    /// | name constraints | those that bind the anchor, critical |
    /// | a critical extension 2.999, which is for examples and known to nobody | where [`is_incomplete`](crate::Profile::is_incomplete) |
    /// | signature | an empty BIT STRING |
    ///
    /// **It is for trust stores only**, where its being there, not its signature, is what vouches for it. To verify the
    /// signature fails: OpenSSL does so for a root with `X509_V_FLAG_CHECK_SS_SIGNATURE` only. Nor is it the root's own
    /// to whoever compares whole certificates: a server that sends the root's certificate as its own, end-entity, one
    /// is refused.
    ///
    /// A root that is not self-issued ends no path by itself: OpenSSL wants `X509_V_FLAG_PARTIAL_CHAIN` for it, with
    /// its own certificate as with this one. A certificate that names it by its issuer and serial number, in the
    /// authority key identifier, is refused by OpenSSL, since that issuer is not known here.
    ///
    /// A store does not record whether a root's own authority key identifier is that of its key. OpenSSL takes a
    /// self-issued root of which it is not for one that is not self-signed, and wants `X509_V_FLAG_PARTIAL_CHAIN` for
    /// it; its minimal certificate is trusted without. No root of Mozilla's list is such a one.
    ///
    /// **The date of [`distrust_after`](Self::distrust_after) is in neither**: no certificate can say it. Judging
    /// that is the caller's, with [`permits_issuance_date`](Self::permits_issuance_date).
    ///
    /// ```
    /// use jit_trust_core::{AnchorCertificateError, Certificate, PeerChain, TrustBlob};
    ///
    /// # fn example(blob: &[u8], sent: &[&[u8]]) -> Result<(), Box<dyn std::error::Error>> {
    /// let blob = TrustBlob::open(blob)?;
    /// let chain = PeerChain::read(sent.iter().copied())?;
    /// let mut buffer = [0; 2048];
    /// for anchor in blob.issuers_of(&chain) {
    ///     let der = anchor.to_certificate(&mut buffer)?;
    ///     assert_eq!(Certificate::from_der(der)?.subject(), anchor.subject());
    ///     // Add it to the library's trust store.
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// When the buffer is too small; when the key is of an unknown kind; when an X.509 version 1 root is under
    /// conditions that only version 3 could hold; when the certificate would be longer than
    /// [`MAX_CERTIFICATE_LEN`].
    pub fn to_certificate<'b>(&self, buffer: &'b mut [u8]) -> Result<&'b [u8], AnchorCertificateError>
    where
        'a: 'b,
    {
        if let Some(own) = self.lendable_certificate() {
            return Ok(own);
        }
        let mut writer = Writer::new(buffer);
        let needed = self.write_minimal(&mut writer)?;
        writer
            .finish()
            .ok_or(AnchorCertificateError::BufferTooSmall { needed })
    }

    /// How many bytes of buffer [`to_certificate`](Self::to_certificate) takes, at most [`MAX_CERTIFICATE_LEN`]: 0
    /// where it lends the root's own certificate.
    ///
    /// # Errors
    /// Those of [`to_certificate`](Self::to_certificate), but for the buffer.
    pub fn certificate_buffer_len(&self) -> Result<usize, AnchorCertificateError> {
        match self.lendable_certificate() {
            Some(_) => Ok(0),
            None => self.write_minimal(&mut Writer::new(&mut [])),
        }
    }

    /// The root's own certificate, unless it says other constraints than those that bind the anchor.
    fn lendable_certificate(&self) -> Option<&'a [u8]> {
        let own = self.entry().certificate()?;
        let says_the_constraints = self.name_constraints() == own.name_constraints();
        says_the_constraints.then_some(own.as_der())
    }

    /// `Certificate` and `TBSCertificate` of RFC 5280 section 4.1, the last field first. How many bytes it has.
    fn write_minimal(&self, writer: &mut Writer<'_>) -> Result<usize, AnchorCertificateError> {
        let record = self.entry().record();
        let is_version_1 = record.profile.is_version_1;
        let has_extensions = extensions::has_any(&record);
        if is_version_1 && has_extensions {
            return Err(AnchorCertificateError::BeyondVersion1);
        }
        let algorithm = algorithm::of_key(record.spki_value).ok_or(AnchorCertificateError::UnknownKey)?;

        writer.prepend_sequence(|certificate| {
            certificate.prepend_tagged(tag::BIT_STRING, |signature| signature.prepend(&[0]));
            certificate.prepend(algorithm);
            certificate.prepend_sequence(|tbs| {
                if has_extensions {
                    tbs.prepend_tagged(tag::context_constructed(3), |tagged| {
                        tagged.prepend_sequence(|list| extensions::write(&record, list));
                    });
                }
                tbs.prepend_sequence(|spki| spki.prepend(record.spki_value));
                tbs.prepend(self.subject().as_der());
                validity::write(record.not_before, record.not_after, tbs);
                write_issuer(self.subject(), &record, tbs);
                tbs.prepend(algorithm);
                tbs.prepend_tagged(tag::INTEGER, |serial| serial.prepend(record.serial));
                if !is_version_1 {
                    tbs.prepend(&VERSION_3);
                }
            });
        });
        match writer.len() {
            len @ ..=MAX_CERTIFICATE_LEN => Ok(len),
            _ => Err(AnchorCertificateError::TooLong),
        }
    }
}

/// The issuer. Of a root that is not self-issued it must be another name than the subject, and not the name of any
/// other anchor; an empty one is refused by mbedTLS, and by OpenSSL with `X509_V_FLAG_X509_STRICT`.
fn write_issuer(subject: Name<'_>, record: &Record<'_>, tbs: &mut Writer<'_>) {
    if record.profile.is_self_issued {
        return tbs.prepend(subject.as_der());
    }
    tbs.prepend_sequence(|name| {
        name.prepend(ISSUER_NOT_RECORDED);
        name.prepend(subject.value());
    });
}
