//! Putting a webroot in its place.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::occupied::Rule;
use super::stage::Staged;
use crate::output::atomic::{parent, sync_directory};
use crate::output::error::OutputError;
use crate::shown::shown_path;

/// Moves a staged webroot to the target, in one step where the system can, and deletes what stood there, after one
/// more look at it: staging takes time, in which somebody may have put something of their own there. Gives a line on
/// what could not be deleted.
pub(super) fn put_in_place(
    staged: Staged,
    is_occupied: bool,
    rule: Rule<'_>,
) -> Result<Option<String>, OutputError> {
    let webroot = staged.webroot();
    if !is_occupied {
        return match fs::rename(&webroot, rule.target) {
            Ok(()) => finish(staged, rule.target, &webroot, &[]),
            Err(error) => Err(withdraw(staged, refused(rule.target, error))),
        };
    }
    match exchange(&webroot, rule.target) {
        Ok(()) => exchanged(staged, rule),
        Err(error) if is_unsupported(&error) => step_aside(staged, rule),
        Err(error) => Err(withdraw(staged, refused(rule.target, error))),
    }
}

/// Looks at what was exchanged for the new webroot, which is taken back if that may not be deleted.
fn exchanged(mut staged: Staged, rule: Rule<'_>) -> Result<Option<String>, OutputError> {
    staged.keep();
    let old = staged.webroot();
    match rule.check(&old) {
        Ok(occupant) => {
            let files = occupant.map(|occupant| occupant.files).unwrap_or_default();
            finish(staged, rule.target, &old, &files)
        }
        Err(because) => match exchange(&old, rule.target) {
            Ok(()) => Err(withdraw(staged, because)),
            Err(error) => Err(not_taken_back(because, old, error)),
        },
    }
}

/// Two renames where there is no exchange: for a moment there is no webroot.
fn step_aside(mut staged: Staged, rule: Rule<'_>) -> Result<Option<String>, OutputError> {
    let (webroot, old) = (staged.webroot(), staged.old());
    staged.keep();
    if let Err(error) = fs::rename(rule.target, &old) {
        return Err(withdraw(staged, refused(rule.target, error)));
    }
    let checked = rule.check(&old).and_then(|occupant| {
        fs::rename(webroot, rule.target).map_err(|error| refused(rule.target, error))?;
        Ok(occupant)
    });
    match checked {
        Ok(occupant) => {
            let files = occupant.map(|occupant| occupant.files).unwrap_or_default();
            finish(staged, rule.target, &old, &files)
        }
        Err(because) => match fs::rename(&old, rule.target) {
            Ok(()) => Err(withdraw(staged, because)),
            Err(error) => Err(not_taken_back(because, old, error)),
        },
    }
}

/// The new webroot is in its place. The old one is deleted only when that will also be so after a crash.
fn finish(
    staged: Staged,
    target: &Path,
    old: &Path,
    old_files: &[PathBuf],
) -> Result<Option<String>, OutputError> {
    let synced = sync_directory(parent(target)).and_then(|()| sync_directory(staged.directory()));
    if let Err(error) = synced {
        return Err(OutputError::NotSynced {
            path: target.to_owned(),
            kept: old.exists().then(|| old.to_owned()),
            error,
        });
    }
    let directory = staged.directory().to_owned();
    let deleted = staged.delete(old, old_files);
    Ok(deleted.err().map(|error| {
        let directory = shown_path(&directory);
        format!("{directory}: a rest of the old webroot is left here and could not be deleted: {error}")
    }))
}

/// Deletes the new webroot, because of this.
fn withdraw(staged: Staged, because: OutputError) -> OutputError {
    let (webroot, files) = (staged.webroot(), staged.files().to_vec());
    let rest = staged.directory().to_owned();
    match staged.delete(&webroot, &files) {
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

fn refused(target: &Path, error: io::Error) -> OutputError {
    match error.kind() {
        io::ErrorKind::CrossesDevices | io::ErrorKind::ResourceBusy => OutputError::CannotStepAside {
            path: target.to_owned(),
            error,
        },
        _ => OutputError::io(target, "put the new webroot in its place")(error),
    }
}

/// Gives each of two directories the other's name, at once.
#[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
fn exchange(one: &Path, other: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, one, CWD, other, RenameFlags::EXCHANGE)?)
}

#[cfg(not(any(target_os = "linux", target_os = "android", target_vendor = "apple")))]
fn exchange(_one: &Path, _other: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
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
    use super::*;
    use crate::output::Replace;
    use crate::output::webroot::{KeyEntries, stage};
    use crate::webroot::plan::Plan;
    use crate::{BlobOptions, Input, Policy, Root, read};

    type PutInPlace = fn(Staged, Rule<'_>) -> Result<Option<String>, OutputError>;

    /// Each way of replacing an old webroot.
    const WAYS: [PutInPlace; 2] = [|staged, rule| put_in_place(staged, true, rule), step_aside];

    fn roots() -> Vec<Root> {
        let list = read(&[Input::Mozilla], Policy::Strict).unwrap();
        list.roots()[..2].to_vec()
    }

    fn stage(target: &Path, generation: u32) -> Staged {
        let roots = roots();
        let options = BlobOptions::default();
        let plan = Plan::of(
            &roots.iter().collect::<Vec<_>>(),
            generation,
            options,
            KeyEntries::Links,
        )
        .unwrap();
        stage::write(&plan, parent(target), target, None).unwrap()
    }

    fn rule(target: &Path, generation: u32) -> Rule<'_> {
        Rule {
            target,
            generation,
            replace: Replace::UnlessNewer,
        }
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
            put_in_place(stage(&target, 1), false, rule(&target, 1)).unwrap();
            assert_eq!(put(stage(&target, 2), rule(&target, 2)).unwrap(), None);
            assert_eq!(generation_of(&target), 2);
            assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        }
    }

    #[test]
    fn what_somebody_wrote_while_the_new_webroot_was_staged_is_not_deleted() {
        for put in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let target = directory.path().join("target");
            put_in_place(stage(&target, 1), false, rule(&target, 1)).unwrap();
            let staged = stage(&target, 2);
            for (name, folder) in [("thesis.txt", ""), ("der/thesis.txt", "der")] {
                fs::create_dir_all(target.join(folder)).unwrap();
                fs::write(target.join(name), "mine").unwrap();
            }
            let refused = put(staged, rule(&target, 2)).unwrap_err();
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
            put_in_place(stage(&target, 1), false, rule(&target, 1)).unwrap();
            let staged = stage(&target, 2);
            put(stage(&target, 3), rule(&target, 3)).unwrap();
            let refused = put(staged, rule(&target, 2)).unwrap_err();
            assert!(matches!(refused, OutputError::Older { found: 3, new: 2, .. }));
            assert_eq!(generation_of(&target), 3);
        }
    }

    #[test]
    fn what_stepped_aside_comes_back_when_there_is_nothing_to_take_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        put_in_place(stage(&target, 1), false, rule(&target, 1)).unwrap();
        let staged = stage(&target, 2);
        fs::rename(staged.webroot(), directory.path().join("elsewhere")).unwrap();
        assert!(step_aside(staged, rule(&target, 2)).is_err());
        assert_eq!(generation_of(&target), 1);
    }

    #[test]
    fn what_cannot_be_deleted_is_named_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let mut staged = stage(&directory.path().join("target"), 1);
        staged.keep();
        let (webroot, files) = (staged.webroot(), staged.files().to_vec());
        fs::write(webroot.join("thesis.txt"), "mine").unwrap();
        let note = finish(staged, &directory.path().join("target"), &webroot, &files).unwrap();
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
