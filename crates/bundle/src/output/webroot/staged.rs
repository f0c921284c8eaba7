//! Writing a webroot beside its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io::{self, ErrorKind, Write};
use std::path::PathBuf;

use jit_trust_file::{Access, Directory, Entry, FileError, Ownership, Place, TEMPORARY, create_unique};

use super::occupant::{Occupant, generation_prefix};
use super::plan::{Content, Plan};
use super::remove;
use crate::output::error::OutputError;

/// The webroot, in the directory that it is staged in. Only the directory around it is closed to others: this one has
/// ordinary permissions.
pub(super) const WEBROOT: &str = "webroot";
/// The link to the webroot, in the same directory.
pub(super) const LINK: &str = "link";
/// A place in the same file system for what stood at the target.
pub(super) const OLD: &str = "old";

/// A new webroot that is not in force yet: in a temporary directory, and then beside its place, under a name that only
/// this writer gives.
#[derive(Debug)]
pub(super) struct Staged<'p> {
    place: &'p Place,
    /// The name of the temporary directory, beside the place.
    name: OsString,
    directory: Directory,
    /// The name of the webroot once it is beside its place.
    beside: Option<OsString>,
    /// The owner and group that the webroot has from the one that it replaces.
    kept: Option<Ownership>,
    /// Everything is deleted when this is dropped, unless another user may have written to it.
    is_ours_alone: bool,
    /// The files of the webroot, relative to it.
    files: Vec<PathBuf>,
}

impl<'p> Staged<'p> {
    /// A temporary directory beside the place, with nothing in it.
    fn create(place: &'p Place, files: Vec<PathBuf>) -> Result<Self, OutputError> {
        let parent = place.directory();
        let created = create_unique(TEMPORARY, |name| parent.create_directory(name, Access::Private));
        let (name, directory) =
            created.map_err(OutputError::io(parent.path(), "create a directory in it"))?;
        Ok(Self {
            place,
            name,
            directory,
            beside: None,
            kept: None,
            is_ours_alone: true,
            files,
        })
    }

    /// The temporary directory.
    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The place of the new webroot, for messages.
    pub(super) fn path(&self) -> PathBuf {
        match &self.beside {
            Some(name) => self.place.directory().path_of(name),
            None => self.directory.path().to_owned(),
        }
    }

    /// Moves the webroot beside its place, and makes a link to it. Returns what is to have the name of the webroot, by its
    /// name in the temporary directory: the link; where there are no links, the webroot itself, which is not moved.
    pub(super) fn move_beside(&mut self, generation: u32) -> io::Result<&'static str> {
        let (parent, link) = (self.place.directory(), OsStr::new(LINK));
        let prefix = generation_prefix(self.place.name(), generation);
        let linked = create_unique(prefix, |name| match parent.look(name)? {
            Some(_) => Err(ErrorKind::AlreadyExists.into()),
            None => self.directory.create_link(link, name),
        });
        let name = match linked {
            Ok((name, ())) => name,
            Err(error) if NO_LINKS.contains(&error.kind()) => return Ok(WEBROOT),
            Err(error) => return Err(error),
        };
        if let Some(kept) = self.kept {
            kept.give_to(&self.directory, link)?;
        }
        self.directory.rename_to_new(OsStr::new(WEBROOT), parent, &name)?;
        self.beside = Some(name);
        parent.sync()?;
        Ok(LINK)
    }

    /// From now on something in here was, or is, at the target: it is not to be deleted as a whole.
    pub(super) fn keep(&mut self) {
        self.is_ours_alone = false;
    }

    /// Deletes the new webroot and the temporary directory. What others have put there stays.
    pub(super) fn delete(mut self) -> io::Result<()> {
        self.is_ours_alone = false;
        self.delete_all()
    }

    fn delete_all(&self) -> io::Result<()> {
        let deleted = match &self.beside {
            Some(name) => remove::webroot(self.place.directory(), name, &self.files),
            None => remove::webroot(&self.directory, OsStr::new(WEBROOT), &self.files),
        };
        let unlinked = remove::unless_gone(self.directory.remove_file(OsStr::new(LINK)));
        deleted.and(unlinked).and(self.close())
    }

    /// Deletes what was replaced, which has the name `old` in the temporary directory unless it is gone, and then that
    /// directory. What others have put there stays.
    pub(super) fn delete_replaced(mut self, old: &OsStr, replaced: Option<&Occupant>) -> io::Result<()> {
        self.is_ours_alone = false;
        let Some(Occupant { linked, files, .. }) = replaced else {
            return self.close();
        };
        let (parent, name) = match linked {
            Some(linked) => (self.place.directory(), linked.name.as_os_str()),
            None => (&self.directory, old),
        };
        let there = parent.look(name)?;
        let deleted = match (there, replaced.and_then(Occupant::directory)) {
            (Some(there), Some(directory)) if there.is(directory) => remove::webroot(parent, name, files),
            // It is gone, or another one is there now.
            _ => Ok(()),
        };
        let unlinked = match linked {
            Some(_) => remove::unless_gone(self.directory.remove_file(old)),
            None => Ok(()),
        };
        deleted.and(unlinked).and(self.close())
    }

    fn close(&self) -> io::Result<()> {
        self.place.directory().remove_directory(&self.name)
    }
}

/// The errors of the system where the file system has no links: then each webroot is a directory under its own name.
const NO_LINKS: [ErrorKind; 3] = [
    ErrorKind::Unsupported,
    ErrorKind::InvalidInput,
    ErrorKind::PermissionDenied,
];

impl Drop for Staged<'_> {
    fn drop(&mut self) {
        if self.is_ours_alone {
            // An error cannot be reported from here.
            let _ = self.delete_all();
        }
    }
}

/// Writes all files to a temporary directory and syncs them: a full disk is noticed here. The webroot gets the
/// permissions of the directory that it replaces, and all of it the owner and group.
pub(super) fn write<'p>(
    plan: &Plan,
    place: &'p Place,
    replaces: Option<&Entry>,
) -> Result<Staged<'p>, OutputError> {
    let files = plan.files.keys().map(PathBuf::from).collect();
    let mut staged = Staged::create(place, files)?;
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
        let kept = webroot.take_over(replaced, plan);
        let kept = kept.map_err(OutputError::io(&place.path(), FileError::KEEP_OWNERSHIP))?;
        staged.kept = Some(kept);
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

    fn take_over(&self, replaced: &Entry, plan: &Plan) -> io::Result<Ownership> {
        let kept = self.webroot.take_over(replaced)?;
        for path in plan.files.keys() {
            let (directory, name) = self.split(path);
            kept.give_to(directory, name)?;
        }
        for name in self.folders.keys() {
            kept.give_to(&self.webroot, OsStr::new(name))?;
        }
        Ok(kept)
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
        Content::Link(target) => directory.create_link(name, target.as_ref()),
    }
}
