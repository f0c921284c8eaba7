//! A blob is refused, or every lookup in it gives what going over all of its entries gives, from within the blob. One
//! of version 2 is refused if and only if `docs/trust-blob.md` has it so, and its entries are what that page makes of
//! them.
//!
//! The last byte of an input is no part of the blob: it chooses what is looked up.
#![no_main]

use jit_trust_core::{
    BlobError, Certificate, EncodedEntry, Entry, KeyId, MAX_CERTIFICATES, Name, NameHashPrefix, PeerChain,
    TrustAnchor, TrustBlob, WriteError, v2,
};
use jit_trust_fuzz::list::assert_same_anchor;
use jit_trust_fuzz::{format, mutation, pool};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

/// How many of a blob's entries are looked up by each of their keys.
const LOOKED_UP: usize = 8;

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_last() else {
        return;
    };
    let mut bytes = bytes.to_vec();
    if choice & 1 == 0 {
        format::put_checksum_right(&mut bytes);
    }
    let opened = TrustBlob::open(&bytes);
    compare_with_the_format(&bytes, &opened);
    let Ok(blob) = opened else {
        return;
    };
    let entries: Vec<_> = blob.entries().collect();
    assert_eq!(entries.len(), blob.len());
    assert_eq!(blob.is_empty(), entries.is_empty());
    assert_eq!(blob.carries_conditions(), blob.version() == v2::VERSION);
    let lookups = Lookups {
        bytes: &bytes,
        blob: &blob,
        entries: &entries,
    };
    for entry in &entries {
        lookups.lies_within(entry);
        check_names(entry);
        check_copy(entry);
    }
    check_written_again(&blob, &entries);

    let asked = pool::CERTIFICATES[usize::from(choice >> 1) % pool::CERTIFICATES.len()];
    let asked = Certificate::from_der(asked).ok();
    let own = entries.iter().take(LOOKED_UP).filter_map(Entry::certificate);
    let certificates: Vec<_> = asked.into_iter().chain(own).collect();
    lookups.by_own_keys();
    lookups.by_keys_of(&certificates);
    lookups.by_chain(&certificates);
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 3 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mutated = mutation::blob::mutate_before_the_last_byte(&data[..size], seed >> 2, fuzzer_mutate);
    mutation::put(&mutated, data, max_size)
});

/// The other reader of version 2 takes the same blobs, and reads the same in the same places.
fn compare_with_the_format(bytes: &[u8], opened: &Result<TrustBlob<'_>, BlobError>) {
    if bytes.get(..6) != Some(b"TBLB\0\x02") {
        return;
    }
    let expected = format::read(bytes);
    assert_eq!(opened.is_ok(), expected.is_some(), "{opened:?}");
    let (Ok(blob), Some(expected)) = (opened, expected) else {
        return;
    };
    assert!(blob.entries().count() == expected.len());
    for (entry, expected) in blob.entries().zip(expected) {
        let key_id = entry.subject_key_id();
        let EncodedEntry::Record { name_hash, record } = entry.encoded() else {
            panic!("a record");
        };
        assert!(std::ptr::eq(record, expected.bytes));
        assert_eq!(name_hash, entry.name_hash());
        assert_eq!(name_hash.as_bytes(), &expected.name_hash);
        assert!(std::ptr::eq(entry.spki_value(), expected.spki_value));
        assert!(std::ptr::eq(entry.serial(), expected.serial));
        assert_eq!(key_id.map(|key_id| key_id.as_bytes()), expected.subject_key_id);
        assert_eq!(entry.not_before(), expected.not_before);
        assert_eq!(entry.not_after(), expected.not_after);
        assert_eq!(entry.distrust_after(), expected.distrust_after);
        assert_eq!(entry.name_constraints(), expected.name_constraints);
        assert_eq!(entry.profile(), expected.profile);
        let certificate = entry.certificate();
        assert_eq!(certificate.map(|found| found.as_der()), expected.certificate);
        let subject = certificate.map(|found| found.subject().as_der());
        assert_eq!(
            entry.subject().map(|name| name.as_der()),
            expected.name.or(subject)
        );
    }
}

/// An entry is an anchor under its own name, and under no other.
fn check_names(entry: &Entry<'_>) {
    if let Some(subject) = entry.subject() {
        assert_eq!(subject.hash().prefix(), entry.name_hash());
        let anchor = entry.named(subject).expect("it is its name");
        assert_eq!((anchor.subject(), anchor.entry()), (subject, entry));
    }
    let strange = Name::from_der(&[0x30, 2, 5, 0]).expect("a name");
    let is_strange = strange.hash().prefix() == entry.name_hash();
    assert_eq!(entry.named(strange).is_some(), is_strange);
}

/// A copy of the bytes of an entry says the same, and with a byte more or less nothing.
fn check_copy(entry: &Entry<'_>) {
    let copy = entry.encoded().as_bytes().to_vec();
    let encoded = |bytes| match entry.encoded() {
        EncodedEntry::Certificate(_) => EncodedEntry::Certificate(bytes),
        EncodedEntry::Record { name_hash, .. } => EncodedEntry::Record {
            name_hash,
            record: bytes,
        },
    };
    assert_same_anchor(&encoded(&copy).read().expect("it was read before"), entry);
    let longer = [&copy[..], &[0]].concat();
    assert!(encoded(&longer).read().is_err());
    assert!(encoded(&copy[..copy.len() - 1]).read().is_err());
}

/// Whatever was read can be written as version 2, if it fits, with everything or the least, and read again.
fn check_written_again(blob: &TrustBlob<'_>, entries: &[Entry<'_>]) {
    for is_full in [true, false] {
        let options = v2::Options::default()
            .with_names(is_full)
            .with_certificates(is_full);
        let written = v2::encoded_len(entries, options).and_then(|len| {
            let mut again = vec![0xee; len];
            let written = v2::encode(entries, options, blob.generation(), &mut again)?;
            assert_eq!(written, len);
            Ok(again)
        });
        let again = match written {
            Ok(again) => again,
            // What only version 1 may hold.
            Err(
                WriteError::TooManyUnderOneName { .. }
                | WriteError::EntryTooLong { .. }
                | WriteError::Twice { .. },
            ) if blob.version() == 1 => return,
            Err(error) => panic!("{error}"),
        };
        let again = TrustBlob::open(&again).expect("what was written");
        assert_eq!(again.generation(), blob.generation());
        assert_eq!(again.len(), entries.len());
        for (again, entry) in again.entries().zip(entries) {
            assert_same_anchor(&again, entry);
            assert_eq!(again.subject(), entry.subject().filter(|_| is_full));
            assert_eq!(again.certificate(), entry.certificate().filter(|_| is_full));
        }
    }
}

struct Lookups<'a> {
    bytes: &'a [u8],
    blob: &'a TrustBlob<'a>,
    entries: &'a [Entry<'a>],
}

/// Where an entry stands: two entries are one when they stand in one place.
fn place(entry: &Entry<'_>) -> *const [u8] {
    entry.encoded().as_bytes()
}

impl<'a> Lookups<'a> {
    /// Nothing that is said of an entry is from anywhere but the blob.
    fn lies_within(&self, entry: &Entry<'_>) {
        let range = self.bytes.as_ptr_range();
        let mut parts = vec![entry.encoded().as_bytes(), entry.spki_value(), entry.serial()];
        parts.extend(entry.subject().map(|name| name.as_der()));
        parts.extend(entry.certificate().map(|certificate| certificate.as_der()));
        parts.extend(entry.subject_key_id().map(|key_id| key_id.as_bytes()));
        parts.extend(entry.name_constraints());
        parts.extend(entry.profile().extended_key_usage);
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let part = part.as_ptr_range();
            assert!(range.start <= part.start && part.end <= range.end);
        }
    }

    fn expected(&self, is_expected: impl Fn(&Entry<'a>) -> bool) -> Vec<Entry<'a>> {
        let entries = self.entries.iter().copied();
        entries.filter(|entry| is_expected(entry)).collect()
    }

    /// These are the expected entries, in the order of the blob.
    fn are(&self, found: impl Iterator<Item = Entry<'a>>, is_expected: impl Fn(&Entry<'a>) -> bool) {
        self.are_all(&found.collect::<Vec<_>>(), &self.expected(is_expected));
    }

    fn are_all(&self, found: &[Entry<'_>], expected: &[Entry<'_>]) {
        let is_same = found.iter().map(place).eq(expected.iter().map(place));
        assert!(
            is_same && found == expected,
            "found {found:?}, expected {expected:?}"
        );
        for (found, expected) in found.iter().zip(expected) {
            self.lies_within(found);
            assert_eq!(found.subject(), expected.subject());
        }
    }

    /// By what the entries themselves are called, and what is almost that.
    fn by_own_keys(&self) {
        let hashes = self.entries.iter().take(LOOKED_UP).map(Entry::name_hash);
        for hash in hashes {
            let number = u128::from_be_bytes(*hash.as_bytes());
            for near in [number, number.wrapping_add(1), number.wrapping_sub(1)] {
                self.by_name_hash(NameHashPrefix::from_bytes(near.to_be_bytes()));
            }
        }
        self.by_name_hash(NameHashPrefix::from_bytes([0; 16]));
        self.by_name_hash(NameHashPrefix::from_bytes([0xff; 16]));
        let key_ids = self.entries.iter().take(LOOKED_UP);
        for key_id in key_ids.filter_map(Entry::subject_key_id) {
            let longer = [key_id.as_bytes(), &[0]].concat();
            for near in [&longer[..], key_id.as_bytes(), &longer[..longer.len() - 2]] {
                KeyId::new(near)
                    .into_iter()
                    .for_each(|key_id| self.by_subject_key_id(key_id));
            }
        }
        for entry in self.entries.iter().take(LOOKED_UP) {
            if let Some(subject) = entry.subject() {
                self.by_subject(subject);
                self.by_issuer_serial(subject, entry.serial());
            }
        }
    }

    fn by_keys_of(&self, certificates: &[Certificate<'_>]) {
        for certificate in certificates {
            for name in [certificate.subject(), certificate.issuer()] {
                self.by_subject(name);
                self.by_issuer_serial(name, certificate.serial());
            }
            let key_ids = [certificate.subject_key_id(), certificate.authority_key_id()];
            key_ids
                .into_iter()
                .flatten()
                .for_each(|key_id| self.by_subject_key_id(key_id));
        }
    }

    fn by_subject(&self, name: Name<'_>) {
        let found: Vec<_> = self.blob.by_subject(name).collect();
        assert!(found.iter().all(|anchor| anchor.subject() == name));
        let found: Vec<_> = found.iter().map(|anchor| *anchor.entry()).collect();
        self.are_all(&found, &self.expected(|entry| entry.named(name).is_some()));
    }

    fn by_name_hash(&self, hash: NameHashPrefix) {
        self.are(self.blob.by_name_hash(hash), |entry| entry.name_hash() == hash);
    }

    /// Of version 2 in the order of the index by name.
    fn by_subject_key_id(&self, key_id: KeyId<'_>) {
        let mut found: Vec<_> = self.blob.by_subject_key_id(key_id).collect();
        assert!(self.blob.version() == 1 || found.is_sorted_by_key(Entry::name_hash));
        found.sort_by_key(|entry| place(entry).cast::<u8>());
        self.are(found.into_iter(), |entry| entry.subject_key_id() == Some(key_id));
    }

    fn by_issuer_serial(&self, issuer: Name<'_>, serial: &[u8]) {
        let is_issued_by = |entry: &Entry<'a>| match entry.encoded() {
            EncodedEntry::Certificate(_) => entry.certificate().is_some_and(|own| own.issuer() == issuer),
            EncodedEntry::Record { .. } => entry.profile().is_self_issued && entry.named(issuer).is_some(),
        };
        let found = self.blob.by_issuer_serial(issuer, serial);
        self.are(found, |entry| entry.serial() == serial && is_issued_by(entry));
    }

    fn by_chain(&self, sent: &[Certificate<'_>]) {
        let sent = sent.iter().map(Certificate::as_der).take(MAX_CERTIFICATES);
        let Ok(chain) = PeerChain::read(sent) else {
            return;
        };
        let named: Vec<_> = self.blob.named_by(&chain).collect();
        let mut all: Vec<_> = named.iter().map(|anchor| *anchor.entry()).collect();
        all.sort_by_key(|entry| place(entry).cast::<u8>());
        let could_issue = |entry: &Entry<'_>| chain.issuers().any(|name| entry.named(name).is_some());
        self.are_all(&all, &self.expected(could_issue));
        for issuer in chain.issuers() {
            let of_one_name = named.iter().filter(|anchor| anchor.subject() == issuer);
            assert!(of_one_name.is_sorted_by_key(|anchor| place(anchor.entry()).cast::<u8>()));
        }
        let issued_at = chain.issued_at();
        let may_be_used = |anchor: &TrustAnchor<'_>| {
            let date = anchor.distrust_after();
            date.is_none_or(|date| issued_at.is_some_and(|issued_at| issued_at <= date))
        };
        let usable: Vec<_> = named
            .iter()
            .filter(|anchor| may_be_used(anchor))
            .copied()
            .collect();
        assert!(self.blob.issuers_of(&chain).eq(usable));
    }
}
