//! The place of something in an input.

use std::fmt;

use crate::shown::shown_path;

/// The place of something: the input, the number of the certificate in it, and the line.
///
/// Displayed as `roots.pem: certificate 3, line 57`, safe for a terminal.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    source: String,
    certificate: Option<usize>,
    line: Option<u64>,
}

impl Place {
    pub(crate) fn whole(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            certificate: None,
            line: None,
        }
    }

    pub(crate) fn certificate(&self, ordinal: usize) -> Self {
        Self {
            certificate: Some(ordinal),
            ..self.clone()
        }
    }

    pub(crate) fn line(&self, line: u64) -> Self {
        Self {
            line: Some(line),
            ..self.clone()
        }
    }

    /// The input: the path as it was given, that of a file in a directory that was given, or `mozilla`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Which certificate of that input, counted from 1.
    pub fn ordinal(&self) -> Option<usize> {
        self.certificate
    }

    /// Which line of that input, counted from 1.
    pub fn line_number(&self) -> Option<u64> {
        self.line
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", shown_path(self.source.as_ref()))?;
        match (self.certificate, self.line) {
            (Some(ordinal), Some(line)) => write!(f, ": certificate {ordinal}, line {line}"),
            (Some(ordinal), None) => write!(f, ": certificate {ordinal}"),
            (None, Some(line)) => write!(f, ": line {line}"),
            (None, None) => Ok(()),
        }
    }
}
