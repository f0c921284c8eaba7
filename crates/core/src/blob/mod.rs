//! The trust blob, TBLB: a trust store in one sequence of bytes, which is read in place.

mod bytes;
mod error;
pub mod v1;
pub mod v2;

pub use bytes::MAX_ANCHORS_PER_NAME;
pub use error::{BlobError, WriteError};

use core::fmt;

use bytes::{MAGIC, u16_at};

use crate::{Certificate, Entry, KeyId, Name, NameHashPrefix, PeerChain, TrustAnchor};

/// A trust blob, borrowed from flash, from a file's bytes or from the program itself.
///
/// The whole blob is checked when it is opened, so no lookup can fail. Lookups allocate nothing and need no alignment. In
/// version 2 they use indexes. Version 1 has none: a lookup scans all entries, with one byte of memory for each of the first
/// 256, which excludes most of them.
///
/// Version 2 has a checksum, which detects any change of a single byte. Version 1 has none: damage that leaves the
/// certificates readable is not detected. Neither has a signature, so a deliberate change is not detected. Keep a blob where
/// only users who may decide what is trusted can write.
#[derive(Clone)]
pub struct TrustBlob<'a> {
    version: Version<'a>,
}

#[derive(Clone)]
enum Version<'a> {
    V1(v1::Reader<'a>),
    V2(v2::Reader<'a>),
}

impl<'a> TrustBlob<'a> {
    /// Opens a blob: checks that all of it can be read, and that nothing follows it.
    ///
    /// # Errors
    /// When the blob is damaged or of an unknown version. The error says what is wrong, and where.
    pub fn open(bytes: &'a [u8]) -> Result<Self, BlobError> {
        if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(BlobError::NotABlob);
        }
        let too_short = BlobError::WrongLength {
            expected: MAGIC.len() + 2,
            found: bytes.len(),
        };
        let version = match u16_at(bytes, MAGIC.len()).ok_or(too_short)? {
            v1::VERSION => Version::V1(v1::Reader::open(bytes)?),
            v2::VERSION => Version::V2(v2::Reader::open(bytes)?),
            version => return Err(BlobError::UnsupportedVersion(version)),
        };
        Ok(Self { version })
    }

    /// The generation: the time when the store was made, in Unix time.
    pub fn generation(&self) -> u32 {
        match &self.version {
            Version::V1(v1) => v1.generation(),
            Version::V2(v2) => v2.generation(),
        }
    }

    /// The number of anchors.
    pub fn len(&self) -> usize {
        match &self.version {
            Version::V1(v1) => v1.count(),
            Version::V2(v2) => v2.count(),
        }
    }

    /// Whether there is no anchor.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The layout's version, 1 or 2.
    pub fn version(&self) -> u16 {
        match self.version {
            Version::V1(_) => v1::VERSION,
            Version::V2(_) => v2::VERSION,
        }
    }

    /// Whether this version can hold the conditions under which an anchor is trusted: version 2 can.
    pub fn carries_conditions(&self) -> bool {
        matches!(self.version, Version::V2(_))
    }

    /// All entries, in the order in which they were written.
    pub fn entries(&self) -> impl Iterator<Item = Entry<'a>> + use<'a> {
        match &self.version {
            Version::V1(v1) => Either::V1(certificates(v1.entries()).map(Entry::from_certificate)),
            Version::V2(v2) => Either::V2(v2.entries()),
        }
    }

    /// Every anchor with this subject, in the order in which they were written. The caller applies their
    /// conditions: see [`issuers_of`](Self::issuers_of).
    pub fn by_subject<'q>(&self, subject: Name<'q>) -> impl Iterator<Item = TrustAnchor<'q>> + use<'_, 'a, 'q>
    where
        'a: 'q,
    {
        match &self.version {
            Version::V1(v1) => {
                let mut wanted = v1::Wanted::default();
                wanted.insert(subject.as_der());
                let candidates = certificates(v1.candidates(wanted)).map(Entry::from_certificate);
                Either::V1(candidates.filter_map(move |entry| entry.named(subject)))
            }
            Version::V2(v2) => {
                let entries = v2.by_name_hash(subject.hash().prefix());
                Either::V2(entries.map(move |entry| TrustAnchor::named(subject, entry)))
            }
        }
    }

    /// Every entry whose name has this hash, in the order in which they were written. The caller
    /// applies their conditions.
    pub fn by_name_hash(&self, hash: NameHashPrefix) -> impl Iterator<Item = Entry<'a>> + use<'_, 'a> {
        match &self.version {
            Version::V1(v1) => {
                let entries = certificates(v1.entries()).map(Entry::from_certificate);
                Either::V1(entries.filter(move |entry| entry.name_hash() == hash))
            }
            Version::V2(v2) => Either::V2(v2.by_name_hash(hash)),
        }
    }

    /// Every entry with this subject key identifier. The identifier is a hint: use such an entry only under
    /// [its own name](Entry::named).
    pub fn by_subject_key_id<'q>(
        &self,
        key_id: KeyId<'q>,
    ) -> impl Iterator<Item = Entry<'a>> + use<'_, 'a, 'q> {
        match &self.version {
            Version::V1(v1) => {
                let entries = v1.entries().zip(v1.subject_key_ids());
                let matching = entries.filter(move |(_, found)| *found == key_id.as_bytes());
                Either::V1(certificates(matching.map(|(der, _)| der)).map(Entry::from_certificate))
            }
            Version::V2(v2) => Either::V2(v2.by_key_id(key_id)),
        }
    }

    /// The anchors whose own certificate has this issuer and this serial number. Version 2 holds no issuers: in it, only
    /// self-issued anchors are found.
    pub fn by_issuer_serial<'q>(
        &self,
        issuer: Name<'q>,
        serial: &'q [u8],
    ) -> impl Iterator<Item = Entry<'a>> + use<'_, 'a, 'q> {
        match &self.version {
            Version::V1(v1) => {
                let roots = certificates(v1.entries());
                let matching = roots.filter(move |root| root.serial() == serial && root.issuer() == issuer);
                Either::V1(matching.map(Entry::from_certificate))
            }
            Version::V2(v2) => {
                let entries = v2.by_name_hash(issuer.hash().prefix());
                Either::V2(
                    entries.filter(move |entry| entry.serial() == serial && entry.profile().is_self_issued),
                )
            }
        }
    }

    /// Every anchor that could have issued a certificate of the chain and is trusted for it. Every path through the chain
    /// ends in one of these. Allocates nothing.
    ///
    /// An anchor that is [trusted only for older certificates](TrustAnchor::permits_issuance_date) is not among them.
    pub fn issuers_of<'q>(
        &'q self,
        chain: &'q PeerChain<'q>,
    ) -> impl Iterator<Item = TrustAnchor<'q>> + use<'q, 'a> {
        let named = self.named_by(chain);
        named.filter(|anchor| chain.was_issued_by(anchor.distrust_after()))
    }

    /// Every anchor that could have issued a certificate of the chain, under any conditions. The caller applies the
    /// conditions, with [`TrustAnchor::permits_issuance_date`], and can report which anchors they exclude.
    ///
    /// Anchors of one name come in the order in which they were written.
    pub fn named_by<'q>(
        &'q self,
        chain: &'q PeerChain<'q>,
    ) -> impl Iterator<Item = TrustAnchor<'q>> + use<'q, 'a> {
        match &self.version {
            Version::V1(v1) => Either::V1(named_in_v1(v1, chain)),
            Version::V2(v2) => Either::V2(chain.issuers().flat_map(move |issuer| {
                let entries = v2.by_name_hash(issuer.hash().prefix());
                entries.map(move |entry| TrustAnchor::named(issuer, entry))
            })),
        }
    }

    /// Passes each anchor of [`named_by`](Self::named_by) to `take`. The anchors may outlive this view of the blob's bytes.
    pub fn for_each_named_by<'q>(&self, chain: &'q PeerChain<'q>, mut take: impl FnMut(TrustAnchor<'q>))
    where
        'a: 'q,
    {
        match &self.version {
            Version::V1(v1) => named_in_v1(v1, chain).for_each(take),
            Version::V2(v2) => chain.issuers().for_each(|issuer| {
                let entries = v2.by_name_hash(issuer.hash().prefix());
                entries.for_each(|entry| take(TrustAnchor::named(issuer, entry)));
            }),
        }
    }
}

/// The anchors of a blob of version 1 that could have issued a certificate of the chain.
fn named_in_v1<'s, 'a: 'q, 'q>(
    v1: &'s v1::Reader<'a>,
    chain: &'q PeerChain<'q>,
) -> impl Iterator<Item = TrustAnchor<'a>> + use<'s, 'a, 'q> {
    let mut wanted = v1::Wanted::default();
    for certificate in chain.certificates() {
        wanted.insert(certificate.issuer().as_der());
    }
    let candidates = certificates(v1.candidates(wanted));
    let named = candidates.filter(|candidate| chain.is_issued_by(candidate.subject()));
    named.map(TrustAnchor::from_trusted_certificate)
}

/// A [`TrustBlob`] that was opened, without its bytes. Attached to the same bytes, it is that blob again, without a second
/// check. For stores that own their bytes.
///
/// ```
/// use jit_trust_core::{CheckedBlob, TrustBlob};
///
/// # fn example(bytes: Vec<u8>) -> Result<(), Box<dyn std::error::Error>> {
/// let checked = CheckedBlob::of(&bytes)?; // checks all of it
/// let blob: TrustBlob<'_> = checked.attach(&bytes); // any number of times
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct CheckedBlob(Checked);

#[derive(Clone, Debug)]
enum Checked {
    V1(v1::Layout),
    V2(v2::Layout),
}

impl CheckedBlob {
    /// Checks a blob.
    ///
    /// # Errors
    /// As [`TrustBlob::open`].
    pub fn of(bytes: &[u8]) -> Result<Self, BlobError> {
        Ok(Self(match TrustBlob::open(bytes)?.version {
            Version::V1(v1) => Checked::V1(v1.layout(bytes)),
            Version::V2(v2) => Checked::V2(v2.layout(bytes)),
        }))
    }

    /// The blob, with the bytes that were checked. With other bytes, lookups find nothing, or entries that cannot be read;
    /// nothing worse happens.
    #[inline]
    pub fn attach<'a>(&self, bytes: &'a [u8]) -> TrustBlob<'a> {
        TrustBlob {
            version: match &self.0 {
                Checked::V1(layout) => Version::V1(layout.attach(bytes)),
                Checked::V2(layout) => Version::V2(layout.attach(bytes)),
            },
        }
    }
}

/// One of two iterators over items of the same type.
enum Either<A, B> {
    V1(A),
    V2(B),
}

impl<T, A: Iterator<Item = T>, B: Iterator<Item = T>> Iterator for Either<A, B> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        match self {
            Self::V1(answers) => answers.next(),
            Self::V2(answers) => answers.next(),
        }
    }
}

/// The certificates in the entries of version 1, which were read when the blob was opened.
fn certificates<'a>(entries: impl Iterator<Item = &'a [u8]>) -> impl Iterator<Item = Certificate<'a>> {
    entries.filter_map(|der| Certificate::from_der(der).ok())
}

impl fmt::Debug for TrustBlob<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrustBlob")
            .field("version", &self.version())
            .field("generation", &self.generation())
            .field("len", &self.len())
            .finish()
    }
}
