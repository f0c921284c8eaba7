//! The owner and the permissions of a file that replaces another.

#[cfg(unix)]
pub use unix::{Ownership, take_over};

#[cfg(not(unix))]
pub use elsewhere::{Ownership, take_over};

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::fs::{File, Permissions};
    use std::io;
    use std::os::unix::fs::PermissionsExt;

    use rustix::fs::{Gid, Uid};

    use crate::{Directory, Entry, Kind};

    /// Gives a new file, or a new directory, the owner, group and permissions of the one that it replaces, but never a
    /// set-user-ID, set-group-ID or sticky bit: those were given to the old content.
    ///
    /// Only root can give a file to another owner, and only members of a group can give it to that group. Where that is refused,
    /// the new one belongs to the user and has the same permissions as the old one, except:
    /// - its group gets no more permissions than everybody has;
    /// - no user may lose access: if the old owner (other than root) or the old group could read the old one and not everybody
    ///   can, it is an error.
    ///
    /// Access control lists and other extended attributes are not copied.
    ///
    /// # Errors
    /// When a user would lose access, and when the system refuses something else.
    pub fn take_over(new: &File, old: &Entry) -> io::Result<Ownership> {
        let made = Entry::of_file(new)?;
        let wanted = |made: u32, old: u32| (made != old).then_some(old);
        let (uid, gid) = (wanted(made.owner, old.owner), wanted(made.group, old.group));
        let mut mode = old.mode;
        let mut kept = Ownership { uid, gid };
        if let Err(error) = kept.give(new) {
            if !is_refusal(&error) {
                return Err(error);
            }
            kept = Ownership { uid: None, gid };
            if kept.give(new).is_err() {
                kept.gid = None;
            }
            let lost = Lost {
                owner: uid,
                group: gid.is_some() && kept.gid.is_none(),
            };
            mode = lost.mode(mode, old.kind == Kind::Directory).ok_or(error)?;
        }
        // After the change of owner, which drops some bits.
        new.set_permissions(Permissions::from_mode(mode & 0o777))?;
        Ok(kept)
    }

    /// The owner and group that a new file was given, where they are not those that it had.
    #[derive(Clone, Copy, Debug)]
    pub struct Ownership {
        uid: Option<u32>,
        gid: Option<u32>,
    }

    impl Ownership {
        fn give(self, file: &File) -> io::Result<()> {
            match self {
                Self { uid: None, gid: None } => Ok(()),
                Self { uid, gid } => std::os::unix::fs::fchown(file, uid, gid),
            }
        }

        /// Gives the same to an entry of a directory; to a link itself.
        ///
        /// # Errors
        /// When the system refuses it.
        pub fn give_to(self, directory: &Directory, name: &OsStr) -> io::Result<()> {
            match self {
                Self { uid: None, gid: None } => Ok(()),
                Self { uid, gid } => directory.give(name, uid.map(Uid::from_raw), gid.map(Gid::from_raw)),
            }
        }
    }

    /// Whether the error means that the user may not change the owner; in a container, also that the owner is unknown there.
    fn is_refusal(error: &io::Error) -> bool {
        matches!(
            error.kind(),
            io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported
        )
    }

    /// The properties that could not be kept.
    struct Lost {
        /// The old owner, if it is not that of the new file.
        owner: Option<u32>,
        group: bool,
    }

    impl Lost {
        /// The permissions of the new file; `None` when a user who could read the old one would lose access.
        fn mode(&self, old: u32, is_directory: bool) -> Option<u32> {
            const ROOT: u32 = 0;
            let reading = if is_directory { 0o5 } else { 0o4 };
            let everybody = old & 0o7;
            let shuts_out = |class: u32| class & reading & !everybody != 0;
            let owner_shut_out = self.owner.is_some_and(|owner| owner != ROOT) && shuts_out(old >> 6);
            if owner_shut_out || self.group && shuts_out(old >> 3) {
                return None;
            }
            let mode = old & 0o777;
            Some(if self.group {
                mode & !0o070 | everybody << 3
            } else {
                mode
            })
        }
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn nobody_is_shut_out_and_a_strange_group_gets_no_more_than_everybody() {
            let lost = |owner, group| Lost { owner, group };
            assert_eq!(lost(Some(7), true).mode(0o664, false), Some(0o644));
            assert_eq!(lost(Some(7), true).mode(0o640, false), None);
            assert_eq!(lost(None, true).mode(0o640, false), None);
            assert_eq!(lost(None, true).mode(0o600, false), Some(0o600));
            assert_eq!(lost(Some(7), false).mode(0o640, false), None);
            assert_eq!(lost(Some(0), false).mode(0o7640, false), Some(0o640));
            assert_eq!(lost(Some(7), true).mode(0o754, true), None);
            assert_eq!(lost(Some(7), true).mode(0o775, true), Some(0o755));
        }
    }
}

/// Without owners, there are only the permissions of the old file.
#[cfg(not(unix))]
#[allow(missing_docs, clippy::missing_errors_doc, reason = "they stand in `unix`")]
mod elsewhere {
    use std::ffi::OsStr;
    use std::fs::File;
    use std::io;

    use crate::{Directory, Entry};

    pub fn take_over(new: &File, old: &Entry) -> io::Result<Ownership> {
        new.set_permissions(old.permissions.clone())?;
        Ok(Ownership {})
    }

    #[derive(Clone, Copy, Debug)]
    pub struct Ownership {}

    impl Ownership {
        pub fn give_to(self, _directory: &Directory, _name: &OsStr) -> io::Result<()> {
            Ok(())
        }
    }
}
