//! What was wrong with a certificate, and where.

use core::fmt;

/// Why a certificate cannot be read: what was expected, and at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateError {
    expected: &'static str,
    offset: usize,
}

impl CertificateError {
    pub(super) fn new(expected: &'static str, offset: usize) -> Self {
        Self { expected, offset }
    }

    /// Where the reading stopped, in bytes from the start of the certificate.
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
