//! New lists for old.

use jit_trust_bundle::{Root, check_update};
use jit_trust_lab::pki::Ca;

use crate::fixture::*;

fn allowed(in_force: &[Root], new: &[Root]) -> bool {
    check_update(in_force.iter().map(Root::entry), new.iter().map(Root::entry)).is_ok()
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
    let lost = check_update(roots.iter().map(Root::entry), roots[3..].iter().map(Root::entry));
    let lost = lost.unwrap_err();
    assert_eq!(
        lost.to_string(),
        "the new list lacks 3 of the 10 roots in force: expected at most a fifth to be missing"
    );
    assert_eq!(lost.lost[0], roots[0].label());
}

#[test]
fn lists_without_names_and_certificates_are_compared_too() {
    let roots = roots(10);
    let without = read_strictly(blob(&roots)).unwrap();
    assert!(allowed(without.roots(), &roots));
    assert!(allowed(&roots, without.roots()));
    let lost = check_update(without.roots().iter().map(Root::entry), std::iter::empty());
    let lost = lost.unwrap_err().lost;
    assert_eq!(lost[0], without.roots()[0].label());
}
