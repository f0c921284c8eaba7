//! What there is to tell, in whatever form. `docs/json.md` promises what it is as JSON.

use std::fmt;

use serde::{Serialize, Serializer};

use super::roots::Memory;
use crate::get::report::QueryReport;

/// All that was found out about what a server sent. Text is safe to show; names may be as long as certificates are.
#[derive(Debug, Serialize)]
pub(super) struct Explanation {
    /// The URL or the file.
    pub(super) subject: String,
    /// The host that the certificate is to be for; none where that was not checked.
    pub(super) host: Option<String>,
    /// As of when it was judged.
    pub(super) at: String,
    pub(super) store: String,
    pub(super) connection: Option<Connection>,
    pub(super) trusted: bool,
    /// Whether a store could not answer, so that nothing is known about the server.
    #[serde(skip)]
    pub(super) store_failed: bool,
    /// Why not.
    pub(super) reason: Option<String>,
    /// What to do about it.
    pub(super) advice: String,
    /// What else is not as it should be, though it decides nothing.
    pub(super) remarks: Vec<String>,
    /// The certificate that is the server's own and was not sent first.
    #[serde(skip)]
    pub(super) belongs_first: Option<Node>,
    /// The anchor that the path ends in.
    pub(super) root: Option<Node>,
    /// How many certificates were sent. More than 64 are not looked at.
    pub(super) sent_len: usize,
    pub(super) sent: Vec<Sent>,
    pub(super) anchors: Vec<Anchor>,
    pub(super) edges: Vec<Edge>,
    pub(super) paths: Vec<Path>,
    /// Whether there are paths that were not looked at.
    pub(super) more_paths: bool,
    pub(super) asked: Vec<Asked>,
    pub(super) queries: Vec<QueryReport>,
    pub(super) memory: Option<Memory>,
}

/// How the server was met.
#[derive(Debug, Serialize)]
pub(super) struct Connection {
    pub(super) address: Option<String>,
    pub(super) proxy: Option<String>,
    pub(super) tls_version: Option<&'static str>,
}

/// A certificate that was sent, or an anchor of the store: `1`, `2`, in the order sent; `A1`, `A2`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Node {
    Sent(usize),
    Anchor(usize),
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(index) => write!(f, "{}", index + 1),
            Self::Anchor(index) => write!(f, "A{}", index + 1),
        }
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What a certificate is to the path from the server's own to a root.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Role {
    /// The first.
    Own,
    /// Named as an issuer on the way up.
    Issuer,
    /// The same, and it names itself as its issuer.
    SelfIssued,
    /// It was sent before.
    Duplicate,
    /// No certificate on the way up names it, or it is too far up.
    Unrelated,
    Unreadable,
}

/// A certificate as it was sent.
#[derive(Debug, Serialize)]
pub(super) struct Sent {
    pub(super) id: Node,
    pub(super) role: Role,
    /// Which one a duplicate is the same as.
    pub(super) same_as: Option<Node>,
    pub(super) subject: Option<String>,
    pub(super) issuer: Option<String>,
    pub(super) skid: Option<String>,
    pub(super) akid: Option<String>,
    pub(super) not_before: Option<String>,
    pub(super) not_after: Option<String>,
    pub(super) der_len: usize,
    /// How many steps it is up from the server's own.
    pub(super) distance: Option<usize>,
    /// What is wrong with it, or worth knowing.
    pub(super) notes: Vec<String>,
    /// Whether something is wrong with it.
    #[serde(skip)]
    pub(super) is_bad: bool,
}

impl Sent {
    /// The days on which it is valid, from and to.
    pub(super) fn period(&self) -> String {
        let [from, to] = [&self.not_before, &self.not_after].map(|moment| day(moment.as_deref()));
        format!("{from} to {to}")
    }
}

/// The day of a moment, or a terms mark.
pub(super) fn day(moment: Option<&str>) -> &str {
    moment.and_then(|moment| moment.split('T').next()).unwrap_or("?")
}

/// An anchor of the store whose name was asked for.
#[derive(Debug, Serialize)]
pub(super) struct Anchor {
    pub(super) id: Node,
    pub(super) subject: String,
    pub(super) skid: Option<String>,
    pub(super) state: AnchorState,
    /// The last second of which certificates are trusted under it.
    pub(super) distrust_after: Option<String>,
    pub(super) name_constraints: Option<String>,
    /// Its name, key and constraints together, in bytes.
    pub(super) anchor_len: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum AnchorState {
    /// The path ends in it.
    Used,
    /// It has signed a certificate that was sent.
    Signer,
    /// It has the name, and has signed none.
    NotTheSigner,
    /// It may not be used for a certificate of this age.
    Dated,
    /// Only certificates that no way up leads to name it.
    Unrelated,
}

/// One certificate names another, or an anchor, as its issuer.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) struct Edge {
    pub(super) from: Node,
    pub(super) to: Node,
    pub(super) key_ids: KeyIds,
    pub(super) signature: Signature,
    /// Whether it is part of the path.
    pub(super) taken: bool,
}

/// What the authority key identifier of one certificate and the subject key identifier of another say together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KeyIds {
    Agree,
    Differ,
    /// One of them is not there.
    Absent,
}

/// How the signature of a certificate fits a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Signature {
    Fits,
    DoesNotFit,
    /// The algorithm or the key is not one that the TLS library accepts, or it could not be read.
    NotChecked,
}

/// A way up from the server's own certificate.
#[derive(Debug, Serialize)]
pub(super) struct Path {
    pub(super) certificates: Vec<Node>,
    pub(super) anchor: Option<Node>,
    pub(super) outcome: Outcome,
    /// Why it is not valid.
    pub(super) reason: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Outcome {
    /// Valid, and the first that is.
    Taken,
    Valid,
    /// It leads to an anchor, and is not valid.
    Refused,
    /// It leads nowhere.
    DeadEnd,
}

/// A name that the store was asked for.
#[derive(Debug, Serialize)]
pub(super) struct Asked {
    pub(super) name: String,
    /// The certificates that name it as their issuer.
    pub(super) by: Vec<Node>,
    /// What answers to it: anchors, and certificates that were sent.
    pub(super) anchors: Vec<Node>,
    pub(super) sent: Vec<Node>,
}

impl Explanation {
    /// The certificate or anchor's name.
    pub(super) fn name(&self, node: Node) -> Option<&str> {
        match node {
            Node::Sent(_) => self.sent(node)?.subject.as_deref(),
            Node::Anchor(_) => Some(&self.anchor(node)?.subject),
        }
    }

    /// The certificate, if it was sent.
    pub(super) fn sent(&self, node: Node) -> Option<&Sent> {
        self.sent.iter().find(|sent| sent.id == node)
    }

    /// The anchor, if it is one.
    pub(super) fn anchor(&self, node: Node) -> Option<&Anchor> {
        self.anchors.iter().find(|anchor| anchor.id == node)
    }

    /// The edges up from a certificate, the one taken first.
    pub(super) fn issuers_of(&self, node: Node) -> Vec<Edge> {
        let up = self.edges.iter().filter(|edge| edge.from == node);
        let mut edges: Vec<Edge> = up.copied().collect();
        edges.sort_by_key(|edge| !edge.taken);
        edges
    }
}
