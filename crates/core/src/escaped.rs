//! Text that is safe to show.

use core::fmt::{self, Write};

/// Text from a peer, a file or the user. When it is displayed, all characters are escaped that could move a terminal's cursor,
/// or hide or reorder the text around them. Quotation marks and backslashes are not escaped.
///
/// ```
/// use jit_trust_core::Escaped;
///
/// assert_eq!(Escaped::new("Bücher\u{1b}[2J\n").to_string(), r"Bücher\u{1b}[2J\n");
/// assert_eq!(Escaped::new("Bücher").at_most(2).to_string(), "Bü…");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Escaped<T> {
    text: T,
    most: usize,
}

impl<T: AsRef<str>> Escaped<T> {
    /// All of the text.
    pub fn new(text: T) -> Self {
        Self {
            text,
            most: usize::MAX,
        }
    }

    /// The beginning of the text with `…` after it, if the text has more characters than this.
    pub fn at_most(self, most: usize) -> Self {
        Self { most, ..self }
    }
}

impl<T: AsRef<str>> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut characters = self.text.as_ref().chars();
        for character in characters.by_ref().take(self.most) {
            match character {
                '"' | '\'' | '\\' => f.write_char(character)?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        match characters.next() {
            Some(_) => f.write_char('…'),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn text_cannot_drive_a_terminal_and_stays_readable() {
        let hostile = "Bücher \"a\" C:\\x\u{1b}[2J\u{9b}\u{202e}\n";
        assert_eq!(
            Escaped::new(hostile).to_string(),
            r#"Bücher "a" C:\x\u{1b}[2J\u{9b}\u{202e}\n"#
        );
        let readable = "Főtanúsítvány \"a\"";
        assert_eq!(Escaped::new(readable).to_string(), readable);
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for (text, shown) in [("é", "é"), ("\u{1b}", r"\u{1b}")] {
            let brief = |count| Escaped::new(text.repeat(count)).at_most(1024).to_string();
            assert_eq!(brief(1024), shown.repeat(1024));
            assert_eq!(brief(1025), shown.repeat(1024) + "…");
        }
    }
}
