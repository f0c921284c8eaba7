//! The trust blob as written; version 1 read with nothing but its layout.

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Conditions, KeyEntries, OutputError, Policy, Replace, Root, encode_blob, read,
    write_webroot,
};
use jit_trust_core::TrustBlob;
use jit_trust_lab::pki::{Ca, SubjectKeyId};

use crate::fixture::*;

/// Both versions, and version 2 with each of its optional sections.
pub(crate) fn every_option() -> [BlobOptions; 5] {
    let v2 = BlobOptions::default();
    [
        v2.with_version(BlobVersion::V1),
        v2,
        v2.with_names(true),
        v2.with_certificates(true),
        v2.with_names(true).with_certificates(true),
    ]
}

/// What a blob of version 1 says, with every offset checked.
pub(crate) struct Layout {
    pub(crate) generation: u32,
    pub(crate) certificates: Vec<Vec<u8>>,
    pub(crate) key_ids: Vec<Vec<u8>>,
}

impl Layout {
    pub(crate) fn of(blob: &[u8]) -> Self {
        let u16_at = |at: usize| usize::from(u16::from_be_bytes([blob[at], blob[at + 1]]));
        let u32_at = |at: usize| u32::from_be_bytes(blob[at..at + 4].try_into().unwrap());
        let offset = |at| usize::try_from(u32_at(at)).unwrap();
        assert_eq!((&blob[..4], u16_at(0x04)), (&b"TBLB"[..], 1));
        let count = u16_at(0x06);
        let (lengths, key_id_lengths, key_ids) = (offset(0x0c), offset(0x10), offset(0x14));
        assert_eq!(offset(0x18), blob.len());

        let mut layout = Self {
            generation: u32_at(0x08),
            certificates: Vec::new(),
            key_ids: Vec::new(),
        };
        let (mut certificate, mut key_id) = (0x1c, key_ids);
        for index in 0..count {
            let len = u16_at(lengths + 2 * index);
            layout.certificates.push(blob[certificate..][..len].to_vec());
            certificate += len;
            let len = usize::from(blob[key_id_lengths + index]);
            layout.key_ids.push(blob[key_id..][..len].to_vec());
            key_id += len;
        }
        assert_eq!((certificate, key_id), (lengths, blob.len()));
        assert_eq!(
            (key_id_lengths - lengths, key_ids - key_id_lengths),
            (2 * count, count)
        );
        layout
    }
}

#[test]
fn a_blob_has_the_roots_in_order_with_their_key_identifiers_or_none() {
    let with = Ca::builder("With")
        .subject_key_id(SubjectKeyId::Bytes(vec![7; 255]))
        .self_signed();
    let without = Ca::builder("Without")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let read_back = Layout::of(&blob_v1(&[root_of(&without), root_of(&with)]));
    assert_eq!(read_back.generation, GENERATION);
    assert_eq!(
        read_back.certificates,
        [without.der().to_vec(), with.der().to_vec()]
    );
    assert_eq!(read_back.key_ids, [vec![], vec![7; 255]]);
}

#[test]
fn the_same_list_and_time_give_the_same_bytes_and_another_time_others() {
    let roots = roots(5);
    for options in every_option() {
        let encode = |generation| encode_blob(&roots, generation, options).unwrap();
        assert_eq!(encode(GENERATION), encode(GENERATION));
        assert_ne!(encode(GENERATION).bytes, encode(GENERATION + 1).bytes);
        assert_eq!(encode(GENERATION).version, options.version);
    }
}

#[test]
fn a_root_that_does_not_fit_is_named() {
    let first = Ca::root("One name");
    let renewed: Vec<_> = (0..9).map(|_| root_of(&first.reissue().self_signed())).collect();
    for options in every_option() {
        let error = encode_blob(&renewed, GENERATION, options).unwrap_err();
        assert_eq!(
            error.to_string(),
            "certificate 8 is one too many under its name: a store holds at most 8 (CN=One name)"
        );
    }
}

/// A part of a store may be empty. A list for devices may not: an input that gives none is most likely a mistake.
#[test]
fn a_blob_without_anchors_is_written_and_read_as_a_store() {
    for options in every_option() {
        let blob = encode_blob(&[], GENERATION, options).unwrap();
        assert!(TrustBlob::open(&blob.bytes).unwrap().is_empty());
        assert!(blob.lost.is_empty());
        let list = read(&[content(&blob.bytes[..])], Policy::Store).unwrap();
        assert!(list.roots().is_empty());
        assert_eq!(list.generation(), Some(GENERATION));
        for policy in [Policy::Strict, Policy::SkipInvalid] {
            let error = refusal(read(&[content(&blob.bytes[..])], policy));
            assert!(error.starts_with("list: no root left"), "{error}");
        }
        let directory = tempfile::tempdir().unwrap();
        let entries = KeyEntries::Links;
        let webroot = write_webroot(
            &directory.path().join("w"),
            &[],
            GENERATION,
            options,
            entries,
            Replace::Always,
        );
        assert!(matches!(webroot, Err(OutputError::NoRoots)));
    }
}

/// Core compares each name with each, which takes many seconds for as many certificates as these.
#[test]
fn a_long_list_with_too_many_under_one_name_is_refused_at_once() {
    let count = 30_000;
    let der = Ca::root("AAAAAAAA").der().to_vec();
    let named = |number: usize| {
        let mut der = der.clone();
        while let Some(at) = der.windows(8).position(|bytes| bytes == b"AAAAAAAA") {
            der[at..at + 8].copy_from_slice(format!("{number:08}").as_bytes());
        }
        Root::new(der, Conditions::default()).unwrap()
    };
    let mut list: Vec<_> = (0..count).map(named).collect();
    list.extend((0..8).map(|_| root_of(&Ca::root("00000000"))));
    for version in [BlobVersion::V1, BlobVersion::V2] {
        let options = BlobOptions::default().with_version(version);
        let error = encode_blob(&list, GENERATION, options).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("certificate {} is one too many", count + 7)),
            "{error}"
        );
    }
}
