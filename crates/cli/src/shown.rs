//! Text made safe to show.

use std::borrow::Cow;
use std::fmt::{self, Display};

/// Text from a peer, a file or the user, with everything escaped that could move a terminal's cursor, or hide or
/// reorder what stands around it.
pub(crate) fn shown<'a>(text: impl Into<Cow<'a, str>>) -> Shown<'a> {
    Shown(text.into())
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
}
