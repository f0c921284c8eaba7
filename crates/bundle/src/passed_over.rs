//! The files that are skipped in a directory of certificates, counted instead of listed.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use crate::shown::shown;

/// The files that were skipped in a directory of certificates: the number of each kind, and the first.
///
/// A system's directory of certificates holds other files, too, and each certificate several times. OpenSSL and Go ignore those
/// silently.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    kinds: BTreeMap<Kind, Several>,
}

/// So many, at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Several {
    count: usize,
    /// The file name of the first.
    first: String,
}

/// The reason why something is skipped. The order is that of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    Directory,
    /// A link that leads nowhere or in a circle, or a file that was removed in the meantime.
    Gone,
    /// A pipe, a device or a socket.
    NotAFile,
    /// A file without anything that could be a certificate.
    NoCertificate,
    /// The same, but its name is one that certificates have.
    MisnamedFile,
    /// A file of a form that is known and not read, such as PKCS #12.
    OtherForm,
    /// The user may not read it.
    NoPermission,
    /// A file that is longer than any list of roots.
    TooLong,
    /// A certificate that says it is not a CA's.
    NotACa,
    /// A PEM section, such as a key.
    OtherSection,
    /// A file or a certificate that is there already.
    Copy,
}

impl PassedOver {
    pub(crate) fn add(&mut self, kind: Kind, path: &str) {
        let known = self.kinds.entry(kind).or_insert_with(|| Several {
            count: 0,
            first: Path::new(path)
                .file_name()
                .map(|name| name.to_string_lossy().into_owned())
                .unwrap_or_default(),
        });
        known.count += 1;
    }

    /// Takes over what was counted elsewhere.
    pub(crate) fn merge(&mut self, other: &Self) {
        for (kind, some) in &other.kinds {
            let known = self.kinds.entry(*kind).or_insert_with(|| Several {
                count: 0,
                first: some.first.clone(),
            });
            known.count += some.count;
        }
    }

    /// The total number of skipped files, copies included.
    pub fn count(&self) -> usize {
        self.kinds.values().map(|some| some.count).sum()
    }

    /// Whether nothing was passed over.
    pub fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// Whether nothing was passed over but copies of what was taken, and keys beside it in its file.
    pub fn is_only_copies(&self) -> bool {
        let mut kinds = self.kinds.keys();
        kinds.all(|kind| matches!(kind, Kind::Copy | Kind::OtherSection))
    }

    /// Whether a certificate may have been missed: in a file that cannot be read, or is not what its name says.
    pub fn may_hold_certificates(&self) -> bool {
        let mut kinds = self.kinds.keys();
        kinds.any(|kind| {
            matches!(
                kind,
                Kind::MisnamedFile | Kind::OtherForm | Kind::NoPermission | Kind::TooLong
            )
        })
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("passed over: ")?;
        for (index, (kind, Several { count, first })) in self.kinds.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{count} {} ({}", kind.called(*count), shown(first))?;
            if *count > 1 {
                f.write_str(", …")?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl Kind {
    fn called(self, count: usize) -> &'static str {
        let (one, several) = match self {
            Self::Directory => ("directory", "directories"),
            Self::Gone => ("link that leads nowhere", "links that lead nowhere"),
            Self::NotAFile => ("pipe, device or socket", "pipes, devices or sockets"),
            Self::NoCertificate => ("file without a certificate", "files without a certificate"),
            Self::MisnamedFile => (
                "file without a certificate that has the name of one",
                "files without a certificate that have the names of some",
            ),
            Self::OtherForm => (
                "file of a form that is not read, such as PKCS #12,",
                "files of forms that are not read, such as PKCS #12,",
            ),
            Self::NoPermission => (
                "file that this user may not read",
                "files that this user may not read",
            ),
            Self::TooLong => (
                "file longer than any list of roots",
                "files longer than any list of roots",
            ),
            Self::NotACa => (
                "certificate that says it is not a CA's",
                "certificates that say they are not a CA's",
            ),
            Self::OtherSection => (
                "PEM section that is not a certificate",
                "PEM sections that are not certificates",
            ),
            Self::Copy => ("copy", "copies"),
        };
        if count == 1 { one } else { several }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_is_counted_and_its_first_named() {
        let mut passed = PassedOver::default();
        assert!(passed.is_empty());
        passed.add(Kind::NoCertificate, "a/README");
        passed.add(Kind::Directory, "a/java");
        passed.add(Kind::NoCertificate, "a/more\u{1b}[2J");
        assert_eq!(
            passed.to_string(),
            "passed over: 1 directory (java), 2 files without a certificate (README, …)"
        );
        assert_eq!(passed.count(), 3);
        assert!(!passed.is_only_copies() && !passed.may_hold_certificates());
        let mut other = PassedOver::default();
        other.add(Kind::NoPermission, "b/\u{1b}");
        other.merge(&passed);
        assert_eq!(other.count(), 4);
        assert!(other.may_hold_certificates());
        assert!(
            other
                .to_string()
                .contains(r"1 file that this user may not read (\u{1b})")
        );
    }
}
