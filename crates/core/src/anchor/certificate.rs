//! An anchor as a certificate, for TLS libraries that take only certificates.

use core::fmt;
use core::time::Duration;

use der::Encode;
use der::asn1::{GeneralizedTime, UtcTime};

use super::TrustAnchor;
use crate::Name;
use crate::blob::v2::Record;
use crate::certificate::{BasicConstraints, MAX_CERTIFICATE_LEN, VERSION_3, id_ce};
use crate::der::{Reader, Writer, tag};

/// CN=issuer not recorded, a RelativeDistinguishedName.
const ISSUER_NOT_RECORDED: &[u8] = b"\x31\x1c\x30\x1a\x06\x03\x55\x04\x03\x0c\x13issuer not recorded";

/// The form of an anchor for libraries that take certificates, such as OpenSSL and mbedTLS.
impl<'a> TrustAnchor<'a> {
    /// The certificate for a TLS library that takes anchors in no other form: the root's own, if the store holds it, or a
    /// minimal one, which is written to the end of `buffer`. `buffer` needs
    /// [`certificate_buffer_len`](Self::certificate_buffer_len) bytes.
    ///
    /// The root's own is returned, and the buffer not used, if the store holds it and it has the name constraints that bind
    /// the anchor. Otherwise the library would not know constraints that are imposed on the anchor.
    ///
    /// The minimal one is DER, of the same X.509 version, with these fields of RFC 5280 section 4.1:
    ///
    /// | field | content |
    /// |---|---|
    /// | serial number, subject, public key | the root's own |
    /// | signature algorithm | one that fits the key |
    /// | issuer | the subject, for a self-issued root; otherwise a name that no CA has: the subject followed by `CN=issuer not recorded` |
    /// | validity | the root's own; an unknown date is replaced by 9999-12-31T23:59:59Z (notBefore) or 1970-01-01T00:00:00Z (notAfter), so that the certificate is never valid |
    /// | subject key identifier, basic constraints, key usage, extended key usage | the root's own, as [`Profile`](crate::Profile) has them |
    /// | name constraints | those that bind the anchor, critical |
    /// | a critical extension 2.999, the arc for examples, which no library knows | where [`is_incomplete`](crate::Profile::is_incomplete) |
    /// | signature | an empty BIT STRING |
    ///
    /// **It is for trust stores only**, which trust it because it is there, and not for its signature. Its signature cannot be
    /// verified; OpenSSL verifies that of a root only with `X509_V_FLAG_CHECK_SS_SIGNATURE`. Where whole certificates are
    /// compared, it differs from the root's own: a server that sends the root's certificate as its end-entity certificate is
    /// refused.
    ///
    /// A root that is not self-issued ends no path by itself: OpenSSL needs `X509_V_FLAG_PARTIAL_CHAIN` for it, with its own
    /// certificate as with this one. If the authority key identifier of a certificate identifies the root by issuer and
    /// serial number, OpenSSL refuses that certificate, because the store does not know the root's issuer.
    ///
    /// A store does not record whether a root's own authority key identifier is that of its key. If it is not, OpenSSL does not
    /// regard the root as self-signed, and needs `X509_V_FLAG_PARTIAL_CHAIN` for it; it trusts the minimal certificate without
    /// that flag. Mozilla's list has no such root.
    ///
    /// **Neither certificate has the date of [`distrust_after`](Self::distrust_after)**: a certificate cannot contain it. The
    /// caller checks it, with [`permits_issuance_date`](Self::permits_issuance_date).
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
        if let Some(own) = self.own_certificate() {
            return Ok(own);
        }
        let mut writer = Writer::new(buffer);
        let needed = self.write_minimal(&mut writer)?;
        writer
            .finish()
            .ok_or(AnchorCertificateError::BufferTooSmall { needed })
    }

    /// The length of the buffer that [`to_certificate`](Self::to_certificate) needs, in bytes, at most
    /// [`MAX_CERTIFICATE_LEN`]; 0 where it returns the root's own certificate.
    ///
    /// # Errors
    /// Those of [`to_certificate`](Self::to_certificate), except for the buffer.
    pub fn certificate_buffer_len(&self) -> Result<usize, AnchorCertificateError> {
        match self.own_certificate() {
            Some(_) => Ok(0),
            None => self.write_minimal(&mut Writer::new(&mut [])),
        }
    }

    /// The root's own certificate, unless it has other constraints than those that bind the anchor.
    fn own_certificate(&self) -> Option<&'a [u8]> {
        let own = self.entry().certificate()?;
        let has_the_constraints = self.name_constraints() == own.name_constraints();
        has_the_constraints.then_some(own.as_der())
    }

    /// Writes `Certificate` and `TBSCertificate` of RFC 5280 section 4.1, the last field first, and returns the length.
    fn write_minimal(&self, writer: &mut Writer<'_>) -> Result<usize, AnchorCertificateError> {
        let record = self.entry().record();
        let is_version_1 = record.profile.is_version_1;
        let has_extensions = has_extensions(&record);
        if is_version_1 && has_extensions {
            return Err(AnchorCertificateError::BeyondVersion1);
        }
        let algorithm = algorithm_of_key(record.spki_value).ok_or(AnchorCertificateError::UnknownKey)?;

        writer.prepend_sequence(|certificate| {
            certificate.prepend_tagged(tag::BIT_STRING, |signature| signature.prepend(&[0]));
            certificate.prepend(algorithm);
            certificate.prepend_sequence(|tbs| {
                if has_extensions {
                    tbs.prepend_tagged(tag::context_constructed(3), |tagged| {
                        tagged.prepend_sequence(|list| write_extensions(&record, list));
                    });
                }
                tbs.prepend_sequence(|spki| spki.prepend(record.spki_value));
                tbs.prepend(self.subject().as_der());
                write_validity(record.not_before, record.not_after, tbs);
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

/// Writes the issuer. For a root that is not self-issued it must differ from the subject and from the names of all other
/// anchors; mbedTLS refuses an empty one, and so does OpenSSL with `X509_V_FLAG_X509_STRICT`.
fn write_issuer(subject: Name<'_>, record: &Record<'_>, tbs: &mut Writer<'_>) {
    if record.profile.is_self_issued {
        return tbs.prepend(subject.as_der());
    }
    tbs.prepend_sequence(|name| {
        name.prepend(ISSUER_NOT_RECORDED);
        name.prepend(subject.value());
    });
}

/// 1970-01-01T00:00:00Z.
const FIRST: u64 = 0;

/// 9999-12-31T23:59:59Z, the latest date that a certificate can contain.
const LAST: u64 = 253_402_300_799;

/// The validity period between these, in Unix time.
///
/// A library always refuses a certificate with a date that it cannot read. Therefore a date that is not known, or that a
/// certificate cannot contain, is replaced by one with which the certificate is never valid.
fn write_validity(not_before: Option<u64>, not_after: Option<u64>, writer: &mut Writer<'_>) {
    let sayable = |time: &u64| *time <= LAST;
    writer.prepend_sequence(|validity| {
        write_time(not_after.filter(sayable).unwrap_or(FIRST), validity);
        write_time(not_before.filter(sayable).unwrap_or(LAST), validity);
    });
}

/// UTCTime up to 2049, GeneralizedTime from 2050.
fn write_time(time: u64, writer: &mut Writer<'_>) {
    let time = Duration::from_secs(time);
    let mut buffer = [0; 17];
    let encoded = match UtcTime::from_unix_duration(time) {
        Ok(time) => time.encode_to_slice(&mut buffer),
        Err(_) => {
            GeneralizedTime::from_unix_duration(time).and_then(|time| time.encode_to_slice(&mut buffer))
        }
    };
    // Up to `LAST`, none fails; a certificate without a date is refused by every library.
    writer.prepend(encoded.unwrap_or_default());
}

/// The algorithms of subject public keys (RFC 3279, RFC 4055, RFC 5480, RFC 8410): the contents of OBJECT IDENTIFIERs.
mod key {
    pub(super) const RSA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
    pub(super) const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
    pub(super) const ELLIPTIC_CURVE: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
    pub(super) const ED25519: &[u8] = b"\x2b\x65\x70";
    pub(super) const ED448: &[u8] = b"\x2b\x65\x71";
}

/// Named curves (RFC 5480 section 2.1.1.1): OBJECT IDENTIFIERs, their headers included.
mod curve {
    pub(super) const P384: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x22";
    pub(super) const P521: &[u8] = b"\x06\x05\x2b\x81\x04\x00\x23";
}

/// Signature algorithms (RFC 4055 section 5, RFC 5758 section 3.2): AlgorithmIdentifiers, their headers included.
mod signature {
    pub(super) const RSA_SHA256: &[u8] = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b\x05\x00";
    pub(super) const ECDSA_SHA256: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x02";
    pub(super) const ECDSA_SHA384: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x03";
    pub(super) const ECDSA_SHA512: &[u8] = b"\x30\x0a\x06\x08\x2a\x86\x48\xce\x3d\x04\x03\x04";
}

/// The AlgorithmIdentifier of signatures by this key, given as the value of its SPKI; `None` for an unknown kind of key.
///
/// No signature is verified with it, but OpenSSL regards a certificate as self-signed only if its algorithm fits its key,
/// and in its Suite B modes demands the hash that belongs to the curve.
fn algorithm_of_key(spki_value: &[u8]) -> Option<&[u8]> {
    let algorithm = Reader::new(spki_value).expect(tag::SEQUENCE)?;
    let mut fields = Reader::new(algorithm.value);
    let id = fields.expect(tag::OBJECT_IDENTIFIER)?.value;
    match (id, fields.rest()) {
        (key::RSA, _) => Some(signature::RSA_SHA256),
        (key::ELLIPTIC_CURVE, curve::P384) => Some(signature::ECDSA_SHA384),
        (key::ELLIPTIC_CURVE, curve::P521) => Some(signature::ECDSA_SHA512),
        (key::ELLIPTIC_CURVE, _) => Some(signature::ECDSA_SHA256),
        // Keys and signatures of these kinds have the same identifier, and parameters of the key bind its signatures.
        (key::RSASSA_PSS | key::ED25519 | key::ED448, _) => Some(algorithm.whole),
        _ => None,
    }
}

/// `critical BOOLEAN DEFAULT FALSE`, and `cA`, which has the same default.
const TRUE: &[u8] = &[tag::BOOLEAN, 1, 0xff];
const FALSE: &[u8] = &[];

/// A critical extension that no library knows: 2.999 is the arc for examples.
const UNKNOWN_AND_CRITICAL: &[u8] = b"\x30\x09\x06\x02\x88\x37\x01\x01\xff\x04\x00";

/// Whether the certificate has extensions.
fn has_extensions(record: &Record<'_>) -> bool {
    let profile = &record.profile;
    record.subject_key_id.is_some()
        || record.name_constraints.is_some()
        || profile.basic_constraints != BasicConstraints::Absent
        || profile.key_usage.is_some()
        || profile.extended_key_usage.is_some()
        || profile.is_incomplete
}

/// Writes the value of the SEQUENCE of extensions, the last of them first.
///
/// Those that must be critical in the certificate of a CA by RFC 5280 section 4.2.1 are critical. For the extended key usage
/// that section leaves it open; it is not critical, as in most originals.
fn write_extensions(record: &Record<'_>, list: &mut Writer<'_>) {
    let profile = &record.profile;
    if profile.is_incomplete {
        list.prepend(UNKNOWN_AND_CRITICAL);
    }
    if let Some(constraints) = record.name_constraints {
        write_extension(id_ce::NAME_CONSTRAINTS, TRUE, list, |value| {
            value.prepend_sequence(|inside| inside.prepend(constraints));
        });
    }
    if let Some(purposes) = profile.extended_key_usage {
        write_extension(id_ce::EXT_KEY_USAGE, FALSE, list, |value| {
            value.prepend_sequence(|inside| inside.prepend(purposes));
        });
    }
    if let Some(bits) = profile.key_usage {
        write_extension(id_ce::KEY_USAGE, TRUE, list, |value| {
            write_named_bits(bits, value);
        });
    }
    if profile.basic_constraints != BasicConstraints::Absent {
        write_extension(id_ce::BASIC_CONSTRAINTS, TRUE, list, |value| {
            value.prepend_sequence(|inside| write_basic_constraints(profile.basic_constraints, inside));
        });
    }
    if let Some(key_id) = record.subject_key_id {
        write_extension(id_ce::SUBJECT_KEY_IDENTIFIER, FALSE, list, |value| {
            value.prepend_tagged(tag::OCTET_STRING, |inside| inside.prepend(key_id.as_bytes()));
        });
    }
}

/// `Extension ::= SEQUENCE { extnID, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }`, of the identifiers
/// 2.5.29.x.
fn write_extension(id: u8, critical: &[u8], list: &mut Writer<'_>, value: impl FnOnce(&mut Writer<'_>)) {
    list.prepend_sequence(|extension| {
        extension.prepend_tagged(tag::OCTET_STRING, |octets| value(octets));
        extension.prepend(critical);
        extension.prepend_tagged(tag::OBJECT_IDENTIFIER, |oid| oid.prepend(&[0x55, 0x1d, id]));
    });
}

/// The value of the SEQUENCE of the basic constraints.
fn write_basic_constraints(constraints: BasicConstraints, inside: &mut Writer<'_>) {
    let BasicConstraints::Ca { path_length } = constraints else {
        return;
    };
    match path_length {
        Some(length @ 0x80..) => inside.prepend(&[tag::INTEGER, 2, 0, length]),
        Some(length) => inside.prepend(&[tag::INTEGER, 1, length]),
        None => {}
    }
    inside.prepend(TRUE);
}

/// A BIT STRING of named bits, which ends with the last that is set (X.690 section 11.2.2).
fn write_named_bits(bits: u16, value: &mut Writer<'_>) {
    let [high, low] = bits.to_be_bytes();
    let unused = |byte: u8| byte.trailing_zeros().to_be_bytes()[3];
    value.prepend_tagged(tag::BIT_STRING, |inside| match (high, low) {
        (0, 0) => inside.prepend(&[0]),
        (_, 0) => inside.prepend(&[unused(high), high]),
        _ => inside.prepend(&[unused(low), high, low]),
    });
}

/// The reason why no certificate can be written for an anchor whose own certificate the store does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AnchorCertificateError {
    /// The buffer is too small.
    BufferTooSmall {
        /// The length of the certificate in bytes.
        needed: usize,
    },
    /// The key is not RSA, RSASSA-PSS, ECDSA, Ed25519 or Ed448, so no signature algorithm is known for it.
    UnknownKey,
    /// The root's own certificate is X.509 version 1, which has no extensions, and the anchor has something that only an
    /// extension can contain, such as name constraints imposed on it.
    BeyondVersion1,
    /// The certificate would be longer than [`MAX_CERTIFICATE_LEN`].
    TooLong,
}

impl fmt::Display for AnchorCertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::BufferTooSmall { needed } => {
                write!(f, "the anchor's certificate needs a buffer of {needed} bytes")
            }
            Self::UnknownKey => f.write_str(
                "the anchor's key is none of RSA, RSASSA-PSS, ECDSA, Ed25519 or Ed448: no certificate can be written \
                 for it",
            ),
            Self::BeyondVersion1 => f.write_str(
                "the anchor's certificate is X.509 version 1, which cannot hold the constraints that bind the anchor",
            ),
            Self::TooLong => write!(
                f,
                "the anchor's certificate would be longer than {MAX_CERTIFICATE_LEN} bytes"
            ),
        }
    }
}

impl core::error::Error for AnchorCertificateError {}
