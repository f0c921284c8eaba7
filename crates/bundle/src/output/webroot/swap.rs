//! Putting a new webroot in force.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};

use jit_trust_file::{Directory, Entry};

use super::occupant::{Occupant, Rule};
use super::staged::{LINK, OLD, Staged};
use crate::output::error::OutputError;
use crate::shown::shown_path;

/// How two entries of directories exchange their names: [`Directory::exchange`].
pub(super) type Exchange = fn(&Directory, &OsStr, &Directory, &OsStr) -> io::Result<()>;

/// Gives the name of the webroot to a staged one, in one step where the system can, and deletes what had that name, after
/// one more look at it: staging takes time, in which another program may have put something there. Returns a line on
/// what could not be deleted.
pub(super) fn put_in_force(
    mut staged: Staged<'_>,
    replaced: Option<&Occupant>,
    rule: &Rule<'_>,
    exchange: Exchange,
) -> Result<Option<String>, OutputError> {
    let new = staged.move_beside(rule.generation);
    let new = OsStr::new(new.map_err(OutputError::io(&rule.target, PUT_IN_PLACE))?);
    replace(staged, new, replaced, rule, exchange)
}

/// Gives the name of the webroot to `new`, in the temporary directory.
fn replace(
    staged: Staged<'_>,
    new: &OsStr,
    replaced: Option<&Occupant>,
    rule: &Rule<'_>,
    exchange: Exchange,
) -> Result<Option<String>, OutputError> {
    let (parent, name) = (rule.place.directory(), rule.place.name());
    let Some(replaced) = replaced else {
        return match staged.directory().rename_to_new(new, parent, name) {
            Ok(()) => finish(staged, new, None, rule),
            Err(error) => Err(withdraw(staged, refused(rule, error))),
        };
    };
    // Of several runs at once, the first one replaces this webroot, and the others find another one then.
    let _locked = rule.lock(replaced);
    let replaced = match rule.check_again(parent, name, replaced) {
        Ok(occupant) => occupant,
        Err(because) => return Err(withdraw(staged, because)),
    };
    let ours = match staged.directory().look(new) {
        Ok(ours) => ours,
        Err(error) => return Err(withdraw(staged, refused(rule, error))),
    };
    match exchange(staged.directory(), new, parent, name) {
        Ok(()) if replaced.is_at(staged.directory(), new) => finish(staged, new, Some(&replaced), rule),
        Ok(()) => exchange_back(staged, new, ours.as_ref(), rule, exchange),
        Err(error) if !is_unsupported(&error) => Err(withdraw(staged, refused(rule, error))),
        Err(_) if new == LINK && replaced.linked.is_some() => {
            match staged.directory().rename(new, parent, name) {
                Ok(()) => finish(staged, new, Some(&replaced), rule),
                Err(error) => Err(withdraw(staged, refused(rule, error))),
            }
        }
        Err(_) => step_aside(staged, new, &replaced, rule),
    }
}

/// What had the name of the webroot was not what had been checked: another program put it there in between. It gets the name
/// back, and nothing is replaced.
fn exchange_back(
    mut staged: Staged<'_>,
    new: &OsStr,
    ours: Option<&Entry>,
    rule: &Rule<'_>,
    exchange: Exchange,
) -> Result<Option<String>, OutputError> {
    staged.keep();
    let because = rule.changed();
    let exchanged = exchange(staged.directory(), new, rule.place.directory(), rule.place.name());
    let looked = exchanged.and_then(|()| staged.directory().look(new));
    let error = match looked {
        Ok(Some(there)) if ours.is_some_and(|ours| ours.is(&there)) => return Err(withdraw(staged, because)),
        // Only what is ours is deleted.
        Ok(_) => io::Error::other("another program has put something else there"),
        Err(error) => error,
    };
    Err(OutputError::NotTakenBack {
        because: Box::new(because),
        old: staged.directory().path_of(new),
        error,
    })
}

/// Two renames where there is no exchange: for a moment there is no webroot.
fn step_aside(
    mut staged: Staged<'_>,
    new: &OsStr,
    replaced: &Occupant,
    rule: &Rule<'_>,
) -> Result<Option<String>, OutputError> {
    let (parent, name, old) = (rule.place.directory(), rule.place.name(), OsStr::new(OLD));
    if let Err(error) = parent.rename(name, staged.directory(), old) {
        return Err(withdraw(staged, refused(rule, error)));
    }
    staged.keep();
    let Err(because) = staged.directory().rename_to_new(new, parent, name) else {
        return finish(staged, old, Some(replaced), rule);
    };
    let because = refused(rule, because);
    match staged.directory().rename_to_new(old, parent, name) {
        Ok(()) => Err(withdraw(staged, because)),
        Err(error) => Err(OutputError::NotTakenBack {
            because: Box::new(because),
            old: staged.directory().path_of(old),
            error,
        }),
    }
}

/// The new webroot is in force. The old one is deleted only when that will also be so after a crash.
fn finish(
    mut staged: Staged<'_>,
    old: &OsStr,
    replaced: Option<&Occupant>,
    rule: &Rule<'_>,
) -> Result<Option<String>, OutputError> {
    staged.keep();
    let parent = rule.place.directory();
    let rest = match replaced.and_then(|replaced| replaced.linked.as_ref()) {
        Some(linked) => parent.path_of(&linked.name),
        None => staged.directory().path().to_owned(),
    };
    if let Err(error) = parent.sync().and_then(|()| staged.directory().sync()) {
        let kept = match replaced {
            Some(Occupant { linked: None, .. }) => Some(staged.directory().path_of(old)),
            Some(_) => Some(rest),
            None => None,
        };
        return Err(OutputError::NotSynced {
            path: rule.target.clone(),
            kept,
            error,
        });
    }
    let deleted = staged.delete_replaced(old, replaced);
    Ok(deleted.err().map(|error| {
        let rest = shown_path(&rest);
        format!("{rest}: part of the old webroot is left here and could not be deleted: {error}")
    }))
}

/// Deletes the new webroot, because of this.
fn withdraw(staged: Staged<'_>, because: OutputError) -> OutputError {
    let rest = staged.path();
    match staged.delete() {
        Ok(()) => because,
        Err(error) => OutputError::LeftBehind {
            because: Box::new(because),
            rest,
            error,
        },
    }
}

const PUT_IN_PLACE: &str = "put the new webroot in its place";

fn refused(rule: &Rule<'_>, error: io::Error) -> OutputError {
    match error.kind() {
        ErrorKind::CrossesDevices | ErrorKind::ResourceBusy => OutputError::CannotStepAside {
            path: rule.target.clone(),
            error,
        },
        // There was nothing, or it is gone.
        ErrorKind::AlreadyExists | ErrorKind::NotFound => rule.changed(),
        _ => OutputError::io(&rule.target, PUT_IN_PLACE)(error),
    }
}

/// Whether the system or the file system knows no exchange: network and overlay file systems may not.
fn is_unsupported(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::InvalidInput)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::{Path, PathBuf};

    use jit_trust_file::{FileError, Place};
    use tempfile::TempDir;

    use super::super::index::Index;
    use super::super::occupant::is_link_to_generation;
    use super::super::plan::Plan;
    use super::super::staged::{self, WEBROOT};
    use super::*;
    use crate::output::options::{KeyEntries, Replace};
    use crate::{BlobOptions, Input, Policy, Root, read};

    /// What a webroot may be.
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Shape {
        /// A link to a directory.
        Link,
        /// A directory itself.
        Directory,
    }

    /// Each way of replacing an old webroot.
    const WAYS: [(Exchange, Shape); 4] = [
        (Directory::exchange, Shape::Link),
        (Directory::exchange, Shape::Directory),
        (no_exchange, Shape::Link),
        (no_exchange, Shape::Directory),
    ];

    fn no_exchange(_: &Directory, _: &OsStr, _: &Directory, _: &OsStr) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }

    fn stage<'p>(rule: &Rule<'p>) -> Staged<'p> {
        let list = read(&[Input::Mozilla], Policy::Strict).unwrap();
        let roots: Vec<&Root> = list.roots()[..2].iter().collect();
        let plan = Plan::of(&roots, rule.generation, BlobOptions::default(), KeyEntries::Links);
        staged::write(&plan.unwrap(), rule.place, None).unwrap()
    }

    fn place(target: &Path) -> Place {
        Place::of_directory(target, &is_link_to_generation).unwrap()
    }

    fn rule(place: &Place, generation: u32) -> Rule<'_> {
        Rule {
            place,
            target: place.path(),
            generation,
            replace: Replace::UnlessNewer,
        }
    }

    fn occupant(rule: &Rule<'_>) -> Option<Occupant> {
        rule.check(rule.place.directory(), rule.place.name()).unwrap()
    }

    /// Puts the first webroot there.
    fn first(target: &Path, shape: Shape) {
        let place = place(target);
        let rule = rule(&place, 1);
        put_in_force(stage(&rule), None, &rule, no_exchange).unwrap();
        if shape == Shape::Directory {
            let generation = target.with_file_name(fs::read_link(target).unwrap());
            fs::remove_file(target).unwrap();
            fs::rename(generation, target).unwrap();
        }
    }

    /// A directory, and a webroot in it.
    fn with_first(shape: Shape) -> (TempDir, PathBuf) {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        first(&target, shape);
        (directory, target)
    }

    fn generation_of(webroot: &Path) -> u32 {
        let json = fs::read(webroot.join("index.json")).unwrap();
        Index::read(&json).unwrap().generation
    }

    /// How many names there are in a directory. A webroot has two, the link and the directory.
    fn names_in(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn the_old_webroot_is_replaced_and_deleted_either_way() {
        for (exchange, shape) in WAYS {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let left = put_in_force(stage(&rule), occupant(&rule).as_ref(), &rule, exchange);
            assert_eq!(left.unwrap(), None);
            assert_eq!(generation_of(&target), 2);
            assert!(target.is_symlink());
            assert_eq!(names_in(directory.path()), 2);
        }
    }

    #[test]
    fn what_somebody_wrote_while_the_new_webroot_was_staged_is_not_deleted() {
        for (exchange, shape) in WAYS {
            let (directory, target) = with_first(shape);
            let before = names_in(directory.path());
            let place = place(&target);
            let rule = rule(&place, 2);
            let (replaced, staged) = (occupant(&rule).unwrap(), stage(&rule));
            for name in ["thesis.txt", "der/thesis.txt"] {
                fs::write(target.join(name), "mine").unwrap();
            }
            let refused = put_in_force(staged, Some(&replaced), &rule, exchange).unwrap_err();
            assert!(matches!(refused, OutputError::NotAWebroot { ref path, .. } if *path == target));
            assert_eq!(fs::read(target.join("thesis.txt")).unwrap(), b"mine");
            assert_eq!(fs::read(target.join("der/thesis.txt")).unwrap(), b"mine");
            assert_eq!(generation_of(&target), 1);
            assert_eq!(names_in(directory.path()), before);
        }
    }

    /// The second of two runs at once, that of the older list.
    #[test]
    fn a_newer_webroot_that_came_while_the_new_one_was_staged_stays() {
        for (exchange, shape) in WAYS {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let (older, newer) = (rule(&place, 2), rule(&place, 3));
            let (replaced, staged) = (occupant(&older).unwrap(), stage(&older));
            put_in_force(stage(&newer), Some(&replaced), &newer, exchange).unwrap();
            let refused = put_in_force(staged, Some(&replaced), &older, exchange).unwrap_err();
            assert!(matches!(refused, OutputError::Older { found: 3, new: 2, .. }));
            assert_eq!(generation_of(&target), 3);
            assert_eq!(names_in(directory.path()), 2);
        }
    }

    #[test]
    fn another_webroot_than_the_one_that_was_there_stays() {
        for (exchange, shape) in WAYS {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let (replaced, staged) = (occupant(&rule).unwrap(), stage(&rule));
            let moved = directory.path().join("moved");
            fs::rename(&target, &moved).unwrap();
            first(&target, shape);
            let before = names_in(directory.path()) - 1;
            let refused = put_in_force(staged, Some(&replaced), &rule, exchange).unwrap_err();
            assert!(
                matches!(refused, OutputError::File(FileError::Changed { ref path }) if *path == target),
                "{refused}"
            );
            assert_eq!((generation_of(&target), generation_of(&moved)), (1, 1));
            assert_eq!(names_in(directory.path()), before);
        }
    }

    #[test]
    fn what_came_where_nothing_was_stays() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        let place = place(&target);
        let rule = rule(&place, 2);
        let staged = stage(&rule);
        fs::create_dir(&target).unwrap();
        let refused = put_in_force(staged, None, &rule, no_exchange).unwrap_err();
        assert!(
            matches!(refused, OutputError::File(FileError::Changed { .. })),
            "{refused}"
        );
        assert_eq!(names_in(&target), 0);
        assert_eq!(names_in(directory.path()), 1);
    }

    /// The webroot's owner and its permissions are given away by what was opened, not by paths that lead elsewhere now.
    #[cfg(unix)]
    #[test]
    fn a_parent_that_is_moved_away_while_the_new_webroot_is_staged_leads_nowhere_else() {
        for (exchange, shape) in WAYS {
            let directory = tempfile::tempdir().unwrap();
            let (parent, moved) = (directory.path().join("parent"), directory.path().join("moved"));
            let trap = directory.path().join("trap");
            fs::create_dir(&parent).unwrap();
            fs::create_dir(&trap).unwrap();
            let target = parent.join("target");
            first(&target, shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let (replaced, staged) = (occupant(&rule).unwrap(), stage(&rule));
            fs::rename(&parent, &moved).unwrap();
            std::os::unix::fs::symlink(&trap, &parent).unwrap();
            put_in_force(staged, Some(&replaced), &rule, exchange).unwrap();
            assert_eq!(generation_of(&moved.join("target")), 2);
            assert_eq!(names_in(&moved), 2);
            assert_eq!(names_in(&trap), 0);
        }
    }

    #[test]
    fn what_stepped_aside_comes_back_when_there_is_nothing_to_take_its_place() {
        let (directory, target) = with_first(Shape::Directory);
        let place = place(&target);
        let rule = rule(&place, 2);
        let (replaced, mut staged) = (occupant(&rule).unwrap(), stage(&rule));
        let new = staged.move_beside(2).unwrap();
        staged.directory().remove_file(new.as_ref()).unwrap();
        assert!(step_aside(staged, new.as_ref(), &replaced, &rule).is_err());
        assert_eq!(generation_of(&target), 1);
        assert_eq!(names_in(directory.path()), 1);
    }

    #[test]
    fn where_there_are_no_links_the_webroot_is_a_directory_itself() {
        for (exchange, shape) in WAYS {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let (replaced, staged) = (occupant(&rule), stage(&rule));
            replace(staged, WEBROOT.as_ref(), replaced.as_ref(), &rule, exchange).unwrap();
            assert_eq!(generation_of(&target), 2);
            assert!(!target.is_symlink());
            assert_eq!(names_in(directory.path()), 1);
        }
    }

    /// As another program's file, directory or link, right before the names are exchanged.
    #[cfg(any(target_os = "linux", target_os = "android", target_vendor = "apple"))]
    #[test]
    fn what_comes_between_the_last_look_and_the_exchange_keeps_its_place() {
        use jit_trust_file::Access::Ordinary;
        use jit_trust_file::Kind;

        /// Moves the webroot away, once: not when what came is to get its place back.
        fn is_moved(parent: &Directory, name: &OsStr) -> bool {
            let moved = OsStr::new("moved");
            parent.look(moved).unwrap().is_none() && parent.rename(name, parent, moved).is_ok()
        }
        let exchanges: [Exchange; 3] = [
            |staged, new, parent, name| {
                let _ = is_moved(parent, name) && parent.create_file(name, Ordinary).is_ok();
                staged.exchange(new, parent, name)
            },
            |staged, new, parent, name| {
                let _ = is_moved(parent, name) && parent.create_directory(name, Ordinary).is_ok();
                staged.exchange(new, parent, name)
            },
            |staged, new, parent, name| {
                let _ = is_moved(parent, name) && parent.create_link(name, OsStr::new("mine")).is_ok();
                staged.exchange(new, parent, name)
            },
        ];
        for shape in [Shape::Link, Shape::Directory] {
            for (exchange, kind) in exchanges
                .into_iter()
                .zip([Kind::File, Kind::Directory, Kind::Link])
            {
                let (directory, target) = with_first(shape);
                let before = names_in(directory.path());
                let place = place(&target);
                let rule = rule(&place, 2);
                let (replaced, staged) = (occupant(&rule), stage(&rule));
                let refused = put_in_force(staged, replaced.as_ref(), &rule, exchange).unwrap_err();
                assert!(
                    matches!(refused, OutputError::File(FileError::Changed { ref path }) if *path == target),
                    "{refused}"
                );
                let there = place.directory().look(place.name()).unwrap().unwrap();
                assert_eq!(there.kind, kind);
                assert!(!target.join("index.json").exists());
                assert_eq!(generation_of(&directory.path().join("moved")), 1);
                assert_eq!(names_in(directory.path()), before + 1);
            }
        }
    }

    /// It came between the last look and the exchange.
    #[test]
    fn what_cannot_be_deleted_is_named_and_stays() {
        for shape in [Shape::Link, Shape::Directory] {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let (mut staged, replaced) = (stage(&rule), occupant(&rule).unwrap());
            let new = OsStr::new(staged.move_beside(2).unwrap());
            let (old, expected) = match shape {
                Shape::Link => (
                    directory.path().join(fs::read_link(&target).unwrap()),
                    "/target.1-",
                ),
                Shape::Directory => (staged.directory().path_of(new), "/.jit-trust-"),
            };
            let (parent, name) = (place.directory(), place.name());
            staged.directory().exchange(new, parent, name).unwrap();
            fs::write(old.join("thesis.txt"), "mine").unwrap();
            let note = finish(staged, new, Some(&replaced), &rule).unwrap().unwrap();
            assert!(
                note.contains(expected) && note.contains(" is left here "),
                "{note}"
            );
            assert_eq!(generation_of(&target), 2);
            assert_eq!(names_in(&old), 1);
        }
    }

    #[test]
    fn another_directory_than_the_one_that_was_there_is_not_deleted() {
        for shape in [Shape::Link, Shape::Directory] {
            let (directory, target) = with_first(shape);
            let place = place(&target);
            let rule = rule(&place, 2);
            let (mut staged, replaced) = (stage(&rule), occupant(&rule).unwrap());
            let new = OsStr::new(staged.move_beside(2).unwrap());
            let old = match shape {
                Shape::Link => directory.path().join(fs::read_link(&target).unwrap()),
                Shape::Directory => target.clone(),
            };
            let aside = directory.path().join("aside");
            fs::rename(&old, &aside).unwrap();
            fs::create_dir(&old).unwrap();
            fs::copy(aside.join("index.json"), old.join("index.json")).unwrap();
            let (parent, name) = (place.directory(), place.name());
            staged.directory().exchange(new, parent, name).unwrap();
            finish(staged, new, Some(&replaced), &rule).unwrap();
            assert_eq!(generation_of(&target), 2);
            assert_eq!(generation_of(&aside), 1);
            let left = walk(directory.path(), "index.json");
            assert_eq!(left, 3, "that of the new one, of the one aside, and of the other");
        }
    }

    /// How many files of this name there are, links not followed.
    fn walk(directory: &Path, name: &str) -> usize {
        let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap());
        let found = entries.map(|entry| match entry.file_type().unwrap().is_dir() {
            true => walk(&entry.path(), name),
            false => usize::from(entry.file_name() == name),
        });
        found.sum()
    }

    #[test]
    fn a_directory_that_cannot_be_moved_is_told_from_other_trouble() {
        let place = place(Path::new("/trust"));
        let rule = rule(&place, 1);
        for kind in [io::ErrorKind::CrossesDevices, io::ErrorKind::ResourceBusy] {
            let message = refused(&rule, kind.into()).to_string();
            assert!(
                message.starts_with(
                    "/trust: cannot be replaced in one step here (overlay or mount point): name a new \
                     directory inside a writable one ("
                ),
                "{message}"
            );
        }
    }
}
