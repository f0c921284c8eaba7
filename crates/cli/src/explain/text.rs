//! The explanation as text, in 80 columns: the server's own certificate at the top, its issuers below.

use std::collections::HashSet;

use super::explanation::{
    Anchor, AnchorState, Edge, Explanation, KeyIds, Node, Outcome, Role, Sent, Signature,
};
use crate::label::{columns, shortened, title, wrapped};
use crate::shown::{counted, grouped, joined, part};
use crate::terminal::{GREEN, RED, RESET, YELLOW};

const WIDTH: usize = 80;
/// How long anything that is said may be.
const MAX_LINES: usize = 8;

/// The whole text.
pub(super) fn of(explanation: &Explanation) -> String {
    let mut text = Text {
        explanation,
        out: String::new(),
        drawn: HashSet::new(),
    };
    text.head();
    text.tree();
    text.on_no_path();
    text.paths();
    text.asked();
    text.memory();
    text.out
}

struct Text<'e> {
    explanation: &'e Explanation,
    out: String,
    drawn: HashSet<Node>,
}

impl Text<'_> {
    /// One line, which fits.
    fn line(&mut self, colour: &str, line: &str) {
        let line = line.trim_end();
        if colour.is_empty() || line.is_empty() {
            self.out.push_str(line);
        } else {
            self.out.push_str(&format!("{colour}{line}{RESET}"));
        }
        self.out.push('\n');
    }

    /// Text in as many lines as it takes, the first after `first` and the others after `rest`.
    fn say(&mut self, colour: &str, first: &str, rest: &str, text: &str) {
        let width = WIDTH.saturating_sub(columns(first).max(columns(rest)));
        for (index, line) in wrapped(text, width, MAX_LINES).iter().enumerate() {
            let before = if index == 0 { first } else { rest };
            self.line(colour, &format!("{before}{line}"));
        }
    }

    /// Text in as many lines as it takes, the others indented.
    fn tell(&mut self, colour: &str, text: &str) {
        self.say(colour, "", "  ", text);
    }

    fn head(&mut self) {
        let explanation = self.explanation;
        let subject = shortened(&explanation.subject, 200);
        let root = explanation.root.and_then(|root| explanation.name(root));
        let (colour, verdict) = match (&explanation.reason, root) {
            (None, Some(root)) => (GREEN, format!("trusted under {}", shortened(root, 200))),
            (None, None) => (GREEN, "trusted".to_owned()),
            (Some(reason), _) => (RED, format!("not trusted: {reason}")),
        };
        self.tell(colour, &format!("{subject}: {verdict}"));
        if !explanation.trusted {
            self.tell("", &format!("What to do: {}", explanation.advice));
        }
        for remark in &explanation.remarks {
            self.tell(YELLOW, &format!("Note: {remark}"));
        }
        self.line("", "");
        let sent = counted(explanation.sent_len, "certificate");
        let who = match &explanation.connection {
            Some(connection) => {
                // The address is the proxy's, if there is one.
                let by = match (&connection.proxy, &connection.address) {
                    (Some(proxy), _) => format!("through {proxy}"),
                    (None, address) => address.clone().unwrap_or_default(),
                };
                let version = part(connection.tls_version, |version| format!(", {version}"));
                format!("{by}{version}: {sent} sent")
            }
            None => format!("{sent} in the file"),
        };
        let store = shortened(&explanation.store, 200);
        self.tell("", &format!("{who}; judged as of {} by {store}", explanation.at));
        self.line("", "");
    }

    fn tree(&mut self) {
        let Some(own) = self.explanation.sent.first() else {
            return;
        };
        // What is open: a node, the edge to it, and what stands before its lines.
        self.node(own.id, None, "  ", "  ");
        self.line("", "");
    }

    /// A certificate or an anchor, and what is above it. It goes no deeper than edges do.
    fn node(&mut self, node: Node, edge: Option<Edge>, first: &str, rest: &str) {
        let explanation = self.explanation;
        let is_new = self.drawn.insert(node);
        let edges = match is_new {
            true => explanation.issuers_of(node),
            false => Vec::new(),
        };
        let name = explanation.name(node).unwrap_or("(unreadable)");
        let again = if is_new { "" } else { " (above)" };
        let used = WIDTH.saturating_sub(columns(first) + columns(again) + 4);
        let colour = match edge {
            Some(edge) if edge.taken => GREEN,
            Some(_) => "",
            None if explanation.root.is_some() => GREEN,
            None => "",
        };
        let called = shortened(&title(name), used.saturating_sub(columns(&node.to_string())));
        self.line(colour, &format!("{first}{node} {called}{again}"));
        let bar = match edges.first() {
            Some(edge) if edge.taken => "║ ",
            Some(_) => "│ ",
            None => "  ",
        };
        let before = format!("{rest}{bar}");
        if let Some(doubt) = edge.and_then(|edge| doubt(&edge)) {
            self.say(RED, &before, &before, &doubt);
        }
        if is_new {
            self.details(node, &before);
        }
        let count = edges.len();
        for (index, edge) in edges.into_iter().enumerate() {
            let is_last = index + 1 == count;
            let branch = match (edge.taken, is_last, edge.signature) {
                (true, true, _) => "╚═ ",
                (true, false, _) => "╠═ ",
                (false, true, Signature::DoesNotFit) => "└╌ ",
                (false, false, Signature::DoesNotFit) => "├╌ ",
                (false, true, _) => "└─ ",
                (false, false, _) => "├─ ",
            };
            let below = if is_last { "   " } else { "│  " };
            // Edges go no further up than `MAX_DISTANCE`, but a way may wind.
            if columns(rest) > WIDTH / 2 {
                self.line("", &format!("{rest}{branch}…"));
                break;
            }
            let (first, rest) = (format!("{rest}{branch}"), format!("{rest}{below}"));
            self.node(edge.to, Some(edge), &first, &rest);
        }
    }

    fn details(&mut self, node: Node, before: &str) {
        let explanation = self.explanation;
        if let Some(sent) = explanation.sent(node) {
            let what = described(sent, explanation.belongs_first.is_some());
            self.say("", before, before, &what);
            let colour = if sent.is_bad { RED } else { YELLOW };
            for note in &sent.notes {
                self.say(colour, before, before, note);
            }
        }
        if let Some(anchor) = explanation.anchor(node) {
            let (colour, state) = state(anchor, explanation.root.is_some());
            self.say(colour, before, before, &state);
        }
    }

    /// The certificates that the tree does not show.
    fn on_no_path(&mut self) {
        let explanation = self.explanation;
        let is_other = |sent: &&Sent| !self.drawn.contains(&sent.id);
        let others: Vec<&Sent> = explanation.sent.iter().filter(is_other).collect();
        if others.is_empty() {
            return;
        }
        self.line("", "Sent, and no way up leads there:");
        for sent in others {
            let what = match (sent.role, sent.same_as) {
                (Role::Duplicate, Some(first)) => format!("the same as {first}"),
                (Role::Unreadable, _) => format!("cannot be read: {}", sent.notes.join(", ")),
                _ if explanation.belongs_first == Some(sent.id) => {
                    "the server's own, which has to come first".to_owned()
                }
                _ => "unrelated".to_owned(),
            };
            let name = sent.subject.as_deref().map_or_else(|| "-".to_owned(), title);
            let first = format!("  {} {}: ", sent.id, shortened(&name, 40));
            self.say("", &first, "     ", &what);
        }
        self.line("", "");
    }

    fn paths(&mut self) {
        let explanation = self.explanation;
        if explanation.paths.is_empty() && !explanation.more_paths {
            return;
        }
        self.line("", "Ways up:");
        for path in &explanation.paths {
            let (colour, outcome) = match path.outcome {
                Outcome::Taken => (GREEN, "taken"),
                Outcome::Valid => ("", "valid too"),
                Outcome::Refused => (RED, "refused"),
                Outcome::DeadEnd => (YELLOW, "leads nowhere"),
            };
            let reason = part(path.reason.as_ref(), |reason| format!(": {reason}"));
            let nodes = joined(path.certificates.iter().chain(&path.anchor), " → ");
            let line = format!("{nodes}  {outcome}{reason}");
            self.say(colour, "  ", "      ", &line);
        }
        if explanation.more_paths {
            let more = match explanation.paths.is_empty() {
                true => "  more than were looked at",
                false => "  and more, which were not looked at",
            };
            self.line("", more);
        }
        self.line("", "");
    }

    fn asked(&mut self) {
        let explanation = self.explanation;
        if explanation.asked.is_empty() {
            return;
        }
        self.line("", "Roots that were asked for, by name:");
        for asked in &explanation.asked {
            let found = listed(&asked.anchors).unwrap_or_else(|| "none".to_owned());
            let by = part(listed(&asked.by), |by| format!(" (for {by})"));
            let name = shortened(&asked.name, 120);
            let is_missing = asked.anchors.is_empty() && asked.sent.is_empty();
            let colour = if is_missing { YELLOW } else { "" };
            self.say(colour, "  ", "      ", &format!("{name}{by}: {found}"));
        }
        for query in &explanation.queries {
            let found = match (query.outcome, query.found) {
                ("not-found", _) => "none".to_owned(),
                ("failed", _) => "no answer".to_owned(),
                (outcome, found) => format!("{found}, {outcome}"),
            };
            let store = shortened(&query.store, 120);
            self.say("", "  ", "      ", &format!("{store}/{}: {found}", query.key));
        }
        self.line("", "");
    }

    fn memory(&mut self) {
        self.tell("", &memory(self.explanation));
    }
}

/// What a client without just-in-time trust would hold, in words.
pub(super) fn memory(explanation: &Explanation) -> String {
    let Some(memory) = &explanation.memory else {
        let anchors: usize = explanation.anchors.iter().map(|anchor| anchor.anchor_len).sum();
        return format!(
            "Some roots are on a server. Those that came or are here and have a name that was asked for take {} \
             bytes of names, keys and constraints.",
            grouped(anchors)
        );
    };
    let looked_at = match explanation.anchors.len() {
        0 => "none was looked at".to_owned(),
        1 => "1 was looked at".to_owned(),
        many => format!("{many} were looked at"),
    };
    let used = match memory.used_len {
        Some(len) => format!("1 was used: {} bytes of name, key and constraints", grouped(len)),
        None => "none was used".to_owned(),
    };
    let certificates = part(memory.certificates_len, |len| {
        format!(", or {} as certificates", grouped(len))
    });
    format!(
        "Of {}, {looked_at} and {used}. A client that loads all of them holds {} bytes of names, keys and constraints \
         at least{certificates}.",
        counted(memory.roots, "root"),
        grouped(memory.anchors_len)
    )
}

/// What a certificate says of itself.
fn described(sent: &Sent, is_misplaced: bool) -> String {
    let what = match sent.role {
        Role::Own if is_misplaced => "sent first, where the server's own has to be; ",
        Role::Own => "the server's own; ",
        _ => "",
    };
    let key = part(sent.skid.as_deref(), |skid| {
        format!("; key {}", shortened(skid, 12))
    });
    format!("{what}valid {}{key}", sent.period())
}

/// What an anchor of the store is here, in words.
fn state(anchor: &Anchor, has_path: bool) -> (&'static str, String) {
    let constraints = part(anchor.name_constraints.as_ref(), |constraints| {
        format!("; only for names: {}", shortened(constraints, 100))
    });
    let dated = part(anchor.distrust_after.as_ref(), |moment| {
        format!("; trusted for certificates issued up to {moment}")
    });
    let (colour, state) = match anchor.state {
        AnchorState::Used => (GREEN, "in the store: the path ends here"),
        AnchorState::Signer if has_path => ("", "in the store; not needed"),
        AnchorState::Signer => ("", "in the store; the path would end here"),
        AnchorState::NotTheSigner => (YELLOW, "in the store; of the name, but not the signer"),
        AnchorState::Dated => (RED, "in the store; not for a certificate of this age"),
        AnchorState::Unrelated => ("", "in the store; no way up leads there"),
    };
    (colour, format!("{state}{dated}{constraints}"))
}

/// What is doubtful about an issuer.
fn doubt(edge: &Edge) -> Option<String> {
    let from = edge.from;
    Some(match (edge.signature, edge.key_ids) {
        (Signature::DoesNotFit, KeyIds::Differ) => {
            format!("has not signed {from}, which names another key as well")
        }
        (Signature::DoesNotFit, _) => format!("has not signed {from}, though {from} names it"),
        (Signature::NotChecked, KeyIds::Differ) => {
            format!("{from} gives another key identifier, and its signature was not checked")
        }
        (Signature::NotChecked, _) => format!("the signature of {from} was not checked"),
        (Signature::Fits, KeyIds::Differ) => {
            format!("has signed {from}, though {from} gives another key identifier")
        }
        _ => return None,
    })
}

fn listed(nodes: &[Node]) -> Option<String> {
    (!nodes.is_empty()).then(|| joined(nodes, ", "))
}
