//! Deleting a webroot: file by file, so that what somebody else puts into it meanwhile stays.

use std::io;
use std::path::{Path, PathBuf};

/// Deletes these files of a directory, the folders of a webroot in it and then the directory itself, unless there is
/// anything else in them. Read-only directories are no obstacle to their owner.
///
/// # Errors
/// What went wrong first; as much as possible is deleted all the same.
pub(super) fn webroot(directory: &Path, files: &[PathBuf]) -> io::Result<()> {
    let deleted = deletion::contents(directory, files);
    let emptied = std::fs::remove_dir(directory);
    deleted.and(emptied)
}

/// By descriptors, because whoever may write to the directory could put a link in the place of a folder.
#[cfg(unix)]
mod deletion {
    use std::collections::BTreeMap;
    use std::io;
    use std::os::fd::{AsFd, OwnedFd};
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, fstat, openat, unlinkat};
    use rustix::io::Errno;

    use crate::webroot::index::path::FOLDERS;

    pub(super) fn contents(directory: &Path, files: &[PathBuf]) -> io::Result<()> {
        let top = open(CWD, directory, directory)?;
        let mut first_error = Ok(());
        let mut note = |deleted: Result<(), Errno>| {
            if let (Ok(()), Err(error)) = (&first_error, deleted) {
                if error != Errno::NOENT {
                    first_error = Err(error);
                }
            }
        };
        let mut folders: BTreeMap<&str, OwnedFd> = BTreeMap::new();
        for name in FOLDERS {
            match open(&top, Path::new(name), &directory.join(name)) {
                Ok(folder) => _ = folders.insert(name, folder),
                Err(error) => note(Err(error)),
            }
        }
        for file in files {
            let folder = file.parent().and_then(Path::to_str).unwrap_or_default();
            let Some(name) = file.file_name() else { continue };
            match folders.get(folder) {
                Some(folder) => note(unlinkat(folder, name, AtFlags::empty())),
                None if folder.is_empty() => note(unlinkat(&top, name, AtFlags::empty())),
                None => {}
            }
        }
        for name in folders.keys() {
            note(unlinkat(&top, *name, AtFlags::REMOVEDIR));
        }
        Ok(first_error?)
    }

    /// Opens a directory, not a link to one, and makes sure that its owner may change what is in it.
    fn open(at: impl AsFd, name: &Path, path: &Path) -> Result<OwnedFd, Errno> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let open = || openat(at.as_fd(), name, flags, Mode::empty());
        let opened = match open() {
            Err(Errno::ACCESS) => {
                let _ = super::make_writable(path);
                open()?
            }
            opened => opened?,
        };
        let mode = Mode::from_raw_mode(fstat(&opened)?.st_mode);
        if !mode.contains(Mode::RWXU) {
            fchmod(&opened, mode | Mode::RWXU)?;
        }
        Ok(opened)
    }
}

#[cfg(not(unix))]
mod deletion {
    use std::fs;
    use std::io;
    use std::path::{Path, PathBuf};

    use crate::webroot::index::path::FOLDERS;

    pub(super) fn contents(directory: &Path, files: &[PathBuf]) -> io::Result<()> {
        let files = files.iter().map(|file| fs::remove_file(directory.join(file)));
        let folders = FOLDERS
            .iter()
            .map(|folder| fs::remove_dir(directory.join(folder)));
        let deleted: Vec<io::Result<()>> = files.chain(folders).collect();
        let mut errors = deleted.into_iter().filter_map(Result::err);
        match errors.find(|error| error.kind() != io::ErrorKind::NotFound) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}

/// Lets the owner of a directory change what is in it.
pub(super) fn make_writable(directory: &Path) -> io::Result<()> {
    let metadata = directory.symlink_metadata()?;
    if !metadata.is_dir() {
        return Ok(());
    }
    let mut permissions = metadata.permissions();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        permissions.set_mode(permissions.mode() | 0o700);
    }
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    std::fs::set_permissions(directory, permissions)
}
