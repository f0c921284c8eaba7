//! Reads a program's own files.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::place::{Found, LastLink, check_that_files_stay};
use crate::{Entry, FileError, Kind, Place};

/// A program's own file, opened for reading: it belongs to this user and is not a link. The caller should trust its content only
/// if [others may not write to it](Self::others_may_write).
///
/// For another user, a file of root is not such a file: that user's own program has not written it.
#[derive(Debug)]
pub struct OwnFile {
    path: PathBuf,
    place: Place,
    file: File,
    others_may_write: bool,
}

impl OwnFile {
    /// Opens the file; `None` if there is none.
    ///
    /// # Errors
    /// When the system refuses something, when it is a link or not a regular file, and when it belongs to another user.
    pub fn open(path: &Path) -> Result<Option<Self>, FileError> {
        Self::open_at(place(path)?, path)
    }

    /// Opens a file that has to be there if it was written once: other users must not be able to delete it. `None` if there
    /// is none.
    ///
    /// On Unix, its directory has to belong to this user or root. If its group or everybody may write to it, it must have the
    /// sticky bit. Elsewhere, this is [`open`](Self::open).
    ///
    /// # Errors
    /// Those of [`open`](Self::open); and [`FileError::OthersMayDelete`], whether there is a file or not.
    pub fn open_undeletable(path: &Path) -> Result<Option<Self>, FileError> {
        let place = place(path)?;
        check_that_files_stay(place.directory())?;
        Self::open_at(place, path)
    }

    fn open_at(place: Place, path: &Path) -> Result<Option<Self>, FileError> {
        let Some(seen) = place.seen() else {
            return Ok(None);
        };
        if seen.kind == Kind::Link {
            return Err(FileError::IsALink {
                path: path.to_owned(),
            });
        }
        let opened = place.directory().read_file(place.name());
        let file = opened.map_err(FileError::io(path, "read"))?;
        let entry = Entry::of_file(&file).map_err(FileError::io(path, "read"))?;
        if !entry.is(seen) {
            return Err(FileError::Changed {
                path: path.to_owned(),
            });
        }
        Ok(Some(Self {
            path: path.to_owned(),
            others_may_write: others_may_write(&entry),
            place,
            file,
        }))
    }

    /// Whether the file's group or everybody may write to it, so that its content may come from another user.
    pub fn others_may_write(&self) -> bool {
        self.others_may_write
    }

    /// Its content, at most this many bytes; of a longer file, the beginning.
    ///
    /// # Errors
    /// When the system refuses it.
    pub fn read(&self, limit: u64) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        let read = (&self.file).take(limit).read_to_end(&mut bytes);
        read.map_err(FileError::io(&self.path, "read"))?;
        Ok(bytes)
    }

    /// Deletes the file.
    ///
    /// # Errors
    /// When the system refuses it, or another file has its name now.
    pub fn remove(self) -> Result<(), FileError> {
        let path = &self.path;
        match self.place.is_unchanged().map_err(FileError::io(path, "open"))? {
            true => self
                .place
                .directory()
                .remove_file(self.place.name())
                .map_err(FileError::io(path, "remove")),
            false => Err(FileError::Changed { path: path.clone() }),
        }
    }
}

/// The place of a program's own file: it is free, or has a file or a link of this user.
pub(crate) fn place(path: &Path) -> Result<Place, FileError> {
    let place = match Place::find(path, LastLink::End)? {
        Found::Place(place) if !place.is_of_a_directory() => place,
        _ => {
            return Err(FileError::IsADirectory {
                path: path.to_owned(),
            });
        }
    };
    if let Some(seen) = place.seen() {
        let path = path.to_owned();
        match seen.kind {
            Kind::Link if path.is_dir() => return Err(FileError::IsADirectory { path }),
            Kind::Directory => return Err(FileError::IsADirectory { path }),
            Kind::Other => return Err(FileError::NotAFile { path }),
            Kind::Link if leads_to_something_else(&path) => return Err(FileError::NotAFile { path }),
            Kind::File | Kind::Link => check_owner(seen, &path)?,
        }
    }
    Ok(place)
}

/// Whether a link leads to a device or a directory, such as `/dev/stdout`: a file must not replace it.
fn leads_to_something_else(path: &Path) -> bool {
    crate::descriptor::is_one(path) || path.metadata().is_ok_and(|metadata| !metadata.is_file())
}

#[cfg(unix)]
fn check_owner(entry: &Entry, path: &Path) -> Result<(), FileError> {
    match entry.owner == rustix::process::geteuid().as_raw() {
        true => Ok(()),
        false => Err(crate::place::foreign(entry, path)),
    }
}

#[cfg(not(unix))]
fn check_owner(_entry: &Entry, _path: &Path) -> Result<(), FileError> {
    Ok(())
}

#[cfg(unix)]
fn others_may_write(entry: &Entry) -> bool {
    const BY_OTHERS: u32 = 0o022;
    entry.mode & BY_OTHERS != 0
}

#[cfg(not(unix))]
fn others_may_write(_entry: &Entry) -> bool {
    false
}
