//! The sites, as a client's test sees them.

use std::sync::Arc;

use pki_types::CertificateDer;

use super::authorities::Authorities;
use super::behaviour::Behaviour;
use super::chain::LazyChain;
use super::chain_kind::{ChainKind, LeafNames};
use super::reference::{REFERENCE, ReferenceRow};
use super::stand_in::StandIn;

/// A host, what it does and what it sends.
#[derive(Clone, Debug)]
pub struct Site {
    pub(super) host: String,
    pub(super) behaviour: Behaviour,
    pub(super) kind: ChainKind,
    pub(super) names: LeafNames,
    pub(super) roots: Vec<usize>,
    pub(super) chain: Arc<LazyChain>,
}

impl Site {
    /// The host name, in lower case.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its row in the reference; none if only the name with or without `www.` has one.
    pub fn reference(&self) -> Option<&'static ReferenceRow> {
        REFERENCE.iter().find(|row| row.host == self.host)
    }

    /// Its behaviour on requests.
    pub fn behaviour(&self) -> Behaviour {
        self.behaviour
    }

    /// The kind of chain that it sends.
    pub fn kind(&self) -> ChainKind {
        self.kind
    }

    /// Which names its leaf has.
    pub fn names(&self) -> LeafNames {
        self.names
    }

    /// The roots under which its chain is valid, each alone. The first is that of the leaf's own issuer.
    pub fn roots(&self) -> Vec<&'static StandIn> {
        self.roots.iter().map(|root| Authorities::root(*root)).collect()
    }

    /// The certificates that it sends, the leaf first. They are made now, unless a client has connected before.
    pub fn certificates(&self) -> Vec<CertificateDer<'static>> {
        self.chain.get().1
    }

    /// Whether a handshake is to succeed: unless the certificate has expired, or no handshake is answered.
    pub fn is_reachable(&self) -> bool {
        !matches!(self.behaviour, Behaviour::Expired | Behaviour::NeverShakesHands)
    }

    /// Whether it speaks HTTP/2 beside HTTP/1.1. One that doesn't refuses a client that offers nothing else.
    pub fn speaks_http2(&self) -> bool {
        Behaviour::speaks_http2(&self.host)
    }
}
