//! New lists for old.

use jit_trust_bundle::{Root, check_update};
use jit_trust_lab::pki::Ca;

use crate::fixture::*;

fn allowed(in_force: &[Root], new: &[Root]) -> bool {
    let certificates = |roots| <[Root]>::iter(roots).map(Root::certificate);
    check_update(certificates(in_force), certificates(new)).is_ok()
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
    let certificates = |roots| <[Root]>::iter(roots).map(Root::certificate);
    let lost = check_update(certificates(&roots), certificates(&roots[3..])).unwrap_err();
    assert_eq!(
        lost.to_string(),
        "the new list lacks 3 of the 10 roots in force: expected at most a fifth to be missing"
    );
    assert_eq!(lost.lost[0], roots[0].certificate().subject().to_string());
}
