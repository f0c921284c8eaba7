//! Writing a webroot beside its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::PathBuf;

use jit_trust_file::{Access, Directory, Entry, FileError, Place, create_temporary};

use super::remove;
use crate::output::error::OutputError;
use crate::webroot::plan::{Content, Plan};

/// The webroot, in the directory that it is staged in. Only the directory around it is closed to others: this one has
/// ordinary permissions.
pub(super) const WEBROOT: &str = "webroot";
/// A place in the same file system for what stood at the target.
pub(super) const OLD: &str = "old";

/// A webroot in a temporary directory.
#[derive(Debug)]
pub(super) struct Staged<'p> {
    /// Where the temporary directory is.
    parent: &'p Directory,
    name: OsString,
    directory: Directory,
    /// Everything is deleted when this is dropped, unless another user may have written to it.
    is_ours_alone: bool,
    /// The files of the webroot, relative to it.
    files: Vec<PathBuf>,
}

impl<'p> Staged<'p> {
    /// The temporary directory.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The path of something in the temporary directory, for messages.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.directory.path_of(OsStr::new(name))
    }

    pub(super) fn files(&self) -> &[PathBuf] {
        &self.files
    }

    /// From now on something in here was, or is, at the target: it is not to be deleted as a whole.
    pub(super) fn keep(&mut self) {
        self.is_ours_alone = false;
    }

    /// Deletes a directory in here that has these files, if it is there, and then this one. What is in there beside
    /// them stays.
    pub(super) fn delete(mut self, name: &str, files: &[PathBuf]) -> io::Result<()> {
        self.is_ours_alone = false;
        let there = |name: &str| Ok::<_, io::Error>(self.directory.look(OsStr::new(name))?.is_some());
        if there(name)? {
            remove::webroot(&self.directory, OsStr::new(name), files)?;
        }
        // In a fallback that was given up, the new webroot is here as well.
        if there(WEBROOT)? {
            remove::webroot(&self.directory, OsStr::new(WEBROOT), &self.files)?;
        }
        self.parent.remove_directory(&self.name)
    }

    /// A directory in `parent` with nothing in it.
    fn create_in(parent: &'p Directory, files: Vec<PathBuf>) -> Result<Self, OutputError> {
        let created = create_temporary(|name| parent.create_directory(name, Access::Private));
        let (name, directory) =
            created.map_err(OutputError::io(parent.path(), "create a directory in it"))?;
        Ok(Self {
            parent,
            name,
            directory,
            is_ours_alone: true,
            files,
        })
    }
}

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.is_ours_alone {
            // There is no one left to tell.
            let _ = remove::webroot(&self.directory, OsStr::new(WEBROOT), &self.files);
            let _ = self.parent.remove_directory(&self.name);
        }
    }
}

/// Writes all files to a directory beside the place and syncs them: a full disk is noticed here. The webroot gets the
/// permissions of the directory that it replaces, and all of it the owner and group.
pub(super) fn write<'p>(
    plan: &Plan,
    place: &'p Place,
    replaces: Option<&Entry>,
) -> Result<Staged<'p>, OutputError> {
    let files = plan.files.keys().map(PathBuf::from).collect();
    let staged = Staged::create_in(place.directory(), files)?;
    let create = |directory: &Directory, name: &str| {
        let created = directory.create_directory(OsStr::new(name), Access::Ordinary);
        created.map_err(OutputError::io(&directory.path_of(OsStr::new(name)), "create"))
    };
    let webroot = create(&staged.directory, WEBROOT)?;
    let names = plan.files.keys().filter_map(|path| Some(path.split_once('/')?.0));
    let names: BTreeSet<&str> = names.collect();
    let mut folders = BTreeMap::new();
    for name in names {
        folders.insert(name, create(&webroot, name)?);
    }
    let webroot = Tree { webroot, folders };
    for (path, content) in &plan.files {
        let (directory, name) = webroot.split(path);
        let written = write_content(directory, name, content);
        written.map_err(OutputError::io(&directory.path_of(name), "write"))?;
    }
    if let Some(replaced) = replaces {
        webroot
            .take_over(replaced, plan)
            .map_err(OutputError::io(&place.path(), FileError::KEEP_OWNERSHIP))?;
    }
    let synced = staged.directory.sync_file_system();
    let synced = synced.unwrap_or_else(|| webroot.sync_each(plan));
    synced.map_err(OutputError::io(webroot.webroot.path(), "sync"))?;
    Ok(staged)
}

/// A webroot and the folders in it.
struct Tree<'a> {
    webroot: Directory,
    folders: BTreeMap<&'a str, Directory>,
}

impl Tree<'_> {
    /// Which directory a file is in, and its name there.
    fn split<'p>(&self, path: &'p str) -> (&Directory, &'p OsStr) {
        let (folder, name) = path.split_once('/').unwrap_or(("", path));
        let directory = self.folders.get(folder).unwrap_or(&self.webroot);
        (directory, OsStr::new(name))
    }

    fn take_over(&self, replaced: &Entry, plan: &Plan) -> io::Result<()> {
        let kept = self.webroot.take_over(replaced)?;
        for path in plan.files.keys() {
            let (directory, name) = self.split(path);
            kept.give_to(directory, name)?;
        }
        for name in self.folders.keys() {
            kept.give_to(&self.webroot, OsStr::new(name))?;
        }
        Ok(())
    }

    fn sync_each(&self, plan: &Plan) -> io::Result<()> {
        for (path, content) in &plan.files {
            let (directory, name) = self.split(path);
            if let Content::File(_) = content {
                directory.sync_file(name)?;
            }
        }
        self.folders
            .values()
            .chain([&self.webroot])
            .try_for_each(Directory::sync)
    }
}

fn write_content(directory: &Directory, name: &OsStr, content: &Content) -> io::Result<()> {
    match content {
        Content::File(bytes) => directory.create_file(name, Access::Ordinary)?.write_all(bytes),
        Content::Link(target) => directory.create_link(name, target),
    }
}
