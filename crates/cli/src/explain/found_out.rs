//! Finding out all that there is to tell.

use jit_trust::{Certificate, PeerChain, TrustAnchor, VerificationReport};
use jit_trust_bundle::NameConstraints;
use pki_types::CertificateDer;
use webpki::EndEntityCert;

use super::advice;
use super::explanation::{
    Anchor, AnchorState, Asked, Connection, Edge, Explanation, KeyIds, Node, Role, Sent, Signature,
};
use super::graph::Graph;
use super::judge::{Terms, Verdict};
use super::paths::{self, Way};
use super::roots::{self, Roots};
use crate::args::TrustBy;
use crate::get::report::QueryReport;
use crate::store::Store;
use crate::time::{self, moment};
use jit_trust_rustls::unsupported_key;

/// What is to be explained.
#[derive(Debug)]
pub(super) struct Given {
    /// The URL or the file.
    pub(super) subject: String,
    pub(super) certificates: Vec<CertificateDer<'static>>,
    pub(super) terms: Terms,
    pub(super) connection: Option<Connection>,
    /// Why the handshake was not completed.
    pub(super) broken_off: Option<String>,
}

pub(super) fn explain(given: Given, args: &TrustBy, store: &Store) -> Explanation {
    let (terms, certificates) = (&given.terms, &given.certificates);
    let verdict = terms.judge(certificates, store);
    let server_name = terms.server_name();
    let roots = Roots::read(args, &server_name.to_str());

    let report = &verdict.report;
    let chain = report.chain();
    let local = chain.iter().flat_map(|chain| roots.answering(chain));
    let local = local.map(|anchor| dated_as_in(report, anchor));
    let mut found: Vec<TrustAnchor<'_>> = Vec::new();
    // Those that are in no local store came from a server.
    for anchor in local.chain(report.candidates()) {
        if !found.iter().any(|known| is_same(known, &anchor)) {
            found.push(anchor);
        }
    }
    let used = report.anchor();
    let used = used.and_then(|used| found.iter().position(|known| is_same(known, &used)));
    let permits_date = |number: usize| {
        let anchor = found.get(number).zip(chain.as_ref());
        anchor.is_some_and(|(anchor, chain)| anchor.permits_issuance_date(chain.issued_at()))
    };
    let taken = verdict.has_path().then(|| {
        let is_used = |number| used.map_or_else(|| permits_date(number), |used| used == number);
        paths::taken(certificates, &found, is_used, terms)
    });
    let taken = taken.flatten();

    let mut graph = Graph::new(certificates, &found);
    mark(&mut graph.edges, taken.as_ref());
    let anchors: Vec<Anchor> = found
        .iter()
        .enumerate()
        .map(|(number, found)| described_anchor(number, found, &graph.edges, permits_date(number)))
        .collect();
    let (ways, more_paths) = paths::all(&graph, &found);
    let paths = paths::judge(&ways, taken.as_ref(), certificates, &graph, &found, terms, store);

    let passes = terms.passes(&verdict);
    let refusal = verdict.decision.refusal.clone();
    let reason = refusal.filter(|_| !passes);
    let broken_off = given.broken_off.map(|words| refused_key(&graph).unwrap_or(words));
    let root = taken.as_ref().and_then(|taken| taken.anchor);
    let is_refused = !passes && !verdict.store_failed();
    let belongs_first = misplaced(&graph, certificates, terms).filter(|_| is_refused);
    Explanation {
        subject: given.subject,
        host: terms.host.as_ref().map(|host| host.to_str().into_owned()),
        at: moment(terms.now.as_secs()),
        store: store.name_for(&server_name.to_str()),
        connection: given.connection,
        trusted: passes && broken_off.is_none(),
        store_failed: verdict.store_failed(),
        advice: match (&broken_off, passes) {
            (Some(_), true) => advice::BROKEN_OFF.to_owned(),
            _ => match belongs_first {
                Some(own) => advice::misplaced(own),
                None => advice::of(&verdict, terms, &graph, &anchors),
            },
        },
        reason: reason.or(broken_off),
        remarks: remarks(&graph, taken.as_ref(), certificates, terms),
        belongs_first,
        root: root.map(Node::Anchor),
        sent_len: certificates.len(),
        sent: sent_certificates(&graph, certificates, &found, &verdict, terms),
        asked: asked(chain.as_ref(), &graph, &found),
        queries: report.lookups.iter().map(QueryReport::of).collect(),
        memory: roots.memory(root.and_then(|root| found.get(root))),
        anchors,
        edges: graph.edges,
        paths,
        more_paths,
    }
}

/// Whether both have the same name and key.
fn has_key_of(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    one.subject() == other.subject() && one.spki_value() == other.spki_value()
}

/// Whether they have the same name constraints too. A date that a store states for a name and key binds all of them.
fn is_same(one: &TrustAnchor<'_>, other: &TrustAnchor<'_>) -> bool {
    has_key_of(one, other) && one.name_constraints() == other.name_constraints()
}

/// The anchor under the date that binds it, which another store may state than the one that holds it.
fn dated_as_in<'a>(report: &VerificationReport, anchor: TrustAnchor<'a>) -> TrustAnchor<'a> {
    let same = report
        .candidates()
        .filter(|candidate| has_key_of(candidate, &anchor));
    let dates = same.filter_map(|candidate| candidate.distrust_after());
    anchor.with_distrust_after(dates.chain(anchor.distrust_after()).min())
}

/// That the server's own key is not taken, if so: then a handshake ends as if the server did not hold it.
fn refused_key(graph: &Graph<'_>) -> Option<String> {
    let why = unsupported_key(graph.get(0)?.spki_value())?;
    Some(format!("the key of the server's certificate is {why}"))
}

/// The server's own certificate, where that of a CA was sent first: one that is for the host, or where that does not
/// matter, one of no CA's that a CA which was sent has issued.
fn misplaced(graph: &Graph<'_>, sent: &[CertificateDer<'static>], terms: &Terms) -> Option<Node> {
    if graph.get(0)?.says_it_is_no_ca() {
        return None;
    }
    let is_own = |index: &usize| {
        let (Some(certificate), Some(der)) = (graph.get(*index), sent.get(*index)) else {
            return false;
        };
        let is_issued = graph.named(certificate.issuer()).any(|issuer| issuer != *index);
        match (&terms.host, EndEntityCert::try_from(der)) {
            (Some(host), Ok(end_entity)) => end_entity.verify_is_valid_for_subject_name(host).is_ok(),
            (Some(_), Err(_)) => false,
            (None, _) => certificate.says_it_is_no_ca() && is_issued,
        }
    };
    (1..graph.certificates.len()).find(is_own).map(Node::Sent)
}

/// Marks the edges that the path taken consists of.
fn mark(edges: &mut [Edge], taken: Option<&Way>) {
    let Some(taken) = taken else { return };
    let nodes: Vec<Node> = taken
        .certificates
        .iter()
        .map(|index| Node::Sent(*index))
        .chain(taken.anchor.map(Node::Anchor))
        .collect();
    for edge in edges {
        edge.taken = nodes.windows(2).any(|pair| pair == [edge.from, edge.to]);
    }
}

fn described_anchor(number: usize, anchor: &TrustAnchor<'_>, edges: &[Edge], permits_date: bool) -> Anchor {
    let id = Node::Anchor(number);
    let mut to_it = edges.iter().filter(|edge| edge.to == id);
    let state = if to_it.clone().any(|edge| edge.taken) {
        AnchorState::Used
    } else if to_it.clone().next().is_none() {
        AnchorState::Unrelated
    } else if !permits_date {
        AnchorState::Dated
    } else if to_it.any(|edge| edge.signature != Signature::DoesNotFit) {
        AnchorState::Signer
    } else {
        AnchorState::NotTheSigner
    };
    Anchor {
        id,
        state,
        subject: anchor.subject().to_string(),
        skid: anchor.subject_key_id().map(|key_id| key_id.to_string()),
        distrust_after: anchor.distrust_after().map(moment),
        name_constraints: anchor
            .name_constraints()
            .map(|constraints| NameConstraints::of(constraints).to_string()),
        anchor_len: roots::anchor_len(anchor),
    }
}

fn sent_certificates(
    graph: &Graph<'_>,
    sent: &[CertificateDer<'static>],
    anchors: &[TrustAnchor<'_>],
    verdict: &Verdict,
    terms: &Terms,
) -> Vec<Sent> {
    let described = graph
        .certificates
        .iter()
        .zip(sent)
        .enumerate()
        .map(|(index, (certificate, der))| {
            let same_as = graph.same_as.get(index).copied().flatten();
            let distance = graph.distance(index);
            let mut notes = Vec::new();
            let role = match certificate {
                Err(error) => {
                    notes.push(error.to_string());
                    Role::Unreadable
                }
                Ok(_) if same_as.is_some() => Role::Duplicate,
                Ok(_) if index == 0 => Role::Own,
                Ok(_) if distance.is_none() => Role::Unrelated,
                Ok(certificate) if certificate.is_self_issued() => Role::SelfIssued,
                Ok(_) => Role::Issuer,
            };
            let certificate = certificate.as_ref().ok();
            let mut is_bad = role == Role::Unreadable;
            if let Some(certificate) = certificate.filter(|_| distance.is_some() && same_as.is_none()) {
                let wrong = wrong_with(certificate, index, verdict, terms);
                is_bad = !wrong.is_empty();
                notes.extend(wrong);
                notes.extend(in_store(certificate, index, graph, anchors));
            }
            Sent {
                id: Node::Sent(index),
                role,
                same_as: same_as.map(Node::Sent),
                subject: certificate.map(|certificate| certificate.subject().to_string()),
                issuer: certificate.map(|certificate| certificate.issuer().to_string()),
                skid: certificate.and_then(|certificate| Some(certificate.subject_key_id()?.to_string())),
                akid: certificate.and_then(|certificate| Some(certificate.authority_key_id()?.to_string())),
                not_before: certificate.and_then(|certificate| certificate.not_before().map(moment)),
                not_after: certificate.and_then(|certificate| certificate.not_after().map(moment)),
                der_len: der.len(),
                distance,
                notes,
                is_bad,
            }
        });
    described.collect()
}

/// What is wrong with a certificate by itself.
fn wrong_with(certificate: &Certificate<'_>, index: usize, verdict: &Verdict, terms: &Terms) -> Vec<String> {
    let now = terms.now.as_secs();
    let mut wrong = Vec::new();
    if let Some(not_after) = certificate.not_after().filter(|not_after| *not_after < now) {
        wrong.push(format!("expired {}", time::expiry(not_after)));
    }
    if let Some(not_before) = certificate.not_before().filter(|not_before| now < *not_before) {
        wrong.push(format!("not valid before {}", moment(not_before)));
    }
    wrong.extend(time::unreadable_date(certificate).map(str::to_owned));
    if verdict.rejection().is_some() {
        wrong.extend(time::date_before_1970(certificate).map(str::to_owned));
    }
    if index == 0 && verdict.has_other_name() && terms.host.is_some() {
        wrong.push("for another host".to_owned());
    }
    if let Some(why) = unsupported_key(certificate.spki_value()) {
        wrong.push(format!("its key is {why}"));
    }
    if index > 0 && certificate.says_it_is_no_ca() {
        wrong.push("no CA's: it may not issue certificates".to_owned());
    }
    wrong
}

/// What the store has to do with a root that was sent along.
fn in_store(
    certificate: &Certificate<'_>,
    index: usize,
    graph: &Graph<'_>,
    anchors: &[TrustAnchor<'_>],
) -> Option<String> {
    if !certificate.is_self_issued() {
        return None;
    }
    match graph.own_signature(index) {
        Signature::Fits => {}
        Signature::DoesNotFit => {
            return Some("names itself as its issuer, and its own key has not signed it".to_owned());
        }
        Signature::NotChecked => {
            return Some("names itself as its issuer; its signature was not checked".to_owned());
        }
    }
    let named = anchors.iter().enumerate();
    let mut named = named.filter(|(_, anchor)| anchor.subject() == certificate.subject());
    let same = named
        .clone()
        .find(|(_, anchor)| anchor.spki_value() == certificate.spki_value());
    if let Some((number, _)) = same {
        return Some(format!("a root: the store has it as {}", Node::Anchor(number)));
    }
    match named.next() {
        Some((number, anchor)) => {
            let has_key_id = certificate.subject_key_id().is_some()
                && certificate.subject_key_id() == anchor.subject_key_id();
            let claims = if has_key_id {
                "name and key identifier"
            } else {
                "name"
            };
            let number = Node::Anchor(number);
            Some(format!(
                "signed by itself; it has the {claims} of {number} in the store, and another key"
            ))
        }
        None => Some("signed by itself; the store does not hold it".to_owned()),
    }
}

/// What is not as it should be, though it decides nothing (RFC 8446 section 4.4.2).
fn remarks(
    graph: &Graph<'_>,
    taken: Option<&Way>,
    sent: &[CertificateDer<'static>],
    terms: &Terms,
) -> Vec<String> {
    let mut remarks = Vec::new();
    if terms.host.is_none() {
        remarks.push("No --host was given: the host name was not checked.".to_owned());
    }
    if sent.len() > graph.certificates.len() {
        remarks.push(format!(
            "{} certificates were sent, and no more than {} are looked at.",
            sent.len(),
            graph.certificates.len()
        ));
    }
    let Some(taken) = taken else { return remarks };
    for edge in graph
        .edges
        .iter()
        .filter(|edge| edge.taken && edge.key_ids == KeyIds::Differ)
    {
        remarks.push(format!(
            "{} gives another key identifier than that of {}, which has signed it; some clients go by it.",
            edge.from, edge.to
        ));
    }
    if !taken.certificates.is_sorted() {
        remarks.push(
            "The certificates were not sent in the order of the path; some clients insist on it.".to_owned(),
        );
    }
    let needless: Vec<String> = (0..graph.certificates.len())
        .filter(|index| !taken.certificates.contains(index))
        .map(|index| Node::Sent(index).to_string())
        .collect();
    match needless.as_slice() {
        [] => {}
        unneeded => remarks.push(format!("Not needed for this path: {}.", unneeded.join(", "))),
    }
    remarks
}

fn asked(chain: Option<&PeerChain<'_>>, graph: &Graph<'_>, anchors: &[TrustAnchor<'_>]) -> Vec<Asked> {
    let issuers = chain.into_iter().flat_map(PeerChain::issuers);
    let asked = issuers.map(|name| {
        let answering = anchors
            .iter()
            .enumerate()
            .filter(|(_, anchor)| anchor.subject() == name);
        Asked {
            name: name.to_string(),
            by: graph.issued_by_name(name).map(Node::Sent).collect(),
            anchors: answering.map(|(number, _)| Node::Anchor(number)).collect(),
            sent: graph.named(name).map(Node::Sent).collect(),
        }
    });
    asked.collect()
}
