//! What another user of the machine may do to a file that is being written, or read.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use jit_trust_file::{FileError, Kind, OwnFile, Place, StagedFile, write_file, write_private};
use tempfile::TempDir;

/// Two users who are not the one that runs the tests.
const OTHER: u32 = 65534;
const THIRD: u32 = 1234;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// A directory with these permissions in one that is the user's own.
struct Shared {
    around: TempDir,
    directory: PathBuf,
}

impl Shared {
    fn with_mode(mode: u32) -> Self {
        let around = tempfile::tempdir().unwrap();
        let directory = around.path().join("shared");
        fs::create_dir(&directory).unwrap();
        set_mode(&directory, mode);
        Self { around, directory }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    /// A program that is the user's own and has the set-user-ID bit, outside of the shared directory.
    fn program(&self) -> PathBuf {
        let path = self.around.path().join("program");
        fs::write(&path, "program").unwrap();
        set_mode(&path, 0o4755);
        path
    }

    fn count(&self) -> usize {
        fs::read_dir(&self.directory).unwrap().count()
    }
}

fn is_as_it_was(program: &Path) {
    assert_eq!(fs::read_to_string(program).unwrap(), "program");
    assert_eq!(mode(program), 0o4755);
}

/// Gives a file away, to be another user's trap. Only root can.
fn give(path: &Path, owner: u32) -> bool {
    let given = lchown(path, Some(owner), Some(owner)).is_ok();
    if !given {
        eprintln!("skipped: this user cannot give files away");
    }
    given
}

fn mkfifo(path: &Path) {
    assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
}

fn is_foreign(written: Result<(), FileError>, path: &Path, kind: Kind) {
    let error = written.unwrap_err();
    assert!(
        matches!(&error, FileError::Foreign { path: found, kind: is, owner: OTHER } if found == path && *is == kind),
        "{error}"
    );
    let said = error.to_string();
    assert!(said.contains("belongs to another user (uid 65534)"), "{said}");
    assert!(
        said.contains(": remove it, or name a file in a directory"),
        "{said}"
    );
}

fn is_changed(written: Result<(), FileError>) {
    let error = written.unwrap_err();
    assert!(matches!(error, FileError::Changed { .. }), "{error}");
    assert!(error.to_string().contains("is left as it is"), "{error}");
}

#[test]
fn no_bit_that_lends_its_owners_rights_is_carried_over() {
    let shared = Shared::with_mode(0o755);
    for bits in [0o4000, 0o2000, 0o1000, 0o7000] {
        let path = shared.path("file");
        fs::write(&path, "old").unwrap();
        set_mode(&path, bits | 0o751);
        write_file(&path, b"new").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(mode(&path), 0o751, "{bits:o}");
    }
}

#[test]
fn a_hard_link_to_a_program_leaves_the_program_as_it_is() {
    let shared = Shared::with_mode(0o1777);
    let program = shared.program();
    fs::hard_link(&program, shared.path("x")).unwrap();
    write_file(&shared.path("x"), b"new").unwrap();
    is_as_it_was(&program);
    assert_eq!(mode(&shared.path("x")), 0o755);
}

#[test]
fn a_link_that_is_put_there_while_the_file_is_written_is_not_looked_through() {
    for mode in [0o755, 0o777, 0o1777] {
        let shared = Shared::with_mode(mode);
        let (path, program) = (shared.path("x"), shared.program());
        let staged = StagedFile::create(&path).unwrap();
        symlink(&program, &path).unwrap();
        is_changed(staged.write(b"hostile"));
        is_as_it_was(&program);
        assert!(path.is_symlink());
        assert_eq!(shared.count(), 1);
    }
}

#[test]
fn what_takes_the_place_of_the_file_that_was_there_stays() {
    type Attack = fn(&Path, &Path);
    let attacks: [Attack; 5] = [
        |path, program| symlink(program, path).unwrap(),
        |path, program| fs::hard_link(program, path).unwrap(),
        |path, _| fs::write(path, "theirs").unwrap(),
        |path, _| fs::create_dir(path).unwrap(),
        |_, _| {},
    ];
    for attack in attacks {
        let shared = Shared::with_mode(0o777);
        let (path, program) = (shared.path("x"), shared.program());
        fs::write(&path, "old").unwrap();
        let staged = StagedFile::create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        attack(&path, &program);
        let after = path.symlink_metadata().ok().map(|there| there.ino());
        is_changed(staged.write(b"hostile"));
        is_as_it_was(&program);
        assert_eq!(path.symlink_metadata().ok().map(|there| there.ino()), after);
        assert_eq!(shared.count(), usize::from(after.is_some()));
    }
}

/// Many file systems give the number of a file that is gone to the next one that is made.
#[test]
fn a_new_file_is_not_taken_for_the_old_one_by_its_number() {
    let shared = Shared::with_mode(0o777);
    let path = shared.path("x");
    for _ in 0..50 {
        fs::write(&path, "old").unwrap();
        let staged = StagedFile::create(&path).unwrap();
        fs::remove_file(&path).unwrap();
        fs::write(&path, "theirs").unwrap();
        is_changed(staged.write(b"new"));
        assert_eq!(fs::read_to_string(&path).unwrap(), "theirs");
    }
}

#[test]
fn a_file_that_is_written_to_meanwhile_is_the_same_file() {
    let shared = Shared::with_mode(0o755);
    let path = shared.path("x");
    fs::write(&path, "old").unwrap();
    let staged = StagedFile::create(&path).unwrap();
    fs::write(&path, "longer than before").unwrap();
    set_mode(&path, 0o604);
    staged.write(b"new").unwrap();
    assert_eq!((fs::read(&path).unwrap(), mode(&path)), (b"new".to_vec(), 0o604));
}

#[test]
fn a_directory_that_is_swapped_for_a_link_leads_nowhere_else() {
    let shared = Shared::with_mode(0o755);
    let (inner, moved, trap) = (shared.path("inner"), shared.path("moved"), shared.path("trap"));
    fs::create_dir(&inner).unwrap();
    fs::create_dir(&trap).unwrap();
    fs::write(trap.join("x"), "theirs").unwrap();
    set_mode(&trap.join("x"), 0o4755);
    let staged = StagedFile::create(&inner.join("x")).unwrap();
    fs::rename(&inner, &moved).unwrap();
    symlink(&trap, &inner).unwrap();
    staged.write(b"new").unwrap();
    assert_eq!(fs::read(moved.join("x")).unwrap(), b"new");
    assert_eq!(fs::read(trap.join("x")).unwrap(), b"theirs");
    assert_eq!(mode(&trap.join("x")), 0o4755);
    assert_eq!(fs::read_dir(&trap).unwrap().count(), 1);
}

#[test]
fn the_new_file_is_not_another_ones_that_has_taken_its_name() {
    let shared = Shared::with_mode(0o777);
    let staged = StagedFile::create(&shared.path("x")).unwrap();
    let temporary = fs::read_dir(&shared.directory).unwrap().next().unwrap().unwrap();
    fs::remove_file(temporary.path()).unwrap();
    fs::write(temporary.path(), "theirs").unwrap();
    let error = staged.write(b"ours").unwrap_err().to_string();
    assert!(error.contains("has taken the name of the new file"), "{error}");
    assert!(!shared.path("x").exists());
}

#[test]
fn what_replaces_a_file_is_not_readable_by_more_people_before_it_is_in_place() {
    let shared = Shared::with_mode(0o755);
    let path = shared.path("x");
    fs::write(&path, "secret").unwrap();
    set_mode(&path, 0o600);
    let staged = StagedFile::create(&path).unwrap();
    assert_eq!(staged.file().metadata().unwrap().mode() & 0o777, 0o600);
    staged.write(b"another secret").unwrap();
    assert_eq!(mode(&path), 0o600);
}

#[test]
fn in_a_shared_directory_a_link_of_another_user_is_refused_wherever_it_stands() {
    for mode in [0o1777, 0o1775, 0o777] {
        let shared = Shared::with_mode(mode);
        let program = shared.program();
        let link = shared.path("link");
        symlink(&program, &link).unwrap();
        if !give(&link, OTHER) {
            return;
        }
        is_foreign(write_file(&link, b"hostile"), &link, Kind::Link);

        // In the middle of a chain whose other links are the user's own.
        symlink(&link, shared.path("own")).unwrap();
        symlink(shared.path("own"), shared.around.path().join("first")).unwrap();
        let first = shared.around.path().join("first");
        is_foreign(write_file(&first, b"hostile"), &link, Kind::Link);

        // In the place of a directory on the way.
        let folder = shared.path("folder");
        symlink(shared.around.path(), &folder).unwrap();
        give(&folder, OTHER);
        for way in ["folder/program", "./folder/../folder/new", "folder/shared/x"] {
            is_foreign(write_file(&shared.path(way), b"hostile"), &folder, Kind::Link);
            is_foreign(write_private(&shared.path(way), b"hostile"), &folder, Kind::Link);
        }
        is_foreign(
            Place::of_directory(&shared.path("folder/new"), &|_| false).map(drop),
            &folder,
            Kind::Link,
        );
        is_as_it_was(&program);
        assert!(!shared.around.path().join("new").exists());
    }
}

#[test]
fn links_of_the_user_of_the_directorys_owner_and_in_a_directory_that_is_not_shared_are_followed() {
    for (mode, directory_owner, link_owner) in [
        (0o1777, None, None),
        (0o1777, Some(THIRD), Some(THIRD)),
        (0o777, Some(THIRD), None),
        (0o755, None, Some(OTHER)),
        (0o775, None, Some(OTHER)),
    ] {
        let shared = Shared::with_mode(mode);
        let (target, link) = (shared.around.path().join("target"), shared.path("link"));
        fs::write(&target, "old").unwrap();
        symlink("../target", &link).unwrap();
        for (path, owner) in [(&link, link_owner), (&shared.directory, directory_owner)] {
            if owner.is_some_and(|owner| !give(path, owner)) {
                return;
            }
        }
        write_file(&link, b"new").unwrap();
        assert!(link.is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}

#[test]
fn a_link_may_be_where_the_path_of_a_directory_ends_but_not_one_of_another_user() {
    let shared = Shared::with_mode(0o1777);
    let (link, target) = (shared.path("link"), shared.around.path().join("target"));
    symlink(&target, &link).unwrap();
    let place = Place::of_directory(&link, &|_| false).unwrap();
    assert_eq!((place.path(), place.seen().is_none()), (target, true));
    let place = Place::of_directory(&link, &|place| place.path() == link).unwrap();
    assert_eq!(
        (place.path(), place.seen().unwrap().kind),
        (link.clone(), Kind::Link)
    );
    if give(&link, OTHER) {
        let refused = Place::of_directory(&link, &|_| true).map(drop);
        is_foreign(refused, &link, Kind::Link);
    }
}

#[test]
fn in_a_sticky_directory_a_file_of_another_user_is_refused() {
    let shared = Shared::with_mode(0o1777);
    let path = shared.path("x");
    fs::write(&path, "theirs").unwrap();
    if !give(&path, OTHER) {
        return;
    }
    is_foreign(write_file(&path, b"new"), &path, Kind::File);
    assert_eq!(fs::read(&path).unwrap(), b"theirs");
    fs::create_dir(shared.path("webroot")).unwrap();
    give(&shared.path("webroot"), OTHER);
    let refused = Place::of_directory(&shared.path("webroot"), &|_| false).map(drop);
    is_foreign(refused, &shared.path("webroot"), Kind::Directory);
    let place = Place::of_directory(&shared.path("new"), &|_| false).unwrap();
    let refused = place.look_beside("webroot".as_ref()).map(drop);
    is_foreign(refused, &shared.path("webroot"), Kind::Directory);
    // Without the sticky bit, its owner could be replaced by anybody; it is kept.
    set_mode(&shared.directory, 0o777);
    write_file(&path, b"new").unwrap();
    let metadata = fs::metadata(&path).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (OTHER, OTHER));
}

#[test]
fn a_pipe_of_another_user_in_a_shared_directory_is_not_opened() {
    for mode in [0o1777, 0o777] {
        let shared = Shared::with_mode(mode);
        let path = shared.path("x");
        mkfifo(&path);
        // Held open, so that nothing waits for a reader.
        let _held = fs::File::options().read(true).write(true).open(&path).unwrap();
        write_file(&path, b"own").unwrap();
        if !give(&path, OTHER) {
            return;
        }
        is_foreign(write_file(&path, b"secret"), &path, Kind::Other);
        set_mode(&shared.directory, 0o755);
        write_file(&path, b"to a service").unwrap();
    }
}

#[test]
fn a_file_that_is_kept_is_the_users_alone_and_no_link_is_followed() {
    let shared = Shared::with_mode(0o755);
    let (path, other) = (shared.path("cache"), shared.path("other"));
    fs::write(&other, "precious").unwrap();
    symlink(&other, &path).unwrap();
    let error = OwnFile::open(&path).unwrap_err();
    assert!(matches!(error, FileError::IsALink { .. }), "{error}");
    for content in ["new", "newer"] {
        write_private(&path, content.as_bytes()).unwrap();
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), mode(&path)),
            (content, 0o600)
        );
        set_mode(&path, 0o666);
        assert!(OwnFile::open(&path).unwrap().unwrap().others_may_write());
    }
    assert_eq!(fs::read(&other).unwrap(), b"precious");

    write_private(&path, b"private").unwrap();
    let own = OwnFile::open(&path).unwrap().unwrap();
    assert!(!own.others_may_write());
    assert_eq!(own.read(4).unwrap(), b"priv");
    own.remove().unwrap();
    assert!(OwnFile::open(&path).unwrap().is_none());
}

#[test]
fn what_is_kept_takes_the_place_of_no_device_and_no_stream() {
    for path in ["/dev/null", "/dev/stdout", "/proc/self/fd/1"] {
        let error = write_private(path.as_ref(), b"state").unwrap_err();
        assert!(matches!(error, FileError::NotAFile { .. }), "{error}");
        assert!(OwnFile::open(path.as_ref()).is_err());
    }
    let shared = Shared::with_mode(0o755);
    mkfifo(&shared.path("pipe"));
    let error = OwnFile::open(&shared.path("pipe")).unwrap_err();
    assert!(matches!(error, FileError::NotAFile { .. }), "{error}");
    let error = write_private(&shared.directory, b"state").unwrap_err();
    assert!(matches!(error, FileError::IsADirectory { .. }), "{error}");
}

#[test]
fn a_file_or_link_of_another_user_is_never_one_that_was_kept() {
    for mode in [0o755, 0o777, 0o1777] {
        let shared = Shared::with_mode(mode);
        let (file, link) = (shared.path("file"), shared.path("link"));
        fs::write(&file, "theirs").unwrap();
        symlink(shared.program(), &link).unwrap();
        if !give(&file, OTHER) || !give(&link, OTHER) {
            return;
        }
        for (path, kind) in [(file, Kind::File), (link, Kind::Link)] {
            is_foreign(OwnFile::open(&path).map(drop), &path, kind);
            is_foreign(write_private(&path, b"mine"), &path, kind);
        }
        assert_eq!(fs::read(shared.path("file")).unwrap(), b"theirs");
    }
}

#[test]
fn a_file_that_has_to_stay_is_opened_only_where_no_other_user_may_delete_it() {
    let open = |shared: &Shared| OwnFile::open_undeletable(&shared.path("kept")).map(|file| file.is_some());
    for (mode, is_safe) in [
        (0o700, true),
        (0o755, true),
        (0o1777, true),
        (0o1770, true),
        (0o777, false),
        (0o775, false),
        (0o702, false),
    ] {
        let shared = Shared::with_mode(mode);
        for is_there in [false, true] {
            if is_there {
                write_private(&shared.path("kept"), b"kept").unwrap();
            }
            match open(&shared) {
                Ok(found) => assert!(is_safe && found == is_there, "{mode:o}"),
                Err(FileError::OthersMayDelete { path, owner: None }) => {
                    assert!(!is_safe && shared.path("kept").starts_with(path), "{mode:o}");
                }
                Err(error) => panic!("{mode:o}: {error}"),
            }
        }
    }
    let shared = Shared::with_mode(0o1755);
    if !give(&shared.directory, OTHER) {
        return;
    }
    let refused = open(&shared).unwrap_err();
    assert!(
        matches!(
            refused,
            FileError::OthersMayDelete {
                owner: Some(OTHER),
                ..
            }
        ),
        "{refused}"
    );
}

/// A directory that one may go through, but not list, is one like any other.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_on_the_way_need_not_be_readable() {
    let shared = Shared::with_mode(0o755);
    let inner = shared.path("inner");
    fs::create_dir(&inner).unwrap();
    set_mode(&inner, 0o777);
    set_mode(shared.around.path(), 0o711);
    set_mode(&shared.directory, 0o711);
    let path = inner.join("x");
    if std::env::var_os(DROPPED).is_none() && fs::metadata(shared.around.path()).unwrap().uid() == 0 {
        // Root may do anything: another user is to do it.
        let test = "a_directory_on_the_way_need_not_be_readable";
        assert!(as_another_user(test, &path), "written by another user");
        assert_eq!(fs::read(&path).unwrap(), b"new");
        return;
    }
    match std::env::var_os(DROPPED) {
        Some(path) => write_file(path.as_ref(), b"new").unwrap(),
        None => write_file(&path, b"new").unwrap(),
    }
}

/// Set in the process that is another user's: the file to write.
#[cfg(target_os = "linux")]
const DROPPED: &str = "JIT_TRUST_TEST_WRITES_AS_ANOTHER_USER";

/// Runs one of these tests as another user, from a copy of this program that this user may run.
#[cfg(target_os = "linux")]
fn as_another_user(test: &str, path: &Path) -> bool {
    let directory = tempfile::tempdir().unwrap();
    set_mode(directory.path(), 0o755);
    let program = directory.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    set_mode(&program, 0o755);
    let id = OTHER.to_string();
    let output = Command::new("setpriv")
        .args([
            format!("--reuid={id}"),
            format!("--regid={id}"),
            "--clear-groups".to_owned(),
        ])
        .arg(program)
        .args(["--exact", test])
        .env(DROPPED, path)
        .current_dir("/")
        .output()
        .unwrap();
    let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
    assert!(output.status.success() && ran, "{output:?}");
    true
}
