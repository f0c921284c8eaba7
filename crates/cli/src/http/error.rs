//! Why a request was not answered.

use std::fmt;

use super::hop::Stage;
use crate::exit::causes;
use crate::questions::OpenQuestions;
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
    At(Stage, String, Option<Limit>),
    Refused(String, Option<Limit>),
}

/// What the caller has set and a request ran into. Only the caller knows whether its user can change that, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limit {
    ConnectTimeout,
    MaxRedirects,
    /// Not from https to http.
    NoDowngrade,
    Http2Only,
}

impl Error {
    /// The server's certificates were looked at and did not pass.
    pub(super) fn not_trusted(at: impl fmt::Display, reason: String) -> Self {
        Self::new(at, Kind::NotTrusted(reason))
    }

    /// Something failed at this stage.
    pub(super) fn at(stage: Stage, at: impl fmt::Display, error: &dyn std::error::Error) -> Self {
        Self::new(at, Kind::At(stage, causes(error), None))
    }

    /// The same, in words of our own.
    pub(super) fn said(stage: Stage, at: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::new(at, Kind::At(stage, what.to_string(), None))
    }

    /// Something failed at this stage because of what the caller has set.
    pub(super) fn limited(stage: Stage, at: impl fmt::Display, what: &str, limit: Limit) -> Self {
        Self::new(at, Kind::At(stage, what.to_owned(), Some(limit)))
    }

    /// The time for all together, which the caller measures, was over at this stage.
    pub(crate) fn timed_out(stage: Stage, at: impl fmt::Display, open: &OpenQuestions) -> Self {
        Self::said(stage, at, timed_out(stage, open))
    }

    /// The time for a connection was over at this stage.
    pub(super) fn connect_timed_out(stage: Stage, at: impl fmt::Display, open: &OpenQuestions) -> Self {
        Self::limited(stage, at, &timed_out(stage, open), Limit::ConnectTimeout)
    }

    /// We do not do what would come next.
    pub(super) fn refused(at: impl fmt::Display, what: impl fmt::Display) -> Self {
        Self::new(at, Kind::Refused(what.to_string(), None))
    }

    /// The same, because of what the caller has set.
    pub(super) fn refused_by(at: impl fmt::Display, what: impl fmt::Display, limit: Limit) -> Self {
        Self::new(at, Kind::Refused(what.to_string(), Some(limit)))
    }

    /// What it ran into, if that was set by the caller.
    pub(crate) fn limit(&self) -> Option<Limit> {
        match self.kind {
            Kind::At(_, _, limit) | Kind::Refused(_, limit) => limit,
            Kind::NotTrusted(_) => None,
        }
    }

    fn new(at: impl fmt::Display, kind: Kind) -> Self {
        Self {
            at: at.to_string(),
            kind,
        }
    }
}

/// That there was no more time, and which store was waited for in a handshake, if one was.
fn timed_out(stage: Stage, open: &OpenQuestions) -> String {
    match open.oldest().filter(|_| stage == Stage::Tls) {
        Some((store, key)) => format!(
            "timed out; {} has not answered yet, asked for {key}",
            shown(store)
        ),
        None => "timed out".to_owned(),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.at)?;
        match &self.kind {
            Kind::NotTrusted(reason) => write!(f, "not trusted: {reason}"),
            Kind::At(stage, what, _) => write!(f, "{stage}: {what}"),
            Kind::Refused(what, _) => f.write_str(what),
        }
    }
}
