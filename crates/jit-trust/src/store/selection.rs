//! The anchors that were chosen for one chain.

use jit_trust_core::{
    Certificate, CertificateError, CutNameHash, EncodedEntry, Entry, HashedName, PeerChain, TrustAnchor,
};
use smallvec::SmallVec;

/// The anchors that a connection is validated against: those of a store that could have issued a certificate
/// of the peer's chain and may, and no others.
///
/// It holds two rules, so that no store can break them. An anchor counts only under the name of the issuer that it is
/// to vouch for: one found by key identifier under another name is left out, as every TLS library would leave it out.
/// And an anchor that is trusted only for certificates issued up to a date is left out when this one was issued
/// later; [`dropped`](Self::dropped) says which those were.
///
/// Anchors that a store lends are held without a copy and, up to four, without an allocation.
#[derive(Debug)]
pub struct Selection<'s> {
    chain: &'s PeerChain<'s>,
    /// In the order of the store, which decides in what order a TLS library tries the anchors of one name.
    found: SmallVec<[Found<'s>; 4]>,
}

#[derive(Debug)]
struct Found<'s> {
    anchor: Anchor<'s>,
    /// Whether the anchor may vouch for a certificate of this age.
    is_selected: bool,
}

/// An anchor, lent by the store or read for this connection.
#[derive(Debug)]
enum Anchor<'s> {
    Lent(TrustAnchor<'s>),
    Read {
        subject: HashedName<'s>,
        entry: OwnedEntry,
    },
}

impl<'s> Anchor<'s> {
    /// The anchor. It is there: what is held has been read before.
    fn get(&self) -> Option<TrustAnchor<'_>> {
        match self {
            Self::Lent(anchor) => Some(*anchor),
            Self::Read { subject, entry } => entry.get()?.named_as(*subject),
        }
    }

    fn is(&self, anchor: &TrustAnchor<'_>) -> bool {
        let is_same = |own: TrustAnchor<'_>| {
            own.entry().encoded() == anchor.entry().encoded()
                && own.subject() == anchor.subject()
                && own.distrust_after() == anchor.distrust_after()
                && own.name_constraints() == anchor.name_constraints()
        };
        self.get().is_some_and(is_same)
    }
}

/// A copy of an entry: its bytes, and the conditions that it was given beside them.
#[derive(Debug)]
pub(crate) struct OwnedEntry {
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
    pub(crate) fn of(entry: &Entry<'_>) -> Self {
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
    pub(crate) fn get(&self) -> Option<Entry<'_>> {
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

impl<'s> Selection<'s> {
    /// Nothing selected yet for this chain.
    pub fn new(chain: &'s PeerChain<'s>) -> Self {
        Self {
            chain,
            found: SmallVec::new(),
        }
    }

    /// The chain that anchors are selected for.
    pub fn chain(&self) -> &'s PeerChain<'s> {
        self.chain
    }

    /// Adds an anchor that the store lends, unless it could have issued nothing in the chain, or may not have, or is
    /// there already.
    pub fn add(&mut self, anchor: TrustAnchor<'s>) {
        self.insert(&anchor, || Anchor::Lent(anchor));
    }

    /// Adds the anchor that this certificate is, in DER, under the rules of [`add`](Self::add).
    ///
    /// # Errors
    /// When the certificate cannot be read.
    pub fn add_certificate(&mut self, der: &[u8]) -> Result<(), CertificateError> {
        let certificate = Certificate::from_der(der)?;
        let mut issuers = self.chain.issuers();
        if let Some(issuer) = issuers.find(|issuer| *issuer == certificate.subject()) {
            self.add_entry(issuer.hashed(), &Entry::from_certificate(certificate));
        }
        Ok(())
    }

    /// Adds a copy of an entry that was found under the name of `issuer` and read for this connection, with its
    /// conditions, under the rules of [`add`](Self::add), unless it has another name.
    pub fn add_entry(&mut self, issuer: HashedName<'s>, entry: &Entry<'_>) {
        if let Some(anchor) = entry.named_as(issuer) {
            self.insert(&anchor, || Anchor::Read {
                subject: issuer,
                entry: OwnedEntry::of(entry),
            });
        }
    }

    fn insert(&mut self, anchor: &TrustAnchor<'_>, held: impl FnOnce() -> Anchor<'s>) {
        if self.chain.is_issued_by(anchor.subject())
            && !self.found.iter().any(|known| known.anchor.is(anchor))
        {
            self.found.push(Found {
                anchor: held(),
                is_selected: self.chain.may_lean_on(anchor),
            });
        }
    }

    /// The anchors, in the order in which they were added.
    pub fn anchors(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|found| found.is_selected)
    }

    /// The anchors that were left out because they are trusted only for certificates issued up to a date.
    pub fn dropped(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|found| !found.is_selected)
    }

    /// The anchors and those that were left out, in the order in which they were added: what there would be without
    /// dates.
    pub fn undated(&self) -> impl Iterator<Item = TrustAnchor<'_>> {
        self.get(|_| true)
    }

    fn get(&self, wanted: impl Fn(&Found<'s>) -> bool) -> impl Iterator<Item = TrustAnchor<'_>> {
        let found = self.found.iter().filter(move |found| wanted(found));
        found.filter_map(|found| found.anchor.get())
    }

    /// How many anchors there are.
    pub fn len(&self) -> usize {
        self.found.iter().filter(|found| found.is_selected).count()
    }

    /// Whether none was found.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
