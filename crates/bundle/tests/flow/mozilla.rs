//! Mozilla's list as it was compiled in, with the conditions that are beside it.

use std::collections::HashMap;

use jit_trust_bundle::{Input, Policy, RootList, read};
use jit_trust_core::mozilla;

use crate::fixture::*;

fn compiled_in() -> RootList {
    read(&[Input::Mozilla], Policy::Strict).unwrap()
}

#[test]
fn the_table_of_conditions_and_nss_s_own_file_agree() {
    let Some((path, _)) = nss_certdata() else {
        return;
    };
    let dates: HashMap<[u8; 32], Option<u64>> = mozilla::CONDITIONS
        .iter()
        .map(|conditions| (conditions.spki_sha256, conditions.distrust_after))
        .collect();
    let list = read_path(&path).unwrap();
    for root in list.roots() {
        let of_table = dates.get(root.spki_fingerprint().as_bytes()).copied().flatten();
        assert_eq!(root.conditions().distrust_after, of_table, "{}", root.label());
    }
    for conditions in &mozilla::CONDITIONS {
        let of_key =
            |root: &&jit_trust_bundle::Root| *root.spki_fingerprint().as_bytes() == conditions.spki_sha256;
        let root = list.roots().iter().find(of_key);
        let root = root.unwrap_or_else(|| panic!("{} is in the file", conditions.name));
        assert!(root.label().ends_with(conditions.name), "{}", root.label());
    }
}

#[test]
fn constraints_are_those_that_webpki_roots_imposes() {
    let constraints_of: HashMap<Vec<u8>, Option<Vec<u8>>> = webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .map(|anchor| {
            let constraints = anchor.name_constraints.as_ref();
            (
                anchor.subject_public_key_info.to_vec(),
                constraints.map(|constraints| constraints.to_vec()),
            )
        })
        .collect();
    let certdata = nss_certdata().map(|(path, _)| read_path(&path).unwrap());
    let mut imposed = 0;
    for list in [Some(compiled_in()), certdata].into_iter().flatten() {
        for root in list.roots() {
            let entry = root.entry();
            if let Some(constraints) = constraints_of.get(entry.spki_value()) {
                assert_eq!(
                    entry.name_constraints(),
                    constraints.as_deref(),
                    "{}",
                    root.label()
                );
                imposed += usize::from(root.conditions().name_constraints.is_some());
            }
        }
    }
    assert!(imposed > 0);
    for conditions in mozilla::CONDITIONS
        .iter()
        .filter(|conditions| conditions.name_constraints.is_some())
    {
        let list = compiled_in();
        let of_key =
            |root: &&jit_trust_bundle::Root| *root.spki_fingerprint().as_bytes() == conditions.spki_sha256;
        let root = list.roots().iter().find(of_key).expect("it is in the list");
        assert_eq!(
            constraints_of[root.entry().spki_value()].as_deref(),
            conditions.name_constraints
        );
    }
}

#[test]
fn it_carries_its_conditions_and_says_so() {
    let list = compiled_in();
    assert!(list.notes().is_empty() && list.sources()[0].carries_conditions());
    let keys = mozilla::CONDITIONS.map(|conditions| conditions.spki_sha256);
    let mut conditional = 0;
    for root in list.roots() {
        let has_conditions = keys.contains(root.spki_fingerprint().as_bytes());
        assert_eq!(has_conditions, !root.conditions().is_empty(), "{}", root.label());
        conditional += usize::from(has_conditions);
    }
    assert!(conditional > 0);
    assert_eq!(
        read_strictly(blob(list.roots())).unwrap().roots().len(),
        list.roots().len()
    );
}

/// What Mozilla says of a root that NSS does not say in its file but in its code holds for that file too.
#[test]
fn a_root_is_constrained_in_nss_s_form_as_in_the_compiled_in_one() {
    let list = compiled_in();
    let constrained = list
        .roots()
        .iter()
        .filter(|root| root.conditions().name_constraints.is_some());
    let constrained: Vec<_> = constrained.cloned().collect();
    let text = certdata(&all_trusted(&constrained));
    assert_eq!(read_strictly(text).unwrap().roots(), constrained);
}
