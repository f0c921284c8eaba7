//! The object in the place of a new webroot.

use std::collections::HashSet;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jit_trust_file::{Directory, Entry, FileError, Kind, Place};

use super::index::{Index, path};
use crate::Problem;
use crate::file;
use crate::output::error::OutputError;
use crate::output::options::Replace;

/// An object that a new webroot may replace.
pub(super) struct Rule<'a> {
    pub(super) place: &'a Place,
    /// The name of the webroot in messages, independent of its current place.
    pub(super) target: PathBuf,
    /// The generation of the new webroot.
    pub(super) generation: u32,
    pub(super) replace: Replace,
}

/// A webroot or an empty directory that may be replaced.
#[derive(Debug)]
pub(super) struct Occupant {
    /// The link, or the directory where there is no link.
    entry: Entry,
    /// The target of the link.
    pub(super) linked: Option<Linked>,
    /// All that is in the directory, relative to it.
    pub(super) files: Vec<PathBuf>,
}

/// The directory of a generation, beside the link to it.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) name: OsString,
    /// `None` if it is gone.
    pub(super) directory: Option<Entry>,
}

impl Occupant {
    /// The directory with the files; `None` for a link that leads to nothing.
    pub(super) fn directory(&self) -> Option<&Entry> {
        match &self.linked {
            Some(linked) => linked.directory.as_ref(),
            None => Some(&self.entry),
        }
    }

    /// Whether the link, or the directory where there is no link, has this name.
    pub(super) fn is_at(&self, directory: &Directory, name: &OsStr) -> bool {
        let there = directory.look(name).ok().flatten();
        there.is_some_and(|there| there.is(&self.entry))
    }

    /// Whether this is the same link and the same directory.
    fn is(&self, other: &Self) -> bool {
        self.entry.is(&other.entry)
            && match (self.directory(), other.directory()) {
                (Some(one), Some(another)) => one.is(another),
                (one, another) => one.is_none() && another.is_none(),
            }
    }
}

impl Rule<'_> {
    /// Makes sure that nothing is lost when what has this name in `parent` is replaced: there is nothing, an empty
    /// directory, or what calls itself a webroot, not of a newer generation, and nothing that it does not list; or a link
    /// of this writer's to such a directory beside the place, or to one that is gone.
    pub(super) fn check(&self, parent: &Directory, name: &OsStr) -> Result<Option<Occupant>, OutputError> {
        let looked = parent.look(name);
        let Some(entry) = looked.map_err(OutputError::io(&self.target, "open"))? else {
            return Ok(None);
        };
        if entry.kind != Kind::Link {
            let files = self.check_directory(parent, name, &entry)?;
            return Ok(Some(Occupant {
                entry,
                linked: None,
                files,
            }));
        }
        let linked = parent.read_link(name, &entry);
        let linked = linked.map_err(OutputError::io(&self.target, "read the link"))?;
        let name = linked.into_os_string();
        // Other links have been followed: this one came in the meantime.
        let generation = generation_in(&name, self.place.name()).ok_or_else(|| self.changed())?;
        self.check_generation(generation)?;
        let directory = self.place.look_beside(&name)?;
        let files = match &directory {
            Some(entry) => self.check_directory(self.place.directory(), &name, entry)?,
            None => Vec::new(),
        };
        Ok(Some(Occupant {
            entry,
            linked: Some(Linked { name, directory }),
            files,
        }))
    }

    /// Keeps other runs from replacing the same webroot, until what this returns is dropped; `None` where that cannot be.
    pub(super) fn lock(&self, replaced: &Occupant) -> Option<File> {
        let linked = replaced.linked.as_ref();
        let name = linked.map_or(self.place.name(), |linked| linked.name.as_os_str());
        self.place.directory().open(name).ok()?.lock()
    }

    /// Makes sure that this is what was there at the beginning, and may still be replaced.
    pub(super) fn check_again(
        &self,
        parent: &Directory,
        name: &OsStr,
        replaced: &Occupant,
    ) -> Result<Occupant, OutputError> {
        match self.check(parent, name)? {
            Some(occupant) if occupant.is(replaced) => Ok(occupant),
            _ => Err(self.changed()),
        }
    }

    /// Everything in a directory that may be replaced.
    fn check_directory(
        &self,
        parent: &Directory,
        name: &OsStr,
        entry: &Entry,
    ) -> Result<Vec<PathBuf>, OutputError> {
        if entry.kind != Kind::Directory {
            let path = self.target.clone();
            return Err(OutputError::NotADirectory { path });
        }
        let directory = parent.open(name);
        let directory = directory.map_err(OutputError::io(&self.target, "open"))?;
        let files = files(&directory).map_err(OutputError::io(&self.target, "read the directory"))?;
        let Some(first) = files.first() else {
            return Ok(files);
        };
        if !files.iter().any(|file| file == Path::new(path::INDEX)) {
            return Err(self.not_a_webroot(first));
        }
        let index = read_index(&directory).map_err(|problem| problem.to_string());
        let index = index.and_then(|json| Index::read(&json).map_err(|error| error.0));
        let index = index.map_err(|reason| OutputError::NotAnIndex {
            path: self.target.clone(),
            reason,
        })?;
        let known: HashSet<&Path> = index.files().map(Path::new).collect();
        if let Some(unknown) = files.iter().find(|file| !known.contains(file.as_path())) {
            return Err(self.not_a_webroot(unknown));
        }
        self.check_generation(index.generation)?;
        Ok(files)
    }

    fn check_generation(&self, found: u32) -> Result<(), OutputError> {
        if self.replace.allows(found, self.generation) {
            return Ok(());
        }
        Err(OutputError::Older {
            path: self.target.clone(),
            found,
            new: self.generation,
        })
    }

    fn not_a_webroot(&self, found: &Path) -> OutputError {
        OutputError::NotAWebroot {
            path: self.target.clone(),
            found: found.to_owned(),
        }
    }

    pub(super) fn changed(&self) -> OutputError {
        let path = self.target.clone();
        FileError::Changed { path }.into()
    }
}

fn read_index(directory: &Directory) -> Result<Vec<u8>, Problem> {
    let index = directory.read_file(OsStr::new(path::INDEX));
    file::read_open(index.map_err(Problem::io("read"))?)
}

/// Everything in a directory, and in the folders in it, relative to it and sorted. A webroot is not deeper: a folder in
/// a folder counts as a file, and so does a folder that no webroot has.
fn files(directory: &Directory) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (name, is_directory) in directory.entries()? {
        let is_ours = path::FOLDERS.map(OsStr::new).contains(&name.as_os_str());
        if is_directory && is_ours {
            let inside = directory.open(&name)?.entries()?;
            files.extend(
                inside
                    .into_iter()
                    .map(|(inside, _)| Path::new(&name).join(inside)),
            );
        } else {
            files.push(PathBuf::from(name));
        }
    }
    files.sort();
    Ok(files)
}

/// The beginning of the name of a generation's directory, before 16 hex digits.
pub(super) fn generation_prefix(webroot: &OsStr, generation: u32) -> OsString {
    let mut prefix = webroot.to_owned();
    prefix.push(format!(".{generation}-"));
    prefix
}

/// The generation in the name of the directory of one of this webroot's.
fn generation_in(name: &OsStr, webroot: &OsStr) -> Option<u32> {
    let behind = name.as_encoded_bytes().strip_prefix(webroot.as_encoded_bytes())?;
    let (generation, number) = std::str::from_utf8(behind)
        .ok()?
        .strip_prefix('.')?
        .split_once('-')?;
    let is_number = number.len() == 16 && number.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
    let is_generation = generation.bytes().all(|byte| byte.is_ascii_digit());
    generation.parse().ok().filter(|_| is_number && is_generation)
}

/// Whether a link at this place was made by this writer: it leads to a directory beside it that has a generation's name, or
/// to one that is gone.
pub(super) fn is_link_to_generation(place: &Place) -> bool {
    let directory = place.directory();
    let target = place
        .seen()
        .and_then(|link| directory.read_link(place.name(), link).ok());
    let target = target.filter(|target| generation_in(target.as_os_str(), place.name()).is_some());
    target.is_some_and(|target| {
        let beside = directory.look(target.as_os_str());
        beside.is_ok_and(|beside| beside.is_none_or(|beside| beside.kind != Kind::Link))
    })
}
