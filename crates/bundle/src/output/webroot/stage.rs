//! Writing a webroot beside its place.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::plan::{Content, Plan};
use crate::output::atomic::sync_directory;
use crate::output::error::OutputError;

/// A webroot in a temporary directory; dropping it deletes whatever is there.
pub(super) struct Staged {
    directory: TempDir,
}

impl Staged {
    /// The webroot. Only the directory around it is closed to others: this one has ordinary permissions.
    pub(super) fn webroot(&self) -> PathBuf {
        self.directory.path().join("webroot")
    }

    /// A place in the same file system for what stood at the target.
    pub(super) fn old(&self) -> PathBuf {
        self.directory.path().join("old")
    }

    /// Lets everything stay.
    pub(super) fn keep(self) {
        let _path = self.directory.keep();
    }

    /// A directory in `parent` with nothing in it but an empty webroot.
    fn create_in(parent: &Path) -> Result<Self, OutputError> {
        let created = tempfile::Builder::new().prefix(".jit-trust-").tempdir_in(parent);
        let directory = created.map_err(OutputError::io(parent, "create a directory in it"))?;
        let staged = Self { directory };
        let webroot = staged.webroot();
        fs::create_dir(&webroot).map_err(OutputError::io(&webroot, "create"))?;
        Ok(staged)
    }

    #[cfg(test)]
    pub(super) fn empty_in(parent: &Path) -> Self {
        Self::create_in(parent).unwrap()
    }
}

/// Writes all files to a directory in `parent` and syncs them: a full disk is noticed here. The webroot gets the
/// permissions of the directory that it replaces.
pub(super) fn write(
    plan: &Plan,
    parent: &Path,
    replaces: Option<&fs::Metadata>,
) -> Result<Staged, OutputError> {
    let staged = Staged::create_in(parent)?;
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
    if let Some(replaced) = replaces {
        let set = fs::set_permissions(&webroot, replaced.permissions());
        set.map_err(OutputError::io(&webroot, "set the permissions"))?;
    }
    for directory in folders.iter().chain([&webroot]) {
        sync_directory(directory).map_err(OutputError::io(directory, "sync"))?;
    }
    Ok(staged)
}

fn create(path: &Path, content: &Content) -> io::Result<()> {
    match content {
        Content::File(bytes) => {
            let mut file: File = OpenOptions::new().write(true).create_new(true).open(path)?;
            file.write_all(bytes)?;
            file.sync_all()
        }
        Content::Link(target) => link(target, path),
    }
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
