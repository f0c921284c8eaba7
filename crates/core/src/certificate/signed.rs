//! The signed part of a certificate, and the signature.

use crate::Algorithm;
use crate::der::{Reader, tag};

/// The three parts of a certificate (RFC 5280 section 4.1.1) that a verification of its signature needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedParts<'a> {
    /// The signed part: the `TBSCertificate`, its header included.
    pub message: &'a [u8],
    /// The signature's algorithm.
    pub algorithm: Algorithm<'a>,
    /// The signature: the value of its BIT STRING.
    pub signature: &'a [u8],
}

impl<'a> SignedParts<'a> {
    /// The parts of a certificate in DER; `None` where it does not have them.
    pub fn of(certificate: &'a [u8]) -> Option<Self> {
        let outer = Reader::new(certificate).expect(tag::SEQUENCE)?;
        let mut fields = Reader::new(outer.value);
        Some(Self {
            message: fields.read()?.whole,
            algorithm: Algorithm(fields.read()?.value),
            signature: fields.read()?.bits()?,
        })
    }
}
