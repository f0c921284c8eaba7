//! What stands where a webroot is to be.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

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
    pub(super) metadata: Metadata,
    /// All that is in it, relative to it.
    pub(super) files: Vec<PathBuf>,
}

impl Rule<'_> {
    /// Makes sure that nothing is lost when the directory is replaced: there is nothing, an empty directory, or what
    /// calls itself a webroot, not of a newer generation, and nothing that it does not list.
    pub(super) fn check(&self, directory: &Path) -> Result<Option<Occupant>, OutputError> {
        let metadata = match fs::symlink_metadata(directory) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(OutputError::io(self.target, "open")(error)),
        };
        if !metadata.is_dir() {
            let path = self.target.to_owned();
            return Err(OutputError::NotADirectory { path });
        }
        let files = files(directory).map_err(OutputError::io(self.target, "read the directory"))?;
        let Some(first) = files.first() else {
            return Ok(Some(Occupant { metadata, files }));
        };
        if !files.iter().any(|file| file == Path::new(path::INDEX)) {
            return Err(self.not_a_webroot(first));
        }
        let index = file::read_regular(&directory.join(path::INDEX)).map_err(|problem| problem.to_string());
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
        Ok(Some(Occupant { metadata, files }))
    }

    fn not_a_webroot(&self, found: &Path) -> OutputError {
        OutputError::NotAWebroot {
            path: self.target.to_owned(),
            found: found.to_owned(),
        }
    }
}

/// Everything in a directory, and in the folders in it, relative to it and sorted. A webroot is not deeper: a folder in
/// a folder counts as a file, and so does a folder that no webroot has.
fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for (name, is_directory) in entries(directory)? {
        let is_ours = path::FOLDERS.map(Path::new).contains(&name.as_path());
        if is_directory && is_ours {
            let inside = entries(&directory.join(&name))?;
            files.extend(inside.into_iter().map(|(inside, _)| name.join(inside)));
        } else {
            files.push(name);
        }
    }
    files.sort();
    Ok(files)
}

fn entries(directory: &Path) -> io::Result<Vec<(PathBuf, bool)>> {
    let entries = fs::read_dir(directory)?.map(|entry| {
        let entry = entry?;
        Ok((PathBuf::from(entry.file_name()), entry.file_type()?.is_dir()))
    });
    entries.collect()
}
