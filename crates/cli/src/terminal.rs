//! What people see: messages on stderr, results on stdout.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

use crate::exit::Failure;

const BOLD_RED: &str = "\x1b[1;31m";
const BOLD_YELLOW: &str = "\x1b[1;33m";
/// Colours of lines that are results.
pub(crate) const GREEN: &str = "\x1b[32m";
pub(crate) const RED: &str = "\x1b[31m";
pub(crate) const YELLOW: &str = "\x1b[33m";
/// The end of a colour.
pub(crate) const RESET: &str = "\x1b[0m";

/// The most characters of the line that says why the command ends. Names in certificates, which it may quote, can have
/// 65,535.
const MAX_ERROR: usize = 8192;

/// Says why the command ends, in one line.
pub(crate) fn error(message: &str) {
    match message.char_indices().nth(MAX_ERROR) {
        Some((end, _)) => {
            let beginning = message.get(..end).unwrap_or_default();
            say(format_args!("{BOLD_RED}jit-trust:{RESET} {beginning}…"));
        }
        None => say(format_args!("{BOLD_RED}jit-trust:{RESET} {message}")),
    }
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
    write_whole(text.as_ref(), io::stdout().lock())
}

/// The same, its colours where stdout is a terminal and `NO_COLOR` is not set.
pub(crate) fn print_coloured(text: &str) -> Result<(), Failure> {
    write_whole(text.as_bytes(), anstream::stdout().lock())
}

fn write_whole(text: &[u8], mut stdout: impl Write) -> Result<(), Failure> {
    let written = stdout.write_all(text).and_then(|()| stdout.flush());
    written.map_err(|error| Failure::writing_stdout(&error))
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
