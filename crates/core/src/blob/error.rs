//! What is wrong with a trust blob, and why one cannot be written.

use core::fmt;

use super::MAX_ANCHORS_PER_NAME;
use crate::CertificateError;

/// Why bytes are not a trust blob that can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BlobError {
    /// The bytes do not begin with the magic `TBLB`: this is something else.
    NotABlob,
    /// The layout version is none that this reader knows.
    UnsupportedVersion(u16),
    /// There are fewer or more bytes than the blob says it has, or than a header needs.
    WrongLength {
        /// The length that the header gives, or that of the header itself, in bytes.
        expected: usize,
        /// The number of bytes there are.
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
    /// An entry is no certificate.
    Certificate {
        /// Which entry, counted from 0.
        index: usize,
        /// Where the entry begins, in bytes from the start of the blob.
        offset: usize,
        /// What is wrong with it.
        error: CertificateError,
    },
    /// The table of subject key identifiers gives an entry another one than its certificate has.
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
                write!(f, "trust blob of version {version}: this reader knows version 1")
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

/// Why a list of roots cannot be written as a trust blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum WriteError {
    /// There are more certificates than version 1 can count.
    TooManyCertificates,
    /// The blob would be longer than its 32-bit offsets reach.
    TooLong,
    /// A subject key identifier is longer than version 1 can say.
    KeyIdTooLong {
        /// Which certificate, counted from 0.
        index: usize,
        /// The length of its subject key identifier in bytes; 255 is the most.
        len: usize,
    },
    /// There are more than [`MAX_ANCHORS_PER_NAME`] anchors under one name.
    TooManyUnderOneName {
        /// The certificate, counted from 0, that was one too many.
        index: usize,
    },
    /// The buffer is too small.
    BufferTooSmall {
        /// How many bytes the blob has.
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
