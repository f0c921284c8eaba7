//! The place that a path leads to.

#[cfg(not(unix))]
mod elsewhere;
#[cfg(unix)]
mod unix;

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use crate::{Directory, Entry, FileError};

#[cfg(not(unix))]
pub(crate) use elsewhere::check_that_files_stay;
#[cfg(not(unix))]
use elsewhere::{check, find};
#[cfg(unix)]
use unix::{check, find};
#[cfg(unix)]
pub(crate) use unix::{check_that_files_stay, foreign};

/// The largest number of links that are followed, that of Linux.
const MAX_LINKS: usize = 40;

/// The failed operation, for messages, where the directory of a file cannot be reached.
const CREATE_IN_IT: &str = "create a file in it";

/// The treatment of a link that has the last name of a path.
#[derive(Clone, Copy)]
pub(crate) enum LastLink<'a> {
    /// It is followed.
    Followed,
    /// It is followed, unless this says of its place that the path ends there.
    #[cfg_attr(not(unix), allow(dead_code, reason = "every link is followed there"))]
    FollowedUnless(&'a dyn Fn(&Place) -> bool),
    /// The path ends there.
    End,
}

impl LastLink<'_> {
    fn may_be_followed(self) -> bool {
        !matches!(self, Self::End)
    }

    /// Whether the path ends at this link.
    #[cfg(unix)]
    fn is_end(self, link: &Place) -> bool {
        match self {
            Self::Followed => false,
            Self::FollowedUnless(is_end) => is_end(link),
            Self::End => true,
        }
    }
}

/// The object that a path leads to.
#[derive(Debug)]
pub(crate) enum Found {
    /// A file or another object that a process has open already, by the path that opens it.
    Descriptor(PathBuf),
    /// A name in a directory.
    Place(Place),
}

/// A name in an open directory, and the entry that had that name when the path was followed.
#[derive(Debug)]
pub struct Place {
    directory: Directory,
    name: OsString,
    seen: Option<Entry>,
    /// Whether the path can only be that of a directory, which may exist or not.
    is_of_a_directory: bool,
}

impl Place {
    /// The place of a directory. A link is followed, unless `is_end` says that the path ends at its place, or it may be a trap of
    /// another user.
    ///
    /// # Errors
    /// When the system refuses something, or a link or the entry may be such a trap.
    pub fn of_directory(path: &Path, is_end: &dyn Fn(&Self) -> bool) -> Result<Self, FileError> {
        let has_a_name = path.file_name().is_some();
        let canonical;
        let path = if has_a_name {
            path
        } else {
            // `.` and `..` are names of a directory, but not in its parent directory.
            canonical = path.canonicalize().map_err(FileError::io(path, "open"))?;
            &canonical
        };
        match Self::find(path, LastLink::FollowedUnless(is_end)) {
            Ok(Found::Place(place)) => Ok(place),
            Ok(Found::Descriptor(path)) => Err(FileError::NotAFile { path }),
            Err(FileError::IsADirectory { path }) => {
                let error = std::io::Error::other("it lies in no other directory");
                Err(FileError::io(&path, "replace it")(error))
            }
            Err(FileError::Io { path, doing, error }) if doing == CREATE_IN_IT => {
                Err(FileError::io(&path, "create a directory in it")(error))
            }
            Err(error) => Err(error),
        }
    }

    /// The place that a path leads to. An entry there is not a trap of another user.
    pub(crate) fn find(path: &Path, last_link: LastLink<'_>) -> Result<Found, FileError> {
        if last_link.may_be_followed() && crate::descriptor::is_one(path) {
            return Ok(Found::Descriptor(path.to_owned()));
        }
        let found = find(path, last_link)?;
        if let Found::Place(place) = &found {
            if let Some(seen) = &place.seen {
                check(&place.directory, seen, &place.path())?;
            }
        }
        Ok(found)
    }

    /// The place with this name in the same directory.
    ///
    /// # Errors
    /// When the system refuses it, or the entry may be a trap of another user.
    pub fn look_beside(&self, name: &OsStr) -> Result<Option<Entry>, FileError> {
        let path = self.directory.path_of(name);
        let entry = self.directory.look(name).map_err(FileError::io(&path, "open"))?;
        if let Some(entry) = &entry {
            check(&self.directory, entry, &path)?;
        }
        Ok(entry)
    }

    /// The directory.
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The name in it.
    pub fn name(&self) -> &OsStr {
        &self.name
    }

    /// The entry that had that name.
    pub fn seen(&self) -> Option<&Entry> {
        self.seen.as_ref()
    }

    /// The path where it was found, for messages.
    pub fn path(&self) -> PathBuf {
        self.directory.path_of(&self.name)
    }

    pub(crate) fn is_of_a_directory(&self) -> bool {
        self.is_of_a_directory
    }

    /// Whether the same entry, or none, is still there.
    pub(crate) fn is_unchanged(&self) -> std::io::Result<bool> {
        Ok(match (self.directory.look(&self.name)?, &self.seen) {
            (Some(there), Some(seen)) => there.is(seen),
            (there, seen) => there.is_none() && seen.is_none(),
        })
    }
}

/// Whether the path can only be that of a directory.
fn ends_in_a_separator(path: &Path) -> bool {
    let last = path.as_os_str().as_encoded_bytes().last();
    last.is_some_and(|last| std::path::is_separator(char::from(*last)))
}

fn too_many_links(path: &Path) -> FileError {
    FileError::io(path, "follow the link")(std::io::Error::other("too many links"))
}
