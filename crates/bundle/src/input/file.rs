//! Reading files, but not without end.

use std::fs::{self, File};
use std::io::Read;
use std::path::Path;

use crate::{InputError, Place, Problem};

/// The longest input that is read, in bytes: some 40 times the longest form of Mozilla's list.
pub const MAX_INPUT_LEN: u64 = 64 * 1024 * 1024;

pub(super) fn place_of(path: &Path) -> Place {
    Place::whole(path.to_string_lossy())
}

/// Whether the path leads to a directory; an error unless that or a file that can be read to its end.
pub(super) fn is_directory(path: &Path, place: &Place) -> Result<bool, InputError> {
    let metadata = fs::metadata(path).map_err(|error| Problem::io("open")(error).at(place.clone()))?;
    if metadata.is_dir() || metadata.is_file() || is_given_by_the_shell(path) {
        return Ok(metadata.is_dir());
    }
    // A named pipe may have no writer, and a device no end.
    Err(Problem::NotAFile.at(place.clone()))
}

/// Whether this is `/dev/stdin` or what a shell makes of `<(…)`: a pipe that somebody writes to.
fn is_given_by_the_shell(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// The content of a file.
pub(super) fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    let place = place_of(path);
    let file = File::open(path).map_err(|error| Problem::io("open")(error).at(place.clone()))?;
    let mut bytes = Vec::new();
    file.take(MAX_INPUT_LEN + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::io("read")(error).at(place.clone()))?;
    check_len(&place, bytes.len())?;
    Ok(bytes)
}

pub(super) fn check_len(place: &Place, len: usize) -> Result<(), InputError> {
    if u64::try_from(len).is_ok_and(|len| len <= MAX_INPUT_LEN) {
        return Ok(());
    }
    let limit = MAX_INPUT_LEN;
    Err(Problem::TooLong { limit }.at(place.clone()))
}
