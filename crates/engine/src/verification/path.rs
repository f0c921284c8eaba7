//! A certification path that a TLS library has validated.

use alloc::borrow::Cow;
use core::iter;

use smallvec::SmallVec;

use crate::Rejection;

/// The certificates of a path, in DER, the end entity first.
pub type Certificates<'p> = SmallVec<[Cow<'p, [u8]>; 4]>;

/// A path that a TLS library has validated.
#[derive(Clone, Debug)]
pub struct ValidPath<'p> {
    /// Where it ends.
    pub end: PathEnd,
    /// Further candidates in the path, below its end: OpenSSL continues a path above an anchor that is not self-signed.
    pub also: SmallVec<[usize; 1]>,
    /// The certificates below the anchor, the end entity first.
    pub below: Certificates<'p>,
    /// The error that the certificate is not for the host, where the library checks the name apart from the path.
    pub wrong_host: Option<Rejection>,
    /// Whether the library rejects the path, but a verify callback of the program accepts it.
    pub is_overridden: bool,
}

/// Where a path ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PathEnd {
    /// In one of these candidates, as indexes into [`ValidationRequest::anchors`](super::ValidationRequest::anchors). There
    /// are several where the same certificate is there under several conditions, which the library cannot tell apart.
    Candidates(SmallVec<[usize; 1]>),
    /// In one of the CAs that the program loaded into the library, by its index.
    Loaded(usize),
    /// In no anchor. Only a verify callback of the program accepts that.
    Nowhere,
}

impl<'p> ValidPath<'p> {
    /// A path that ends in the candidate with this index.
    pub fn to(place: usize, below: Certificates<'p>) -> Self {
        Self::ending(PathEnd::Candidates(iter::once(place).collect()), below)
    }

    /// A path with this end.
    pub fn ending(end: PathEnd, below: Certificates<'p>) -> Self {
        Self {
            end,
            also: SmallVec::new(),
            below,
            wrong_host: None,
            is_overridden: false,
        }
    }
}
