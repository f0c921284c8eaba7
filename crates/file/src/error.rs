//! Why a file was not written or not read.

use std::fmt;
use std::path::{Path, PathBuf};
use std::{error, io};

use jit_trust_core::Escaped;

use crate::Kind;

/// The reason why a file was not written or read, in one line. A file that was there before is unchanged, except where the variant
/// says otherwise.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// The system refused something.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operation that failed: `write`, `rename` ...
        doing: &'static str,
        /// The error of the system.
        error: io::Error,
    },
    /// There is a directory where a file was expected.
    IsADirectory {
        /// The directory.
        path: PathBuf,
    },
    /// There is a pipe, a device or something else that is not a regular file, where only one is of use.
    NotAFile {
        /// The kind of the entry.
        path: PathBuf,
    },
    /// There is a link where only a file is of use.
    IsALink {
        /// The link.
        path: PathBuf,
    },
    /// The entry belongs to another user, who may have put it there as a trap.
    Foreign {
        /// The link, file, pipe or device.
        path: PathBuf,
        /// Its kind.
        kind: Kind,
        /// The number of its user.
        owner: u32,
    },
    /// Other users may delete files of this user's in the directory of a file that has to stay.
    OthersMayDelete {
        /// The directory.
        path: PathBuf,
        /// The number of its user, unless that is this one or root: then others have permission to write to it.
        owner: Option<u32>,
    },
    /// The file is not the one that was there when the new one was begun, or there was none then.
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// The new file is in its place, but a crash of the system may still bring the old one back.
    NotSynced {
        /// The file.
        path: PathBuf,
        /// The error of the system.
        error: io::Error,
    },
}

impl FileError {
    /// The failed operation, for messages, where a file cannot have the owner and group of the one that it replaces.
    pub const KEEP_OWNERSHIP: &'static str = "keep its owner and group, who alone may read it";

    pub(crate) fn io<E: Into<io::Error>>(path: &Path, doing: &'static str) -> impl FnOnce(E) -> Self {
        move |error| Self::Io {
            path: path.to_owned(),
            doing,
            error: error.into(),
        }
    }

    /// The file or directory in question.
    pub fn path(&self) -> &Path {
        match self {
            Self::Io { path, .. }
            | Self::IsADirectory { path }
            | Self::NotAFile { path }
            | Self::IsALink { path }
            | Self::Foreign { path, .. }
            | Self::OthersMayDelete { path, .. }
            | Self::Changed { path }
            | Self::NotSynced { path, .. } => path,
        }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Escaped::new(self.path().to_string_lossy()))?;
        match self {
            Self::Io { doing, error, .. } => write!(f, ": cannot {doing}: {error}"),
            Self::IsADirectory { .. } => f.write_str(": a directory: expected a file"),
            Self::NotAFile { .. } => f.write_str(": expected a regular file"),
            Self::IsALink { .. } => f.write_str(": a link: expected a regular file"),
            Self::Foreign { kind, owner, .. } => write!(
                f,
                ": refused: this {kind} belongs to another user (uid {owner}) and others may have put it there: \
                 remove it, or name a file in a directory that only you may write to"
            ),
            Self::OthersMayDelete { owner: Some(owner), .. } => write!(
                f,
                ": refused: this directory belongs to another user (uid {owner}), who may delete files in it: expected \
                 one of this user's or root's"
            ),
            Self::OthersMayDelete { owner: None, .. } => f.write_str(
                ": refused: other users may write to this directory and delete files in it: expected one that only its \
                 owner may write to (chmod go-w), or one with the sticky bit",
            ),
            Self::Changed { .. } => f.write_str(
                ": not written: another program created, replaced or removed it in the meantime, and it is left as \
                 it is: look at what is there, and try again",
            ),
            Self::NotSynced { error, .. } => write!(
                f,
                ": written, but a crash may bring back what was there before: cannot sync: {error}"
            ),
        }
    }
}

impl error::Error for FileError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { error, .. } | Self::NotSynced { error, .. } => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_cannot_drive_a_terminal_and_an_error_does_not_claim_that_nothing_has_changed() {
        let path = || PathBuf::from("/srv/\u{1b}[2J \"Főtanúsítvány\"");
        let shown = FileError::Changed { path: path() }.to_string();
        assert!(
            shown.starts_with("/srv/\\u{1b}[2J \"Főtanúsítvány\": not written: "),
            "{shown}"
        );
        let error = io::Error::other("no");
        let shown = FileError::NotSynced { path: path(), error }.to_string();
        assert!(
            shown.ends_with(": written, but a crash may bring back what was there before: cannot sync: no"),
            "{shown}"
        );
    }
}
