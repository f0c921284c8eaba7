//! What a TLS library found: the path, as the machine takes it.

use alloc::borrow::Cow;
use core::iter;

use smallvec::SmallVec;

use crate::Rejection;

/// The certificates of a path, in DER, the end entity's first.
pub type Certificates<'p> = SmallVec<[Cow<'p, [u8]>; 4]>;

/// A path that a TLS library has found to be valid.
#[derive(Clone, Debug)]
pub struct ValidPath<'p> {
    /// Where it ends.
    pub end: PathEnd,
    /// Further candidates in the path, below its end: above an anchor that is not self-signed OpenSSL goes on.
    pub also: SmallVec<[usize; 1]>,
    /// The certificates below the anchor, the end entity's first.
    pub below: Certificates<'p>,
    /// That the end entity's certificate is not for the host, where the library looks at that apart from the path.
    pub wrong_host: Option<Rejection>,
    /// Whether the library finds fault with the path, and a callback of the user's accepts it.
    pub is_overridden: bool,
}

/// Where a path ends.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum PathEnd {
    /// In one of these candidates, by their places among [`ValidationRequest::anchors`](super::ValidationRequest::anchors):
    /// several where the library cannot tell them apart, because they are the same certificate under other conditions.
    Candidates(SmallVec<[usize; 1]>),
    /// In one of the CAs that the user loaded into the library, by its place.
    Loaded(usize),
    /// In no anchor. Only a callback of the user's accepts that.
    Nowhere,
}

impl<'p> ValidPath<'p> {
    /// A path to the candidate at this place.
    pub fn to(place: usize, below: Certificates<'p>) -> Self {
        Self::ending(PathEnd::Candidates(iter::once(place).collect()), below)
    }

    /// A path that ends here.
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
