//! Why a request was not answered.

use std::fmt;

use super::hop::Stage;
use crate::exit::Causes;
use crate::shown::shown;

/// Why a request was not answered: where, at which stage, what. Displayed in one line, safe to show.
#[derive(Debug)]
pub(crate) struct Error {
    at: String,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    NotTrusted(String),
    At(Stage, String),
    TimedOut(Stage, &'static str),
    Refused(String),
}

impl Error {
    /// The server's certificates were looked at and did not pass.
    pub(super) fn not_trusted(at: impl fmt::Display, reason: String) -> Self {
        Self::new(at, Kind::NotTrusted(reason))
    }

    /// Something failed at this stage.
    pub(super) fn at(stage: Stage, at: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self::new(at, Kind::At(stage, shown(Causes(error).to_string()).to_string()))
    }

    /// The same, in words of our own.
    pub(super) fn said(stage: Stage, at: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::new(at, Kind::At(stage, what.to_string()))
    }

    /// `option` is what would give it more time.
    pub(crate) fn timed_out(stage: Stage, at: impl fmt::Display, option: &'static str) -> Self {
        Self::new(at, Kind::TimedOut(stage, option))
    }

    /// We do not do what would come next.
    pub(super) fn refused(at: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::new(at, Kind::Refused(what.to_string()))
    }

    fn new(at: impl fmt::Display, kind: Kind) -> Self {
        Self {
            at: at.to_string(),
            kind,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        match &self.kind {
            Kind::NotTrusted(reason) => write!(f, "not trusted: {reason}"),
            Kind::At(stage, what) => write!(f, "{stage}: {what}"),
            Kind::TimedOut(stage, option) => write!(f, "{stage}: timed out; {option} gives it more time"),
            Kind::Refused(what) => f.write_str(what),
        }
    }
}
