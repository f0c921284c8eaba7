//! Putting a webroot in its place.

use std::fs;
use std::io;
use std::path::Path;

use super::stage::Staged;
use crate::output::error::OutputError;

/// Moves a staged webroot to the target in one step, and deletes what stood there.
pub(super) fn put_in_place(staged: Staged, target: &Path, exists: bool) -> Result<(), OutputError> {
    let failed = OutputError::io(target, "put the new webroot in its place");
    let webroot = staged.webroot();
    if !exists {
        return fs::rename(&webroot, target).map_err(failed);
    }
    match exchange(&webroot, target) {
        Err(error) if is_unsupported(&error) => step_aside(staged, target).map_err(failed),
        exchanged => exchanged.map_err(failed),
    }
    // Dropping `staged` deletes the old one, which is in it now.
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

/// Two renames where there is no exchange: for a moment there is no webroot.
fn step_aside(staged: Staged, target: &Path) -> io::Result<()> {
    let (webroot, old) = (staged.webroot(), staged.old());
    fs::rename(target, &old)?;
    let Err(error) = fs::rename(webroot, target) else {
        return Ok(());
    };
    if fs::rename(&old, target).is_err() {
        // The only webroot left is not to be deleted.
        staged.keep();
    }
    Err(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_an_exchange_the_old_webroot_steps_aside_and_is_deleted() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("old"), b"").unwrap();
        let staged = Staged::empty_in(directory.path());
        fs::write(staged.webroot().join("new"), b"").unwrap();
        step_aside(staged, &target).unwrap();
        assert!(target.join("new").exists() && !target.join("old").exists());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_stepped_aside_comes_back_when_there_is_nothing_to_take_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let target = directory.path().join("target");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("old"), b"").unwrap();
        let staged = Staged::empty_in(directory.path());
        fs::remove_dir(staged.webroot()).unwrap();
        assert!(step_aside(staged, &target).is_err());
        assert!(target.join("old").exists());
    }
}
