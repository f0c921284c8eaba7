//! The cases in which a store that answers later is asked no further, and the verdict is stricter for it.

use jit_trust_lab::pki::{AuthorityKeyId, Ca, Leaf};

use crate::afar::Cause;
use crate::verifiers::Verifiers;

/// A leaf of the last of eight CAs, each below the one before, which a seventh question would find.
#[test]
fn an_anchor_that_six_questions_do_not_reach_is_the_cause_of_another_verdict() {
    let root = Ca::root("CA 0");
    let mut cas = vec![root.intermediate("CA 1")];
    for number in 2..8 {
        cas.push(cas[cas.len() - 1].intermediate(format!("CA {number}").as_str()));
    }
    let sent = cas[6].leaf("a.test").chain(&cas.iter().rev().collect::<Vec<_>>());
    let found = Verifiers::new(&[&cas[4]]);
    found.agree_today(&sent).unwrap();
    assert!(found.exceptions().is_empty());
    let beyond = Verifiers::new(&[&cas[5]]);
    beyond.agree_today(&sent).unwrap();
    assert_eq!(
        beyond.exceptions().into_iter().collect::<Vec<_>>(),
        [(Cause::MoreThanSixQuestions, 1)]
    );
}

#[test]
fn an_anchor_that_would_be_the_fourth_is_the_cause_of_another_verdict() {
    let twins: Vec<Ca> = (0..4).map(|_| Ca::root("Twin")).collect();
    let verifiers = Verifiers::new(&twins.iter().collect::<Vec<_>>());
    // A certificate says by key which one it is of, so that it is among the three.
    for twin in &twins {
        verifiers.agree_today(&twin.leaf("a.test").chain(&[])).unwrap();
    }
    assert!(verifiers.exceptions().is_empty());
    let silent = Leaf::builder(&["a.test"])
        .authority_key_id(AuthorityKeyId::Absent)
        .issued_by(&twins[3]);
    verifiers.agree_today(&silent.chain(&[])).unwrap();
    assert_eq!(
        verifiers.exceptions().into_iter().collect::<Vec<_>>(),
        [(Cause::MoreThanThreeImports, 1)]
    );
}
