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

/// Creates a directory with these permissions, whatever the umask.
fn create_with_mode(path: &Path, mode: u32) {
    fs::create_dir(path).unwrap();
    #[cfg(unix)]
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    #[cfg(not(unix))]
    let _ = mode;
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
fn a_generation_is_never_lowered_and_no_store_is_forgotten_for_another() {
    let (_directory, path) = place();
    for guard in [RollbackGuard::in_memory(), guard(&path)] {
        assert_eq!(guard.newest_generation("0"), None);
        for store in 0..64 {
            guard.saw_generation(&store.to_string(), 10 + store);
        }
        guard.saw_generation("0", 5);
        assert_eq!(guard.newest_generation("0"), Some(10));
        guard.saw_generation("0", 100);
        for name in ["", &"x".repeat(1025)] {
            guard.saw_generation(name, 7);
            assert_eq!(guard.newest_generation(name), None);
        }
        guard.flush().unwrap();
        guard.saw_generation("64", 74);
        let is_known = |store: &u32| guard.newest_generation(&store.to_string()).is_some();
        assert_eq!((0..65).filter(is_known).count(), 64);
        assert_eq!(guard.newest_generation("0"), Some(100));
        assert_eq!(guard.newest_generation("63"), Some(73));
    }
    let long = "x".repeat(1024);
    let guard = RollbackGuard::in_memory();
    guard.saw_generation(&long, 7);
    assert_eq!(guard.newest_generation(&long), Some(7));
    guard.flush().unwrap();
}

/// The error of a guard that has no room for a store.
fn is_full(guard: &RollbackGuard) {
    let error = guard.flush().unwrap_err();
    assert!(matches!(error.fault, StateFileFault::Full(64)), "{error:?}");
    let text = error.to_string();
    assert!(
        text.contains("no room for another store: the rollback guard remembers 64,"),
        "{text}"
    );
}

#[test]
fn a_store_for_which_a_file_has_no_room_is_an_error_and_the_others_are_written() {
    let (_directory, path) = place();
    let first = guard(&path);
    (0..64).for_each(|store| first.saw_generation(&store.to_string(), 7));
    first.flush().unwrap();
    first.saw_generation("one more", 7);
    first.saw_generation("63", 8);
    is_full(&first);
    is_full(&first);
    let again = guard(&path);
    assert_eq!(again.generations().len(), 64);
    assert_eq!(again.newest_generation("63"), Some(8));
}

#[test]
fn of_two_guards_with_more_stores_than_their_file_has_room_for_none_loses_one_silently() {
    let (_directory, path) = place();
    let (first, second) = (guard(&path), guard(&path));
    let see = |guard: &RollbackGuard, name: &str, generation| {
        (0..60).for_each(|store| guard.saw_generation(&format!("{name}{store}"), generation));
        guard.saw_generation("both", generation);
    };
    see(&first, "first", 7);
    see(&second, "second", 8);
    first.flush().unwrap();
    is_full(&second);
    let written = guard(&path);
    for store in 0..60 {
        assert_eq!(written.newest_generation(&format!("first{store}")), Some(7));
        assert_eq!(second.newest_generation(&format!("second{store}")), Some(8));
    }
    assert_eq!(written.newest_generation("both"), Some(8));
    assert_eq!(written.generations().len(), 64);
    // In another file there is room.
    fs::remove_file(&path).unwrap();
    let other = guard(&path);
    see(&other, "second", 8);
    other.flush().unwrap();
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
    let expected = [("https://trust.test/".to_owned(), 7), ("x".repeat(1024), 5)];
    assert_eq!(guard(&path).generations(), expected);
    let files = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(files, 1, "nothing is left beside the file");
}

/// A store that is known by several names says itself which of them counts.
#[test]
fn names_are_compared_as_they_are() {
    let (_directory, path) = place();
    let names = [
        "https://localhost/roots",
        "https://localhost/roots/",
        "/srv/./roots",
        "/srv/roots",
    ];
    let first = guard(&path);
    (1..)
        .zip(names)
        .for_each(|(generation, name)| first.saw_generation(name, generation));
    drop(first);
    let again = guard(&path);
    let newest = names.map(|name| again.newest_generation(name));
    assert_eq!(newest, [1, 2, 3, 4].map(Some));
    assert_eq!(again.newest_generation("HTTPS://localhost/roots"), None);
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
    assert_eq!(expected(&|bytes| bytes[6..8].fill(0xff)), "at most 64 stores");
    assert_eq!(expected(&|bytes| bytes[7] = 65), "at most 64 stores");
    assert_eq!(expected(&|bytes| bytes[7] = 64), "more bytes");
    assert_eq!(expected(&|bytes| bytes[7] = 1), "no more bytes");
    assert_eq!(expected(&|bytes| bytes[8..10].fill(0xff)), "more bytes");
    assert_eq!(
        expected(&|bytes| bytes[8..10].fill(0)),
        "a name of 1 to 1024 bytes"
    );
    assert_eq!(expected(&|bytes| bytes[10] = 0xff), "text in UTF-8");
    let long = Generations {
        newest: [("x".repeat(1025).into(), 7)].into(),
        is_overfull: false,
    };
    let long = Generations::decode(&long.encode().unwrap());
    assert_eq!(long.map(drop), Err("a name of 1 to 1024 bytes"));
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
    let create = || create_with_mode(&inner, 0o755);
    create();
    let guard = guard(&inner.join("generations"));
    guard.saw_generation("store", 7);
    fs::remove_dir(&inner).unwrap();
    for _ in 0..2 {
        let error = guard.flush().unwrap_err();
        assert!(matches!(error.fault, StateFileFault::Write(_)), "{error:?}");
        assert!(error.to_string().contains("in memory only"), "{error}");
    }
    assert_eq!(guard.newest_generation("store"), Some(7));
    create();
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
fn a_directory_in_which_other_users_may_delete_the_file_is_an_error_that_says_what_to_do() {
    let (directory, _) = place();
    for mode in [0o755, 0o700, 0o1777, 0o1775] {
        let safe = directory.path().join(format!("{mode:o}"));
        create_with_mode(&safe, mode);
        written(&safe.join("generations"));
        assert_eq!(guard(&safe.join("generations")).generations().len(), 2);
    }
    for (is_there, mode) in [(false, 0o777), (true, 0o777), (false, 0o775), (true, 0o772)] {
        let shared = directory.path().join(format!("{mode:o}-{is_there}"));
        create_with_mode(&shared, 0o755);
        let path = shared.join("generations");
        let before = guard(&path);
        before.saw_generation("store", 7);
        if is_there {
            before.flush().unwrap();
            before.saw_generation("store", 8);
        }
        fs::set_permissions(&shared, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
        let opened = RollbackGuard::open(&path).map(drop);
        for error in [opened.unwrap_err(), before.flush().unwrap_err()] {
            let StateFileFault::Read(cause) = &error.fault else {
                panic!("{error:?}");
            };
            assert!(
                matches!(**cause, FileError::OthersMayDelete { owner: None, .. }),
                "{error:?}"
            );
            let text = error.to_string();
            let expected = format!(
                "{}: refused: other users may write to this directory and delete files in it: expected one that only \
                 its owner may write to (chmod go-w), or one with the sticky bit; or name another for the rollback guard",
                shared.display()
            );
            assert_eq!(text, expected);
        }
        assert_eq!(path.exists(), is_there);
        // A hint is not worth as much.
        crate::HostCache::builder()
            .file(shared.join("hosts"))
            .build()
            .unwrap();
    }
}

#[cfg(unix)]
#[test]
fn a_directory_of_another_user_is_an_error() {
    let (directory, _) = place();
    let theirs = directory.path().join("theirs");
    create_with_mode(&theirs, 0o1755);
    if std::os::unix::fs::chown(&theirs, Some(65534), None).is_err() {
        return eprintln!("skipped: this user cannot give files away");
    }
    let error = RollbackGuard::open(theirs.join("generations")).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("belongs to another user (uid 65534), who may delete files in it"),
        "{text}"
    );
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
        let _ = Generations::decode(&bytes);
        // With a beginning and a checksum that are good, too.
        let header = [&StateFileKind::RollbackGuard.begin()[..], &count.to_be_bytes()].concat();
        bytes.splice(0..0, header);
        let _ = Generations::decode(&with_checksum(bytes));
    }
}
