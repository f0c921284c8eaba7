//! Why a chain is not trusted though its root is in the store.

use std::{error, fmt};

use jit_trust_core::TrustAnchor;
use smallvec::SmallVec;

use crate::Selection;

/// The root that a chain leads to is trusted only for certificates issued up to a date, and this one was issued later:
/// Mozilla's "Distrust for TLS After Date". But for that the path is valid, signatures and all; no other leads to a
/// root that may vouch for the certificate.
///
/// It is what rustls' error holds for such a chain:
///
/// ```
/// use jit_trust::Distrusted;
/// use rustls::{CertificateError, Error, OtherError};
///
/// fn distrusted(error: &Error) -> Option<&Distrusted> {
///     match error {
///         Error::InvalidCertificate(CertificateError::Other(OtherError(reason))) => reason.downcast_ref(),
///         _ => None,
///     }
/// }
/// ```
///
/// Where a connection fails with an `std::io::Error`, rustls' error is in that: `io_error.get_ref()` downcasts to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Distrusted {
    /// The root's subject, safe for a terminal.
    pub root: String,
    /// The last second, in Unix time, of which it is trusted for certificates.
    pub distrust_after: u64,
    /// The notBefore of the end-entity certificate, in Unix time, if that can be read.
    pub issued_at: Option<u64>,
}

impl Distrusted {
    /// The reason for a refusal, if it is that anchors were left out for their date: if a path that is valid but for
    /// that leads to one of them, and none to another. `path` says in which of the anchors that it is given a valid
    /// path ends.
    pub(crate) fn because_of(
        selection: &Selection<'_>,
        mut path: impl FnMut(&[TrustAnchor<'_>]) -> Option<usize>,
    ) -> Option<Self> {
        selection.dropped().next()?;
        let without: SmallVec<[_; 4]> = selection.anchors().collect();
        if path(&without).is_some() {
            return None;
        }
        let with: SmallVec<[_; 4]> = selection.undated().collect();
        let used = with.get(path(&with)?)?;
        let chain = selection.chain();
        if used.permits_issuance_date(chain.issued_at()) {
            return None;
        }
        Some(Self {
            root: used.subject().to_string(),
            distrust_after: used.distrust_after()?,
            issued_at: chain.issued_at(),
        })
    }
}

impl fmt::Display for Distrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the root \"{}\" is trusted only for certificates issued up to {} (Unix time), ",
            self.root, self.distrust_after
        )?;
        match self.issued_at {
            Some(issued_at) => write!(f, "this one was issued at {issued_at}"),
            None => f.write_str("and when this one was issued cannot be read"),
        }
    }
}

impl error::Error for Distrusted {}
