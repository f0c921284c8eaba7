//! Writing XML. Text and the values of attributes are escaped here and nowhere else.

/// A piece of a document, its elements closed in the order in which they were opened.
#[derive(Debug, Default)]
pub(super) struct Xml {
    out: String,
    open: Vec<&'static str>,
}

type Attributes<'a> = [(&'static str, &'a str)];

impl Xml {
    fn tag(&mut self, name: &str, attributes: &Attributes<'_>, end: &str) {
        self.out.push('<');
        self.out.push_str(name);
        for (attribute, value) in attributes.iter().filter(|(_, value)| !value.is_empty()) {
            self.out.push(' ');
            self.out.push_str(attribute);
            self.out.push_str("=\"");
            escape(value, &mut self.out);
            self.out.push('"');
        }
        self.out.push_str(end);
    }

    /// An element that others will be in, until it is closed.
    pub(super) fn open(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        self.tag(name, attributes, ">\n");
        self.open.push(name);
    }

    /// The end of the element that was opened last.
    pub(super) fn close(&mut self) {
        if let Some(name) = self.open.pop() {
            self.out.push_str("</");
            self.out.push_str(name);
            self.out.push_str(">\n");
        }
    }

    /// An element with nothing in it.
    pub(super) fn empty(&mut self, name: &'static str, attributes: &Attributes<'_>) {
        self.tag(name, attributes, "/>\n");
    }

    /// An element with text in it.
    pub(super) fn text(&mut self, name: &'static str, attributes: &Attributes<'_>, text: &str) {
        self.tag(name, attributes, ">");
        escape(text, &mut self.out);
        self.out.push_str("</");
        self.out.push_str(name);
        self.out.push_str(">\n");
    }

    /// Another piece, whole.
    pub(super) fn append(&mut self, piece: Self) {
        self.out.push_str(&piece.finish());
    }

    /// What was written, with everything closed.
    pub(super) fn finish(mut self) -> String {
        while !self.open.is_empty() {
            self.close();
        }
        self.out
    }
}

fn escape(text: &str, out: &mut String) {
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // XML has no place for these (its section 2.2), escaped or not.
            '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                out.push(char::REPLACEMENT_CHARACTER);
            }
            other => out.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        let mut xml = Xml::default();
        let hostile = "</text><script>alert(\"1\")</script>&amp;\u{0}\u{b}\u{ffff}]]>'";
        xml.open("g", &[("class", hostile)]);
        xml.text("text", &[], hostile);
        let xml = xml.finish();
        let document = roxmltree::Document::parse(&xml).unwrap();
        let names: Vec<&str> = document
            .descendants()
            .filter(roxmltree::Node::is_element)
            .map(|element| element.tag_name().name())
            .collect();
        assert_eq!(names, ["g", "text"]);
        let text = document
            .root_element()
            .first_element_child()
            .unwrap()
            .text()
            .unwrap();
        assert!(text.starts_with("</text><script>alert(\"1\")</script>&amp;\u{fffd}\u{fffd}\u{fffd}]]>'"));
    }
}
