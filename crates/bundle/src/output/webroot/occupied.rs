//! What stands where a webroot is to be.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::index::{Index, path};
use crate::output::error::OutputError;

/// Makes sure that nothing is lost when the target is replaced: there is nothing, an empty directory, or a webroot and
/// nothing else. Gives what is known of the directory, if there is one.
pub(super) fn check(target: &Path) -> Result<Option<Metadata>, OutputError> {
    let metadata = match fs::symlink_metadata(target) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(OutputError::io(target, "open")(error)),
    };
    if !metadata.is_dir() {
        return Err(OutputError::NotADirectory {
            path: target.to_owned(),
        });
    }
    let found = files(target)?;
    let Some(first) = found.first() else {
        return Ok(Some(metadata));
    };
    let index = fs::read(target.join(path::INDEX)).ok();
    let Some(Ok(index)) = index.and_then(|json| Index::read(&json)) else {
        return Err(not_a_webroot(target, first));
    };
    let known: HashSet<&Path> = index.files().map(Path::new).collect();
    match found.iter().find(|path| !known.contains(path.as_path())) {
        Some(unknown) => Err(not_a_webroot(target, unknown)),
        None => Ok(Some(metadata)),
    }
}

fn not_a_webroot(target: &Path, found: &Path) -> OutputError {
    OutputError::NotAWebroot {
        path: target.to_owned(),
        found: found.to_owned(),
    }
}

/// Everything in a directory, and in the folders in it, relative to it and sorted. A webroot is not deeper: a folder in
/// a folder counts as a file, and so does an empty folder that no webroot has.
fn files(directory: &Path) -> Result<Vec<PathBuf>, OutputError> {
    let mut files = Vec::new();
    for (name, is_directory) in entries(directory)? {
        let is_ours = [path::DER, path::BY_SKID, path::BY_ISSUER, path::BY_SUBJECT]
            .map(Path::new)
            .contains(&name.as_path());
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

fn entries(directory: &Path) -> Result<Vec<(PathBuf, bool)>, OutputError> {
    let read = || {
        fs::read_dir(directory)?
            .map(|entry| {
                let entry = entry?;
                Ok((PathBuf::from(entry.file_name()), entry.file_type()?.is_dir()))
            })
            .collect::<io::Result<Vec<_>>>()
    };
    read().map_err(OutputError::io(directory, "read the directory"))
}
