//! Writing a webroot beside its place.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::remove;
use crate::output::atomic::sync_directory;
use crate::output::error::OutputError;
use crate::output::ownership;
use crate::webroot::plan::{Content, Plan};

/// A webroot in a temporary directory.
#[derive(Debug)]
pub(super) struct Staged {
    directory: PathBuf,
    /// Deletes everything when it is dropped, until somebody else may have written to it.
    guard: Option<TempDir>,
    /// The files of the webroot, relative to it.
    files: Vec<PathBuf>,
}

impl Staged {
    /// The webroot. Only the directory around it is closed to others: this one has ordinary permissions.
    pub(super) fn webroot(&self) -> PathBuf {
        self.directory.join("webroot")
    }

    /// A place in the same file system for what stood at the target.
    pub(super) fn old(&self) -> PathBuf {
        self.directory.join("old")
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// From now on something in here was, or is, at the target: it is not to be deleted as a whole.
    pub(super) fn keep(&mut self) {
        if let Some(guard) = self.guard.take() {
            let _path = guard.keep();
        }
    }

    /// Deletes a directory in here that has these files, if it is there, and then this one. What is in there beside
    /// them stays.
    pub(super) fn delete(mut self, directory: &Path, files: &[PathBuf]) -> io::Result<()> {
        if let Some(guard) = self.guard.take() {
            let _ = remove::make_writable(&self.webroot());
            return guard.close();
        }
        if directory.symlink_metadata().is_ok() {
            remove::webroot(directory, files)?;
        }
        // In a fallback that was given up, the new webroot is here as well.
        let webroot = self.webroot();
        if webroot.symlink_metadata().is_ok() {
            remove::webroot(&webroot, &self.files)?;
        }
        fs::remove_dir(&self.directory)
    }

    /// A directory in `parent` with nothing in it but an empty webroot.
    fn create_in(parent: &Path) -> Result<Self, OutputError> {
        let created = tempfile::Builder::new().prefix(".jit-trust-").tempdir_in(parent);
        let guard = created.map_err(OutputError::io(parent, "create a directory in it"))?;
        let staged = Self {
            directory: guard.path().to_owned(),
            guard: Some(guard),
            files: Vec::new(),
        };
        let webroot = staged.webroot();
        fs::create_dir(&webroot).map_err(OutputError::io(&webroot, "create"))?;
        Ok(staged)
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.guard.is_some() {
            // It may have the permissions of a webroot that is read-only.
            let _ = remove::make_writable(&self.webroot());
        }
    }
}

/// Writes all files to a directory in `parent` and syncs them: a full disk is noticed here. The webroot gets the
/// permissions of the directory that it replaces, and all of it the owner and group.
pub(super) fn write(
    plan: &Plan,
    parent: &Path,
    target: &Path,
    replaces: Option<&fs::Metadata>,
) -> Result<Staged, OutputError> {
    let mut staged = Staged::create_in(parent)?;
    let webroot = staged.webroot();
    let folders = plan.files.keys().filter_map(|path| Some(path.split_once('/')?.0));
    let folders: BTreeSet<PathBuf> = folders.map(|folder| webroot.join(folder)).collect();
    for folder in &folders {
        fs::create_dir(folder).map_err(OutputError::io(folder, "create"))?;
    }
    for (path, content) in &plan.files {
        let path = webroot.join(path);
        create(&path, content).map_err(OutputError::io(&path, "write"))?;
    }
    staged.files = plan.files.keys().map(PathBuf::from).collect();
    if let Some(replaced) = replaces {
        let inside = staged.files.iter().map(|file| webroot.join(file));
        take_over(&webroot, replaced, inside.chain(folders.iter().cloned()))
            .map_err(OutputError::io(target, OutputError::KEEP_OWNERSHIP))?;
    }
    let synced =
        sync_file_system(&staged.directory).unwrap_or_else(|| sync_each(&webroot, &staged.files, &folders));
    synced.map_err(OutputError::io(&webroot, "sync"))?;
    Ok(staged)
}

#[cfg(unix)]
fn take_over(
    webroot: &Path,
    replaced: &fs::Metadata,
    mut inside: impl Iterator<Item = PathBuf>,
) -> io::Result<()> {
    let kept = ownership::take_over(&File::open(webroot)?, replaced)?;
    inside.try_for_each(|path| kept.give_at(&path))
}

#[cfg(not(unix))]
fn take_over(
    webroot: &Path,
    replaced: &fs::Metadata,
    _inside: impl Iterator<Item = PathBuf>,
) -> io::Result<()> {
    fs::set_permissions(webroot, replaced.permissions())
}

fn create(path: &Path, content: &Content) -> io::Result<()> {
    match content {
        Content::File(bytes) => {
            let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(bytes)
        }
        Content::Link(target) => link(target, path),
    }
}

/// Syncs the whole file system at once, because hundreds of files one by one take seconds; `None` where there is no such
/// thing.
#[cfg(target_os = "linux")]
fn sync_file_system(directory: &Path) -> Option<io::Result<()>> {
    let directory = match File::open(directory) {
        Ok(directory) => directory,
        Err(error) => return Some(Err(error)),
    };
    match rustix::fs::syncfs(directory) {
        Err(rustix::io::Errno::NOSYS | rustix::io::Errno::INVAL) => None,
        synced => Some(synced.map_err(io::Error::from)),
    }
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_directory: &Path) -> Option<io::Result<()>> {
    None
}

fn sync_each(webroot: &Path, files: &[PathBuf], folders: &BTreeSet<PathBuf>) -> io::Result<()> {
    for file in files.iter().map(|file| webroot.join(file)) {
        if !file.is_symlink() {
            OpenOptions::new().write(true).open(file)?.sync_all()?;
        }
    }
    for directory in folders.iter().map(PathBuf::as_path).chain([webroot]) {
        sync_directory(directory)?;
    }
    Ok(())
}

#[cfg(unix)]
fn link(target: &str, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(not(unix))]
fn link(_target: &str, _path: &Path) -> io::Result<()> {
    Err(io::Error::new(
        io::ErrorKind::Unsupported,
        "no links on this system: expected copies to be asked for",
    ))
}
