//! Deleting a webroot: file by file, so that what another program puts into it in the meantime stays.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use jit_trust_file::Directory;

use super::index::path::FOLDERS;

/// Deletes these files of the directory `name` in `parent`, the folders of a webroot in it and then the directory itself,
/// unless there is anything else in them. Read-only directories are no obstacle to their owner.
///
/// # Errors
/// The first one that occurred; as much as possible is deleted in any case.
pub(super) fn webroot(parent: &Directory, name: &OsStr, files: &[PathBuf]) -> io::Result<()> {
    let deleted = contents(parent, name, files);
    let emptied = parent.remove_directory(name);
    deleted.and(emptied)
}

/// Each folder is opened once: those who may write to the directory could put a link in the place of a folder.
fn contents(parent: &Directory, name: &OsStr, files: &[PathBuf]) -> io::Result<()> {
    let top = open(parent, name)?;
    let mut first_error = Ok(());
    let mut note = |deleted: io::Result<()>| {
        if first_error.is_ok() {
            first_error = unless_gone(deleted);
        }
    };
    let mut folders: BTreeMap<&str, Directory> = BTreeMap::new();
    for name in FOLDERS {
        match open(&top, OsStr::new(name)) {
            Ok(folder) => _ = folders.insert(name, folder),
            Err(error) => note(Err(error)),
        }
    }
    for file in files {
        let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
        let Some(name) = file.file_name() else { continue };
        match folders.get(folder) {
            Some(folder) => note(folder.remove_file(name)),
            None if folder.is_empty() => note(top.remove_file(name)),
            None => {}
        }
    }
    for name in folders.keys() {
        note(top.remove_directory(OsStr::new(name)));
    }
    first_error
}

/// Takes it for success that something is gone already.
pub(super) fn unless_gone(deleted: io::Result<()>) -> io::Result<()> {
    match deleted {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        deleted => deleted,
    }
}

/// Opens a directory, not a link to one, and makes sure that its owner may change what is in it.
fn open(parent: &Directory, name: &OsStr) -> io::Result<Directory> {
    let opened = parent.open(name)?;
    opened.make_writable()?;
    Ok(opened)
}
