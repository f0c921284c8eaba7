//! The steps of reading a certificate: each names what must come next, and returns an error where it does not.

use core::fmt;

use crate::der::{Reader, Span, Tlv, offset};

/// A certificate while it is being read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) der: &'a [u8],
}

impl<'a> Reading<'a> {
    #[inline(always)]
    pub(super) fn expect(
        self,
        reader: &mut Reader<'a>,
        tag: u8,
        what: &'static str,
    ) -> Result<Tlv<'a>, CertificateError> {
        let at = reader.rest();
        reader.expect(tag).ok_or_else(|| self.error(what, at))
    }

    #[inline]
    pub(super) fn expect_end(self, reader: Reader<'_>, what: &'static str) -> Result<(), CertificateError> {
        if reader.is_at_end() {
            Ok(())
        } else {
            Err(self.error(what, reader.rest()))
        }
    }

    pub(super) fn span(self, part: &[u8]) -> Span {
        Span::of(part, self.der)
    }

    #[cold]
    pub(super) fn error(self, expected: &'static str, at: &[u8]) -> CertificateError {
        CertificateError {
            expected,
            offset: offset(at, self.der),
        }
    }
}

/// The reason why a certificate cannot be read: what was expected, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateError {
    expected: &'static str,
    offset: usize,
}

impl CertificateError {
    /// The position where reading stopped, in bytes from the start of the certificate.
    pub fn offset(&self) -> usize {
        self.offset
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "not a certificate: expected {} at byte {}",
            self.expected, self.offset
        )
    }
}

impl core::error::Error for CertificateError {}
