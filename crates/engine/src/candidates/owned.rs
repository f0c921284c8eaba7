//! Copies of anchors, which outlive the store and the chain.

use alloc::boxed::Box;

use jit_trust_core::{CutNameHash, EncodedEntry, Entry, Name, TrustAnchor};

/// A copy of an entry: its bytes, and the conditions that it was given beside them.
#[derive(Debug)]
struct OwnedEntry {
    bytes: OwnedBytes,
    distrust_after: Option<u64>,
    name_constraints: Option<Box<[u8]>>,
}

#[derive(Debug)]
enum OwnedBytes {
    Certificate(Box<[u8]>),
    Record {
        name_hash: CutNameHash,
        record: Box<[u8]>,
    },
}

impl OwnedEntry {
    fn of(entry: &Entry<'_>) -> Self {
        let bytes = match entry.encoded() {
            EncodedEntry::Certificate(der) => OwnedBytes::Certificate(der.into()),
            EncodedEntry::Record { name_hash, record } => OwnedBytes::Record {
                name_hash,
                record: record.into(),
            },
        };
        Self {
            bytes,
            distrust_after: entry.distrust_after(),
            name_constraints: entry.name_constraints().map(Into::into),
        }
    }

    /// The entry. It is there: what is held has been read before.
    fn get(&self) -> Option<Entry<'_>> {
        let encoded = match &self.bytes {
            OwnedBytes::Certificate(der) => EncodedEntry::Certificate(der),
            OwnedBytes::Record { name_hash, record } => EncodedEntry::Record {
                name_hash: *name_hash,
                record,
            },
        };
        let entry = encoded.read().ok()?;
        Some(
            entry
                .with_distrust_after(self.distrust_after)
                .with_name_constraints(self.name_constraints.as_deref()),
        )
    }
}


/// A copy of an anchor: its entry, and its name, which the entry may not have.
#[derive(Debug)]
pub(crate) struct OwnedAnchor {
    subject: Box<[u8]>,
    entry: OwnedEntry,
}

impl OwnedAnchor {
    pub(crate) fn of(anchor: &TrustAnchor<'_>) -> Self {
        Self {
            subject: anchor.subject().as_der().into(),
            entry: OwnedEntry::of(anchor.entry()),
        }
    }

    /// The anchor. It is there: what is held has been read before.
    pub(crate) fn get(&self) -> Option<TrustAnchor<'_>> {
        self.entry.get()?.named(Name::from_der(&self.subject)?)
    }
}
