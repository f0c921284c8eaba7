//! How two lists differ.

use jit_trust_bundle::{Diff, Field, Root, RootList};
use jit_trust_lab::pki::Ca;
use serde_json::json;

use crate::fixture::*;

fn list(roots: &[Root]) -> RootList {
    read_strictly(blob(roots)).unwrap()
}

fn between(old: &[Root], new: &[Root]) -> Diff {
    Diff::between(&list(old), &list(new))
}

fn keys<'a>(records: impl IntoIterator<Item = &'a jit_trust_bundle::Record>) -> Vec<String> {
    let keys = records.into_iter().map(|record| record.spki_sha256.clone());
    keys.collect()
}

fn keys_of(roots: &[Root]) -> Vec<String> {
    roots
        .iter()
        .map(|root| root.spki_fingerprint().to_string())
        .collect()
}

#[test]
fn lists_with_the_same_roots_in_any_order_and_form_do_not_differ() {
    let roots = roots(4);
    let reversed: Vec<_> = roots.iter().rev().cloned().collect();
    assert!(between(&roots, &reversed).is_empty());
    for form in [pem_of(&roots).into_bytes(), blob_v1(&roots)] {
        let other_form = read_strictly(form).unwrap();
        assert!(Diff::between(&list(&roots), &other_form).is_empty());
        assert!(Diff::between(&other_form, &list(&roots)).is_empty());
    }
}

#[test]
fn roots_that_only_one_list_has_were_added_or_removed() {
    let roots = roots(5);
    let diff = between(&roots[..3], &roots[2..]);
    assert_eq!(keys(&diff.removed), keys_of(&roots[..2]));
    assert_eq!(keys(&diff.added), keys_of(&roots[3..]));
    assert!(diff.changed.is_empty() && !diff.is_empty());
}

#[test]
fn conditions_that_changed_are_told_with_their_old_and_new_values() {
    let roots = roots(2);
    let dated = with(&roots[1], Some(DISTRUST_AFTER), Some(BELOW_TR));
    let diff = between(&roots, &[roots[0].clone(), dated]);
    let [changed] = diff.changed.as_slice() else {
        panic!("{diff:?}")
    };
    assert_eq!(changed.fields, [Field::DistrustAfter, Field::NameConstraints]);
    assert_eq!(changed.spki_sha256, roots[1].spki_fingerprint().to_string());
    for (field, new) in [
        (Field::DistrustAfter, "2024-11-30T23:59:59Z"),
        (Field::NameConstraints, "permitted dns:.tr"),
    ] {
        assert_eq!(field.value_in(&changed.old), None);
        assert_eq!(field.value_in(&changed.new).as_deref(), Some(new));
    }
}

#[test]
fn it_is_serialised_as_documented() {
    let roots = roots(2);
    let diff = between(&roots[..1], &[with(&roots[0], Some(DISTRUST_AFTER), None)]);
    let diff = serde_json::to_value(diff).unwrap();
    assert_eq!(diff["added"], json!([]));
    assert_eq!(diff["removed"], json!([]));
    let changed = &diff["changed"][0];
    assert_eq!(changed["spki_sha256"], roots[0].spki_fingerprint().to_string());
    assert_eq!(changed["fields"], json!(["distrust_after"]));
    assert_eq!(changed["old"]["distrust_after"], json!(null));
    assert_eq!(changed["new"]["distrust_after"], "2024-11-30T23:59:59Z");
    for field in [
        Field::Subject,
        Field::Skid,
        Field::Sha256,
        Field::NotBefore,
        Field::NotAfter,
        Field::DistrustAfter,
        Field::NameConstraints,
    ] {
        assert_eq!(serde_json::to_value(field).unwrap(), field.name());
        assert!(changed["old"].get(field.name()).is_some());
    }
}

#[test]
fn a_root_that_was_renewed_or_renamed_with_its_key_has_changed() {
    let ca = Ca::builder("Root").validity(0, 2_000_000_000).self_signed();
    let old = root_of(&ca);
    let serial = ca.serial();
    let fields = |new: &Ca| {
        let diff = between(std::slice::from_ref(&old), &[root_of(new)]);
        assert!(diff.added.is_empty() && diff.removed.is_empty());
        diff.changed
            .into_iter()
            .flat_map(|changed| changed.fields)
            .collect::<Vec<_>>()
    };
    let again = || ca.reissue().serial(serial);
    assert_eq!(
        fields(&again().validity(0, 2_100_000_000).self_signed()),
        [Field::NotAfter]
    );
    assert_eq!(
        fields(
            &again()
                .validity(0, 2_000_000_000)
                .subject("Renamed")
                .self_signed()
        ),
        [Field::Subject]
    );
    assert_eq!(
        fields(&ca.reissue().serial(&[7]).validity(0, 2_000_000_000).self_signed()),
        [Field::Sha256]
    );
}

#[test]
fn roots_of_one_key_are_paired_with_their_equals_then_by_name_and_then_in_order() {
    let ca = Ca::root("One");
    let renewed = || root_of(&ca.reissue().self_signed());
    let named = |name: &str| root_of(&ca.reissue().subject(name).self_signed());
    let (first, second, third) = (root_of(&ca), renewed(), named("Two"));
    // The equal one is found although another of the same name comes first.
    let diff = between(&[first.clone(), second.clone()], std::slice::from_ref(&second));
    assert_eq!(
        (diff.removed.len(), diff.changed.len(), diff.added.len()),
        (1, 0, 0)
    );
    // One name belongs together although the order is another.
    let diff = between(
        &[first.clone(), third.clone()],
        &[with(&third, Some(1), None), with(&first, Some(1), None)],
    );
    let fields: Vec<_> = diff
        .changed
        .iter()
        .map(|changed| changed.fields.clone())
        .collect();
    assert_eq!(fields, [[Field::DistrustAfter], [Field::DistrustAfter]]);
    // Of what is left the first belongs to the first, and the rest was added.
    let (three, four) = (named("Three"), named("Four"));
    let diff = between(std::slice::from_ref(&third), &[three.clone(), four.clone()]);
    assert_eq!(diff.changed.len(), 1);
    assert!(diff.changed[0].fields.contains(&Field::Subject));
    assert_eq!((keys(&diff.added), diff.removed.len()), (keys_of(&[four]), 0));
}
