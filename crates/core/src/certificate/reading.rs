//! The steps of reading a certificate: what must come next, and where it did not.

use super::CertificateError;
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
        CertificateError::new(expected, offset(at, self.der))
    }
}
