//! What to do about a verdict, in a sentence or two.

use jit_trust::{Certificate, Rejection};

use super::explanation::{Anchor, AnchorState, Node};
use super::graph::Graph;
use super::judge::{Terms, Verdict};

const RENEW: &str = "The server's operator has to replace that certificate.";
const SET_CLOCK: &str = " If the time above is not the time, set this machine's clock.";
const OTHER_CA: &str = "The server's operator has to get a certificate from another CA. An older one may go on \
                        to work until it expires.";
const REISSUE: &str = "The server's operator has to get certificates that fit together from the CA.";
const CHECK_NAME: &str = "Check the address for a typing error. If it is right, the server is not set up for it, \
                          or another one has answered in its place.";

const NO_NAME: &str = "The server's operator has to get a certificate with the host in its subjectAltName: that \
                       needs one, and the common name does not count.";
const NO_CA: &str = "If it is yours, make one that is no CA's, with openssl req -x509: -addext \
                     basicConstraints=critical,CA:FALSE and -addext subjectAltName=DNS:HOST. Have that trusted by name: \
                     --pin HOST=FILE.";
const ALGORITHM: &str = "The server's operator has to get certificates that are signed as today: with SHA-256 or \
                         longer, by keys of RSA of 2048 to 8192 bits, P-256, P-384, P-521 or Ed25519.";

/// What to do where certificates are not trusted.
pub(super) fn of(verdict: &Verdict, terms: &Terms, graph: &Graph<'_>, anchors: &[Anchor]) -> String {
    if terms.passes(verdict) {
        return "Nothing.".to_owned();
    }
    if verdict.store_failed() {
        return "Nothing is known about the server: try again when the store can answer.".to_owned();
    }
    let Some(rejection) = verdict.rejection() else {
        return REISSUE.to_owned();
    };
    match rejection {
        Rejection::Expired { .. } | Rejection::NotYetValid { .. } => match terms.is_of_another_time {
            true => RENEW.to_owned(),
            false => format!("{RENEW}{SET_CLOCK}"),
        },
        Rejection::WrongHost { .. } if graph.get(0).is_some_and(|own| own.subject_alt_names().is_none()) => {
            NO_NAME.to_owned()
        }
        Rejection::WrongHost { .. } => CHECK_NAME.to_owned(),
        Rejection::UnsupportedAlgorithm { .. } | Rejection::UnsupportedKey { .. } => ALGORITHM.to_owned(),
        Rejection::UnreadableCertificate { .. } => unreadable(graph),
        Rejection::CaAsServer {
            self_signed: true, ..
        } => NO_CA.to_owned(),
        Rejection::NoSuchRoot { .. } => unknown_issuer(graph, anchors),
        Rejection::BadSignature { .. } if has_other_key(anchors) => other_key(),
        Rejection::DatedRoot(_) => OTHER_CA.to_owned(),
        _ => REISSUE.to_owned(),
    }
}

/// What to do where the server's own certificate was not sent first.
pub(super) fn misplaced(own: Node) -> String {
    format!(
        "Certificate {own} is the server's own, and it has to come first: put the file that the server sends in \
         order, each certificate before that of its issuer."
    )
}

fn unreadable(graph: &Graph<'_>) -> String {
    let certificates = graph.certificates.iter().enumerate();
    let unreadable = certificates.filter(|(_, certificate)| certificate.is_err());
    let unreadable: Vec<String> = unreadable
        .map(|(index, _)| Node::Sent(index).to_string())
        .collect();
    match unreadable.as_slice() {
        [] => REISSUE.to_owned(),
        [one] => format!("Certificate {one} cannot be read: the server's operator has to replace it."),
        many => format!(
            "Certificates {} cannot be read: the server's operator has to replace them.",
            many.join(", ")
        ),
    }
}

/// What to do where the handshake failed though the certificates are in order.
pub(super) const BROKEN_OFF: &str =
    "The certificates are in order. The server's operator has to look at its key and its settings of TLS.";

/// Whether the store has a root of a name that is asked for, which has signed nothing here.
fn has_other_key(anchors: &[Anchor]) -> bool {
    anchors
        .iter()
        .any(|anchor| anchor.state == AnchorState::NotTheSigner)
}

fn other_key() -> String {
    "A root of this name is in the store and has another key. Do not trust the one that signed these certificates \
     unless you know from elsewhere whose it is: anyone can make one of this name."
        .to_owned()
}

fn unknown_issuer(graph: &Graph<'_>, anchors: &[Anchor]) -> String {
    if has_other_key(anchors) {
        return other_key();
    }
    // To trust it by another list would be to trust what this one no longer does.
    if anchors.iter().any(|anchor| anchor.state == AnchorState::Dated) {
        return OTHER_CA.to_owned();
    }
    let ends: Vec<&Certificate<'_>> = (0..graph.certificates.len())
        .filter(|index| graph.distance(*index).is_some())
        .filter_map(|index| graph.get(index))
        .filter(|certificate| {
            certificate.is_self_issued() || graph.named(certificate.issuer()).next().is_none()
        })
        .collect();
    let own = graph.get(0);
    match ends.as_slice() {
        [end] if own == Some(*end) && end.is_self_issued() => {
            "No CA has issued this certificate: it is signed by itself. If it is yours, have it trusted by name: --pin \
             HOST=CERTIFICATE.pem, with a copy that did not come over this connection."
                .to_owned()
        }
        [end] if own == Some(*end) => format!(
            "Most likely the server has left out the certificate of \"{}\": its operator has to send that along. \
             Browsers may have it from elsewhere, so the site can open there.",
            end.issuer()
        ),
        [end, ..] => format!(
            "If you trust \"{}\", get its certificate from the CA itself and give it to --trust, beside the \
             others. If it is no root, the server has left certificates out.",
            end.issuer()
        ),
        [] => REISSUE.to_owned(),
    }
}
