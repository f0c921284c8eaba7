//! What must hold of a list of roots, whatever its form and whatever is in it.

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Conditions, EncodedBlob, Form, Input, Policy, Root, RootList, encode_blob,
    fitting_version_2, read,
};
use jit_trust_core::{Entry, MAX_ANCHORS_PER_NAME, TrustBlob, v2};

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

/// Reads an input. An error is one line, safe for a terminal; a list is never empty, but of a blob that is a store, and
/// comes back from a blob.
pub fn checked(input: &Input, policy: Policy) -> Option<RootList> {
    let list = match read(std::slice::from_ref(input), policy) {
        Ok(list) => list,
        Err(error) => {
            assert_is_one_line(&error.to_string());
            return None;
        }
    };
    let is_blob = list.sources().iter().all(|source| source.form == Form::Blob);
    assert!(!list.roots().is_empty() || (policy == Policy::Store && is_blob));
    list.left_out()
        .iter()
        .for_each(|error| assert_is_one_line(&error.to_string()));
    list.notes()
        .iter()
        .for_each(|note| assert_is_one_line(&note.to_string()));
    assert_comes_back(list.roots(), policy);
    Some(list)
}

fn assert_is_one_line(text: &str) {
    assert!(!text.contains(char::is_control), "{text:?}");
}

/// What is written as a blob is read from it, under the policy that it was read under: the same roots in the same order.
fn assert_comes_back(roots: &[Root], policy: Policy) {
    let fitting = fitting(roots);
    let (told_to_fit, left_out) = fitting_version_2(roots);
    assert!(told_to_fit.iter().eq(fitting.iter().copied()));
    assert_eq!(left_out.len(), roots.len() - fitting.len());
    left_out
        .iter()
        .for_each(|error| assert_is_one_line(&error.to_string()));
    let bare = BlobOptions::default();
    let full = bare.with_names(true).with_certificates(true);
    if fitting.len() < roots.len() {
        assert!(encode_blob(roots, GENERATION, bare).is_err());
        assert!(encode_blob(roots, GENERATION, full).is_err());
    }
    if !told_to_fit.is_empty() {
        let (_, again) = written(&told_to_fit, full, policy).expect("what fits can be written");
        assert_eq!(again.roots(), told_to_fit);
        let (blob, again) = written(&told_to_fit, bare, policy).expect("what fits can be written");
        let blob = TrustBlob::open(&blob.bytes).expect("our own blob can be read");
        assert_same_anchors(blob.entries(), &told_to_fit);
        assert_same_anchors(again.roots().iter().map(Root::entry), &told_to_fit);
    }
    assert_comes_back_without_conditions(roots, policy);
}

/// The roots that version 2 can hold together: those that fit alone, of each name the first few.
fn fitting(roots: &[Root]) -> Vec<&Root> {
    let fits_alone = |root: &&Root| v2::encoded_len(&[root.entry()], v2::Options::default()).is_ok();
    let mut fitting: Vec<&Root> = Vec::new();
    for root in roots.iter().filter(fits_alone) {
        let name = root.entry().name_hash();
        let of_name = fitting.iter().filter(|before| before.entry().name_hash() == name);
        if of_name.count() < MAX_ANCHORS_PER_NAME {
            fitting.push(root);
        }
    }
    fitting
}

fn assert_same_anchors<'a>(found: impl Iterator<Item = Entry<'a>>, expected: &[Root]) {
    let found: Vec<_> = found.collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_same_anchor(found, &expected.entry());
    }
}

/// Version 1 holds certificates and nothing else; the roots that have conditions are named.
fn assert_comes_back_without_conditions(roots: &[Root], policy: Policy) {
    let version_1 = BlobOptions::default().with_version(BlobVersion::V1);
    let Some((blob, again)) = written(roots, version_1, policy) else {
        assert!(!fit_version_1(roots));
        return;
    };
    assert!(fit_version_1(roots));
    let without = roots.iter().map(|root| {
        let der = root.der().expect("version 1 is made of certificates");
        Root::new(der.clone(), Conditions::default()).expect("a certificate")
    });
    assert!(again.roots().iter().cloned().eq(without));
    let has_lost = roots.iter().any(|root| !root.conditions().is_empty());
    assert_eq!(has_lost, !blob.lost.is_empty());
}

/// Whether version 1 can hold these roots: certificates, with key identifiers that are not too long, and few of one
/// name.
fn fit_version_1(roots: &[Root]) -> bool {
    let fits = |root: &Root| {
        let key_id = root.entry().subject_key_id();
        let is_short = key_id.is_none_or(|key_id| key_id.as_bytes().len() <= 255);
        let of_name = roots
            .iter()
            .filter(|other| other.subject() == root.subject())
            .count();
        root.der().is_some() && is_short && of_name <= MAX_ANCHORS_PER_NAME
    };
    roots.iter().all(fits)
}

/// The blob of these roots, and what is read from it; `None` where the roots do not fit.
fn written(roots: &[Root], options: BlobOptions, policy: Policy) -> Option<(EncodedBlob, RootList)> {
    let blob = match encode_blob(roots, GENERATION, options) {
        Ok(blob) => blob,
        Err(error) => {
            assert_is_one_line(&error.to_string());
            return None;
        }
    };
    assert!(blob.lost.is_empty() || options.version == BlobVersion::V1);
    let again = read(&[content(&blob.bytes)], policy).expect("our own blob can be read");
    assert_eq!(again.generation(), Some(GENERATION));
    assert!(again.left_out().is_empty());
    Some((blob, again))
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
