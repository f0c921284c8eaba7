//! Writing a whole file or none, and reading a program's own files, in places that other users may write to.
//!
//! Two kinds of files are written, by one writer:
//!
//! | what | with | what is there already |
//! |---|---|---|
//! | a file that a user names | [`StagedFile::create`], [`write_file`] | a link is followed; the file behind it keeps its owner and permissions |
//! | a file that a program keeps for itself | [`StagedFile::create_private`], [`write_private`] | a link is replaced; the file is readable by its user alone |
//!
//! [`OwnFile`] reads the second kind: only what belongs to the user and is not a link; and on demand only from a directory
//! in which no other user may delete it. [`Directory`] is a directory that
//! is held open, for work on what is in it.
//!
//! # Other users
//! Another user of the machine may be able to create and rename files in the directory that is written to, or in one on
//! the way there. On Unix:
//!
//! - A path is followed one name at a time, from one open directory to the next. What happens to a name afterwards does
//!   not lead elsewhere: the file appears in the directory that the path led to when it was begun.
//! - In a directory that everybody may write to, and in one with the sticky bit that its group may write to, links,
//!   pipes and devices count only if they belong to the user or to the owner of that directory
//!   ([`FileError::Foreign`]). With the sticky bit, so do files. That is what Linux does where `protected_symlinks`,
//!   `protected_fifos` and `protected_regular` are set. It holds for each link of a chain, and for directories on the way.
//! - The file that a path led to when it was begun has to be the one that is there in the end, by device and inode; or
//!   there is none, still ([`FileError::Changed`]). No link is followed then.
//! - Set-user-ID, set-group-ID and sticky bits are never carried over to the new file.
//!
//! Without the sticky bit, everybody who may write to a directory may replace each file in it at any time, and nothing
//! can be promised for such a directory but the above. The owner of a directory decides what is in it, the links
//! included: a privileged user should not write to a directory of a user who is not trusted.
//!
//! On other systems than Unix files have no such owners, and none of this is checked.
#![forbid(unsafe_code)]
#![deny(
    clippy::as_conversions,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic
)]

mod descriptor;
mod directory;
mod error;
mod own;
mod ownership;
mod place;
mod staged;

pub use directory::{Access, Directory, Entry, Kind, TEMPORARY, create_unique};
pub use error::FileError;
pub use own::OwnFile;
pub use ownership::{Ownership, take_over};
pub use place::Place;
pub use staged::{StagedFile, write_file, write_private};
