//! Text made safe to show.

use std::borrow::Cow;
use std::fmt::{self, Display};

/// Text from a peer, a file or the user, with everything escaped that could move a terminal's cursor, or hide or
/// reorder what stands around it.
pub(crate) fn shown<'a>(text: impl Into<Cow<'a, str>>) -> Shown<'a> {
    Shown(text.into())
}

/// The most characters of a text of a peer's that stand in a line among others.
const MAX_BRIEF: usize = 1024;

/// Text that a peer has made as long as it liked, such as where it redirects to: its beginning, as [`shown`] has it.
pub(crate) fn brief<'a>(text: impl Into<Cow<'a, str>>) -> Shown<'a> {
    let text = text.into();
    match text.char_indices().nth(MAX_BRIEF) {
        Some((end, _)) => Shown(format!("{}…", text.get(..end).unwrap_or_default()).into()),
        None => Shown(text),
    }
}

/// See [`shown`].
pub(crate) struct Shown<'a>(Cow<'a, str>);

impl Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '"' | '\'' | '\\' => write!(f, "{character}")?,
                _ => write!(f, "{}", character.escape_debug())?,
            }
        }
        Ok(())
    }
}

/// How many there are, and of what.
pub(crate) fn counted(count: usize, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_drive_a_terminal_and_stays_readable() {
        let hostile = "Bücher \"a\" C:\\x\u{1b}[2J\u{9b}\u{202e}\n";
        assert_eq!(
            shown(hostile).to_string(),
            r#"Bücher "a" C:\x\u{1b}[2J\u{9b}\u{202e}\n"#
        );
    }

    #[test]
    fn a_long_text_is_cut_between_characters() {
        for (text, shown) in [("é", "é"), ("\u{1b}", r"\u{1b}")] {
            assert_eq!(brief(text.repeat(1024)).to_string(), shown.repeat(1024));
            assert_eq!(brief(text.repeat(1025)).to_string(), shown.repeat(1024) + "…");
        }
    }
}
