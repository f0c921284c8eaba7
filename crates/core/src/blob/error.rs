//! The errors of opening and of writing a trust blob.

use core::fmt;

use super::bytes::MAX_ANCHORS_PER_NAME;
use crate::CertificateError;

/// The reason why bytes cannot be used as a trust blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobError {
    /// The bytes do not begin with the magic `TBLB`.
    NotABlob,
    /// This reader does not know the layout version.
    UnsupportedVersion(u16),
    /// There are fewer or more bytes than the header says, or fewer than a header has.
    WrongLength {
        /// The length that the header gives, or that of the header itself, in bytes.
        expected: usize,
        /// The actual number of bytes.
        found: usize,
    },
    /// A table is not where the tables before it end, or does not fit.
    MisplacedTable {
        /// Which table.
        table: &'static str,
        /// Where the header says it is, in bytes from the start of the blob.
        offset: usize,
        /// Where it should be.
        expected: usize,
    },
    /// An entry is not a certificate.
    Certificate {
        /// Which entry, counted from 0.
        index: usize,
        /// Where the entry begins, in bytes from the start of the blob.
        offset: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// The checksum is not that of the blob: version 2 only.
    WrongChecksum {
        /// The one in the blob.
        stored: u32,
        /// The one that the blob should have.
        computed: u32,
    },
    /// A part of the blob is not as it should be, although the checksum is correct: version 2 only.
    Malformed {
        /// Where, in bytes from the start of the blob.
        offset: usize,
        /// What was expected there.
        expected: &'static str,
    },
    /// The table of subject key identifiers has another one for an entry than its certificate.
    WrongKeyId {
        /// Which entry, counted from 0.
        index: usize,
    },
}

impl fmt::Display for BlobError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NotABlob => f.write_str("not a trust blob: expected the magic TBLB at byte 0"),
            Self::UnsupportedVersion(version) => {
                write!(
                    f,
                    "trust blob of version {version}: this reader knows versions 1 and 2"
                )
            }
            Self::WrongLength { expected, found } if found < expected => {
                write!(
                    f,
                    "truncated trust blob: expected {expected} bytes, found {found}"
                )
            }
            Self::WrongLength { expected, found } => {
                write!(f, "damaged trust blob: expected {expected} bytes, found {found}")
            }
            Self::MisplacedTable {
                table,
                offset,
                expected,
            } => {
                write!(
                    f,
                    "damaged trust blob: expected the {table} at byte {expected}, the header says {offset}"
                )
            }
            Self::Certificate { index, offset, error } => {
                write!(
                    f,
                    "damaged trust blob: entry {index}, at byte {offset}, is {error}"
                )
            }
            Self::WrongChecksum { stored, computed } => write!(
                f,
                "damaged trust blob: its checksum is {stored:08x}, that of its content {computed:08x}"
            ),
            Self::Malformed { offset, expected } => {
                write!(f, "damaged trust blob: expected {expected} at byte {offset}")
            }
            Self::WrongKeyId { index } => {
                write!(
                    f,
                    "damaged trust blob: the table of key identifiers and certificate {index} disagree"
                )
            }
        }
    }
}

impl core::error::Error for BlobError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Certificate { error, .. } => Some(error),
            _ => None,
        }
    }
}

/// The reason why a list of roots cannot be written as a trust blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// There are more certificates than version 1 can count.
    TooManyCertificates,
    /// The blob would be too long for its 32-bit offsets.
    TooLong,
    /// A subject key identifier is too long for version 1.
    KeyIdTooLong {
        /// Which certificate, counted from 0.
        index: usize,
        /// The length of its subject key identifier in bytes; the limit is 255.
        len: usize,
    },
    /// A part of the entry is too long for version 2 (65,535 bytes; 255 for a serial number or subject key identifier), or its
    /// date is too late.
    EntryTooLong {
        /// Which entry, counted from 0.
        index: usize,
    },
    /// Two names have hashes with the same first 16 bytes. To find such names takes 2^64 hashes.
    SameNameHash {
        /// Which entry, counted from 0.
        index: usize,
        /// The entry with the other name.
        other: usize,
    },
    /// An anchor is listed twice, under the same or other conditions: it would be unclear which of them bind.
    Twice {
        /// Which entry, counted from 0.
        index: usize,
        /// The entry that is the same anchor.
        other: usize,
    },
    /// A certificate is to be written with an entry that lacks the certificate's name constraints.
    ConstraintsLifted {
        /// Which entry, counted from 0.
        index: usize,
    },
    /// There are more than [`MAX_ANCHORS_PER_NAME`] anchors under one name.
    TooManyUnderOneName {
        /// The certificate, counted from 0, that exceeds the limit.
        index: usize,
    },
    /// The buffer is too small.
    BufferTooSmall {
        /// The length of the blob in bytes.
        needed: usize,
    },
}

impl fmt::Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::TooManyCertificates => {
                f.write_str("a trust blob of version 1 holds at most 65535 certificates")
            }
            Self::TooLong => f.write_str("a trust blob has at most 4294967295 bytes"),
            Self::KeyIdTooLong { index, len } => write!(
                f,
                "certificate {index} has a subject key identifier of {len} bytes; a trust blob of version 1 \
                 holds at most 255"
            ),
            Self::EntryTooLong { index } => write!(
                f,
                "anchor {index} has a part that is too long for a trust blob of version 2: 255 bytes of a serial number \
                 or subject key identifier, 65535 of anything else"
            ),
            Self::SameNameHash { index, other } => write!(
                f,
                "anchors {other} and {index} have different names with the same hash: a trust blob of version 2 cannot \
                 tell them apart"
            ),
            Self::Twice { index, other } => write!(
                f,
                "anchors {other} and {index} are the same but for their conditions: a trust blob of version 2 holds \
                 each once"
            ),
            Self::ConstraintsLifted { index } => write!(
                f,
                "anchor {index} lacks the name constraints of the certificate that is to be written with it"
            ),
            Self::TooManyUnderOneName { index } => write!(
                f,
                "certificate {index} is one too many under its name: a store holds at most \
                 {MAX_ANCHORS_PER_NAME}"
            ),
            Self::BufferTooSmall { needed } => write!(f, "the trust blob needs a buffer of {needed} bytes"),
        }
    }
}

impl core::error::Error for WriteError {}
