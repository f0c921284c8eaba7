//! Why a request was not answered.

use std::fmt::{self, Display};

use super::hop::Stage;
use crate::exit::causes;
use crate::lookups::OpenLookups;
use crate::shown::shown;

/// Why a request was not answered: where, at which stage, what. In one line, safe to show.
#[derive(Debug)]
pub(crate) struct Error {
    line: String,
    limit: Option<Limit>,
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
    /// The server's certificates were verified and are not trusted.
    pub(super) fn not_trusted(at: impl Display, reason: &str) -> Self {
        Self::refused(at, format_args!("not trusted: {reason}"))
    }

    /// Something failed at this stage.
    pub(super) fn at(stage: Stage, at: impl Display, error: &dyn std::error::Error) -> Self {
        Self::said(stage, at, causes(error))
    }

    /// The same, in words of our own.
    pub(super) fn said(stage: Stage, at: impl Display, what: impl Display) -> Self {
        Self::refused(at, format_args!("{stage}: {what}"))
    }

    /// The time was over at this stage. Names the store that was waited for in a handshake, if one was.
    pub(crate) fn timed_out(stage: Stage, at: impl Display, open: &OpenLookups) -> Self {
        match open.oldest().filter(|_| stage == Stage::Tls) {
            Some((store, key)) => {
                let store = shown(store);
                let what = format!("timed out; {store} has not answered yet, asked for {key}");
                Self::said(stage, at, what)
            }
            None => Self::said(stage, at, "timed out"),
        }
    }

    /// We do not do what would come next.
    pub(super) fn refused(at: impl Display, what: impl Display) -> Self {
        let line = format!("{at}: {what}");
        Self { line, limit: None }
    }

    /// The same error, because of what the caller has set.
    pub(super) fn because_of(self, limit: Limit) -> Self {
        let limit = Some(limit);
        Self { limit, ..self }
    }

    /// What it ran into, if that was set by the caller.
    pub(crate) fn limit(&self) -> Option<Limit> {
        self.limit
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}
