//! What a guard remembers, and everything that can be wrong with its file.

use std::fs;
use std::path::Path;

use jit_trust_file::FileError;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::state_file::StateFileFault;

/// A directory, and where a guard's file is to be in it.
fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("generations");
    (directory, path)
}

fn guard(path: &Path) -> RollbackGuard {
    RollbackGuard::open(path).unwrap()
}

/// A file that was written by a guard.
fn written(path: &Path) -> Vec<u8> {
    let guard = guard(path);
    guard.saw_generation("https://trust.test/", 7);
    guard.saw_generation("other", u32::MAX);
    guard.flush().unwrap();
    fs::read(path).unwrap()
}

/// Why a file is refused. Neither opening a guard nor dropping one has changed it.
fn refused(path: &Path, bytes: &[u8]) -> StateFileError {
    fs::write(path, bytes).unwrap();
    let error = RollbackGuard::open(path).unwrap_err();
    assert_eq!(fs::read(path).unwrap(), bytes);
    error
}

#[test]
fn a_generation_is_never_lowered_and_eight_stores_are_remembered() {
    let guard = RollbackGuard::in_memory();
    assert_eq!(guard.newest_generation("0"), None);
    for store in 0..8 {
        guard.saw_generation(&store.to_string(), 10 + store);
    }
    guard.saw_generation("0", 5);
    assert_eq!(guard.newest_generation("0"), Some(10));
    guard.saw_generation("0", 100);
    guard.saw_generation("8", 18);
    let known: Vec<_> = (0..9)
        .map(|store| guard.newest_generation(&store.to_string()))
        .collect();
    let expected =
        [100, 0, 12, 13, 14, 15, 16, 17, 18].map(|generation| (generation > 0).then_some(generation));
    assert_eq!(known, expected);
    for name in ["", &"x".repeat(1025)] {
        guard.saw_generation(name, 7);
        assert_eq!(guard.newest_generation(name), None);
    }
    guard.saw_generation(&"x".repeat(1024), 7);
    assert_eq!(guard.newest_generation(&"x".repeat(1024)), Some(7));
    assert!(guard.flush().is_ok());
}

#[test]
fn a_guard_with_a_file_outlives_the_program() {
    let (directory, path) = place();
    let first = guard(&path);
    first.saw_generation("https://trust.test/", 7);
    drop(first);
    assert_eq!(guard(&path).newest_generation("https://trust.test/"), Some(7));
    let second = guard(&path);
    second.saw_generation("https://trust.test/", 6);
    second.saw_generation(&"x".repeat(1024), 5);
    drop(second);
    let expected = [("https://trust.test".to_owned(), 7), ("x".repeat(1024), 5)];
    assert_eq!(guard(&path).generations(), expected);
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside the file");
}

#[test]
fn generations_that_a_file_has_under_other_spellings_of_a_url_are_found_under_any() {
    let (_directory, path) = place();
    let stores = [
        ("https://LOCALHOST:443/./roots", 9),
        ("https://localhost/roots", 8),
        ("/srv/./roots", 5),
    ];
    let stores = stores.map(|(store, newest)| (store.into(), newest));
    fs::write(&path, Generations(stores.into()).encode().unwrap()).unwrap();
    let guard = guard(&path);
    for spelling in [
        "https://localhost/roots",
        "HTTPS://LocalHost./roots/",
        "https://LOCALHOST:443/./roots",
    ] {
        assert_eq!(guard.newest_generation(spelling), Some(9), "{spelling}");
    }
    assert_eq!(guard.newest_generation("/srv/./roots"), Some(5));
    assert_eq!(guard.newest_generation("/srv/roots"), None);
    guard.saw_generation("https://localhost:0443/roots", 10);
    guard.flush().unwrap();
    let written = fs::read(&path).unwrap();
    let mut written = decode(&written).unwrap();
    written.sort_unstable();
    assert_eq!(written, [("/srv/./roots", 5), ("https://localhost/roots", 10)]);
}

#[test]
fn the_file_is_written_for_a_newer_generation_only() {
    let (_directory, path) = place();
    let guard = guard(&path);
    let is_written = || {
        fs::remove_file(&path).ok();
        guard.flush().unwrap();
        path.exists()
    };
    assert!(!is_written());
    guard.saw_generation("store", 7);
    assert!(is_written());
    for generation in [6, 7] {
        guard.saw_generation("store", generation);
        assert!(!is_written());
    }
    guard.saw_generation("store", 8);
    assert!(is_written());
}

#[test]
fn a_file_that_is_cut_or_has_any_other_byte_is_an_error_that_says_what_to_do() {
    let (_directory, path) = place();
    let good = written(&path);
    let cut = (0..good.len()).map(|len| good[..len].to_vec());
    let changed = (4..good.len()).flat_map(|at| {
        let changed = |bit: u32| {
            let mut bytes = good.clone();
            bytes[at] ^= 1 << bit;
            bytes
        };
        (0..8).map(changed).collect::<Vec<_>>()
    });
    let longer = [&good[..], &[0]].concat();
    for bytes in cut.chain(changed).chain([longer]) {
        let error = refused(&path, &bytes);
        assert!(matches!(error.fault, StateFileFault::Damaged(_)), "{error:?}");
        let text = error.to_string();
        assert!(
            text.contains("generations: not a rollback guard, or a damaged one: expected "),
            "{text}"
        );
        assert!(
            text.ends_with(
                "restore it, or remove it: then the generations that were seen are forgotten, and an older store is taken"
            ),
            "{text}"
        );
    }
}

#[test]
fn a_file_under_a_good_checksum_is_refused_when_it_means_nothing() {
    let (_directory, path) = place();
    let good = written(&path);
    let expected = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good[..good.len() - 4].to_vec();
        change(&mut bytes);
        match refused(&path, &with_checksum(bytes)).fault {
            StateFileFault::Damaged(expected) => expected,
            fault => panic!("{fault:?}"),
        }
    };
    assert_eq!(expected(&|bytes| bytes[5] = 2), "version 1");
    assert_eq!(expected(&|bytes| bytes[6..8].fill(0xff)), "at most 8 stores");
    assert_eq!(expected(&|bytes| bytes[7] = 9), "at most 8 stores");
    assert_eq!(expected(&|bytes| bytes[7] = 8), "more bytes");
    assert_eq!(expected(&|bytes| bytes[7] = 1), "no more bytes");
    assert_eq!(expected(&|bytes| bytes[8..10].fill(0xff)), "more bytes");
    assert_eq!(
        expected(&|bytes| bytes[8..10].fill(0)),
        "a name of 1 to 1024 bytes"
    );
    assert_eq!(expected(&|bytes| bytes[10] = 0xff), "text in UTF-8");
    let long = Generations(vec![("x".repeat(1025).into(), 7)]).encode().unwrap();
    assert_eq!(decode(&long), Err("a name of 1 to 1024 bytes"));
    fs::write(&path, vec![b'J'; 1]).unwrap();
    let file = fs::File::options().write(true).open(&path).unwrap();
    file.set_len(1 << 33).unwrap();
    let error = RollbackGuard::open(&path).unwrap_err();
    assert!(matches!(error.fault, StateFileFault::NotOurs), "{error}");
    fs::write(&path, b"JTRG").unwrap();
    file.set_len(1 << 33).unwrap();
    let error = RollbackGuard::open(&path).unwrap_err();
    assert!(
        matches!(error.fault, StateFileFault::Damaged("a shorter file")),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_a_guards_is_an_error_and_left_as_it_is() {
    let (_directory, path) = place();
    for bytes in [&b"<html>"[..], b"JTHC and a host cache", b"JX", &[b'x'; 9 << 10]] {
        let error = refused(&path, bytes);
        assert!(matches!(error.fault, StateFileFault::NotOurs), "{error:?}");
        let text = error.to_string();
        assert!(
            text.ends_with(
                "no file of a rollback guard, and left as it is: name another for it, or remove this one"
            ),
            "{text}"
        );
    }
}

#[test]
fn a_file_that_is_bad_by_the_time_of_writing_is_an_error_and_left_as_it_is() {
    let (_directory, path) = place();
    let good = written(&path);
    let guard = guard(&path);
    for bytes in [&b"<html>"[..], b"", &good[..good.len() - 1]] {
        fs::write(&path, bytes).unwrap();
        guard.saw_generation("https://trust.test/", 8);
        assert!(guard.flush().is_err());
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    fs::write(&path, &good).unwrap();
    guard.flush().unwrap();
    drop(guard);
    let again = super::RollbackGuard::open(&path).unwrap();
    assert_eq!(again.newest_generation("https://trust.test/"), Some(8));
    assert_eq!(again.newest_generation("other"), Some(u32::MAX));
}

#[test]
fn where_no_file_can_be_is_an_error_that_says_what_to_do() {
    let (directory, path) = place();
    let error = |path: &Path| RollbackGuard::open(path).unwrap_err().to_string();
    let missing = error(&directory.path().join("missing/generations"));
    assert!(missing.contains("No such file"), "{missing}");
    assert!(missing.ends_with("create this directory for the rollback guard, or name another"));
    fs::create_dir(&path).unwrap();
    let in_place = error(&path);
    assert!(in_place.ends_with("a directory: expected a file; or name another for the rollback guard"));
}

#[test]
fn a_file_that_cannot_be_written_is_said_and_what_is_in_memory_counts() {
    let (directory, _) = place();
    let inner = directory.path().join("inner");
    fs::create_dir(&inner).unwrap();
    let guard = guard(&inner.join("generations"));
    guard.saw_generation("store", 7);
    fs::remove_dir(&inner).unwrap();
    for _ in 0..2 {
        let error = guard.flush().unwrap_err();
        assert!(matches!(error.fault, StateFileFault::Write(_)), "{error:?}");
        assert!(error.to_string().contains("in memory only"), "{error}");
    }
    assert_eq!(guard.newest_generation("store"), Some(7));
    fs::create_dir(&inner).unwrap();
    guard.flush().unwrap();
    let again = RollbackGuard::open(inner.join("generations")).unwrap();
    assert_eq!(again.newest_generation("store"), Some(7));
}

/// Root may write to a directory that has no such permission, but not to one of the kernel's.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_to_is_an_error_when_there_is_something_to_write() {
    let guard = guard(Path::new("/proc/self/generations"));
    guard.flush().unwrap();
    guard.saw_generation("store", 7);
    let error = guard.flush().unwrap_err().to_string();
    assert!(
        error.contains("make the file and its directory writable"),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_file_that_others_may_write_to_and_a_link_are_errors_and_nobody_else_can_read_the_file() {
    use std::os::unix::fs::{PermissionsExt, symlink};

    let (directory, path) = place();
    written(&path);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let link = directory.path().join("link");
    symlink(&path, &link).unwrap();
    let error = RollbackGuard::open(&link).unwrap_err();
    let StateFileFault::Read(cause) = &error.fault else {
        panic!("{error:?}");
    };
    assert!(matches!(**cause, FileError::IsALink { .. }));
    for mode in [0o620, 0o602, 0o666] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let error = RollbackGuard::open(&path).unwrap_err();
        assert!(matches!(error.fault, StateFileFault::OthersMayWrite), "{error:?}");
    }
}

#[cfg(unix)]
#[test]
fn a_file_of_another_user_is_neither_used_nor_replaced() {
    let (_directory, path) = place();
    let theirs = written(&path);
    let guard = guard(&path);
    if std::os::unix::fs::chown(&path, Some(65534), None).is_err() {
        return eprintln!("skipped: this user cannot give files away");
    }
    guard.saw_generation("other", 8);
    guard.saw_generation("https://trust.test/", 8);
    let opened = RollbackGuard::open(&path).map(drop);
    for error in [opened.unwrap_err(), guard.flush().unwrap_err()] {
        let (StateFileFault::Read(cause) | StateFileFault::Write(cause)) = &error.fault else {
            panic!("{error:?}");
        };
        assert!(
            matches!(**cause, FileError::Foreign { owner: 65534, .. }),
            "{error}"
        );
    }
    assert_eq!(fs::read(&path).unwrap(), theirs);
}

#[test]
fn of_two_guards_with_one_file_no_generation_is_lowered() {
    let (_directory, path) = place();
    let (first, second) = (guard(&path), guard(&path));
    first.saw_generation("both", 9);
    first.saw_generation("first", 1);
    second.saw_generation("both", 8);
    second.saw_generation("second", 2);
    first.flush().unwrap();
    second.flush().unwrap();
    for guard in [second, guard(&path)] {
        let generations = ["both", "first", "second"].map(|store| guard.newest_generation(store));
        assert_eq!(generations, [Some(9), Some(1), Some(2)]);
    }
}

#[test]
fn of_guards_that_write_one_file_at_once_none_fails_and_no_generation_is_lost() {
    let (_directory, path) = place();
    std::thread::scope(|scope| {
        for store in ["first", "second"] {
            let path = &path;
            scope.spawn(move || {
                let guard = guard(path);
                for generation in 1..=100 {
                    guard.saw_generation(store, generation);
                    guard.flush().unwrap();
                    RollbackGuard::open(path).unwrap();
                }
            });
        }
    });
    let both = ["first", "second"].map(|store| guard(&path).newest_generation(store));
    assert_eq!(both, [Some(100), Some(100)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn whatever_is_seen_the_newest_generation_of_a_store_is_never_lowered_and_comes_out_of_the_file(
        seen in vec(("[a-c]{1,2}", any::<u32>()), 0..60),
    ) {
        let (_directory, path) = place();
        let guarding = guard(&path);
        for (store, generation) in &seen {
            let before = guarding.newest_generation(store);
            guarding.saw_generation(store, *generation);
            prop_assert_eq!(guarding.newest_generation(store), before.max(Some(*generation)));
            prop_assert!(guarding.generations().len() <= MAX_STORES);
        }
        guarding.flush().unwrap();
        let mut expected = guarding.generations();
        let mut read = guard(&path).generations();
        expected.sort_unstable();
        read.sort_unstable();
        prop_assert_eq!(read, expected);
    }

    #[test]
    fn any_bytes_are_generations_or_refused(mut bytes in vec(any::<u8>(), 0..100), count in 0..3_u16) {
        let _ = decode(&bytes);
        // With a beginning and a checksum that are good, too.
        let header = [&StateFileKind::RollbackGuard.begin()[..], &count.to_be_bytes()].concat();
        bytes.splice(0..0, header);
        let _ = decode(&with_checksum(bytes));
    }
}
