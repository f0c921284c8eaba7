//! The webroot: the store as static files, one for each key.

use core::fmt;

use crate::{NameHash, Query};

/// The length of the largest file of a webroot in bytes: a blob with as many anchors as one name may have, each of the largest
/// size, with its name and certificate.
pub const MAX_WEBROOT_FILE_LEN: usize = crate::v2::MAX_LEN_OF_ONE_NAME;

/// The length of the longest file name that file systems accept, in bytes.
const MAX_FILE_NAME_LEN: usize = 255;

/// The place in a webroot of the answer to a query, displayed as a path from its root with `/` between its parts. For any query,
/// it consists of hex digits and the fixed parts of this table:
///
/// | query | path | contents |
/// |---|---|---|
/// | [`Subject`](Query::Subject) | `by-subject/<name hash>.tblb` | a trust blob with every anchor of the name |
/// | [`KeyId`](Query::KeyId) | `by-skid/<SKID, upper-case hex>` | a certificate |
/// | [`IssuerSerial`](Query::IssuerSerial) | `by-iss/<name hash of the issuer>-<serial, lower-case hex>` | a certificate |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebrootPath<'a> {
    /// By the hash of the subject.
    Subject(NameHash),
    /// By the bytes of the subject key identifier.
    KeyId(&'a [u8]),
    /// By the issuer and the serial number of the anchor's own certificate.
    IssuerSerial {
        /// The hash of the issuer's name.
        issuer: NameHash,
        /// The serial number: see [`Certificate::serial`](crate::Certificate::serial).
        serial: &'a [u8],
    },
}

impl WebrootPath<'_> {
    /// The directory of the answers to queries by subject.
    pub const BY_SUBJECT: &'static str = "by-subject";
    /// The directory of the answers to queries by subject key identifier.
    pub const BY_SUBJECT_KEY_ID: &'static str = "by-skid";
    /// The directory of the answers to queries by issuer and serial number.
    pub const BY_ISSUER_SERIAL: &'static str = "by-iss";

    /// The directory, without a `/`.
    pub fn directory(&self) -> &'static str {
        match self {
            Self::Subject(_) => Self::BY_SUBJECT,
            Self::KeyId(_) => Self::BY_SUBJECT_KEY_ID,
            Self::IssuerSerial { .. } => Self::BY_ISSUER_SERIAL,
        }
    }

    /// Whether a file system can have a file of this name. Otherwise, no webroot has it.
    pub fn fits_a_file_name(&self) -> bool {
        let (fixed_len, bytes): (_, &[u8]) = match *self {
            Self::Subject(_) => (2 * NameHash::LEN + ".tblb".len(), &[]),
            Self::KeyId(key_id) => (0, key_id),
            Self::IssuerSerial { serial, .. } => (2 * NameHash::LEN + "-".len(), serial),
        };
        bytes.len().saturating_mul(2).saturating_add(fixed_len) <= MAX_FILE_NAME_LEN
    }
}

impl<'a> Query<'a> {
    /// The place in a webroot of the answer to this query.
    pub fn webroot_path(&self) -> WebrootPath<'a> {
        match *self {
            Self::Subject(subject) => WebrootPath::Subject(subject.hash()),
            Self::KeyId { key_id, .. } => WebrootPath::KeyId(key_id.as_bytes()),
            Self::IssuerSerial { issuer, serial, .. } => WebrootPath::IssuerSerial {
                issuer: issuer.hash(),
                serial,
            },
        }
    }
}

impl fmt::Display for WebrootPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.directory())?;
        match *self {
            Self::Subject(hash) => write!(f, "{hash}.tblb"),
            Self::KeyId(key_id) => key_id.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
            Self::IssuerSerial { issuer, serial } => {
                write!(f, "{issuer}-")?;
                serial.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString;

    use super::*;
    use crate::{KeyId, Name};

    const EMPTY_NAME: &[u8] = &[0x30, 0x00];

    #[test]
    fn paths_are_those_of_the_table() {
        let name = Name::from_der(EMPTY_NAME).unwrap();
        let hash = name.hash();
        let path = |query: Query<'_>| query.webroot_path().to_string();
        assert_eq!(path(Query::Subject(name)), format!("by-subject/{hash}.tblb"));
        let key_id = KeyId::new(b"../\x0f").unwrap();
        assert_eq!(
            path(Query::KeyId {
                key_id,
                subject: name
            }),
            "by-skid/2E2E2F0F"
        );
        let by_serial = Query::IssuerSerial {
            issuer: name,
            serial: &[0x00, 0xab],
            subject: name,
        };
        assert_eq!(path(by_serial), format!("by-iss/{hash}-00ab"));
    }

    #[test]
    fn a_key_that_is_too_long_for_a_file_name_is_known() {
        let subject = Name::from_der(EMPTY_NAME).unwrap();
        let fits = |len: usize| {
            let key_id = std::vec![7; len];
            let key_id = KeyId::new(&key_id).unwrap();
            Query::KeyId { key_id, subject }.webroot_path().fits_a_file_name()
        };
        assert!(fits(127) && !fits(128));
    }
}
