//! Reading files, but not without end.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::{InputError, Place, Problem};

/// The longest input that is read, in bytes: some 40 times the longest form of Mozilla's list.
pub const MAX_INPUT_LEN: u64 = 64 * 1024 * 1024;

pub(crate) fn place_of(path: &Path) -> Place {
    Place::whole(path.to_string_lossy())
}

/// Whether the path leads to a directory; an error unless that or a file that can be read to its end.
pub(crate) fn is_directory(path: &Path, place: &Place) -> Result<bool, InputError> {
    let metadata = fs::metadata(path).map_err(|error| Problem::io("read")(error).at(place.clone()))?;
    if metadata.is_dir() || metadata.is_file() || is_given_by_the_shell(path) {
        return Ok(metadata.is_dir());
    }
    // A named pipe may have no writer, and a device no end.
    Err(Problem::NotAFile.at(place.clone()))
}

/// Whether this is `/dev/stdin` or what a shell makes of `<(…)`: a pipe that another program writes to.
fn is_given_by_the_shell(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

/// The content of a file that a user names: also of a pipe that the shell gives.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, InputError> {
    let read = || {
        let file = File::open(path).map_err(Problem::io("read"))?;
        read_to_end(file)
    };
    read().map_err(|problem| problem.at(place_of(path)))
}

/// The content of a file that another program has put there. A pipe, which may have no writer, and a device, which may
/// have no end, are refused at once.
pub(crate) fn read_regular(path: &Path) -> Result<Vec<u8>, Problem> {
    read_open(open_without_waiting(path).map_err(Problem::io("read"))?)
}

/// The same of a file that is open already.
pub(crate) fn read_open(file: File) -> Result<Vec<u8>, Problem> {
    let metadata = file.metadata().map_err(Problem::io("read"))?;
    if metadata.is_file() || metadata.is_dir() {
        return read_to_end(file);
    }
    Err(Problem::NotAFile)
}

#[cfg(unix)]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let without_waiting = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or_default();
    let mut options = File::options();
    options.read(true).custom_flags(without_waiting).open(path)
}

#[cfg(not(unix))]
fn open_without_waiting(path: &Path) -> io::Result<File> {
    File::open(path)
}

fn read_to_end(file: File) -> Result<Vec<u8>, Problem> {
    let mut bytes = Vec::new();
    let read = file.take(MAX_INPUT_LEN + 1).read_to_end(&mut bytes);
    let len = read.map_err(Problem::io("read"))?;
    if u64::try_from(len).is_ok_and(|len| len > MAX_INPUT_LEN) {
        let limit = MAX_INPUT_LEN;
        return Err(Problem::TooLong { limit });
    }
    Ok(bytes)
}

pub(crate) fn check_len(place: &Place, len: usize) -> Result<(), InputError> {
    if u64::try_from(len).is_ok_and(|len| len <= MAX_INPUT_LEN) {
        return Ok(());
    }
    let limit = MAX_INPUT_LEN;
    Err(Problem::TooLong { limit }.at(place.clone()))
}
