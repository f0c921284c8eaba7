//! What is signed in a certificate, and the signature.

use crate::Algorithm;
use crate::der::{Reader, tag};

/// The three parts of a certificate (RFC 5280 section 4.1.1), as a verification of its signature takes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignedParts<'a> {
    /// What is signed: the `TBSCertificate`, its header included.
    pub message: &'a [u8],
    /// The signature's algorithm.
    pub algorithm: Algorithm<'a>,
    /// The signature, the inside of its BIT STRING.
    pub signature: &'a [u8],
}

impl<'a> SignedParts<'a> {
    /// Those of a certificate in DER; `None` where they are not there.
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
