//! Files are written whole or not at all.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::Path;

use jit_trust_file::write_file;

#[test]
fn a_file_is_made_or_replaced_and_nothing_else_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    for content in ["first", "second"] {
        write_file(&path, content.as_bytes()).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_directory_is_not_replaced_and_a_missing_one_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let error = write_file(directory.path(), b"").unwrap_err().to_string();
    assert_eq!(
        error,
        format!("{}: a directory: expected a file", directory.path().display())
    );
    let missing = directory.path().join("missing");
    let error = write_file(&missing.join("blob"), b"").unwrap_err().to_string();
    assert!(
        error.starts_with(&format!("{}: cannot create a file in it: ", missing.display())),
        "{error}"
    );
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
    use std::process::Command;

    use jit_trust_file::{FileError, StagedFile, write_private};

    use super::*;

    #[test]
    fn a_link_is_followed_also_to_what_is_not_there_yet() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("elsewhere")).unwrap();
        symlink("second", path("first")).unwrap();
        symlink("elsewhere/file", path("second")).unwrap();
        for content in ["new", "replaced"] {
            write_file(&path("first"), content.as_bytes()).unwrap();
            assert!(path("first").is_symlink() && path("second").is_symlink());
            assert_eq!(fs::read_to_string(path("elsewhere/file")).unwrap(), content);
        }
        symlink("circle", path("circle")).unwrap();
        let error = write_file(&path("circle"), b"").unwrap_err().to_string();
        assert!(error.contains("circle: cannot "), "{error}");
    }

    #[test]
    fn a_new_file_is_as_open_as_any_other_and_one_that_is_there_stays_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        fs::write(path("ordinary"), b"").unwrap();
        write_file(&path("written"), b"").unwrap();
        assert_eq!(mode(&path("written")), mode(&path("ordinary")));
        fs::set_permissions(path("written"), fs::Permissions::from_mode(0o640)).unwrap();
        write_file(&path("written"), b"").unwrap();
        assert_eq!(mode(&path("written")), 0o640);
    }

    #[test]
    fn a_file_keeps_its_owner_and_group() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        fs::write(&path, "old").unwrap();
        if std::os::unix::fs::chown(&path, Some(1234), Some(5678)).is_err() {
            return eprintln!("skipped: this user cannot give files away");
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        write_file(&path, b"new").unwrap();
        let metadata = fs::metadata(&path).unwrap();
        assert_eq!((metadata.uid(), metadata.gid()), (1234, 5678));
        assert_eq!(metadata.mode() & 0o7777, 0o640);
    }

    #[test]
    fn a_file_in_dev_is_a_file_like_any_other() {
        let Ok(directory) = tempfile::tempdir_in("/dev/shm") else {
            return eprintln!("skipped: no /dev/shm");
        };
        let path = directory.path().join("blob");
        fs::write(&path, "something longer").unwrap();
        let before = fs::metadata(&path).unwrap().ino();
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_ne!(fs::metadata(&path).unwrap().ino(), before);
    }

    #[test]
    fn a_full_device_is_an_error_and_a_device_is_not_replaced() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            return eprintln!("skipped: no /dev/full");
        }
        let error = write_file(full, b"blob").unwrap_err().to_string();
        assert!(error.starts_with("/dev/full: cannot write: "), "{error}");
        write_file("/dev/null".as_ref(), b"blob").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    /// Set in the process that runs into the limit.
    const LIMITED: &str = "JIT_TRUST_TEST_WRITES_WITHIN_A_LIMIT";

    #[test]
    fn a_write_that_runs_out_of_room_leaves_the_old_file_and_no_other() {
        if let Some(path) = std::env::var_os(LIMITED) {
            let written = write_file(path.as_ref(), &[0; 1 << 20]);
            assert!(written.unwrap_err().to_string().contains(": cannot write: "));
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("blob");
        fs::write(&path, "old").unwrap();
        assert!(within_a_limit(
            "a_write_that_runs_out_of_room_leaves_the_old_file_and_no_other",
            LIMITED,
            &path
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    /// Runs one of these tests in a process whose files may have a few kilobytes only.
    fn within_a_limit(test: &str, variable: &str, path: &Path) -> bool {
        Command::new("sh")
            .args(["-c", "ulimit -f 16 && trap '' XFSZ && exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(format!("unix::{test}"))
            .env(variable, path)
            .output()
            .is_ok_and(|output| {
                let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
                output.status.success() && ran
            })
    }

    /// Each writer makes the new file of the old one, as a program does that keeps a count in it.
    #[test]
    fn of_writers_that_lock_what_they_replace_none_undoes_the_change_of_another() {
        const EACH: usize = 50;
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("count");
        write_private(&path, b"0").unwrap();
        let count = || -> usize { fs::read_to_string(&path).unwrap().parse().unwrap() };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let mut written = 0;
                    while written < EACH {
                        let staged = StagedFile::create_private(&path).unwrap();
                        let _lock = staged.lock_replaced();
                        match staged.write((count() + 1).to_string().as_bytes()) {
                            Ok(()) => written += 1,
                            Err(FileError::Changed { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        assert_eq!(count(), 3 * EACH);
    }
}
