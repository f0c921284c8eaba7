//! The place of a path, found one name at a time, each in the directory of the one before.

use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};

use super::{CREATE_IN_IT, Found, LastLink, MAX_LINKS, Place, ends_in_a_separator, too_many_links};
use crate::{Directory, Entry, FileError, Kind};

pub(super) fn find(path: &Path, last_link: LastLink<'_>) -> Result<Found, FileError> {
    let started = |path: &Path| {
        let start = Directory::start(path.is_absolute());
        start.map_err(FileError::io(path, "open its directory"))
    };
    let mut directory = started(path)?;
    let mut is_of_a_directory = ends_in_a_separator(path);
    let mut rest = Vec::new();
    push_names(path, &mut rest);
    let mut links = 0;
    loop {
        let Some(mut name) = rest.pop().filter(|name| name != ".." || !rest.is_empty()) else {
            let path = path.to_owned();
            return Err(FileError::IsADirectory { path });
        };
        if !rest.is_empty() {
            match directory.open(&name) {
                Ok(opened) => {
                    directory = opened;
                    continue;
                }
                Err(error) => {
                    let is_link = directory.look(&name).ok().flatten();
                    if is_link.is_none_or(|entry| entry.kind != Kind::Link) {
                        let parent = parent_of(directory.path_of(&name), &rest);
                        return Err(FileError::io(&parent, CREATE_IN_IT)(error));
                    }
                }
            }
        }
        let here = directory.path_of(&name);
        if rest.is_empty() && last_link.may_be_followed() && crate::descriptor::is_one(&here) {
            return Ok(Found::Descriptor(here));
        }
        let mut seen = directory.look(&name).map_err(FileError::io(&here, "open"))?;
        let is_link = seen.as_ref().is_some_and(|entry| entry.kind == Kind::Link);
        if rest.is_empty() {
            let place = Place {
                directory,
                name,
                seen,
                is_of_a_directory,
            };
            if !is_link || last_link.is_end(&place) {
                return Ok(Found::Place(place));
            }
            Place {
                directory,
                name,
                seen,
                ..
            } = place;
        }
        links += 1;
        if links > MAX_LINKS {
            return Err(too_many_links(&here));
        }
        let Some(link) = seen.filter(|_| is_link) else {
            // It is not a link any more: continue with what it is now.
            rest.push(name);
            continue;
        };
        check(&directory, &link, &here)?;
        if directory.is_of_proc() {
            if rest.is_empty() {
                return Ok(Found::Descriptor(here));
            }
            directory = directory
                .open_through(&name)
                .map_err(FileError::io(&here, "follow the link"))?;
            continue;
        }
        let target = directory
            .read_link(&name, &link)
            .map_err(FileError::io(&here, "read the link"))?;
        if target.is_absolute() {
            directory = started(&target)?;
        }
        is_of_a_directory |= rest.is_empty() && ends_in_a_separator(&target);
        push_names(&target, &mut rest);
    }
}

/// Puts the names of a path before those that are left, which are in reverse order.
fn push_names(path: &Path, rest: &mut Vec<OsString>) {
    let names = path.components().rev().filter_map(|component| match component {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some(OsString::from("..")),
        Component::CurDir | Component::RootDir | Component::Prefix(_) => None,
    });
    rest.extend(names);
}

/// The path of a file's directory, when that cannot be reached.
fn parent_of(here: PathBuf, rest: &[OsString]) -> PathBuf {
    let between = rest.iter().skip(1).rev();
    between.fold(here, |path, name| path.join(name))
}

const STICKY: u32 = 0o1000;
const BY_GROUP: u32 = 0o020;
const BY_EVERYBODY: u32 = 0o002;

/// Refuses an entry that another user may have put there as a trap: in a directory that everybody may write to, and in one with the
/// sticky bit that its group may write to. Without that bit, those who may write there can replace each file anyway.
pub(super) fn check(directory: &Directory, entry: &Entry, path: &Path) -> Result<(), FileError> {
    if entry.owner == rustix::process::geteuid().as_raw() {
        return Ok(());
    }
    let around = directory
        .entry()
        .map_err(FileError::io(directory.path(), "open"))?;
    let is_sticky = around.mode & STICKY != 0;
    let is_shared = around.mode & BY_EVERYBODY != 0 || is_sticky && around.mode & BY_GROUP != 0;
    let is_file = matches!(entry.kind, Kind::File | Kind::Directory);
    if entry.owner == around.owner || !is_shared || is_file && !is_sticky {
        return Ok(());
    }
    Err(foreign(entry, path))
}

/// Refuses a directory in which other users may delete a file of this user's: one of another user's than root, and one that
/// its group or everybody may write to, without the sticky bit.
pub(crate) fn check_that_files_stay(directory: &Directory) -> Result<(), FileError> {
    let failed = FileError::io(directory.path(), "open");
    let Entry { owner, mode, .. } = directory.entry().map_err(failed)?;
    let is_of_another = owner != 0 && owner != rustix::process::geteuid().as_raw();
    let is_shared = mode & (BY_GROUP | BY_EVERYBODY) != 0 && mode & STICKY == 0;
    if !is_of_another && !is_shared {
        return Ok(());
    }
    Err(FileError::OthersMayDelete {
        path: directory.path().to_owned(),
        owner: is_of_another.then_some(owner),
    })
}

/// The error for an entry of another user.
pub(crate) fn foreign(entry: &Entry, path: &Path) -> FileError {
    FileError::Foreign {
        path: path.to_owned(),
        kind: entry.kind,
        owner: entry.owner,
    }
}
