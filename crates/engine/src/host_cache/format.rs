//! The format of a cache's file, which the documentation of the parent module describes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use jit_trust_core::NameHash;

use super::{MAX_HOST_LEN, MAX_KEYS, is_host_name};
use crate::AnchorKey;
use crate::state_file::{Expected, Reader, StateFileKind, with_checksum};

const HEADER_LEN: usize = 12;
const CHECKSUM_LEN: usize = 4;

/// The kinds of keys.
mod kind {
    pub(super) const SUBJECT: u8 = 1;
    pub(super) const SUBJECT_KEY_ID: u8 = 2;
    pub(super) const ISSUER_SERIAL: u8 = 3;
}

/// A host in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    /// In lower case.
    pub(super) host: &'a str,
    /// When it was served, in milliseconds of Unix time.
    pub(super) served_at: u64,
    /// Its keys, 1 to 3, the most recent first.
    pub(super) keys: Cow<'a, [AnchorKey]>,
}

/// Encodes a file of as many hosts as fit, which are given the most recently used first. `None` when a value does not fit
/// into its field.
pub(super) fn encode<'a>(hosts: impl Iterator<Item = Stored<'a>>) -> Option<Vec<u8>> {
    let mut left = StateFileKind::HostCache
        .max_len()
        .checked_sub(HEADER_LEN + CHECKSUM_LEN)?;
    let mut keys = KeyTable::default();
    let mut records = Vec::new();
    for stored in hosts {
        let (keys_len, key_count) = (keys.bytes.len(), keys.count);
        let record = keys.record(&stored);
        let len = record
            .as_ref()
            .map(|record| record.len() + keys.bytes.len() - keys_len);
        let Some(still_left) = len.and_then(|len| left.checked_sub(len)) else {
            keys.bytes.truncate(keys_len);
            keys.count = key_count;
            break;
        };
        left = still_left;
        records.extend(record);
    }
    records.reverse();
    let mut file = StateFileKind::HostCache.begin();
    file.extend(keys.count.to_be_bytes());
    let len = StateFileKind::HostCache.max_len().checked_sub(left)?;
    file.extend(u32::try_from(len).ok()?.to_be_bytes());
    file.extend(keys.bytes);
    file.extend(records.concat());
    Some(with_checksum(file))
}

/// The keys of a file that is being encoded.
#[derive(Default)]
struct KeyTable {
    bytes: Vec<u8>,
    count: u16,
    indexes: BTreeMap<AnchorKey, u16>,
}

impl KeyTable {
    /// Encodes a host, and adds its keys to the table. `None` when the table is full.
    fn record(&mut self, stored: &Stored<'_>) -> Option<Vec<u8>> {
        let mut record = vec![u8::try_from(stored.host.len()).ok()?];
        record.extend(stored.host.as_bytes());
        record.extend(stored.served_at.to_be_bytes());
        record.push(u8::try_from(stored.keys.len()).ok()?);
        for key in &*stored.keys {
            record.extend(self.index(key)?.to_be_bytes());
        }
        Some(record)
    }

    fn index(&mut self, key: &AnchorKey) -> Option<u16> {
        if let Some(index) = self.indexes.get(key) {
            return Some(*index);
        }
        let index = self.count;
        self.count = index.checked_add(1)?;
        self.add(key)?;
        self.indexes.insert(key.clone(), index);
        Some(index)
    }

    fn add(&mut self, key: &AnchorKey) -> Option<()> {
        match key {
            AnchorKey::Subject(subject) => {
                self.bytes.push(kind::SUBJECT);
                self.bytes.extend(subject.as_bytes());
                return Some(());
            }
            AnchorKey::SubjectKeyId(_) => self.bytes.push(kind::SUBJECT_KEY_ID),
            AnchorKey::IssuerSerial { issuer, .. } => {
                self.bytes.push(kind::ISSUER_SERIAL);
                self.bytes.extend(issuer.as_bytes());
            }
        }
        self.bytes.push(u8::try_from(key.bytes().len()).ok()?);
        self.bytes.extend(key.bytes());
        Some(())
    }
}

/// Decodes a whole file: the hosts, the least recently used first.
pub(super) fn decode(file: &[u8]) -> Result<Vec<Stored<'_>>, Expected> {
    let mut rest = StateFileKind::HostCache.open(file)?;
    let key_count = rest.u16()?;
    if usize::try_from(rest.u32()?) != Ok(file.len()) {
        return Err("the length that its header says");
    }
    let mut keys = Vec::new();
    for _ in 0..key_count {
        keys.push(key(&mut rest)?);
    }
    let mut hosts = Vec::new();
    while !rest.is_empty() {
        hosts.push(host(&mut rest, &keys)?);
    }
    Ok(hosts)
}

fn key(rest: &mut Reader<'_>) -> Result<AnchorKey, Expected> {
    let key = match rest.u8()? {
        kind::SUBJECT => AnchorKey::Subject(NameHash::from_bytes(rest.array()?)),
        kind::SUBJECT_KEY_ID => AnchorKey::SubjectKeyId(counted(rest)?),
        kind::ISSUER_SERIAL => AnchorKey::IssuerSerial {
            issuer: NameHash::from_bytes(rest.array()?),
            serial: counted(rest)?,
        },
        _ => return Err("a key of a kind from 1 to 3"),
    };
    match key.fits_a_file_name() {
        true => Ok(key),
        false => Err("a key that fits a file name"),
    }
}

fn counted(rest: &mut Reader<'_>) -> Result<Box<[u8]>, Expected> {
    let len = rest.u8()?;
    rest.bytes(len.into()).map(Into::into)
}

fn host<'a>(rest: &mut Reader<'a>, all_keys: &[AnchorKey]) -> Result<Stored<'a>, Expected> {
    let len = rest.u8()?;
    let host = rest.text(len.into())?;
    if !is_host_name(host) {
        return Err("a host in lower case");
    }
    let served_at = rest.array().map(u64::from_be_bytes)?;
    let count = usize::from(rest.u8()?);
    if !(1..=MAX_KEYS).contains(&count) {
        return Err("1 to 3 keys of a host");
    }
    let mut keys = Vec::with_capacity(count);
    for _ in 0..count {
        let key = all_keys.get(usize::from(rest.u16()?));
        keys.push(key.ok_or("indexes of keys")?.clone());
    }
    Ok(Stored {
        host,
        served_at,
        keys: keys.into(),
    })
}

const _: () = assert!(MAX_HOST_LEN <= 255, "a host's length is a byte");
