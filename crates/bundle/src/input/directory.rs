//! A directory of PEM and DER files.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use super::recognise::recognise;
use super::{file, read_certificates};
use crate::list::Collector;
use crate::{Form, InputError, Problem};

/// Reads the files of a directory in the order of their names, so that the same files give the same list wherever
/// they lie. Links are followed; directories inside are not.
pub(super) fn read(path: &Path, collector: &mut Collector) -> Result<(), InputError> {
    collector.source(&file::place_of(path), Form::Directory);
    read_files(path, collector)
}

/// Reads the files of a directory that is an input, or a part of one.
pub(super) fn read_files(path: &Path, collector: &mut Collector) -> Result<(), InputError> {
    let place = file::place_of(path);
    let mut total: usize = 0;
    for name in names(path)? {
        let path = path.join(name);
        match read_file(&path) {
            Ok((form, bytes)) => {
                total = total.saturating_add(bytes.len());
                file::check_len(&place, total)?;
                read_certificates(&file::place_of(&path), form, &bytes, collector)?;
            }
            Err(error) => collector.reject(error)?,
        }
    }
    Ok(())
}

/// The names of what is in a directory, sorted.
pub(super) fn names(path: &Path) -> Result<Vec<OsString>, InputError> {
    let failed = |error| Problem::io("read")(error).at(file::place_of(path));
    let entries = fs::read_dir(path).map_err(failed)?;
    let mut names = Vec::new();
    for entry in entries {
        names.push(entry.map_err(failed)?.file_name());
    }
    names.sort();
    Ok(names)
}

fn read_file(path: &Path) -> Result<(Form, Vec<u8>), InputError> {
    let place = file::place_of(path);
    if file::is_directory(path, &place)? {
        return Err(Problem::NestedDirectory.at(place));
    }
    let bytes = file::read_regular(path).map_err(|problem| problem.at(place.clone()))?;
    match recognise(&bytes) {
        Some(form @ (Form::Pem | Form::Der)) => Ok((form, bytes)),
        _ => Err(Problem::UnrecognisedInDirectory.at(place)),
    }
}
