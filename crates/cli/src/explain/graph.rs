//! Which certificate names which as its issuer, and whether that one has signed it.

use jit_trust_core::{CertificateError, KeyId, MAX_CERTIFICATES, Name};
use std::collections::HashSet;

use jit_trust::{Certificate, Rejection, TrustAnchor};
use jit_trust_rustls::verify_signature;
use pki_types::CertificateDer;
use rustls::crypto::{WebPkiSupportedAlgorithms, aws_lc_rs};

use super::explanation::{Edge, KeyIds, Node, Signature};

/// How many edges there are at most: in most chains, as many as certificates.
const MAX_EDGES: usize = 256;

/// How far up it is looked, in steps from the server's own certificate. webpki takes no more than six CAs between that
/// and an anchor.
pub(super) const MAX_DISTANCE: usize = 8;

/// What was sent, and the anchors that could have issued some of it.
pub(super) struct Graph<'c> {
    pub(super) certificates: Vec<Result<Certificate<'c>, CertificateError>>,
    /// Which earlier one each is the same as.
    pub(super) same_as: Vec<Option<usize>>,
    /// How many steps each is up from the server's own, by names; none where no way leads there.
    pub(super) distances: Vec<Option<usize>>,
    pub(super) edges: Vec<Edge>,
}

impl<'c> Graph<'c> {
    /// Reads the first certificates, as many as a verifier looks at.
    pub(super) fn new(sent: &'c [CertificateDer<'_>], anchors: &[TrustAnchor<'_>]) -> Self {
        let sent = sent.get(..MAX_CERTIFICATES).unwrap_or(sent);
        let same_as = sent.iter().enumerate();
        let same_as = same_as.map(|(index, der)| sent.iter().take(index).position(|other| other == der));
        let mut graph = Self {
            certificates: sent.iter().map(|der| Certificate::from_der(der)).collect(),
            same_as: same_as.collect(),
            distances: vec![None; sent.len()],
            edges: Vec::new(),
        };
        graph.measure();
        graph.connect(anchors);
        graph
    }

    /// The certificate, if it can be read and was not sent before.
    pub(super) fn get(&self, index: usize) -> Option<&Certificate<'c>> {
        let is_first = self.same_as.get(index)?.is_none();
        self.certificates.get(index)?.as_ref().ok().filter(|_| is_first)
    }

    fn indexes(&self) -> impl Iterator<Item = usize> + use<> {
        0..self.certificates.len()
    }

    /// The other certificates of this name, in the order sent.
    pub(super) fn named(&self, name: Name<'_>) -> impl Iterator<Item = usize> {
        self.indexes()
            .filter(move |index| self.get(*index).is_some_and(|other| other.subject() == name))
    }

    /// The certificates that name this one as their issuer.
    pub(super) fn issued_by_name(&self, name: Name<'_>) -> impl Iterator<Item = usize> {
        self.indexes()
            .filter(move |index| self.get(*index).is_some_and(|other| other.issuer() == name))
    }

    fn measure(&mut self) {
        let mut nearest: Vec<usize> = self.get(0).map(|_| 0).into_iter().collect();
        for distance in 0..=MAX_DISTANCE {
            for index in &nearest {
                if let Some(slot) = self.distances.get_mut(*index) {
                    *slot = Some(distance);
                }
            }
            let issuers = nearest
                .iter()
                .filter_map(|index| Some(self.get(*index)?.issuer()));
            let next: HashSet<usize> = issuers
                .flat_map(|issuer| self.named(issuer))
                .filter(|index| self.distance(*index).is_none())
                .collect();
            nearest = next.into_iter().collect();
        }
    }

    /// How many steps a certificate is up from the server's own.
    pub(super) fn distance(&self, index: usize) -> Option<usize> {
        self.distances.get(index).copied().flatten()
    }

    fn connect(&mut self, anchors: &[TrustAnchor<'_>]) {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        let mut edges = Vec::new();
        for index in self.indexes().filter(|index| self.distance(*index).is_some()) {
            let Some(issued) = self.get(index) else { continue };
            for issuer in self.named(issued.issuer()).filter(|issuer| *issuer != index) {
                if let Some(certificate) = self.get(issuer) {
                    let (skid, key) = (certificate.subject_key_id(), certificate.spki_value());
                    edges.push(edge(issued, index, Node::Sent(issuer), skid, key, algorithms));
                }
            }
            let named = anchors.iter().enumerate();
            for (number, anchor) in named.filter(|(_, anchor)| anchor.subject() == issued.issuer()) {
                let (skid, key) = (anchor.subject_key_id(), anchor.spki_value());
                edges.push(edge(issued, index, Node::Anchor(number), skid, key, algorithms));
            }
            // No more signatures are checked than are shown.
            if edges.len() >= MAX_EDGES {
                break;
            }
        }
        edges.truncate(MAX_EDGES);
        self.edges = edges;
    }

    /// Whether it is known of a certificate's issuer by name that it has not signed it.
    pub(super) fn has_not_signed(&self, issuer: Node, issued: usize) -> bool {
        let is_it = |edge: &&Edge| edge.from == Node::Sent(issued) && edge.to == issuer;
        let edge = self.edges.iter().find(is_it);
        edge.is_some_and(|edge| edge.signature == Signature::DoesNotFit)
    }

    /// How the certificate's signature fits its own key.
    pub(super) fn own_signature(&self, index: usize) -> Signature {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        self.get(index).map_or(Signature::NotChecked, |certificate| {
            check(certificate, certificate.spki_value(), algorithms)
        })
    }
}

fn edge(
    issued: &Certificate<'_>,
    index: usize,
    to: Node,
    skid: Option<KeyId<'_>>,
    spki_value: &[u8],
    algorithms: WebPkiSupportedAlgorithms,
) -> Edge {
    Edge {
        from: Node::Sent(index),
        to,
        key_ids: match (issued.authority_key_id(), skid) {
            (Some(authority), Some(subject)) if authority == subject => KeyIds::Agree,
            (Some(_), Some(_)) => KeyIds::Differ,
            _ => KeyIds::Absent,
        },
        signature: check(issued, spki_value, algorithms),
        taken: false,
    }
}

/// How the signature of `issued` fits the key of `spki_value`, the inside of a SubjectPublicKeyInfo.
fn check(issued: &Certificate<'_>, spki_value: &[u8], algorithms: WebPkiSupportedAlgorithms) -> Signature {
    match verify_signature(issued.as_der(), spki_value, algorithms.all) {
        Ok(()) => Signature::Fits,
        Err(Rejection::BadSignature { .. }) => Signature::DoesNotFit,
        Err(_) => Signature::NotChecked,
    }
}
