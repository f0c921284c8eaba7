//! What people see: text made safe to show, messages on stderr, results on stdout.

use std::borrow::Cow;
use std::fmt::{self, Display};
use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;

const BOLD_RED: &str = "\x1b[1;31m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
const RESET: &str = "\x1b[0m";

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

/// Says why the command ends, in one line.
pub(crate) fn error(message: &str) {
    say(format_args!("{BOLD_RED}jit-trust:{RESET} {message}"));
}

/// Says something that the user should know though the command goes on.
pub(crate) fn warning(message: impl Display) {
    say(format_args!("{BOLD_YELLOW}jit-trust: warning:{RESET} {message}"));
}

/// Says one line on stderr. Colours reach terminals only, and not where `NO_COLOR` is set.
pub(crate) fn say(line: impl Display) {
    // Where stderr is closed there is nowhere left to say so.
    let _ = writeln!(anstream::stderr().lock(), "{line}");
}

/// Writes the result of a command, whole, to stdout.
pub(crate) fn print(text: impl AsRef<[u8]>) -> Result<(), Failure> {
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(text.as_ref()).and_then(|()| stdout.flush());
    written.map_err(|error| Failure::writing("stdout", &error))
}

/// Writes a result as JSON, indented, to stdout.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let mut json = serde_json::to_vec_pretty(value).map_err(Failure::failed)?;
    json.push(b'\n');
    print(json)
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
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
