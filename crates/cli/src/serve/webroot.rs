//! Files of the webroot, opened without leaving it.

use std::fs::File;
use std::io;
use std::path::Path;

use cap_std::ambient_authority;
use cap_std::fs::{Dir, OpenOptions};

/// How often a webroot may be replaced while a file is looked for.
const MAX_REPLACEMENTS: usize = 8;

/// Why a requested file is not served, where a 404 would be untrue.
#[derive(Debug)]
pub(super) enum Unserved {
    /// There is no webroot, or it has no such folder.
    Away,
    /// The webroot has something of that name which it must not have.
    Refused(&'static str),
    /// The system does not give it.
    Failed(io::Error),
}

impl From<io::Error> for Unserved {
    fn from(error: io::Error) -> Self {
        // Where it is not the system that refuses, `cap_std` does, because the path leaves the directory.
        let is_escape = error.kind() == io::ErrorKind::PermissionDenied && error.raw_os_error().is_none();
        if is_escape {
            return Self::Refused("a link leads out of the webroot");
        }
        Self::Failed(error)
    }
}

/// A regular file inside the webroot.
#[derive(Debug)]
pub(super) struct WebrootEntry {
    pub(super) file: File,
    /// Its length when it was opened, in bytes.
    pub(super) len: u64,
}

/// Opens the file at `path`, relative to `directory`; `None` where the webroot has none.
///
/// The directory is opened once and everything is looked up below it, so that the answer is of one generation, whatever
/// replaces the directory meanwhile. Links are followed as long as they stay inside.
pub(super) fn open(directory: &Path, path: &Path) -> Result<Option<WebrootEntry>, Unserved> {
    look_from(open_root(directory)?, directory, path)
}

/// The same, when `directory` was `root` a moment ago.
fn look_from(mut root: Dir, directory: &Path, path: &Path) -> Result<Option<WebrootEntry>, Unserved> {
    for _ in 0..MAX_REPLACEMENTS {
        let found = look(&root, path);
        if matches!(found, Ok(Some(_))) {
            return found;
        }
        // A webroot that was replaced may be in the middle of being deleted: only of the one in force can be said what
        // it does not have.
        let in_force = open_root(directory)?;
        if is_same(&root, &in_force)? {
            return found;
        }
        root = in_force;
    }
    Err(Unserved::Away)
}

fn open_root(directory: &Path) -> Result<Dir, Unserved> {
    Dir::open_ambient_dir(directory, ambient_authority()).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Unserved::Away,
        _ => Unserved::Failed(error),
    })
}

fn look(root: &Dir, path: &Path) -> Result<Option<WebrootEntry>, Unserved> {
    if let Some(entry) = open_below(root, path)? {
        return Ok(Some(entry));
    }
    // A missing folder does not mean that there is no such anchor.
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    match root.metadata(folder.unwrap_or(Path::new("."))) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(Unserved::Away),
        known => known?,
    };
    match root.symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
        // It may have come in between: not every tool replaces a folder in one step.
        Ok(_) => match open_below(root, path)? {
            None => Err(Unserved::Refused("a link leads to a file that is not there")),
            found => Ok(found),
        },
    }
}

fn open_below(root: &Dir, path: &Path) -> Result<Option<WebrootEntry>, Unserved> {
    let opened = match root.metadata(path) {
        // Before it is opened: that alone does something to some devices.
        Ok(metadata) if !metadata.is_file() => return Err(Unserved::Refused(NOT_A_FILE)),
        Ok(_) => root.open_with(path, &to_read()),
        Err(error) => Err(error),
    };
    let file = match opened {
        Ok(file) => file.into_std(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // It may have become another in between.
    let metadata = file.metadata().map_err(Unserved::Failed)?;
    if !metadata.is_file() {
        return Err(Unserved::Refused(NOT_A_FILE));
    }
    Ok(Some(WebrootEntry {
        file,
        len: metadata.len(),
    }))
}

const NOT_A_FILE: &str = "it is not a regular file";

/// Opening never waits, also not for a writer where the name is that of a pipe.
fn to_read() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;

        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(i32::try_from(flags.bits()).unwrap_or_default());
    }
    options
}

#[cfg(unix)]
fn is_same(one: &Dir, other: &Dir) -> io::Result<bool> {
    use cap_std::fs::MetadataExt;

    let (one, other) = (one.dir_metadata()?, other.dir_metadata()?);
    Ok((one.dev(), one.ino()) == (other.dev(), other.ino()))
}

/// Where a directory that is open cannot be replaced.
#[cfg(not(unix))]
fn is_same(_: &Dir, _: &Dir) -> io::Result<bool> {
    Ok(true)
}

#[cfg(all(test, unix))]
mod tests {
    #![expect(clippy::unwrap_used, reason = "a test fails by panicking, wherever it does")]

    use std::fs;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    use super::*;

    fn content(found: Result<Option<WebrootEntry>, Unserved>) -> String {
        let mut content = String::new();
        let mut file = found.unwrap().unwrap().file;
        file.read_to_string(&mut content).unwrap();
        content
    }

    fn write(directory: &Path, content: &str) {
        fs::create_dir_all(directory.join("der")).unwrap();
        fs::write(directory.join("der/a"), content).unwrap();
        fs::create_dir(directory.join("by-skid")).unwrap();
        symlink("../der/a", directory.join("by-skid/A")).unwrap();
    }

    #[test]
    fn what_a_webroot_lacks_that_was_replaced_meanwhile_is_looked_for_in_the_one_in_force() {
        let lab = tempfile::tempdir().unwrap();
        let (current, one, two) = (
            lab.path().join("current"),
            lab.path().join("1"),
            lab.path().join("2"),
        );
        write(&one, "one");
        write(&two, "two");
        symlink("1", &current).unwrap();
        for gone in ["der/a", "by-skid"] {
            let before = open_root(&one).unwrap();
            assert_eq!(content(open(&current, Path::new("by-skid/A"))), "one");
            fs::remove_file(&current).unwrap();
            symlink("2", &current).unwrap();
            // What is there still is served, though it is the old one that is looked into: of that one alone.
            let root = before.try_clone().unwrap();
            assert_eq!(content(look_from(root, &current, Path::new("by-skid/A"))), "one");
            // It is being deleted.
            let gone = one.join(gone);
            let _ = fs::remove_file(&gone).or_else(|_| fs::remove_dir_all(&gone));
            assert_eq!(
                content(look_from(before, &current, Path::new("by-skid/A"))),
                "two"
            );
            fs::remove_dir_all(&one).unwrap();
            write(&one, "one");
            fs::remove_file(&current).unwrap();
            symlink("1", &current).unwrap();
        }
    }

    #[test]
    fn what_is_not_a_file_inside_is_told_from_what_is_not_there() {
        let lab = tempfile::tempdir().unwrap();
        let root = lab.path().join("root");
        write(&root, "inside");
        fs::write(lab.path().join("secret"), "secret").unwrap();
        for (name, target) in [
            ("up", "../../secret"),
            ("absolute", lab.path().join("secret").to_str().unwrap()),
            ("absolute-inside", root.join("der/a").to_str().unwrap()),
            ("device", "/dev/zero"),
            ("magic", "/proc/self/exe"),
            ("chain", "up"),
        ] {
            symlink(target, root.join("der").join(name)).unwrap();
            let refused = open(&root, &Path::new("der").join(name));
            let Err(Unserved::Refused(why)) = refused else {
                panic!("{name}: {refused:?}");
            };
            assert_eq!(why, "a link leads out of the webroot", "{name}");
        }
        symlink("nothing", root.join("der/dangling")).unwrap();
        symlink("loop", root.join("der/loop")).unwrap();
        symlink("..", root.join("out")).unwrap();
        let opened = |path: &str| open(&root, Path::new(path));
        assert!(matches!(opened("der/dangling"), Err(Unserved::Refused(_))));
        assert!(matches!(opened("der/loop"), Err(Unserved::Failed(_))));
        assert!(matches!(opened("out/secret"), Err(Unserved::Refused(_))));
        assert!(matches!(opened("der"), Err(Unserved::Refused(NOT_A_FILE))));
        assert!(matches!(opened("der/none"), Ok(None)));
        assert!(matches!(opened("index.json"), Ok(None)));
        assert!(matches!(opened("none/a"), Err(Unserved::Away)));
        assert!(matches!(opened("der/a/b"), Err(Unserved::Failed(_))));
        assert!(matches!(
            open(&lab.path().join("none"), Path::new("a")),
            Err(Unserved::Away)
        ));
    }
}
