//! What a process has open already: the standard streams and what the shell has given it.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

/// Whether the path is that of something that this process has open.
pub(crate) fn is_one(path: &Path) -> bool {
    let is_numbered = |folder: &str| {
        path.strip_prefix(folder)
            .is_ok_and(|name| name.components().count() == 1)
    };
    cfg!(unix)
        && (path == Path::new("/dev/stdout")
            || path == Path::new("/dev/stderr")
            || is_numbered("/dev/fd")
            || is_numbered("/proc/self/fd"))
}

/// Opens it to be written to.
///
/// Opening `/dev/stdout` would begin a file anew that the shell has opened to append to, and cannot open a socket: what
/// is inherited is used as it is. Other descriptors cannot be had without `unsafe`; opened to append to, they too
/// leave everything that is there.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if let Some(inherited) = inherited(path) {
        return inherited;
    }
    let mut options = OpenOptions::new();
    match fs::metadata(path)?.is_file() {
        true => options.append(true),
        false => options.write(true),
    };
    options.open(path)
}

#[cfg(unix)]
fn inherited(path: &Path) -> Option<io::Result<File>> {
    use std::io::Write;
    use std::os::fd::AsFd;

    let ends_in = |name: &str| path.file_name().is_some_and(|last| last == name);
    let inherited = if !is_one(path) {
        return None;
    } else if ends_in("stdout") || ends_in("1") {
        let flushed = io::stdout().flush();
        flushed.and_then(|()| io::stdout().as_fd().try_clone_to_owned())
    } else if ends_in("stderr") || ends_in("2") {
        io::stderr().as_fd().try_clone_to_owned()
    } else {
        return None;
    };
    Some(inherited.map(File::from))
}

#[cfg(not(unix))]
fn inherited(_path: &Path) -> Option<io::Result<File>> {
    None
}
