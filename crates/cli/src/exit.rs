//! How the command ends when it does not end well.

use std::fmt::Display;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::shown::shown;

/// Why a command ends early. Displayed as the line that follows `jit-trust: ` on stderr.
#[derive(Debug)]
pub(crate) enum Failure {
    /// It could not do what it was asked for, or the answer is no: exit status 1.
    Failed(String),
    /// It was asked for something that cannot be, or given something that cannot be read: exit status 2.
    BadInput(String),
    /// It could not do what it was asked for, where exit status 1 would be an answer: exit status 2.
    Trouble(String),
    /// What was compared is not equal, or what was explained is not trusted, which is the result, already shown, and no
    /// fault: exit status 1.
    Differ,
    /// The reader of stdout has closed it. That is the reader's choice and not a fault: exit status 0.
    StdoutClosed,
    /// A signal ended it: exit status 128 and the number, as shells have it.
    Signal(u8),
}

impl Failure {
    pub(crate) fn failed(what: impl Display) -> Self {
        Self::Failed(what.to_string())
    }

    pub(crate) fn bad_input(what: impl Display) -> Self {
        Self::BadInput(what.to_string())
    }

    /// Writing to stdout did not work.
    pub(crate) fn writing_stdout(error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::StdoutClosed
        } else {
            Self::Failed(format!("stdout: cannot write: {error}"))
        }
    }

    /// Writing a file did not work. That the reader of a pipe closed it early is a fault, too: the user asked for the whole.
    pub(crate) fn writing_file(path: &Path, error: &io::Error) -> Self {
        Self::Failed(format!(
            "{}: cannot write: {error}",
            shown(path.to_string_lossy())
        ))
    }

    /// A file cannot be read.
    pub(crate) fn reading(path: &Path, error: &io::Error) -> Self {
        Self::bad_file(path, format_args!("cannot read: {error}"))
    }

    /// A file is not what it has to be.
    pub(crate) fn bad_file(path: &Path, what: impl Display) -> Self {
        Self::BadInput(format!("{}: {what}", shown(path.to_string_lossy())))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Failed(_) | Self::Differ => ExitCode::from(1),
            Self::BadInput(_) | Self::Trouble(_) => ExitCode::from(2),
            Self::StdoutClosed => ExitCode::SUCCESS,
            Self::Signal(number) => ExitCode::from(number.saturating_add(128)),
        }
    }

    /// What to say of it on stderr, if anything.
    pub(crate) fn message(&self) -> Option<&str> {
        match self {
            Self::Failed(message) | Self::BadInput(message) | Self::Trouble(message) => Some(message),
            Self::Differ | Self::StdoutClosed | Self::Signal(_) => None,
        }
    }
}

impl From<jit_trust_bundle::InputError> for Failure {
    fn from(error: jit_trust_bundle::InputError) -> Self {
        Self::bad_input(error)
    }
}

/// An error and its causes in one line, safe to show.
pub(crate) fn causes(error: &dyn std::error::Error) -> String {
    let mut last = error.to_string();
    let mut line = last.clone();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        // Many errors repeat their cause at their own end.
        if !last.ends_with(&text) {
            line.push_str(": ");
            line.push_str(&text);
        }
        last = text;
        next = cause.source();
    }
    shown(line).to_string()
}
