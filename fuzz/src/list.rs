//! What must hold of a list of roots, whatever its form and whatever is in it.

use std::collections::HashSet;

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Conditions, EncodedBlob, Input, Policy, Root, RootList, encode_blob, read,
};
use jit_trust_core::{Entry, TrustBlob};

/// 2026-05-01T00:00:00Z.
pub const GENERATION: u32 = 1_777_593_600;

/// Reads `bytes` under every policy, and writes what was read.
pub fn read_with_each_policy(bytes: &[u8]) {
    let read = |policy| checked(&content(bytes), policy);
    let strict = read(Policy::Strict);
    let without_invalid = read(Policy::SkipInvalid);
    let store = read(Policy::Store);
    if let Some(strict) = strict {
        assert!(
            strict.left_out().is_empty(),
            "nothing is left out of what is taken strictly"
        );
        for other in [without_invalid, store] {
            let other = other.expect("what the strictest policy takes, every policy takes");
            assert_eq!(other.roots(), strict.roots());
        }
    }
}

/// The input of these bytes.
pub fn content(bytes: &[u8]) -> Input {
    Input::Bytes {
        name: "list".to_owned(),
        bytes: bytes.to_vec(),
    }
}

/// Reads an input. An error is one line, safe for a terminal; a list is never empty, and comes back from a blob.
pub fn checked(input: &Input, policy: Policy) -> Option<RootList> {
    let list = match read(std::slice::from_ref(input), policy) {
        Ok(list) => list,
        Err(error) => {
            assert_is_one_line(&error.to_string());
            return None;
        }
    };
    assert!(!list.roots().is_empty());
    list.left_out()
        .iter()
        .for_each(|error| assert_is_one_line(&error.to_string()));
    list.notes()
        .iter()
        .for_each(|note| assert_is_one_line(&note.to_string()));
    assert_comes_back(list.roots());
    Some(list)
}

fn assert_is_one_line(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// What is written as a blob is read from it: the same roots in the same order.
fn assert_comes_back(roots: &[Root]) {
    let full = BlobOptions::default().with_names(true).with_certificates(true);
    if let Some((_, again)) = written(roots, full) {
        assert_eq!(again.expect("our own blob can be read").roots(), roots);
    }
    let bare = BlobOptions::default();
    if let Some((blob, again)) = written(roots, bare) {
        let blob = TrustBlob::open(&blob.bytes).expect("our own blob can be read");
        let entries: Vec<_> = blob.entries().collect();
        assert_eq!(entries.len(), roots.len());
        let expected = || roots.iter().map(Root::entry);
        entries
            .iter()
            .zip(expected())
            .for_each(|(entry, expected)| assert_same_anchor(entry, &expected));
        // An anchor is one root, with its certificate or without.
        if let Some(again) = again.filter(|again| again.roots().len() == roots.len()) {
            let again = again.roots().iter().map(Root::entry);
            again
                .zip(expected())
                .for_each(|(entry, expected)| assert_same_anchor(&entry, &expected));
        } else {
            let keys: HashSet<_> = roots.iter().map(Root::spki_fingerprint).collect();
            assert!(keys.len() < roots.len());
        }
    }
    assert_comes_back_without_conditions(roots);
}

/// Version 1 holds certificates and nothing else; the roots that have conditions are named.
fn assert_comes_back_without_conditions(roots: &[Root]) {
    let version_1 = BlobOptions::default().with_version(BlobVersion::V1);
    let Some((blob, again)) = written(roots, version_1) else {
        return;
    };
    let again = again.expect("our own blob can be read");
    let without = roots.iter().map(|root| {
        let der = root.der().expect("version 1 is made of certificates");
        Root::new(der.clone(), Conditions::default()).expect("a certificate")
    });
    assert!(again.roots().iter().cloned().eq(without));
    let has_lost = roots.iter().any(|root| !root.conditions().is_empty());
    assert_eq!(has_lost, !blob.lost.is_empty());
}

/// The blob of these roots, and what is read from it: `None` where the roots do not fit, or where the list is refused.
fn written(roots: &[Root], options: BlobOptions) -> Option<(EncodedBlob, Option<RootList>)> {
    let blob = match encode_blob(roots, GENERATION, options) {
        Ok(blob) => blob,
        Err(error) => {
            assert_is_one_line(&error.to_string());
            let has_all_certificates = roots.iter().all(|root| root.der().is_some());
            assert!(has_all_certificates || options.version == BlobVersion::V1);
            return None;
        }
    };
    assert!(blob.lost.is_empty() || options.version == BlobVersion::V1);
    let again = read(&[content(&blob.bytes)], Policy::Store);
    if let Ok(again) = &again {
        assert_eq!(again.generation(), Some(GENERATION));
    }
    Some((blob, again.ok()))
}

/// All but the names and certificates, which one of the two may not know.
pub fn assert_same_anchor(one: &Entry<'_>, other: &Entry<'_>) {
    assert_eq!(one.name_hash(), other.name_hash());
    assert_eq!(one.spki_value(), other.spki_value());
    assert_eq!(one.serial(), other.serial());
    assert_eq!(one.subject_key_id(), other.subject_key_id());
    assert_eq!(one.not_before(), other.not_before());
    assert_eq!(one.not_after(), other.not_after());
    assert_eq!(one.distrust_after(), other.distrust_after());
    assert_eq!(one.name_constraints(), other.name_constraints());
    assert_eq!(one.profile(), other.profile());
}
