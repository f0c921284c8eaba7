//! Why a list cannot be written, and what a form cannot hold.

use std::path::{Path, PathBuf};
use std::{error, fmt, io};

use jit_trust_core::WriteError;

use crate::Root;
use crate::shown::{shown, shown_path};

/// Why something was not written, in one line. What was there before is as it was.
#[derive(Debug)]
#[non_exhaustive]
pub enum OutputError {
    /// The system refused something.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What could not be done: `write`, `rename` ...
        doing: &'static str,
        /// What the system says.
        error: io::Error,
    },
    /// A file was to be written where a directory is.
    IsADirectory {
        /// The directory.
        path: PathBuf,
    },
    /// A webroot was to be written where a file is.
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// A webroot was to be written where a directory is that is not empty and no webroot, or more than one.
    NotAWebroot {
        /// The directory.
        path: PathBuf,
        /// What in it does not belong to a webroot, relative to it.
        found: PathBuf,
    },
    /// There is no root to write.
    NoRoots,
    /// The list does not fit into a trust blob.
    DoesNotFit {
        /// Why.
        error: WriteError,
        /// The subject of the root that does not fit, if it is one.
        subject: Option<String>,
    },
}

impl OutputError {
    pub(super) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            path: path.to_owned(),
            doing,
            error,
        }
    }

    pub(super) fn does_not_fit(error: WriteError, roots: &[&Root]) -> Self {
        let index = match error {
            WriteError::KeyIdTooLong { index, .. } | WriteError::TooManyUnderOneName { index } => Some(index),
            _ => None,
        };
        let root = index.and_then(|index| roots.get(index));
        Self::DoesNotFit {
            error,
            subject: root.map(|root| root.certificate().subject().to_string()),
        }
    }
}

impl fmt::Display for OutputError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, doing, error } => write!(f, "{}: cannot {doing}: {error}", shown_path(path)),
            Self::IsADirectory { path } => write!(f, "{}: a directory: expected a file", shown_path(path)),
            Self::NotADirectory { path } => write!(f, "{}: a file: expected a directory", shown_path(path)),
            Self::NotAWebroot { path, found } => write!(
                f,
                "{}: not replaced, for {} is no part of a webroot: expected a webroot, an empty directory or none",
                shown_path(path),
                shown_path(found)
            ),
            Self::NoRoots => f.write_str("the list is empty: expected at least one root"),
            Self::DoesNotFit { error, subject: None } => error.fmt(f),
            Self::DoesNotFit {
                error,
                subject: Some(subject),
            } => write!(f, "{error} ({subject})"),
        }
    }
}

impl error::Error for OutputError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::DoesNotFit { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// Mozilla's conditions that bare certificates and trust blobs of version 1 cannot hold: whoever trusts those trusts
/// these roots without. Displayed as one line, for a user to be warned with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LostConditions {
    /// Roots that Mozilla trusts only for certificates issued up to a date.
    DistrustAfter {
        /// The subjects of these roots.
        subjects: Vec<String>,
    },
    /// Roots that Mozilla trusts only for some domains.
    AppliedConstraints {
        /// The subjects of these roots, and the domains.
        subjects: Vec<String>,
    },
}

impl LostConditions {
    pub(super) fn of(roots: &[&Root]) -> Vec<Self> {
        let with_date = roots
            .iter()
            .filter(|root| root.conditions().distrust_after.is_some());
        let with_date: Vec<_> = with_date
            .map(|root| root.certificate().subject().to_string())
            .collect();
        let constrained = roots
            .iter()
            .filter(|root| !root.conditions().applied_constraints.is_empty());
        let constrained = constrained.map(|root| {
            let domains = root.conditions().applied_constraints.join(", ");
            format!("{} ({})", root.certificate().subject(), shown(&domains))
        });
        let constrained: Vec<_> = constrained.collect();
        let lost = [
            Self::DistrustAfter { subjects: with_date },
            Self::AppliedConstraints {
                subjects: constrained,
            },
        ];
        lost.into_iter()
            .filter(|lost| !lost.subjects().is_empty())
            .collect()
    }

    /// The roots in question.
    pub fn subjects(&self) -> &[String] {
        match self {
            Self::DistrustAfter { subjects } | Self::AppliedConstraints { subjects } => subjects,
        }
    }
}

impl fmt::Display for LostConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (carries, what) = match (self, self.subjects().len()) {
            (Self::DistrustAfter { .. }, 1) => ("root carries", "a distrust-after date"),
            (Self::DistrustAfter { .. }, _) => ("roots carry", "a distrust-after date"),
            (Self::AppliedConstraints { .. }, 1) => ("root carries", "applied constraints"),
            (Self::AppliedConstraints { .. }, _) => ("roots carry", "applied constraints"),
        };
        let subjects = self.subjects();
        write!(
            f,
            "{} {carries} {what}, which version 1 cannot hold: {}",
            subjects.len(),
            subjects.join("; ")
        )
    }
}
