//! A list of roots in a file: a trust blob, of which all that was written is read.
//!
//! The last byte of an input is no part of the blob: it says whether its checksum is put right.
#![no_main]

use jit_trust_bundle::{Policy, Root};
use jit_trust_core::TrustBlob;
use jit_trust_fuzz::{format, list, mutation};
use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};

fuzz_target!(|bytes: &[u8]| {
    let Some((choice, bytes)) = bytes.split_last() else {
        return;
    };
    let mut bytes = bytes.to_vec();
    if choice & 1 == 0 {
        format::put_checksum_right(&mut bytes);
    }
    list::read_with_each_policy(&bytes);
    let (Ok(blob), Some(list)) = (
        TrustBlob::open(&bytes),
        list::checked(&list::content(&bytes), Policy::Store),
    ) else {
        return;
    };
    assert_eq!(list.generation(), Some(blob.generation()));
    assert!(list.left_out().is_empty());
    // One that is there twice is one.
    if list.roots().len() == blob.len() {
        for (root, entry) in list.roots().iter().zip(blob.entries()) {
            list::assert_same_anchor(&root.entry(), &entry);
            assert_eq!(root.subject(), entry.subject());
            assert_eq!(root.certificate(), entry.certificate());
        }
    }
    let is_there = |root: &Root| {
        let mut entries = blob.entries();
        entries.any(|entry| entry.spki_value() == root.entry().spki_value())
    };
    assert!(list.roots().len() <= blob.len() && list.roots().iter().all(is_there));
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    if seed & 3 == 0 {
        return fuzzer_mutate(data, size, max_size);
    }
    let mutated = mutation::blob::mutate_before_the_last_byte(&data[..size], seed >> 2, fuzzer_mutate);
    mutation::put(&mutated, data, max_size)
});
