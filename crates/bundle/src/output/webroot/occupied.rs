//! What stands where a webroot is to be.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use jit_trust_file::{Directory, Entry, Kind};

use crate::Problem;
use crate::input::file;
use crate::output::Replace;
use crate::output::error::OutputError;
use crate::webroot::index::{Index, path};

/// What may be replaced.
#[derive(Clone, Copy)]
pub(super) struct Rule<'a> {
    /// What messages call the directory, wherever it is at the time.
    pub(super) target: &'a Path,
    /// The generation of the new webroot.
    pub(super) generation: u32,
    pub(super) replace: Replace,
}

/// A directory that may be replaced.
#[derive(Debug)]
pub(super) struct Occupant {
    pub(super) entry: Entry,
    /// All that is in it, relative to it.
    pub(super) files: Vec<PathBuf>,
}

impl Rule<'_> {
    /// Makes sure that nothing is lost when the directory `name` in `parent` is replaced: there is nothing, an empty
    /// directory, or what calls itself a webroot, not of a newer generation, and nothing that it does not list.
    pub(super) fn check(&self, parent: &Directory, name: &OsStr) -> Result<Option<Occupant>, OutputError> {
        let looked = parent.look(name);
        let Some(entry) = looked.map_err(OutputError::io(self.target, "open"))? else {
            return Ok(None);
        };
        if entry.kind != Kind::Directory {
            let path = self.target.to_owned();
            return Err(OutputError::NotADirectory { path });
        }
        let directory = parent.open(name);
        let directory = directory.map_err(OutputError::io(self.target, "open"))?;
        let files = files(&directory).map_err(OutputError::io(self.target, "read the directory"))?;
        let Some(first) = files.first() else {
            return Ok(Some(Occupant { entry, files }));
        };
        if !files.iter().any(|file| file == Path::new(path::INDEX)) {
            return Err(self.not_a_webroot(first));
        }
        let index = read_index(&directory).map_err(|problem| problem.to_string());
        let index = index.and_then(|json| Index::read(&json).map_err(|error| error.0));
        let index = index.map_err(|reason| OutputError::NotAnIndex {
            path: self.target.to_owned(),
            reason,
        })?;
        let known: HashSet<&Path> = index.files().map(Path::new).collect();
        if let Some(unknown) = files.iter().find(|file| !known.contains(file.as_path())) {
            return Err(self.not_a_webroot(unknown));
        }
        if !self.replace.allows(index.generation, self.generation) {
            return Err(OutputError::Older {
                path: self.target.to_owned(),
                found: index.generation,
                new: self.generation,
            });
        }
        Ok(Some(Occupant { entry, files }))
    }

    fn not_a_webroot(&self, found: &Path) -> OutputError {
        OutputError::NotAWebroot {
            path: self.target.to_owned(),
            found: found.to_owned(),
        }
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
