//! The anchors that were chosen for one chain.

use jit_trust_core::{Certificate, CertificateError, PeerChain, TrustAnchor};
use smallvec::SmallVec;

/// The anchors that a connection is validated against: those of a store that could have issued a certificate
/// of the peer's chain, and no others.
///
/// It holds the rule that a name must match, so that no store can break it: an anchor found by key identifier
/// under another name than that of the issuer is left out, as every TLS library would leave it out.
///
/// Anchors that a store lends are held without a copy and, up to four, without an allocation.
#[derive(Debug)]
pub struct Selection<'s, 'c> {
    chain: &'c PeerChain<'c>,
    anchors: SmallVec<[Anchor<'s>; 4]>,
}

#[derive(Debug)]
enum Anchor<'s> {
    Lent(TrustAnchor<'s>),
    /// The DER of a certificate that was read for this connection.
    Read(Box<[u8]>),
}

impl Anchor<'_> {
    fn certificate(&self) -> &[u8] {
        match self {
            Self::Lent(anchor) => anchor.certificate(),
            Self::Read(der) => der,
        }
    }

    /// The anchor. It is there: what is held has been read before.
    fn get(&self) -> Option<TrustAnchor<'_>> {
        match self {
            Self::Lent(anchor) => Some(*anchor),
            Self::Read(der) => Certificate::from_der(der)
                .ok()
                .map(TrustAnchor::from_trusted_certificate),
        }
    }
}

impl<'s, 'c> Selection<'s, 'c> {
    /// Nothing selected yet for this chain.
    pub fn new(chain: &'c PeerChain<'c>) -> Self {
        Self {
            chain,
            anchors: SmallVec::new(),
        }
    }

    /// Adds an anchor that the store lends, unless it could have issued nothing in the chain or is there
    /// already.
    pub fn add(&mut self, anchor: TrustAnchor<'s>) {
        if self.is_new(&anchor) {
            self.anchors.push(Anchor::Lent(anchor));
        }
    }

    /// Adds the anchor that this certificate is, in DER, under the conditions of [`add`](Self::add).
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn add_certificate(&mut self, der: impl Into<Box<[u8]>>) -> Result<(), CertificateError> {
        let der = der.into();
        let anchor = Certificate::from_der(&der).map(TrustAnchor::from_trusted_certificate)?;
        if self.is_new(&anchor) {
            self.anchors.push(Anchor::Read(der));
        }
        Ok(())
    }

    fn is_new(&self, anchor: &TrustAnchor<'_>) -> bool {
        let mut known = self.anchors.iter();
        self.chain.is_issued_by(anchor.subject())
            && !known.any(|known| known.certificate() == anchor.certificate())
    }

    /// The anchors, in the order in which they were added.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.anchors.iter().filter_map(Anchor::get)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.anchors.len()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.anchors.is_empty()
    }
}
