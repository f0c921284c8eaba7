//! The ways up from the server's own certificate: where each leads, and whether the TLS library takes it.

use jit_trust::{TrustAnchor, TrustPolicy};
use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs;
use webpki::{EndEntityCert, KeyUsage};

use super::explanation::{Node, Outcome, Path};
use super::graph::{Graph, MAX_DISTANCE};
use super::judge::{Only, Terms};
use crate::store::Store;

/// How many ways are followed to their end and judged.
const MAX_PATHS: usize = 16;

/// How many steps are tried. Ways that come back to where they were count for no way and can be very many.
const MAX_STEPS: usize = 4096;

/// The certificates and the anchor of a valid path, as indexes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) certificates: Vec<usize>,
    pub(super) anchor: Option<usize>,
}

/// The path that webpki takes, given just these anchors.
pub(super) fn taken(
    sent: &[CertificateDer<'_>],
    anchors: &[TrustAnchor<'_>],
    may_be_used: impl Fn(usize) -> bool,
    terms: &Terms,
) -> Option<Way> {
    let (end_entity, others) = sent.split_first()?;
    let end_entity = EndEntityCert::try_from(end_entity).ok()?;
    let numbers: Vec<usize> = (0..anchors.len()).filter(|number| may_be_used(*number)).collect();
    let anchors: Vec<_> = numbers
        .iter()
        .filter_map(|number| anchors.get(*number))
        .map(to_webpki)
        .collect();
    let algorithms = aws_lc_rs::default_provider()
        .signature_verification_algorithms
        .all;
    let usage = KeyUsage::server_auth();
    let path = end_entity.verify_for_usage(algorithms, &anchors, others, terms.now, usage, None, None);
    let path = path.ok()?;
    let number = anchors
        .iter()
        .position(|anchor| std::ptr::eq(anchor, path.anchor()));
    let place = |der: CertificateDer<'_>| sent.iter().position(|sent| *sent == der);
    let between = path
        .intermediate_certificates()
        .filter_map(|certificate| place(certificate.der()));
    Some(Way {
        certificates: std::iter::once(0).chain(between).collect(),
        anchor: number.and_then(|number| numbers.get(number).copied()),
    })
}

/// The form that webpki takes: the inside of each SEQUENCE, without its header.
fn to_webpki<'a>(anchor: &TrustAnchor<'a>) -> pki_types::TrustAnchor<'a> {
    pki_types::TrustAnchor {
        subject: anchor.subject().value().into(),
        subject_public_key_info: anchor.spki_value().into(),
        name_constraints: anchor.name_constraints().map(Into::into),
    }
}

/// All ways up by names, each to its end or to the first issuer that has not signed the one before, in the order in which
/// webpki tries them: anchors first, then certificates as they were sent. No more than are judged, and no more than are
/// found in so many steps; whether there may be others is said.
pub(super) fn all(graph: &Graph<'_>, anchors: &[TrustAnchor<'_>]) -> (Vec<Way>, bool) {
    let mut ways = Vec::new();
    // The certificates on the way, each with those that may come next.
    let mut open = vec![(0, next(graph, anchors, 0))];
    let mut steps = 0;
    while let Some((_, choices)) = open.last_mut() {
        let Some(choice) = choices.pop() else {
            open.pop();
            continue;
        };
        steps += 1;
        if steps > MAX_STEPS {
            return (ways, true);
        }
        let on_the_way: Vec<usize> = open.iter().map(|(index, _)| *index).collect();
        let last = *on_the_way.last().unwrap_or(&0);
        let mut beyond = None;
        let end = match choice {
            Choice::Anchor(number) => Some(Some(number)),
            Choice::Nowhere => Some(None),
            Choice::Certificate(index) if graph.has_not_signed(Node::Sent(index), last) => {
                beyond = Some(index);
                Some(None)
            }
            Choice::Certificate(index)
                if comes_again(graph, &on_the_way, index) || on_the_way.len() >= MAX_DISTANCE =>
            {
                // Where this is the only choice the way ends here.
                let is_only = next(graph, anchors, last).len() == 1;
                is_only.then_some(None)
            }
            Choice::Certificate(index) => {
                open.push((index, next(graph, anchors, index)));
                None
            }
        };
        let Some(anchor) = end else { continue };
        if ways.len() == MAX_PATHS {
            return (ways, true);
        }
        ways.push(Way {
            certificates: on_the_way.into_iter().chain(beyond).collect(),
            anchor,
        });
    }
    (ways, false)
}

/// What may come next on a way up.
#[derive(Clone, Copy)]
enum Choice {
    Anchor(usize),
    Certificate(usize),
    Nowhere,
}

/// What may come after a certificate, the first last.
fn next(graph: &Graph<'_>, anchors: &[TrustAnchor<'_>], index: usize) -> Vec<Choice> {
    let Some(issued) = graph.get(index) else {
        return vec![Choice::Nowhere];
    };
    let issuer = issued.issuer();
    let numbered = anchors.iter().enumerate();
    let numbers = numbered
        .filter(|(_, anchor)| anchor.subject() == issuer)
        .map(|(number, _)| number);
    let certificates = graph.named(issuer).filter(|other| *other != index);
    let mut choices: Vec<Choice> = numbers
        .map(Choice::Anchor)
        .chain(certificates.map(Choice::Certificate))
        .collect();
    if choices.is_empty() {
        choices.push(Choice::Nowhere);
    }
    choices.reverse();
    choices
}

/// Whether a way would come to the same name and key again, which leads nowhere new.
fn comes_again(graph: &Graph<'_>, on_the_way: &[usize], index: usize) -> bool {
    let Some(certificate) = graph.get(index) else {
        return true;
    };
    let mut before = on_the_way.iter().filter_map(|other| graph.get(*other));
    before.any(|other| other.subject() == certificate.subject() && other.spki() == certificate.spki())
}

/// Has the ways judged, each alone: just its certificates, and just its anchor.
pub(super) fn judge(
    ways: &[Way],
    taken: Option<&Way>,
    sent: &[CertificateDer<'_>],
    graph: &Graph<'_>,
    anchors: &[TrustAnchor<'_>],
    terms: &Terms,
    store: &Store,
) -> Vec<Path> {
    let ahead = taken.filter(|taken| !ways.contains(taken));
    let judged = ahead.into_iter().chain(ways).map(|way| {
        let (outcome, reason) = if Some(way) == taken {
            (Outcome::Taken, None)
        } else if let Some(words) = not_signed(way, graph) {
            (Outcome::Refused, Some(words))
        } else if let Some(anchor) = way.anchor.and_then(|number| anchors.get(number)) {
            let certificates = way
                .certificates
                .iter()
                .filter_map(|index| sent.get(*index).cloned());
            let certificates: Vec<CertificateDer<'_>> = certificates.collect();
            let mut alone = store.clone();
            alone.policy = TrustPolicy::new(Only(anchor.to_owned_anchor()));
            alone.is_remote = false;
            let verdict = terms.judge(&certificates, &alone);
            match verdict.has_path() {
                true => (Outcome::Valid, None),
                false => (Outcome::Refused, verdict.decision.refusal),
            }
        } else {
            (Outcome::DeadEnd, Some(dead_end(way, graph, store)))
        };
        Path {
            certificates: way.certificates.iter().map(|index| Node::Sent(*index)).collect(),
            anchor: way.anchor.map(Node::Anchor),
            outcome,
            reason,
        }
    });
    judged.collect()
}

/// That one on the way has not signed the one before, if so: no path can lead there.
fn not_signed(way: &Way, graph: &Graph<'_>) -> Option<String> {
    let last = *way.certificates.last()?;
    let before = way.certificates.iter().rev().nth(1);
    let (issuer, issued) = match (way.anchor, before) {
        (Some(number), _) => (Node::Anchor(number), last),
        (None, Some(before)) => (Node::Sent(last), *before),
        (None, None) => return None,
    };
    let words = || format!("{issuer} has not signed {}", Node::Sent(issued));
    graph.has_not_signed(issuer, issued).then(words)
}

/// Why a way leads nowhere.
fn dead_end(way: &Way, graph: &Graph<'_>, store: &Store) -> String {
    let last = way.certificates.last().and_then(|index| graph.get(*index));
    let Some(last) = last else {
        return "cannot be read".to_owned();
    };
    let store = &store.name;
    if last.is_self_issued() {
        return format!("ends in a root that was sent along, and {store} does not hold it");
    }
    if graph.named(last.issuer()).next().is_some() {
        return "goes round in a circle, or further up than any valid path".to_owned();
    }
    format!(
        "no certificate named \"{}\", neither sent nor in {store}",
        last.issuer()
    )
}
