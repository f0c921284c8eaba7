//! The bytes of a cache's file, as the module's documentation has them.

use super::generations::{Generations, MAX_STORES};
use super::{MAX_HOST_LEN, MAX_KEYS, is_host_name};
use crate::AnchorKey;
use jit_trust_core::NameHash;

pub(super) const MAGIC: &[u8; 4] = b"JTHC";
const VERSION: u16 = 1;

/// The longest file that is written or read, in bytes: some 200,000 hosts.
pub(super) const MAX_FILE_LEN: usize = 8 << 20;

/// The lengths of what does not vary.
pub(super) const HEADER_LEN: usize = 16;
pub(super) const CHECKSUM_LEN: usize = 4;

const NAME_HASH_LEN: usize = 32;

/// The kinds of keys.
mod kind {
    pub(super) const SUBJECT: u8 = 1;
    pub(super) const SUBJECT_KEY_ID: u8 = 2;
    pub(super) const ISSUER_SERIAL: u8 = 3;
}

/// What a file holds.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Contents<'a> {
    /// Labels of stores and the newest generation of each, the store first that was not seen for longest.
    pub(super) generations: Vec<(&'a str, u32)>,
    /// The keys that hosts have, in any order.
    pub(super) keys: Vec<AnchorKey>,
    /// The hosts, the least recently used first.
    pub(super) hosts: Vec<Stored<'a>>,
}

/// A host in a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored<'a> {
    /// In lower case.
    pub(super) host: &'a str,
    /// When it was served, in milliseconds of Unix time.
    pub(super) served_at: u64,
    /// The indexes of its keys, 1 to 3, the most recent first.
    pub(super) keys: Vec<u16>,
}

/// What is wrong with a file: what was expected.
pub(super) type Expected = &'static str;

impl Contents<'_> {
    /// The file. `None` when something does not fit into its field.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let len = self.encoded_len();
        let mut file = Vec::with_capacity(len);
        file.extend(MAGIC);
        file.extend(VERSION.to_be_bytes());
        file.extend(u16::try_from(self.generations.len()).ok()?.to_be_bytes());
        file.extend(u32::try_from(len).ok()?.to_be_bytes());
        file.extend(u16::try_from(self.keys.len()).ok()?.to_be_bytes());
        file.extend([0, 0]);
        for (label, generation) in &self.generations {
            file.extend(u16::try_from(label.len()).ok()?.to_be_bytes());
            file.extend(label.as_bytes());
            file.extend(generation.to_be_bytes());
        }
        for key in &self.keys {
            encode_key(key, &mut file)?;
        }
        for stored in &self.hosts {
            file.push(u8::try_from(stored.host.len()).ok()?);
            file.extend(stored.host.as_bytes());
            file.extend(stored.served_at.to_be_bytes());
            file.push(u8::try_from(stored.keys.len()).ok()?);
            file.extend(stored.keys.iter().flat_map(|index| index.to_be_bytes()));
        }
        file.extend(crc32c::crc32c(&file).to_be_bytes());
        (file.len() == len).then_some(file)
    }

    fn encoded_len(&self) -> usize {
        let generations = self.generations.iter().map(|(label, _)| generation_len(label));
        let keys = self.keys.iter().map(key_len);
        let hosts = self
            .hosts
            .iter()
            .map(|stored| host_len(stored.host, stored.keys.len()));
        let parts = generations.chain(keys).chain(hosts);
        parts.fold(HEADER_LEN + CHECKSUM_LEN, usize::saturating_add)
    }
}

impl<'a> Contents<'a> {
    /// Reads a file: all of it or nothing.
    pub(super) fn decode(file: &'a [u8]) -> Result<Self, Expected> {
        let (content, checksum) = file.split_last_chunk().ok_or("a checksum at its end")?;
        let mut rest = Rest(content);
        if rest.array()? != *MAGIC {
            return Err("the magic JTHC");
        }
        if rest.u16()? != VERSION {
            return Err("version 1");
        }
        let generation_count = rest.u16()?;
        if usize::try_from(rest.u32()?) != Ok(file.len()) {
            return Err("the length that its header says");
        }
        if crc32c::crc32c(content) != u32::from_be_bytes(*checksum) {
            return Err("the checksum of its bytes");
        }
        let key_count = rest.u16()?;
        if rest.u16()? != 0 {
            return Err("two zero bytes");
        }
        let mut contents = Self::default();
        if usize::from(generation_count) > MAX_STORES {
            return Err("at most 8 stores");
        }
        for _ in 0..generation_count {
            contents.generations.push(rest.generation()?);
        }
        for _ in 0..key_count {
            contents.keys.push(rest.key()?);
        }
        while !rest.0.is_empty() {
            contents.hosts.push(rest.host(key_count)?);
        }
        Ok(contents)
    }
}

pub(super) fn generation_len(label: &str) -> usize {
    size_of::<u16>()
        .saturating_add(label.len())
        .saturating_add(size_of::<u32>())
}

pub(super) fn key_len(key: &AnchorKey) -> usize {
    let kind_len = size_of::<u8>();
    match key {
        AnchorKey::Subject(_) => kind_len + NAME_HASH_LEN,
        AnchorKey::SubjectKeyId(_) => (kind_len + size_of::<u8>()).saturating_add(key.bytes().len()),
        AnchorKey::IssuerSerial { .. } => {
            (kind_len + NAME_HASH_LEN + size_of::<u8>()).saturating_add(key.bytes().len())
        }
    }
}

pub(super) fn host_len(host: &str, key_count: usize) -> usize {
    let fixed_len = size_of::<u8>() + size_of::<u64>() + size_of::<u8>();
    let keys_len = key_count.saturating_mul(size_of::<u16>());
    fixed_len.saturating_add(host.len()).saturating_add(keys_len)
}

fn encode_key(key: &AnchorKey, file: &mut Vec<u8>) -> Option<()> {
    match key {
        AnchorKey::Subject(subject) => {
            file.push(kind::SUBJECT);
            file.extend(subject.as_bytes());
            return Some(());
        }
        AnchorKey::SubjectKeyId(_) => file.push(kind::SUBJECT_KEY_ID),
        AnchorKey::IssuerSerial { issuer, .. } => {
            file.push(kind::ISSUER_SERIAL);
            file.extend(issuer.as_bytes());
        }
    }
    file.push(u8::try_from(key.bytes().len()).ok()?);
    file.extend(key.bytes());
    Some(())
}

/// What is still to be read.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn array<const LEN: usize>(&mut self) -> Result<[u8; LEN], Expected> {
        let (array, rest) = self.0.split_first_chunk().ok_or("more bytes")?;
        self.0 = rest;
        Ok(*array)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Expected> {
        let (bytes, rest) = self.0.split_at_checked(len).ok_or("more bytes")?;
        self.0 = rest;
        Ok(bytes)
    }

    fn u8(&mut self) -> Result<u8, Expected> {
        self.array().map(u8::from_be_bytes)
    }

    fn u16(&mut self) -> Result<u16, Expected> {
        self.array().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Result<u32, Expected> {
        self.array().map(u32::from_be_bytes)
    }

    fn text(&mut self, len: usize) -> Result<&'a str, Expected> {
        std::str::from_utf8(self.bytes(len)?).map_err(|_| "text in UTF-8")
    }

    fn generation(&mut self) -> Result<(&'a str, u32), Expected> {
        let len = self.u16()?;
        let label = self.text(len.into())?;
        if !Generations::takes(label) {
            return Err("a label of 1 to 1024 bytes");
        }
        Ok((label, self.u32()?))
    }

    fn key(&mut self) -> Result<AnchorKey, Expected> {
        let key = match self.u8()? {
            kind::SUBJECT => AnchorKey::Subject(NameHash::from_bytes(self.array()?)),
            kind::SUBJECT_KEY_ID => AnchorKey::SubjectKeyId(self.counted()?),
            kind::ISSUER_SERIAL => AnchorKey::IssuerSerial {
                issuer: NameHash::from_bytes(self.array()?),
                serial: self.counted()?,
            },
            _ => return Err("a key of a kind from 1 to 3"),
        };
        if key.fits_a_file_name() {
            Ok(key)
        } else {
            Err("a key that fits a file name")
        }
    }

    fn counted(&mut self) -> Result<Box<[u8]>, Expected> {
        let len = self.u8()?;
        self.bytes(len.into()).map(Into::into)
    }

    fn host(&mut self, key_count: u16) -> Result<Stored<'a>, Expected> {
        let len = self.u8()?;
        let host = self.text(len.into())?;
        if !is_host_name(host) {
            return Err("a host in lower case");
        }
        let served_at = self.array().map(u64::from_be_bytes)?;
        let count = usize::from(self.u8()?);
        if !(1..=MAX_KEYS).contains(&count) {
            return Err("1 to 3 keys of a host");
        }
        let mut keys = Vec::with_capacity(count);
        for _ in 0..count {
            keys.push(self.u16()?);
        }
        if keys.iter().any(|index| *index >= key_count) {
            return Err("indexes of keys");
        }
        Ok(Stored {
            host,
            served_at,
            keys,
        })
    }
}

const _: () = assert!(MAX_HOST_LEN <= 255, "a host's length is a byte");
