//! The place of a path, found by the paths in links.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::{Found, LastLink, MAX_LINKS, Place, ends_in_a_separator, too_many_links};
use crate::{Directory, Entry, FileError};

pub(super) fn find(path: &Path, last_link: LastLink<'_>) -> Result<Found, FileError> {
    let mut target = path.to_owned();
    let mut links = 0;
    while last_link.may_be_followed() && target.is_symlink() {
        links += 1;
        if links > MAX_LINKS {
            return Err(too_many_links(&target));
        }
        let next = fs::read_link(&target).map_err(FileError::io(&target, "read the link"))?;
        target = parent(&target).join(next);
    }
    let Some(name) = target.file_name().map(OsString::from) else {
        return Err(FileError::IsADirectory {
            path: path.to_owned(),
        });
    };
    let directory = Directory::at(parent(&target));
    let seen = directory.look(&name).map_err(FileError::io(&target, "open"))?;
    Ok(Found::Place(Place {
        directory,
        name,
        seen,
        is_of_a_directory: ends_in_a_separator(&target),
    }))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Without owners, nobody is another user.
pub(crate) fn check_that_files_stay(_directory: &Directory) -> Result<(), FileError> {
    Ok(())
}

/// Without owners, no file belongs to another user.
pub(super) fn check(_directory: &Directory, _entry: &Entry, _path: &Path) -> Result<(), FileError> {
    Ok(())
}
