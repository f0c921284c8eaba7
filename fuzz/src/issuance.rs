//! Who issued a certificate and when, by another reader than the project's.

use x509_parser::prelude::{ASN1Time, FromDer};

use crate::mutation::der;

/// What a certificate says of how it came to be.
pub struct Issuance<'a> {
    /// The inside of the issuer's SEQUENCE.
    pub issuer: &'a [u8],
    /// The notBefore, in Unix time, and 0 for one before 1970; `None` when it cannot be read.
    pub not_before: Option<u64>,
}

impl<'a> Issuance<'a> {
    /// Reads what stands in the `TBSCertificate` (RFC 5280 section 4.1) of a certificate that webpki can read.
    pub fn of(certificate: &'a [u8]) -> Option<Self> {
        let inside = |der: &'a [u8]| der::read(der).map(|(_, value, _)| value);
        let mut rest = inside(inside(certificate)?)?;
        let mut next = || {
            let (tag, value, behind) = der::read(rest)?;
            rest = behind;
            Some((tag, value))
        };
        const VERSION: u8 = 0xa0;
        let (first, _) = next()?;
        if first == VERSION {
            let (_serial, _) = next()?;
        }
        let (_signature, _) = next()?;
        let (_, issuer) = next()?;
        let (_, validity) = next()?;
        let not_before = ASN1Time::from_der(validity).ok();
        Some(Self {
            issuer,
            not_before: not_before.map(|(_, time)| time.timestamp().try_into().unwrap_or(0)),
        })
    }
}
