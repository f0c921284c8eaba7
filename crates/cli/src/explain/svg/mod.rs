//! The explanation as a picture: what was sent on the left, the server's own certificate first, and on the right the
//! store that it leads into.
//!
//! It is one file that needs no other: no script, no font, nothing from elsewhere. It is readable on light and on dark
//! ground.

mod layout;

use std::fmt::Display;

use super::explanation::{
    Anchor, AnchorState, Connection, Edge, Explanation, KeyIds, Node, Role, Sent, Signature, day,
};
use super::text;
use crate::label::{columns, organisation, shortened, title, wrapped};
use crate::markup::{Class, Text};
use crate::shown::counted;
use layout::{BOX_HEIGHT, BOX_WIDTH, Item, Layout, Place};

/// Between the picture's edge and what is in it.
const MARGIN: usize = 24;
/// Between two lines of text.
const LINE: usize = 20;
/// How many columns of text fit a line of a box: of the title, and of the smaller lines.
const TITLE_COLUMNS: usize = 23;
const LINE_COLUMNS: usize = 34;
/// The width of a column of the text around the drawing.
const COLUMN: usize = 8;
/// What else was sent, in smaller boxes.
const SMALL_HEIGHT: usize = 44;
/// How much of a name is shown when it is pointed at.
const MAX_NAME: usize = 200;

const STYLE: &str = include_str!("picture.css");

/// The whole picture.
pub(super) fn of(explanation: &Explanation) -> String {
    let layout = Layout::of(explanation);
    let width = layout.width.max(760) + 2 * MARGIN;
    let mut picture = Picture {
        explanation,
        layout: &layout,
        width,
        y: MARGIN,
        elements: String::new(),
    };
    picture.head();
    picture.drawing();
    picture.foot();
    picture.finish()
}

struct Picture<'e> {
    explanation: &'e Explanation,
    layout: &'e Layout,
    width: usize,
    /// How far down it is full.
    y: usize,
    elements: String,
}

impl<'e> Picture<'e> {
    /// Adds a tag, or a whole element.
    fn add(&mut self, markup: impl Display) {
        self.elements.push_str(&format!("{markup}\n"));
    }

    /// Lines of text below what is there.
    fn say(&mut self, class: &str, indent: usize, text: &str, max_lines: usize) {
        let room = (self.width - 2 * MARGIN - indent) / COLUMN;
        for line in wrapped(text, room, max_lines) {
            self.y += LINE;
            self.text(class, MARGIN + indent, self.y, &line);
        }
    }

    fn text(&mut self, class: &str, x: usize, y: usize, text: &str) {
        let (class, text) = (Class(class), Text(text));
        self.add(format_args!("<text{class} x=\"{x}\" y=\"{y}\">{text}</text>"));
    }

    fn head(&mut self) {
        let explanation = self.explanation;
        let who = explanation.host.as_deref().unwrap_or(&explanation.subject);
        let who = shortened(who, 60);
        let room = (self.width - 2 * MARGIN - 44) / 12;
        let root = explanation.root.and_then(|root| explanation.name(root));
        let headline = match (explanation.trusted, root.map(title)) {
            (true, Some(root)) => format!("{who}: trusted under {root}"),
            (true, None) => format!("{who}: trusted"),
            (false, _) => format!("{who}: not trusted"),
        };
        let (class, mark) = match explanation.trusted {
            true => ("good", "M -8 1 L -2 7 L 8 -6"),
            false => ("bad", "M -6 -6 L 6 6 M 6 -6 L -6 6"),
        };
        let (x, y) = (MARGIN + 16, self.y + 16);
        self.add(format_args!(
            "<g class=\"{class}\" transform=\"translate({x} {y})\">"
        ));
        self.add("<circle class=\"badge\" r=\"16\"/>");
        self.add(format_args!("<path class=\"sign\" d=\"{mark}\"/>"));
        self.add("</g>");
        self.text("headline", MARGIN + 44, self.y + 23, &shortened(&headline, room));
        self.y += 28;
        if let Some(reason) = &explanation.reason {
            self.say("red", 44, &sentence(reason), 4);
            self.say("", 44, &explanation.advice, 3);
        }
        let how = match &explanation.connection {
            Some(Connection { tls_version, .. }) => {
                tls_version.unwrap_or("handshake not completed").to_owned()
            }
            None => shortened(&explanation.subject, 60),
        };
        let judged = format!("{how}; judged as of {}", explanation.at);
        self.say("more", 44, &judged, 2);
        self.y += LINE;
    }

    fn drawing(&mut self) {
        let (top, layout) = (self.y, self.layout);
        let others = self.others();
        let per_row = (layout.sent_width / (BOX_WIDTH + 16)).max(1);
        let others_height = match others.len() {
            0 => 0,
            count => LINE + 8 + count.div_ceil(per_row) * (SMALL_HEIGHT + 12),
        };
        let height = layout::ZONE_HEAD + layout.height + 16 + others_height;
        let sent = self.sent_caption();
        self.zone(0, layout.sent_width, height, &sent);
        if let Some(x) = layout.store_x {
            let store = format!("in {}", self.explanation.store);
            self.zone(x, layout.width - x, height, &store);
        }
        let y = top + layout::ZONE_HEAD;
        self.add(format_args!("<g transform=\"translate({MARGIN} {y})\">"));
        // The path that is taken lies on top of the others.
        for is_taken in [false, true] {
            for (edge, line) in layout.edges.iter().filter(|(edge, _)| edge.taken == is_taken) {
                self.line(class_of(edge), line);
            }
        }
        for line in &layout.to_missing {
            self.line("broken", line);
        }
        for (item, place) in &layout.items {
            match item {
                Item::Node(node) => self.node(*node, *place),
                Item::Missing(name) => self.missing(name, *place),
                Item::Bend => {}
            }
        }
        self.add("</g>");
        self.y = top + layout::ZONE_HEAD + layout.height + 16;
        if !others.is_empty() {
            self.y += LINE;
            let caption = "sent, and no way up leads there";
            self.text("caption", MARGIN + 16, self.y - 4, caption);
            self.y += 8;
        }
        let first = self.y;
        for (index, sent) in others.into_iter().enumerate() {
            let place = Place {
                x: MARGIN + 16 + index % per_row * (BOX_WIDTH + 16),
                y: first + index / per_row * (SMALL_HEIGHT + 12),
            };
            self.aside(sent, place);
        }
        self.y = top + height;
    }

    fn zone(&mut self, x: usize, width: usize, height: usize, caption: &str) {
        let (x, y) = (MARGIN + x, self.y);
        self.add(format_args!(
            "<rect class=\"zone\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"12\"/>"
        ));
        let caption = shortened(caption, (width - 24) / COLUMN);
        self.text("caption", x + 16, y + 26, &caption);
    }

    fn sent_caption(&self) -> String {
        let sent = counted(self.explanation.sent_len, "certificate");
        match &self.explanation.connection {
            Some(_) => {
                let host = self.explanation.host.as_deref().unwrap_or_default();
                format!("sent by {}: {sent}", shortened(host, 40))
            }
            None => format!("sent: {sent}"),
        }
    }

    /// The certificates that have no place in the drawing.
    fn others(&self) -> Vec<&'e Sent> {
        let is_drawn = |id: Node| self.layout.items.iter().any(|(item, _)| *item == Item::Node(id));
        let sent = self.explanation.sent.iter();
        sent.filter(|sent| !is_drawn(sent.id)).collect()
    }

    fn line(&mut self, class: &str, line: &str) {
        self.add(format_args!(
            "<g class=\"{class}\">\n<path class=\"line\" d=\"{line}\"/>"
        ));
        if let Some(tip) = layout::tip(line) {
            self.add(format_args!("<path class=\"tip\" d=\"{tip}\"/>"));
        }
        self.add("</g>");
    }

    fn node(&mut self, node: Node, place: Place) {
        let explanation = self.explanation;
        if let Some(sent) = explanation.sent(node) {
            let mut edges = explanation.edges.iter();
            let is_on_path = edges.any(|edge| edge.taken && edge.from == node);
            let class = match (sent.is_bad, is_on_path) {
                (true, _) => "bad",
                (false, true) => "good",
                (false, false) => "plain",
            };
            let name = sent.subject.as_deref().unwrap_or("(cannot be read)");
            let role = match sent.role {
                Role::Own if explanation.belongs_first.is_some() => Some("sent first".to_owned()),
                Role::Own => Some("the server's own".to_owned()),
                _ => organisation(name),
            };
            let last = match sent.notes.first() {
                Some(note) if sent.is_bad => ("more red", note.clone()),
                Some(note) => ("more amber", note.clone()),
                None => ("more", key(sent.skid.as_deref())),
            };
            let role = ("more", role.unwrap_or_default());
            let lines = [role, ("more", sent.period()), last];
            self.boxed(class, place, BOX_HEIGHT, Some(node), name, &lines);
        }
        if let Some(anchor) = explanation.anchor(node) {
            let (class, state) = state(anchor, explanation.root.is_some());
            let organisation = ("more", organisation(&anchor.subject).unwrap_or_default());
            let lines = [organisation, state, ("more", key(anchor.skid.as_deref()))];
            self.boxed(class, place, BOX_HEIGHT, Some(node), &anchor.subject, &lines);
        }
    }

    fn missing(&mut self, name: &str, place: Place) {
        let lines = [
            ("more", String::new()),
            ("more red", "not sent, not in the store".to_owned()),
        ];
        self.boxed("missing", place, BOX_HEIGHT, None, name, &lines);
    }

    fn aside(&mut self, sent: &Sent, place: Place) {
        let what = match (sent.role, sent.same_as) {
            (Role::Duplicate, Some(first)) => format!("the same as {first}"),
            (Role::Unreadable, _) => "cannot be read".to_owned(),
            _ if self.explanation.belongs_first == Some(sent.id) => "the server's own".to_owned(),
            _ => "unrelated".to_owned(),
        };
        let name = sent.subject.as_deref().unwrap_or("(no certificate)");
        let lines = [("more", what)];
        self.boxed("aside", place, SMALL_HEIGHT, Some(sent.id), name, &lines);
    }

    /// A box with a name and some lines. What does not fit is cut off at its border.
    fn boxed(
        &mut self,
        class: &str,
        place: Place,
        height: usize,
        node: Option<Node>,
        name: &str,
        lines: &[(&str, String)],
    ) {
        let Place { x, y } = place;
        self.add(format_args!(
            "<svg class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX_WIDTH}\" height=\"{height}\">"
        ));
        self.add(format_args!(
            "<title>{}</title>",
            Text(&shortened(name, MAX_NAME))
        ));
        let (inner_width, inner_height) = (BOX_WIDTH - 3, height - 3);
        self.add(format_args!(
            "<rect class=\"box\" x=\"1.5\" y=\"1.5\" width=\"{inner_width}\" height=\"{inner_height}\" rx=\"8\"/>"
        ));
        let mut title_x = 12;
        if let Some(node) = node {
            let number = node.to_string();
            let width = 14 + 10 * columns(&number);
            self.add(format_args!(
                "<rect class=\"badge\" x=\"8\" y=\"8\" width=\"{width}\" height=\"20\" rx=\"6\"/>"
            ));
            self.text("number", 8 + 7, 23, &number);
            title_x = 8 + width + 8;
        }
        let room = TITLE_COLUMNS.saturating_sub(title_x.saturating_sub(38) / 8);
        self.text("title", title_x, 23, &shortened(&title(name), room));
        if height < BOX_HEIGHT {
            for (class, line) in lines {
                self.text(class, title_x, 38, &shortened(line, LINE_COLUMNS));
            }
        } else {
            self.box_lines(lines);
        }
        self.add("</svg>");
    }

    /// The lines of a box: the last takes what room the others leave.
    fn box_lines(&mut self, lines: &[(&str, String)]) {
        const MAX_LINES: usize = 3;
        let lines = lines.iter().filter(|(_, line)| !line.is_empty());
        let lines: Vec<_> = lines.collect();
        let room = MAX_LINES.saturating_sub(lines.len().saturating_sub(1)).max(1);
        let lines = lines.into_iter().flat_map(|(class, line)| {
            let wrapped = wrapped(line, LINE_COLUMNS, room);
            wrapped.into_iter().map(move |line| (*class, line))
        });
        for (index, (class, line)) in lines.take(MAX_LINES).enumerate() {
            self.text(class, 12, 47 + index * 19, &line);
        }
    }

    fn foot(&mut self) {
        self.y += 16;
        let legend = [
            ("taken", "the path taken"),
            ("plain", "issued and signed by"),
            ("doubt", "the same, by another key identifier"),
            ("unchecked", "names it; the signature was not checked"),
            ("broken", "names it, but was not signed by it"),
        ];
        let drawn: Vec<&str> = self.layout.edges.iter().map(|(edge, _)| class_of(edge)).collect();
        let mut x = MARGIN;
        for (class, words) in legend.into_iter().filter(|(class, _)| drawn.contains(class)) {
            let (y, end) = (self.y + 12, x + 36);
            self.line(class, &format!("M {x} {y} C {x} {y} {end} {y} {end} {y}"));
            self.text("more", x + 56, self.y + 16, words);
            x += 56 + 7 * words.len() + 24;
        }
        if x > MARGIN {
            self.y += 24;
        }
        for remark in &self.explanation.remarks {
            self.say("more", 0, remark, 2);
        }
        self.say("more", 0, &text::memory(self.explanation), 4);
        self.y += MARGIN;
    }

    fn finish(self) -> String {
        let (width, height) = (self.width, self.y);
        let subject = shortened(&self.explanation.subject, MAX_NAME);
        let verdict = match self.explanation.trusted {
            true => "trusted",
            false => "not trusted",
        };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" \
             height=\"{height}\" role=\"img\">\n<title>{}: {verdict}</title>\n<style>\n{STYLE}</style>\n\
             <rect class=\"ground\" width=\"{width}\" height=\"{height}\"/>\n{}</svg>\n",
            Text(&subject),
            self.elements
        )
    }
}

/// How an edge is drawn.
fn class_of(edge: &Edge) -> &'static str {
    match (edge.taken, edge.signature, edge.key_ids) {
        (true, _, _) => "taken",
        (_, Signature::DoesNotFit, _) => "broken",
        (_, Signature::NotChecked, _) => "unchecked",
        (_, _, KeyIds::Differ) => "doubt",
        _ => "plain",
    }
}

fn state(anchor: &Anchor, has_path: bool) -> (&'static str, (&'static str, String)) {
    match anchor.state {
        AnchorState::Used => ("good", ("more green", "the path ends here".to_owned())),
        AnchorState::Signer if has_path => ("plain", ("more", "a signer too; not needed".to_owned())),
        AnchorState::Signer => ("plain", ("more", "the path would end here".to_owned())),
        AnchorState::NotTheSigner => ("plain", ("more amber", "of the name, not the signer".to_owned())),
        AnchorState::Unrelated => ("plain", ("more", "no way up leads there".to_owned())),
        AnchorState::Dated => {
            let words = format!("for certificates up to {}", day(anchor.distrust_after.as_deref()));
            ("bad", ("more red", words))
        }
    }
}

fn key(skid: Option<&str>) -> String {
    match skid {
        Some(skid) => format!("key {}", shortened(skid, 16)),
        None => "no key identifier".to_owned(),
    }
}

/// The words with a capital at their start and a full stop at their end.
fn sentence(words: &str) -> String {
    let mut characters = words.chars();
    let first = characters.next().map(|first| first.to_uppercase().to_string());
    format!("{}{}.", first.unwrap_or_default(), characters.as_str())
}
