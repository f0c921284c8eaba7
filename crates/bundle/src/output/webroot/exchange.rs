//! Putting a webroot in its place.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};

use jit_trust_file::{Directory, Entry, FileError, Place};

use super::occupied::{Occupant, Rule};
use super::stage::{OLD, Staged, WEBROOT};
use crate::output::error::OutputError;
use crate::shown::shown_path;

/// Moves a staged webroot to its place, in one step where the system can, and deletes what stood there, after one
/// more look at it: staging takes time, in which somebody may have put something of their own there. Gives a line on
/// what could not be deleted.
pub(super) fn put_in_place(
    staged: Staged<'_>,
    place: &Place,
    replaced: Option<&Entry>,
    rule: Rule<'_>,
) -> Result<Option<String>, OutputError> {
    let Some(replaced) = replaced else {
        let (webroot, directory) = (OsStr::new(WEBROOT), place.directory());
        let renamed = staged.directory().rename_to_new(webroot, directory, place.name());
        return match renamed {
            Ok(()) => finish(staged, place, WEBROOT, &[]),
            Err(error) => Err(withdraw(staged, refused(rule.target, error))),
        };
    };
    match exchange(&staged, place) {
        Ok(()) => exchanged(staged, place, replaced, rule),
        Err(error) if is_unsupported(&error) => step_aside(staged, place, replaced, rule),
        Err(error) => Err(withdraw(staged, refused(rule.target, error))),
    }
}

/// Looks at what was exchanged for the new webroot, which is taken back if that may not be deleted.
fn exchanged(
    mut staged: Staged<'_>,
    place: &Place,
    replaced: &Entry,
    rule: Rule<'_>,
) -> Result<Option<String>, OutputError> {
    staged.keep();
    match check(rule, staged.directory(), WEBROOT, replaced) {
        Ok(occupant) => finish(staged, place, WEBROOT, &occupant.files),
        Err(because) => match exchange(&staged, place) {
            Ok(()) => Err(withdraw(staged, because)),
            Err(error) => Err(not_taken_back(because, staged.path_of(WEBROOT), error)),
        },
    }
}

/// Two renames where there is no exchange: for a moment there is no webroot.
fn step_aside(
    mut staged: Staged<'_>,
    place: &Place,
    replaced: &Entry,
    rule: Rule<'_>,
) -> Result<Option<String>, OutputError> {
    staged.keep();
    let (parent, name) = (place.directory(), place.name());
    if let Err(error) = parent.rename(name, staged.directory(), OsStr::new(OLD)) {
        return Err(withdraw(staged, refused(rule.target, error)));
    }
    let checked = check(rule, staged.directory(), OLD, replaced).and_then(|occupant| {
        let renamed = staged
            .directory()
            .rename_to_new(OsStr::new(WEBROOT), parent, name);
        renamed.map_err(|error| refused(rule.target, error))?;
        Ok(occupant)
    });
    match checked {
        Ok(occupant) => finish(staged, place, OLD, &occupant.files),
        Err(because) => match staged.directory().rename_to_new(OsStr::new(OLD), parent, name) {
            Ok(()) => Err(withdraw(staged, because)),
            Err(error) => Err(not_taken_back(because, staged.path_of(OLD), error)),
        },
    }
}

/// Makes sure that what was moved away is what was there at the beginning, and may be deleted.
fn check(
    rule: Rule<'_>,
    directory: &Directory,
    name: &str,
    replaced: &Entry,
) -> Result<Occupant, OutputError> {
    match rule.check(directory, OsStr::new(name))? {
        Some(occupant) if occupant.entry.is(replaced) => Ok(occupant),
        _ => Err(changed(rule.target)),
    }
}

/// The new webroot is in its place. The old one is deleted only when that will also be so after a crash.
fn finish(
    staged: Staged<'_>,
    place: &Place,
    old: &str,
    old_files: &[PathBuf],
) -> Result<Option<String>, OutputError> {
    let directory = staged.directory();
    let synced = place.directory().sync().and_then(|()| directory.sync());
    if let Err(error) = synced {
        let is_there = directory.look(OsStr::new(old)).is_ok_and(|old| old.is_some());
        return Err(OutputError::NotSynced {
            path: place.path(),
            kept: is_there.then(|| staged.path_of(old)),
            error,
        });
    }
    let directory = directory.path().to_owned();
    let deleted = staged.delete(old, old_files);
    Ok(deleted.err().map(|error| {
        let directory = shown_path(&directory);
        format!("{directory}: a rest of the old webroot is left here and could not be deleted: {error}")
    }))
}

/// Deletes the new webroot, because of this.
fn withdraw(staged: Staged<'_>, because: OutputError) -> OutputError {
    let files = staged.files().to_vec();
    let rest = staged.directory().path().to_owned();
    match staged.delete(WEBROOT, &files) {
        Ok(()) => because,
        Err(error) => OutputError::LeftBehind {
            because: Box::new(because),
            rest,
            error,
        },
    }
}

fn not_taken_back(because: OutputError, old: PathBuf, error: io::Error) -> OutputError {
    OutputError::NotTakenBack {
        because: Box::new(because),
        old,
        error,
    }
}

fn changed(target: &Path) -> OutputError {
    let path = target.to_owned();
    FileError::Changed { path }.into()
}

fn refused(target: &Path, error: io::Error) -> OutputError {
    match error.kind() {
        io::ErrorKind::CrossesDevices | io::ErrorKind::ResourceBusy => OutputError::CannotStepAside {
            path: target.to_owned(),
            error,
        },
        // There was nothing, or it is gone.
        io::ErrorKind::AlreadyExists => changed(target),
        _ => OutputError::io(target, "put the new webroot in its place")(error),
    }
}

/// Gives each of the two the other's name, at once.
fn exchange(staged: &Staged<'_>, place: &Place) -> io::Result<()> {
    let webroot = OsStr::new(WEBROOT);
    staged
        .directory()
        .exchange(webroot, place.directory(), place.name())
}

/// Whether the system or the file system knows no exchange: network and overlay file systems may not.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::Unsupported | io::ErrorKind::InvalidInput
    )
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::output::Replace;
    use crate::output::webroot::{KeyEntries, stage};
    use crate::webroot::plan::Plan;
    use crate::{BlobOptions, Input, Policy, Root, read};

    type PutInPlace = fn(Staged<'_>, &Place, &Entry, Rule<'_>) -> Result<Option<String>, OutputError>;

    /// Each way of replacing an old webroot.
    const WAYS: [PutInPlace; 2] = [
        |staged, place, replaced, rule| put_in_place(staged, place, Some(replaced), rule),
        step_aside,
    ];

    fn roots() -> Vec<Root> {
        let list = read(&[Input::Mozilla], Policy::Strict).unwrap();
        list.roots()[..2].to_vec()
    }

    fn stage(place: &Place, generation: u32) -> Staged<'_> {
        let roots = roots();
        let options = BlobOptions::default();
        let plan = Plan::of(
            &roots.iter().collect::<Vec<_>>(),
            generation,
            options,
            KeyEntries::Links,
        )
        .unwrap();
        stage::write(&plan, place, None).unwrap()
    }

    fn place(target: &Path) -> Place {
        Place::of_directory(target).unwrap()
    }

    fn rule(target: &Path, generation: u32) -> Rule<'_> {
        Rule {
            target,
            generation,
            replace: Replace::UnlessNewer,
        }
    }

    /// Puts the first webroot there.
    fn first(target: &Path) {
        let place = place(target);
        put_in_place(stage(&place, 1), &place, None, rule(target, 1)).unwrap();
    }

    fn generation_of(webroot: &Path) -> u32 {
        let json = fs::read(webroot.join("index.json")).unwrap();
        crate::webroot::index::Index::read(&json).unwrap().generation
    }

    #[test]
    fn the_old_webroot_is_replaced_and_deleted_either_way() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            first(&target);
            let place = place(&target);
            let left = put(stage(&place, 2), &place, place.seen().unwrap(), rule(&target, 2));
            assert_eq!(left.unwrap(), None);
            assert_eq!(generation_of(&target), 2);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_somebody_wrote_while_the_new_webroot_was_staged_is_not_deleted() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            first(&target);
            let place = place(&target);
            let staged = stage(&place, 2);
            for (name, folder) in [("thesis.txt", ""), ("der/thesis.txt", "der")] {
                fs::create_dir_all(target.join(folder)).unwrap();
                fs::write(target.join(name), "mine").unwrap();
            }
            let refused = put(staged, &place, place.seen().unwrap(), rule(&target, 2)).unwrap_err();
            assert!(matches!(refused, OutputError::NotAWebroot { ref path, .. } if *path == target));
            assert_eq!(fs::read(target.join("thesis.txt")).unwrap(), b"mine");
            assert_eq!(fs::read(target.join("der/thesis.txt")).unwrap(), b"mine");
            assert_eq!(generation_of(&target), 1);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn a_newer_webroot_that_came_while_the_new_one_was_staged_stays() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            first(&target);
            let place = place(&target);
            let seen = place.seen().unwrap();
            let staged = stage(&place, 2);
            put(stage(&place, 3), &place, seen, rule(&target, 3)).unwrap();
            let refused = put(staged, &place, seen, rule(&target, 2)).unwrap_err();
            assert!(matches!(refused, OutputError::Older { found: 3, new: 2, .. }));
            assert_eq!(generation_of(&target), 3);
        }
    }

    #[test]
    fn another_webroot_than_the_one_that_was_there_stays() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            first(&target);
            let place = place(&target);
            let staged = stage(&place, 2);
            let moved = directory.path().join("moved");
            fs::rename(&target, &moved).unwrap();
            first(&target);
            let refused = put(staged, &place, place.seen().unwrap(), rule(&target, 2)).unwrap_err();
            assert!(
                matches!(refused, OutputError::File(FileError::Changed { ref path }) if *path == target),
                "{refused}"
            );
            assert_eq!((generation_of(&target), generation_of(&moved)), (1, 1));
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn what_came_where_nothing_was_stays() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        let place = place(&target);
        let staged = stage(&place, 2);
        fs::create_dir(&target).unwrap();
        let refused = put_in_place(staged, &place, None, rule(&target, 2)).unwrap_err();
        assert!(
            matches!(refused, OutputError::File(FileError::Changed { .. })),
            "{refused}"
        );
        assert_eq!(fs::read_dir(&target).unwrap().count(), 0);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    /// The webroot's owner and its permissions are given away by what was opened, not by paths that lead elsewhere now.
    #[cfg(unix)]
    #[test]
    fn a_parent_that_is_moved_away_while_the_new_webroot_is_staged_leads_nowhere_else() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let (parent, moved) = (directory.path().join("parent"), directory.path().join("moved"));
            let trap = directory.path().join("trap");
            fs::create_dir(&parent).unwrap();
            fs::create_dir(&trap).unwrap();
            let target = parent.join("target");
            first(&target);
            let place = place(&target);
            let staged = stage(&place, 2);
            fs::rename(&parent, &moved).unwrap();
            std::os::unix::fs::symlink(&trap, &parent).unwrap();
            put(staged, &place, place.seen().unwrap(), rule(&target, 2)).unwrap();
            assert_eq!(generation_of(&moved.join("target")), 2);
            assert_eq!(fs::read_dir(&moved).unwrap().count(), 1);
            assert_eq!(fs::read_dir(&trap).unwrap().count(), 0);
        }
    }

    #[test]
    fn what_stepped_aside_comes_back_when_there_is_nothing_to_take_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        first(&target);
        let place = place(&target);
        let staged = stage(&place, 2);
        fs::rename(staged.path_of(WEBROOT), directory.path().join("elsewhere")).unwrap();
        assert!(step_aside(staged, &place, place.seen().unwrap(), rule(&target, 2)).is_err());
        assert_eq!(generation_of(&target), 1);
    }

    #[test]
    fn what_cannot_be_deleted_is_named_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        let place = place(&target);
        let mut staged = stage(&place, 1);
        staged.keep();
        let (webroot, files) = (staged.path_of(WEBROOT), staged.files().to_vec());
        fs::write(webroot.join("thesis.txt"), "mine").unwrap();
        let note = finish(staged, &place, WEBROOT, &files).unwrap();
        let note = note.unwrap();
        assert!(
            note.contains("/.jit-trust-") && note.contains(" is left here "),
            "{note}"
        );
        assert_eq!(fs::read_dir(&webroot).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_moved_is_told_from_other_trouble() {
        for kind in [io::ErrorKind::CrossesDevices, io::ErrorKind::ResourceBusy] {
            let message = refused(Path::new("/srv/trust"), kind.into()).to_string();
            assert!(
                message.starts_with(
                    "/srv/trust: cannot be replaced in one step here (overlay or mount point): name a new \
                     directory inside a writable one ("
                ),
                "{message}"
            );
        }
    }
}
