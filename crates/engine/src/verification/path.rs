//! A certification path that a TLS library has validated.

use alloc::borrow::Cow;

use smallvec::SmallVec;

use crate::Rejection;

/// The certificates of a path, in DER, the end entity first.
pub(super) type Certificates<'p> = SmallVec<[Cow<'p, [u8]>; 4]>;

/// A path that a TLS library has validated. `below` are the certificates below its end, in DER, the end entity first.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ValidPath<'p> {
    pub(super) end: PathEnd,
    /// Further candidates in the path, below its end.
    pub(super) also: SmallVec<[usize; 1]>,
    pub(super) below: Certificates<'p>,
    /// The error that the certificate is not for the host, where the library checks the name apart from the path.
    pub wrong_host: Option<Rejection>,
    /// Whether the library rejects the path, but a verify callback of the program accepts it.
    pub is_overridden: bool,
}

/// Where a path ends.
#[derive(Clone, Debug)]
pub(super) enum PathEnd {
    Candidates(SmallVec<[usize; 1]>),
    Loaded(usize),
    /// In no anchor.
    Nowhere,
}

impl<'p> ValidPath<'p> {
    /// A path that ends in the candidate with this index among
    /// [`ValidationRequest::anchors`](super::ValidationRequest::anchors).
    pub fn to_candidate(index: usize, below: impl IntoIterator<Item = Cow<'p, [u8]>>) -> Self {
        Self::to_one_of([index], below)
    }

    /// A path that ends in one of the candidates with these indexes, which are the same certificate under several conditions:
    /// the library cannot tell them apart.
    pub fn to_one_of(
        indexes: impl IntoIterator<Item = usize>,
        below: impl IntoIterator<Item = Cow<'p, [u8]>>,
    ) -> Self {
        Self::ending(PathEnd::Candidates(indexes.into_iter().collect()), below)
    }

    /// A path that ends in a CA that the program loaded into the library, with this index among the
    /// [given](super::Verification::with_loaded).
    pub fn to_loaded(index: usize, below: impl IntoIterator<Item = Cow<'p, [u8]>>) -> Self {
        Self::ending(PathEnd::Loaded(index), below)
    }

    /// A path that ends in no anchor, which a verify callback of the program accepts nevertheless.
    pub fn overridden(below: impl IntoIterator<Item = Cow<'p, [u8]>>) -> Self {
        Self {
            is_overridden: true,
            ..Self::ending(PathEnd::Nowhere, below)
        }
    }

    /// The same path, which leads through the candidates with these indexes before its end: OpenSSL continues a path above an
    /// anchor that is not self-signed.
    #[must_use]
    pub fn through(mut self, indexes: impl IntoIterator<Item = usize>) -> Self {
        self.also.extend(indexes);
        self
    }

    fn ending(end: PathEnd, below: impl IntoIterator<Item = Cow<'p, [u8]>>) -> Self {
        Self {
            end,
            also: SmallVec::new(),
            below: below.into_iter().collect(),
            wrong_host: None,
            is_overridden: false,
        }
    }
}
