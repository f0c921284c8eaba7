//! An anchor as a store holds it, with or without its name.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::blob::v2::Record;
use crate::certificate::Profile;
use crate::der::{tag, with_header};
use crate::{BlobError, Certificate, KeyId, Name, NameHashPrefix};

/// An entry of a trust store: everything that the store holds of an anchor.
///
/// A bare certificate and a trust blob of version 1 hold the anchor's name. A blob of version 2 may hold only its hash;
/// the name is then the issuer of the certificate for which the anchor was looked up. [`named`](Self::named) puts both
/// together, and is the only way from an entry to a [`TrustAnchor`](crate::TrustAnchor): **an entry is never used under a name that is not
/// its own**, however it was found.
#[derive(Clone, Copy)]
pub struct Entry<'a> {
    pub(super) body: Body<'a>,
    pub(super) conditions: Conditions<'a>,
}

/// Conditions that replace those of the body.
#[derive(Clone, Copy, Default)]
pub(super) struct Conditions<'a> {
    pub(super) distrust_after: Option<Option<u64>>,
    pub(super) name_constraints: Option<Option<&'a [u8]>>,
}

#[derive(Clone, Copy)]
pub(super) enum Body<'a> {
    Certificate(Certificate<'a>),
    /// A record of version 2. It is read only when a field is needed: finding a record costs less than reading it.
    Record {
        /// The section of the records, from this one on.
        section: &'a [u8],
        name_hash: NameHashPrefix,
        name: Option<Name<'a>>,
        certificate: Option<&'a [u8]>,
    },
}

/// An entry as the bytes in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EncodedEntry<'a> {
    /// A certificate: a file of its own, or an entry of a blob of version 1.
    Certificate(&'a [u8]),
    /// An entry of a blob of version 2.
    Record {
        /// The hash of its name.
        name_hash: NameHashPrefix,
        /// The record.
        record: &'a [u8],
    },
}

impl<'a> EncodedEntry<'a> {
    /// The bytes, without the hash.
    pub fn as_bytes(&self) -> &'a [u8] {
        match *self {
            Self::Certificate(bytes) | Self::Record { record: bytes, .. } => bytes,
        }
    }

    /// Reads the entry. The bytes of an entry in a blob can always be read.
    ///
    /// # Errors
    /// When the bytes are not a certificate, or not a record.
    pub fn read(self) -> Result<Entry<'a>, BlobError> {
        match self {
            Self::Certificate(der) => match Certificate::from_der(der) {
                Ok(certificate) => Ok(Entry::from_certificate(certificate)),
                Err(error) => Err(BlobError::Certificate {
                    index: 0,
                    offset: 0,
                    error,
                }),
            },
            Self::Record { name_hash, record } => {
                let malformed = BlobError::Malformed {
                    offset: 0,
                    expected: "the record of an anchor",
                };
                match Record::read(record) {
                    Some(_) => Ok(Entry::of_record(record, name_hash)),
                    None => Err(malformed),
                }
            }
        }
    }
}

impl<'a> Entry<'a> {
    /// The entry of a certificate, without conditions.
    pub fn from_certificate(certificate: Certificate<'a>) -> Self {
        Self {
            body: Body::Certificate(certificate),
            conditions: Conditions::default(),
        }
    }

    /// The entry of the record at the start of `section`, which was read before.
    #[inline]
    pub(crate) fn of_record(section: &'a [u8], name_hash: NameHashPrefix) -> Self {
        Self {
            body: Body::Record {
                section,
                name_hash,
                name: None,
                certificate: None,
            },
            conditions: Conditions::default(),
        }
    }

    /// The same entry with a name and a certificate that were found to belong to it.
    pub(crate) fn with_optional(self, name: Option<Name<'a>>, certificate: Option<&'a [u8]>) -> Self {
        match self.body {
            Body::Record {
                section, name_hash, ..
            } => Self {
                body: Body::Record {
                    section,
                    name_hash,
                    name,
                    certificate,
                },
                ..self
            },
            Body::Certificate(_) => self,
        }
    }

    /// The same entry, trusted only for end-entity certificates with a notBefore up to this second of Unix time, like NSS's
    /// `CKA_NSS_SERVER_DISTRUST_AFTER` and CCADB's "Distrust for TLS After Date".
    pub fn with_distrust_after(mut self, distrust_after: Option<u64>) -> Self {
        self.conditions.distrust_after = Some(distrust_after);
        self
    }

    /// The same entry, with these name constraints instead of those of the certificate, which they must include: the value of
    /// a `NameConstraints` SEQUENCE (RFC 5280 section 4.2.1.10).
    pub fn with_name_constraints(mut self, name_constraints: Option<&'a [u8]>) -> Self {
        self.conditions.name_constraints = Some(name_constraints);
        self
    }

    /// The anchor's name, where the store holds it.
    pub fn subject(&self) -> Option<Name<'a>> {
        match self.body {
            Body::Certificate(certificate) => Some(certificate.subject()),
            Body::Record { name, .. } => name.or_else(|| Some(self.certificate()?.subject())),
        }
    }

    /// The prefix of the hash of the anchor's name. For a certificate it is computed on each call.
    pub fn name_hash(&self) -> NameHashPrefix {
        match self.body {
            Body::Certificate(certificate) => certificate.subject().hash().prefix(),
            Body::Record { name_hash, .. } => name_hash,
        }
    }

    /// Whether this is the anchor's name. `hash` is called only for a record.
    pub(super) fn has_name(&self, name: Name<'_>, hash: impl FnOnce() -> NameHashPrefix) -> bool {
        match self.body {
            Body::Certificate(certificate) => certificate.subject() == name,
            Body::Record { name_hash, .. } => hash() == name_hash,
        }
    }

    /// The value of the SEQUENCE of the subject public key info (SPKI), without its header.
    pub fn spki_value(&self) -> &'a [u8] {
        match &self.body {
            Body::Certificate(certificate) => certificate.spki_value(),
            Body::Record { section, .. } => Record::first_of(section).spki_value,
        }
    }

    /// SHA-256 over the subject public key info, the header of its SEQUENCE included. It identifies a key in every form of a
    /// store.
    pub fn spki_sha256(&self) -> [u8; 32] {
        let value = self.spki_value();
        let mut hash = Sha256::new();
        with_header(tag::SEQUENCE, value.len(), |header| hash.update(header));
        hash.update(value);
        hash.finalize().into()
    }

    /// The subject key identifier, if the anchor has one.
    pub fn subject_key_id(&self) -> Option<KeyId<'a>> {
        match &self.body {
            Body::Certificate(certificate) => certificate.subject_key_id(),
            Body::Record { section, .. } => Record::first_of(section).subject_key_id,
        }
    }

    /// The serial number of the root's own certificate: see [`Certificate::serial`].
    pub fn serial(&self) -> &'a [u8] {
        match &self.body {
            Body::Certificate(certificate) => certificate.serial(),
            Body::Record { section, .. } => Record::first_of(section).serial,
        }
    }

    /// The first second of the validity period of the root's own certificate, in Unix time, and 0 for one before 1970;
    /// `None` when it could not be read.
    pub fn not_before(&self) -> Option<u64> {
        match &self.body {
            Body::Certificate(certificate) => certificate.not_before(),
            Body::Record { section, .. } => Record::first_of(section).not_before,
        }
    }

    /// The last second of the validity period of the root's own certificate, in Unix time; `None` as for
    /// [`not_before`](Self::not_before).
    pub fn not_after(&self) -> Option<u64> {
        match &self.body {
            Body::Certificate(certificate) => certificate.not_after(),
            Body::Record { section, .. } => Record::first_of(section).not_after,
        }
    }

    /// The last second, in Unix time, of which end-entity certificates are trusted under this anchor, by their
    /// notBefore; `None` when there is no such condition.
    pub fn distrust_after(&self) -> Option<u64> {
        self.conditions
            .distrust_after
            .unwrap_or_else(|| match &self.body {
                Body::Certificate(_) => None,
                Body::Record { section, .. } => Record::first_of(section).distrust_after,
            })
    }

    /// The name constraints, those of the certificate or those imposed on it: the value of the `NameConstraints`
    /// SEQUENCE, without its header.
    pub fn name_constraints(&self) -> Option<&'a [u8]> {
        self.conditions
            .name_constraints
            .unwrap_or_else(|| match &self.body {
                Body::Certificate(certificate) => certificate.name_constraints(),
                Body::Record { section, .. } => Record::first_of(section).name_constraints,
            })
    }

    /// The purposes for which the root's own certificate permits its key to be used.
    pub fn profile(&self) -> Profile<'a> {
        match &self.body {
            Body::Certificate(certificate) => certificate.profile(),
            Body::Record { section, .. } => Record::first_of(section).profile,
        }
    }

    /// The root's own certificate, where the store holds it.
    pub fn certificate(&self) -> Option<Certificate<'a>> {
        match self.body {
            Body::Certificate(certificate) => Some(certificate),
            Body::Record { certificate, .. } => certificate.and_then(|der| Certificate::from_der(der).ok()),
        }
    }

    /// The bytes from which the entry was read. **They do not contain conditions that were set afterwards** by
    /// [`with_distrust_after`](Self::with_distrust_after) and [`with_name_constraints`](Self::with_name_constraints): a
    /// copy needs those too. Nor do they contain the name and the certificate, which a blob of version 2 holds elsewhere.
    pub fn encoded(&self) -> EncodedEntry<'a> {
        match self.body {
            Body::Certificate(certificate) => EncodedEntry::Certificate(certificate.as_der()),
            Body::Record {
                section, name_hash, ..
            } => EncodedEntry::Record {
                name_hash,
                record: Record::bytes_of_first(section),
            },
        }
    }

    /// Whether another entry has the same fields, given that the names are the same.
    pub(super) fn says_the_same(&self, other: &Entry<'_>) -> bool {
        self.record() == other.record() && self.certificate() == other.certificate()
    }

    /// The record of version 2.
    pub(crate) fn record(&self) -> Record<'a> {
        let record = match &self.body {
            Body::Record { section, .. } => Record::first_of(section),
            Body::Certificate(certificate) => Record {
                spki_value: certificate.spki_value(),
                serial: certificate.serial(),
                subject_key_id: certificate.subject_key_id(),
                not_before: certificate.not_before(),
                not_after: certificate.not_after(),
                distrust_after: None,
                name_constraints: None,
                profile: certificate.profile(),
            },
        };
        Record {
            distrust_after: self.distrust_after(),
            name_constraints: self.name_constraints(),
            ..record
        }
    }
}

/// Two entries are equal when they have the same fields, in any form of store.
impl PartialEq for Entry<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.says_the_same(other) && self.name_hash() == other.name_hash()
    }
}

impl Eq for Entry<'_> {}

impl fmt::Debug for Entry<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry")
            .field("name_hash", &self.name_hash())
            .field("subject", &self.subject())
            .field("subject_key_id", &self.subject_key_id())
            .field("distrust_after", &self.distrust_after())
            .finish_non_exhaustive()
    }
}
