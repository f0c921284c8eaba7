//! Text in HTML and XML.

use std::fmt::{self, Display, Write};

/// Text in an element or in an attribute with double quotes, escaped.
pub(crate) struct Text<'a>(pub(crate) &'a str);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                // XML has no place for these (its section 2.2), escaped or not.
                '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}' => {
                    f.write_char(char::REPLACEMENT_CHARACTER)?;
                }
                _ => f.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// The attribute `class`, with a space before it; nothing where the class is empty.
pub(crate) struct Class<'a>(pub(crate) &'a str);

impl Display for Class<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            class => write!(f, " class=\"{}\"", Text(class)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_stays_text() {
        assert_eq!(Text("<script>\"'&").to_string(), "&lt;script&gt;&quot;&#39;&amp;");
    }

    #[test]
    fn nothing_gets_out_of_its_place() {
        let hostile = "</text><script>alert(\"1\")</script>&amp;\u{0}\u{b}\u{ffff}]]>'";
        let xml = format!("<g{}><text>{}</text></g>", Class(hostile), Text(hostile));
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
