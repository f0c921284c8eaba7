//! The options of writing, and what may be replaced.

use std::fmt;

use jit_trust_core::{TrustBlob, v1, v2};

/// The version of a trust blob. Displayed as its number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum BlobVersion {
    /// Whole certificates, without conditions: see [`v1`].
    V1,
    /// Anchors with their conditions, in indexes: see [`v2`].
    #[default]
    V2,
}

impl BlobVersion {
    /// The version of a blob that was opened.
    pub fn of(blob: &TrustBlob<'_>) -> Self {
        match blob.version() {
            v1::VERSION => Self::V1,
            _ => Self::V2,
        }
    }

    /// The number in the blob.
    pub fn number(self) -> u16 {
        match self {
            Self::V1 => v1::VERSION,
            Self::V2 => v2::VERSION,
        }
    }

    /// Whether a blob of this version can say under which conditions a root is trusted.
    pub fn carries_conditions(self) -> bool {
        self == Self::V2
    }
}

impl fmt::Display for BlobVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number().fmt(f)
    }
}

/// Which trust blob is to be written. The default is version 2 without optional sections, which is the smallest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BlobOptions {
    /// The version.
    pub version: BlobVersion,
    /// In version 2, whether the names of the roots are there, as far as they are known: for people. In version 1 they
    /// always are.
    pub names: bool,
    /// In version 2, whether the certificates of the roots are there, as far as they are known: for libraries that
    /// want certificates. In version 1 they always are.
    pub certificates: bool,
}

impl BlobOptions {
    /// The same in this version.
    pub fn with_version(self, version: BlobVersion) -> Self {
        Self { version, ..self }
    }

    /// The same, with or without names.
    pub fn with_names(self, names: bool) -> Self {
        Self { names, ..self }
    }

    /// The same, with or without certificates.
    pub fn with_certificates(self, certificates: bool) -> Self {
        Self { certificates, ..self }
    }
}

/// The kind of the entries in `by-skid` and `by-iss`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyEntries {
    /// Symbolic links, relative, to the certificates in `der`.
    #[default]
    Links,
    /// Copies of the certificates, for object stores and file systems without links.
    Copies,
}

/// The stores that a new store may replace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// A store of the same or an older generation: trust that was taken back stays taken back.
    #[default]
    UnlessNewer,
    /// A store of any generation, because a user explicitly allows it.
    Always,
}

impl Replace {
    /// Whether a store of the generation `new` may replace one of the generation `found`.
    pub(super) fn allows(self, found: u32, new: u32) -> bool {
        self == Self::Always || found <= new
    }
}
