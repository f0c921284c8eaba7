//! Directories by their paths, without owners and descriptors. The methods are documented in `unix`; here, there are no links, no
//! exchanges and no locks.
#![allow(missing_docs, clippy::missing_errors_doc, reason = "they stand in `unix`")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use super::{Access, Kind};

/// A directory, by its path. Every `name` is a single one, without a separator. No method follows a link.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
}

impl Directory {
    pub(crate) fn at(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
        }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn path_of(&self, name: &OsStr) -> PathBuf {
        match self.path.as_os_str() == "." {
            true => PathBuf::from(name),
            false => self.path.join(name),
        }
    }

    pub fn entry(&self) -> io::Result<Entry> {
        Ok(Entry::of(&fs::symlink_metadata(&self.path)?))
    }

    pub fn look(&self, name: &OsStr) -> io::Result<Option<Entry>> {
        match fs::symlink_metadata(self.path.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            found => Ok(Some(Entry::of(&found?))),
        }
    }

    pub fn read_link(&self, name: &OsStr, _link: &Entry) -> io::Result<PathBuf> {
        fs::read_link(self.path.join(name))
    }

    pub fn open(&self, name: &OsStr) -> io::Result<Self> {
        let path = self.path.join(name);
        match fs::symlink_metadata(&path)?.is_dir() {
            true => Ok(Self { path }),
            false => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    pub fn read_file(&self, name: &OsStr) -> io::Result<File> {
        File::open(self.path.join(name))
    }

    pub(crate) fn write_to(&self, name: &OsStr) -> io::Result<File> {
        OpenOptions::new().write(true).open(self.path.join(name))
    }

    pub(crate) fn check_writable(&self, name: &OsStr) -> io::Result<()> {
        OpenOptions::new().append(true).open(self.path.join(name))?;
        Ok(())
    }

    pub fn create_file(&self, name: &OsStr, _access: Access) -> io::Result<File> {
        let mut options = OpenOptions::new();
        options.write(true).create_new(true).open(self.path.join(name))
    }

    pub fn create_directory(&self, name: &OsStr, _access: Access) -> io::Result<Self> {
        fs::create_dir(self.path.join(name))?;
        self.open(name)
    }

    pub fn create_link(&self, _name: &OsStr, _target: &OsStr) -> io::Result<()> {
        Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "no links on this system: expected copies to be asked for",
        ))
    }

    pub fn rename(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        fs::rename(self.path.join(name), to.path.join(new))
    }

    pub fn rename_to_new(&self, name: &OsStr, to: &Self, new: &OsStr) -> io::Result<()> {
        if to.look(new)?.is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        self.rename(name, to, new)
    }

    pub fn exchange(&self, _name: &OsStr, _other: &Self, _other_name: &OsStr) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    pub fn remove_file(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    pub fn remove_directory(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.path.join(name))
    }

    pub fn entries(&self) -> io::Result<Vec<(OsString, bool)>> {
        let entries = fs::read_dir(&self.path)?.map(|entry| {
            let entry = entry?;
            Ok((entry.file_name(), entry.file_type()?.is_dir()))
        });
        entries.collect()
    }

    pub fn sync(&self) -> io::Result<()> {
        super::unless_it_cannot(File::open(&self.path).and_then(|directory| directory.sync_all()))
    }

    pub fn sync_file(&self, name: &OsStr) -> io::Result<()> {
        self.write_to(name)?.sync_all()
    }

    pub fn lock(&self) -> Option<File> {
        None
    }

    pub fn sync_file_system(&self) -> Option<io::Result<()>> {
        None
    }

    pub fn take_over(&self, old: &Entry) -> io::Result<crate::Ownership> {
        fs::set_permissions(&self.path, old.permissions.clone())?;
        Ok(crate::Ownership {})
    }

    pub fn make_writable(&self) -> io::Result<()> {
        let mut permissions = fs::metadata(&self.path)?.permissions();
        permissions.set_readonly(false);
        fs::set_permissions(&self.path, permissions)
    }
}

/// The entry of a directory with a name, at the moment of [`Directory::look`].
#[derive(Debug)]
pub struct Entry {
    pub kind: Kind,
    pub(crate) permissions: Permissions,
    created: Option<std::time::SystemTime>,
}

impl Entry {
    fn of(metadata: &Metadata) -> Self {
        let kind = metadata.file_type();
        Self {
            kind: match () {
                () if kind.is_symlink() => Kind::Link,
                () if kind.is_dir() => Kind::Directory,
                () if kind.is_file() => Kind::File,
                () => Kind::Other,
            },
            permissions: metadata.permissions(),
            created: metadata.created().ok(),
        }
    }

    pub fn of_file(file: &File) -> io::Result<Self> {
        Ok(Self::of(&file.metadata()?))
    }

    pub fn is(&self, other: &Self) -> bool {
        self.kind == other.kind && self.created == other.created
    }
}
