//! The errors of writing a list, and the conditions that a form cannot hold.

use std::path::{Path, PathBuf};
use std::{fmt, io};

use jit_trust_core::WriteError;
use jit_trust_file::FileError;

use super::options::BlobVersion;
use crate::shown::{shown, shown_path};
use crate::time::rfc3339;
use crate::{NameConstraints, Root};

/// The reason why something was not written, in one line. Files that were there before are unchanged, except where the variant
/// says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OutputError {
    /// The system refused something.
    #[error("{}: cannot {doing}: {error}", shown_path(path))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operation that failed: `write`, `rename` ...
        doing: &'static str,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// A file was not written, or the object in a webroot's place may not be replaced.
    #[error(transparent)]
    File(#[from] FileError),
    /// A webroot was to be written where a file is.
    #[error("{}: a file: expected a directory", shown_path(path))]
    NotADirectory {
        /// The file.
        path: PathBuf,
    },
    /// A webroot was to be written over a directory that is not empty and not a webroot, or holds other files, too.
    #[error(
        "{}: not replaced: {} is not part of a webroot: expected a webroot, an empty directory or none",
        shown_path(path),
        shown_path(found)
    )]
    NotAWebroot {
        /// The directory.
        path: PathBuf,
        /// The path in it that does not belong to a webroot.
        found: PathBuf,
    },
    /// A webroot was to be written over a directory with an `index.json` of an unknown form.
    #[error(
        "{}: not replaced: its index.json is not that of a webroot: expected one as write_webroot makes it: {}",
        shown_path(path),
        shown(reason)
    )]
    NotAnIndex {
        /// The directory.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// There is a store of a newer generation.
    #[error(
        "{}: not replaced: it was made at {}, and the new one is of {}: expected no older one",
        shown_path(path),
        generation(*found),
        generation(*new)
    )]
    Older {
        /// The store.
        path: PathBuf,
        /// Its generation, in Unix time.
        found: u32,
        /// The generation of the store that was to replace it.
        new: u32,
    },
    /// There is a trust blob of a version that is not known: it may be newer.
    #[error(
        "{}: not replaced: it is a trust blob of version {version}: expected a version that is known",
        shown_path(path)
    )]
    UnknownVersion {
        /// The blob.
        path: PathBuf,
        /// Its version.
        version: u16,
    },
    /// The directory cannot be given another name: it is a mount point, or lies in a lower layer of an overlay.
    #[error(
        "{}: cannot be replaced in one step here (overlay or mount point): name a new directory inside a writable one \
         ({error})",
        shown_path(path)
    )]
    CannotStepAside {
        /// The directory.
        path: PathBuf,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// The new webroot had to be taken back, and the old one could not be moved back to its place.
    #[error(
        "{because}; and what was there is in {} now, and cannot be moved back: {error}",
        shown_path(old)
    )]
    NotTakenBack {
        /// The reason for that.
        because: Box<OutputError>,
        /// The place of the old webroot.
        old: PathBuf,
        /// The error of moving it back.
        #[source]
        error: io::Error,
    },
    /// Nothing was replaced, but something that was made for it could not be deleted.
    #[error("{because}; {} is left and cannot be deleted: {error}", shown_path(rest))]
    LeftBehind {
        /// The reason why nothing was replaced.
        because: Box<OutputError>,
        /// The path that is left.
        rest: PathBuf,
        /// The error of deleting it.
        #[source]
        error: io::Error,
    },
    /// The new webroot is in its place, but a crash of the system may still bring the old one back, which is kept.
    #[error(
        "{}: written, but a crash may bring back what was there before{}: cannot sync: {error}",
        shown_path(path),
        between(", which is kept in ", kept.as_deref().map(shown_path), "")
    )]
    NotSynced {
        /// The directory.
        path: PathBuf,
        /// The place of the old webroot, if there was one.
        kept: Option<PathBuf>,
        /// The error of the system.
        #[source]
        error: io::Error,
    },
    /// There are no roots to write.
    #[error("the list is empty: expected at least one root")]
    NoRoots,
    /// The certificates of some roots are not known, and the form consists of certificates.
    #[error(
        "{}: expected an input with certificates, such as a trust blob made with --certificates, or a trust blob of \
         version 2 to be written",
        unknown(roots)
    )]
    NoCertificate {
        /// These roots, as [`Root::label`] has them; at least one.
        roots: Vec<String>,
    },
    /// The list does not fit into a trust blob.
    #[error("{error}{}", between(" (", subject.clone(), ")"))]
    DoesNotFit {
        /// The reason.
        #[source]
        error: WriteError,
        /// The [label](Root::label) of the root that does not fit, if it is one root.
        subject: Option<String>,
    },
}

impl OutputError {
    pub(crate) fn io(path: &Path, doing: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |error| Self::Io {
            path: path.to_owned(),
            doing,
            error,
        }
    }

    pub(super) fn does_not_fit(error: WriteError, roots: &[&Root]) -> Self {
        let index = match error {
            WriteError::KeyIdTooLong { index, .. }
            | WriteError::EntryTooLong { index }
            | WriteError::SameNameHash { index, .. }
            | WriteError::Twice { index, .. }
            | WriteError::ConstraintsLifted { index }
            | WriteError::TooManyUnderOneName { index } => Some(index),
            _ => None,
        };
        let root = index.and_then(|index| roots.get(index));
        Self::DoesNotFit {
            error,
            subject: root.map(|root| root.label()),
        }
    }
}

/// When a store was made, for people.
fn generation(unix: u32) -> String {
    rfc3339(unix.into()).map_or_else(|| unix.to_string(), |time| format!("{time} ({unix})"))
}

/// Which certificates are not known.
fn unknown(roots: &[String]) -> String {
    match roots {
        [root] => format!("the certificate of a root is not known ({root})"),
        roots => format!(
            "the certificates of {} roots are not known (first: {})",
            roots.len(),
            roots.first().map(String::as_str).unwrap_or_default()
        ),
    }
}

/// An optional part of a message, with the text before and after it.
fn between(before: &str, text: Option<impl fmt::Display>, behind: &str) -> String {
    text.map(|text| format!("{before}{text}{behind}"))
        .unwrap_or_default()
}

/// Mozilla's conditions that bare certificates and trust blobs of version 1 cannot hold: a client that trusts those trusts
/// these roots without. Displayed as one line, for a user to be warned with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LostConditions {
    /// Roots that Mozilla trusts only for certificates issued up to a date.
    DistrustAfter {
        /// The subjects of these roots.
        subjects: Vec<String>,
    },
    /// Roots that Mozilla trusts only for some names.
    NameConstraints {
        /// The subjects of these roots, and the constraints.
        subjects: Vec<String>,
    },
}

impl LostConditions {
    /// The conditions that a blob of this version cannot hold.
    pub(super) fn of(roots: &[&Root], version: BlobVersion) -> Vec<Self> {
        if version.carries_conditions() {
            return Vec::new();
        }
        let with_date = roots
            .iter()
            .filter(|root| root.conditions().distrust_after.is_some());
        let with_date = with_date.map(|root| root.label());
        let constrained = roots.iter().filter_map(|root| {
            let constraints = root.conditions().name_constraints.as_deref()?;
            Some(format!("{} ({})", root.label(), NameConstraints::of(constraints)))
        });
        let lost = [
            Self::DistrustAfter {
                subjects: with_date.collect(),
            },
            Self::NameConstraints {
                subjects: constrained.collect(),
            },
        ];
        lost.into_iter()
            .filter(|lost| !lost.subjects().is_empty())
            .collect()
    }

    /// The roots in question.
    pub fn subjects(&self) -> &[String] {
        match self {
            Self::DistrustAfter { subjects } | Self::NameConstraints { subjects } => subjects,
        }
    }
}

impl fmt::Display for LostConditions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (carries, what) = match (self, self.subjects().len()) {
            (Self::DistrustAfter { .. }, 1) => ("root carries", "a distrust-after date"),
            (Self::DistrustAfter { .. }, _) => ("roots carry", "a distrust-after date"),
            (Self::NameConstraints { .. }, 1) => ("root carries", "imposed name constraints"),
            (Self::NameConstraints { .. }, _) => ("roots carry", "imposed name constraints"),
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error() -> io::Error {
        io::Error::other("no")
    }

    #[test]
    fn an_error_does_not_claim_that_nothing_has_changed_when_something_has() {
        let not_synced = |kept: Option<&str>| OutputError::NotSynced {
            path: "/srv/trust".into(),
            kept: kept.map(PathBuf::from),
            error: error(),
        };
        assert_eq!(
            not_synced(None).to_string(),
            "/srv/trust: written, but a crash may bring back what was there before: cannot sync: no"
        );
        assert_eq!(
            not_synced(Some("/srv/old")).to_string(),
            "/srv/trust: written, but a crash may bring back what was there before, which is kept in /srv/old: \
             cannot sync: no"
        );
        let not_taken_back = OutputError::NotTakenBack {
            because: Box::new(OutputError::NoRoots),
            old: "/srv/old".into(),
            error: error(),
        };
        assert!(
            not_taken_back
                .to_string()
                .ends_with("; and what was there is in /srv/old now, and cannot be moved back: no")
        );
    }
}
