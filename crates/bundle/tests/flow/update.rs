//! New lists for old.

use jit_trust_bundle::{Root, UpdateError, check_update};
use jit_trust_lab::pki::Ca;

use crate::fixture::*;

fn allowed(in_force: &[Root], new: &[Root]) -> bool {
    check_update(in_force.iter().map(Root::entry), new.iter().map(Root::entry)).is_ok()
}

fn refused(in_force: &[Root], new: &[Root]) -> UpdateError {
    check_update(in_force.iter().map(Root::entry), new.iter().map(Root::entry)).unwrap_err()
}

#[test]
fn a_list_may_lose_a_fifth_and_no_more() {
    let roots = roots(20);
    assert!(allowed(&roots, &roots[4..]));
    assert!(!allowed(&roots, &roots[5..]));
    assert!(!allowed(&roots, &[]));
    assert!(allowed(&[], &roots));
}

#[test]
fn a_root_that_was_renewed_with_its_key_is_not_lost() {
    let old = Ca::root("Root");
    let renewed = root_of(&old.reissue().self_signed());
    assert!(allowed(&[root_of(&old)], &[renewed]));
    assert!(!allowed(&[root_of(&old)], &[root_of(&Ca::root("Root"))]));
}

#[test]
fn the_refusal_says_how_many_are_missing() {
    let roots = roots(10);
    let error = refused(&roots, &roots[3..]);
    assert_eq!(
        error.to_string(),
        "the new list lacks 3 of the 10 roots in force: expected at most a fifth to be missing"
    );
    assert_eq!(error.lost.unwrap().lost[0], roots[0].label());
}

#[test]
fn lists_without_names_and_certificates_are_compared_too() {
    let roots = roots(10);
    let without = read_strictly(blob(&roots)).unwrap();
    assert!(allowed(without.roots(), &roots));
    assert!(allowed(&roots, without.roots()));
    let lost = refused(without.roots(), &[]).lost.unwrap().lost;
    assert_eq!(lost[0], without.roots()[0].label());
}

#[test]
fn a_date_may_come_or_be_earlier_but_not_go_or_be_later() {
    let root = &roots(1)[0];
    let dated = |date| [with(root, date, None)];
    for (before, after, is_allowed) in [
        (None, None, true),
        (None, Some(5), true),
        (Some(5), Some(5), true),
        (Some(5), Some(4), true),
        (Some(5), Some(6), false),
        (Some(5), None, false),
    ] {
        assert_eq!(
            allowed(&dated(before), &dated(after)),
            is_allowed,
            "{before:?} {after:?}"
        );
    }
}

#[test]
fn name_constraints_may_come_or_become_narrower_but_not_go_or_become_others() {
    const BELOW_GOV_TR: &[u8] = b"\xa0\x0b\x30\x09\x82\x07.gov.tr";
    const BELOW_FR: &[u8] = b"\xa0\x07\x30\x05\x82\x03.fr";
    let root = &roots(1)[0];
    let constrained = |constraints| [with(root, None, constraints)];
    for (before, after, is_allowed) in [
        (None, Some(BELOW_TR), true),
        (Some(BELOW_TR), Some(BELOW_TR), true),
        (Some(BELOW_TR), Some(BELOW_GOV_TR), true),
        (Some(BELOW_GOV_TR), Some(BELOW_TR), false),
        (Some(BELOW_TR), Some(BELOW_FR), false),
        (Some(BELOW_TR), Some(&b"\xff"[..]), false),
        (Some(BELOW_TR), None, false),
    ] {
        assert_eq!(
            allowed(&constrained(before), &constrained(after)),
            is_allowed,
            "{before:?} {after:?}"
        );
    }
}

#[test]
fn the_conditions_of_a_key_are_those_of_the_root_of_its_name_or_of_all() {
    let ca = Ca::root("Root");
    let named = |name: &str, date| with(&root_of(&ca.reissue().subject(name).self_signed()), date, None);
    let before = [named("Dated", Some(5)), named("Undated", None)];
    assert!(allowed(&before, &before));
    // Renewed, under another serial number.
    assert!(allowed(
        &before,
        &[named("Dated", Some(5)), named("Undated", None)]
    ));
    assert!(!allowed(&before, &[named("Dated", None), named("Undated", None)]));
    assert!(!allowed(&before[..1], &[before[0].clone(), named("New", None)]));
    assert!(allowed(&before[..1], &[before[0].clone(), named("New", Some(5))]));
    // A root that is not there any more is trusted for nothing.
    assert!(allowed(&roots(10), &roots(10)[1..]));
}

#[test]
fn the_refusal_says_whose_conditions_are_lifted() {
    let roots = roots(5);
    let without: Vec<Root> = roots.iter().map(|root| with(root, None, None)).collect();
    let mut before: Vec<Root> = without.iter().map(|root| with(root, Some(5), None)).collect();
    before[0] = with(&roots[0], Some(5), Some(BELOW_TR));
    let label = |at: usize| roots[at].label();
    let expected = "expected what is in force, or stricter";
    assert_eq!(
        refused(&before, &without).to_string(),
        format!(
            "the new list lifts the distrust-after date of {}, of {}, of {} and of 2 more: {expected}; the new list lifts \
             the name constraints of {}: {expected}",
            label(0),
            label(1),
            label(2),
            label(0)
        )
    );
    assert_eq!(
        refused(&before[3..], &without[3..]).to_string(),
        format!(
            "the new list lifts the distrust-after date of {} and of {}: {expected}",
            label(3),
            label(4)
        )
    );
    // A list without names is compared by their hashes.
    let nameless = read_strictly(blob(&before)).unwrap();
    assert_eq!(refused(nameless.roots(), &without).dates_lifted.len(), 5);
}
