//! Text from inputs, made safe to show.

use std::path::Path;

/// The most characters of a text that are shown; a label may have millions.
const MAX_SHOWN: usize = 256;

/// The text with everything escaped that could move a terminal's cursor, hide or reorder what stands around it; its
/// beginning, if it is very long.
pub(crate) fn shown(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN) {
        Some((end, _)) => escaped(text.get(..end).unwrap_or_default()) + "…",
        None => escaped(text),
    }
}

/// A path as [`shown`] has it, whole; bytes that are no text are replaced.
pub(crate) fn shown_path(path: &Path) -> String {
    escaped(&path.to_string_lossy())
}

fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '"' | '\'' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_drive_a_terminal_and_stays_readable() {
        assert_eq!(shown("Főtanúsítvány \"a\""), "Főtanúsítvány \"a\"");
        assert_eq!(shown("a\u{1b}[2J\u{202e}\n"), r"a\u{1b}[2J\u{202e}\n");
        assert_eq!(shown(&"é".repeat(1000)), "é".repeat(256) + "…");
    }
}
