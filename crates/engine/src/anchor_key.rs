//! The key by which a store is asked for anchors.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use jit_trust_core::{HashedName, Name, NameHash, Query, WebrootPath};

/// The key by which a store is asked for anchors: a [`Query`] that outlives the peer's certificates, with hashes in the
/// place of names.
///
/// A key only finds anchors: one that was found by it is used only if it is an issuer in the chain of the current
/// connection ([`Query::is_answered_by`]).
///
/// It is displayed as [the path in a webroot](Self::webroot_path).
///
/// ```
/// use jit_trust::AnchorKey;
/// use jit_trust::core::{Name, Query};
///
/// let empty = Name::from_der(&[0x30, 0x00]).expect("a SEQUENCE");
/// let query = Query::Subject(empty);
/// let key = AnchorKey::of(&query).expect("a hash fits a file name");
/// assert_eq!(key, AnchorKey::Subject(empty.hash()));
/// assert_eq!(key.webroot_path(), query.webroot_path().to_string());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AnchorKey {
    /// Every anchor whose subject has this hash.
    Subject(NameHash),
    /// Anchors with this subject key identifier.
    SubjectKeyId(Box<[u8]>),
    /// The anchor whose own certificate has this issuer and serial number.
    IssuerSerial {
        /// The hash of the issuer's name.
        issuer: NameHash,
        /// The serial number: the content of the INTEGER, as encoded, without its header.
        serial: Box<[u8]>,
    },
}

impl AnchorKey {
    /// The key of a query. `None` where no webroot can have the file, because [a file name cannot be that
    /// long](WebrootPath::fits_a_file_name): a peer chooses the lengths of key identifiers and serial numbers.
    pub fn of(query: &Query<'_>) -> Option<Self> {
        let path = query.webroot_path();
        let key = match path {
            WebrootPath::Subject(subject) => Self::Subject(subject),
            _ if !path.fits_a_file_name() => return None,
            WebrootPath::KeyId(key_id) => Self::SubjectKeyId(key_id.into()),
            WebrootPath::IssuerSerial { issuer, serial } => Self::IssuerSerial {
                issuer,
                serial: serial.into(),
            },
        };
        key.fits_a_file_name().then_some(key)
    }

    /// Whether it is the key of the anchors with this subject.
    pub(crate) fn is_subject(&self, subject: Name<'_>) -> bool {
        *self == Self::Subject(subject.hash())
    }

    /// Whether it may find an anchor with this subject. A key identifier may find anchors with any subject.
    pub(crate) fn may_find(&self, subject: HashedName<'_>) -> bool {
        match self {
            Self::Subject(hash) => hash.prefix() == subject.hash_prefix(),
            Self::SubjectKeyId(_) | Self::IssuerSerial { .. } => true,
        }
    }

    fn path(&self) -> WebrootPath<'_> {
        match self {
            Self::Subject(subject) => WebrootPath::Subject(*subject),
            Self::SubjectKeyId(key_id) => WebrootPath::KeyId(key_id),
            Self::IssuerSerial { issuer, serial } => WebrootPath::IssuerSerial {
                issuer: *issuer,
                serial,
            },
        }
    }

    /// The path of the file in a webroot, as of [`Query::webroot_path`].
    pub fn webroot_path(&self) -> String {
        self.to_string()
    }

    /// Whether a file system can hold a file of this name. It can for every key [of a query](Self::of). A key identifier and
    /// a serial number have at least one byte.
    pub fn fits_a_file_name(&self) -> bool {
        let has_bytes = matches!(self, Self::Subject(_)) || !self.bytes().is_empty();
        has_bytes && self.path().fits_a_file_name()
    }

    /// The bytes that the key has on the heap: those of the key identifier or of the serial number.
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Subject(_) => &[],
            Self::SubjectKeyId(bytes) | Self::IssuerSerial { serial: bytes, .. } => bytes,
        }
    }
}

impl fmt::Display for AnchorKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use jit_trust_core::{KeyId, Name};

    use super::*;

    const EMPTY_NAME: &[u8] = &[0x30, 0x00];

    /// A query of each kind, with so many bytes where there is a choice.
    fn with_queries(len: usize, check: impl Fn(&Query<'_>)) {
        let subject = Name::from_der(EMPTY_NAME).unwrap();
        let bytes = vec![0x0f; len];
        let key_id = KeyId::new(&bytes).unwrap();
        check(&Query::Subject(subject));
        check(&Query::KeyId { key_id, subject });
        check(&Query::IssuerSerial {
            issuer: subject,
            serial: &bytes,
            subject,
        });
    }

    #[test]
    fn a_key_has_the_webroot_path_of_its_query() {
        with_queries(20, |query| {
            let key = AnchorKey::of(query).unwrap();
            assert_eq!(key.webroot_path(), query.webroot_path().to_string());
        });
    }

    #[test]
    fn a_query_that_fits_no_file_name_has_no_key() {
        for len in 1..300 {
            with_queries(len, |query| {
                let fits = query.webroot_path().fits_a_file_name();
                assert_eq!(AnchorKey::of(query).is_some(), fits);
                let (key_id, serial) = (vec![0x0f; len].into(), vec![0x0f; len].into());
                let key = match query {
                    Query::Subject(subject) => AnchorKey::Subject(subject.hash()),
                    Query::KeyId { .. } => AnchorKey::SubjectKeyId(key_id),
                    Query::IssuerSerial { issuer, .. } => AnchorKey::IssuerSerial {
                        issuer: issuer.hash(),
                        serial,
                    },
                };
                assert_eq!(key.fits_a_file_name(), fits, "{key}");
            });
        }
        assert!(!AnchorKey::SubjectKeyId(Box::default()).fits_a_file_name());
    }
}
