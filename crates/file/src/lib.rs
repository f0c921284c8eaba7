//! Writes files completely or not at all, and reads a program's own files, in places that other users may write to.
//!
//! Two kinds of files are written, by one writer:
//!
//! | file | written by | an existing file or link |
//! |---|---|---|
//! | a file that a user names | [`StagedFile::create`], [`write_file`] | a link is followed; the file that it leads to keeps its owner and permissions |
//! | a file that a program keeps for itself | [`StagedFile::create_private`], [`write_private`] | a link is replaced; the file is readable by its user alone |
//!
//! [`OwnFile`] reads the second kind: only files that belong to the user and are not links, and on demand only from a directory
//! in which no other user may delete them. [`Directory`] is an open directory, for work on its entries.
//!
//! # Other users
//! Another user of the machine may be able to create and rename files in the directory of the file, or in another directory of
//! the path. On Unix:
//!
//! - A path is followed one name at a time, from one open directory to the next. Later changes of a name have no effect: the
//!   file appears in the directory that the path led to when the file was begun.
//! - In a directory that everybody may write to, and in one with the sticky bit that its group may write to, links,
//!   pipes and devices are used only if they belong to the user or to the owner of that directory
//!   ([`FileError::Foreign`]). With the sticky bit, this applies to files, too. Linux has the same rules with
//!   `protected_symlinks`, `protected_fifos` and `protected_regular`. Here they apply to each link of a chain, and to
//!   directories of the path.
//! - At the end, the file must still be the one that the path led to at the beginning, by device and inode, or there must
//!   still be none ([`FileError::Changed`]). No link is followed then.
//! - Set-user-ID, set-group-ID and sticky bits are never carried over to the new file.
//!
//! Without the sticky bit, everybody who may write to a directory may replace each file in it at any time, and nothing more can
//! be promised for such a directory. The owner of a directory decides what is in it, links included: a privileged user should
//! not write to a directory of a user who is not trusted.
//!
//! On systems other than Unix, files have no such owners, and none of this is checked.
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
