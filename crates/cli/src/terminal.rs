//! What people see: messages on stderr, results on stdout or in a file.

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

use indicatif::{ProgressBar, ProgressStyle};
use jit_trust_file::StagedFile;

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

/// A result as JSON, indented.
pub(crate) fn json(value: &impl serde::Serialize) -> Result<String, Failure> {
    let json = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    Ok(json + "\n")
}

/// The same, to stdout.
pub(crate) fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    print(json(value)?)
}

/// The file that a report is written to in the place of stdout, which appears whole or not at all.
#[derive(Debug)]
pub(crate) struct ReportFile(StagedFile);

impl ReportFile {
    /// The one that `--output` names; none where that is stdout. To be made before the work begins, so that nothing is done
    /// for a file that cannot be written.
    pub(crate) fn create(output: Option<&Path>) -> Result<Option<Self>, Failure> {
        let path = output.filter(|path| path.as_os_str() != "-");
        let staged = path.map(StagedFile::create).transpose();
        staged.map(|staged| staged.map(Self)).map_err(Failure::failed)
    }

    pub(crate) fn write(self, text: &str) -> Result<(), Failure> {
        self.0.write(text.as_bytes()).map_err(Failure::failed)
    }
}

/// Shows a bar of this form on a terminal, as long as it takes; indicatif shows nothing elsewhere.
pub(crate) fn progress(bar: ProgressBar, template: &str) -> ProgressBar {
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

pub(crate) fn stdout_is_terminal() -> bool {
    io::stdout().is_terminal()
}
