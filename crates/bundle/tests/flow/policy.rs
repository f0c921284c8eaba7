//! What happens to certificates that cannot be taken as they are.

use jit_trust_bundle::{Conditions, Input, NoteKind, Policy, read};
use jit_trust_lab::pki::{BasicConstraints, Ca, Leaf, garbage, pem};

use crate::fixture::*;

fn no_ca() -> Ca {
    Ca::builder("No \u{1b}CA")
        .basic_constraints(BasicConstraints::NotCa)
        .self_signed()
}

#[test]
fn a_certificate_that_is_no_ca_s_stops_the_making_of_a_list() {
    let root = Ca::root("Root");
    let text = pem(&[root.der(), no_ca().der()]);
    let error = refusal(read_strictly(text.clone()));
    assert!(error.contains(": certificate 2, line "), "{error}");
    assert!(
        error.contains(r"CN=No \1BCA says that it is not a CA: expected basic constraints with cA"),
        "{error}"
    );

    let list = read(&[content(text)], Policy::SkipInvalid).unwrap();
    assert_eq!(list.roots(), [root_of(&root)]);
    assert_eq!(list.left_out()[0].to_string(), error);
}

#[test]
fn a_certificate_that_cannot_be_read_is_left_out_only_when_asked() {
    let root = Ca::root("Root");
    let text = pem(&[garbage::sequence_of_noise(300), root.der()]);
    let error = refusal(read_strictly(text.clone()));
    assert!(
        error.starts_with("list: certificate 1, line 1: not a certificate: expected "),
        "{error}"
    );
    for policy in [Policy::SkipInvalid, Policy::Store] {
        let list = read(&[content(text.clone())], policy).unwrap();
        assert_eq!(list.roots(), [root_of(&root)]);
        assert_eq!(list.left_out()[0].to_string(), error);
    }
}

#[test]
fn a_store_takes_every_certificate_that_can_be_an_anchor_and_says_which_is_no_ca_s() {
    let leaf = Leaf::builder(&["a.test"]).self_signed();
    let list = read(&[content(pem(&[leaf.der(), no_ca().der()]))], Policy::Store).unwrap();
    assert_eq!(list.roots().len(), 2);
    let warned = list
        .notes()
        .iter()
        .filter(|note| matches!(note.kind, NoteKind::NotACa { .. }));
    assert_eq!(warned.count(), 2);
}

#[test]
fn a_damaged_store_is_refused() {
    let text = pem_of(&roots(2)).replacen("MII", "M!I", 1);
    let error = refusal(read(&[content(text)], Policy::Store));
    assert_eq!(error, "list: certificate 1, line 2: expected Base64");
}

#[test]
fn an_empty_list_is_an_error() {
    assert_eq!(
        refusal(read(&[], Policy::Strict)),
        "no input: no root left: expected at least one certificate of a CA trusted for servers"
    );
    let error = refusal(read(&[content(no_ca().pem())], Policy::SkipInvalid));
    assert!(error.starts_with("list: no root left"), "{error}");
}

#[test]
fn several_inputs_are_one_list_and_the_stricter_condition_holds() {
    let roots = roots(3);
    let mut dated = all_trusted(&roots[..2]);
    dated[0].has_date = true;
    let inputs = [
        content(pem_of(&roots[..1])),
        content(certdata(&dated)),
        content(blob_v1(&roots)),
    ];
    let list = read(&inputs, Policy::Strict).unwrap();
    assert_eq!(blob_v1(list.roots()), blob_v1(&roots));
    assert_eq!(list.roots()[0].conditions().distrust_after, Some(DISTRUST_AFTER));
    assert_eq!(*list.roots()[1].conditions(), Conditions::default());
    let merged = list
        .notes()
        .iter()
        .filter(|note| matches!(note.kind, NoteKind::Duplicate { .. }));
    assert_eq!(merged.count(), 3);
    assert_eq!(list.generation(), Some(GENERATION));
}

#[test]
fn constraints_that_contradict_each_other_are_refused() {
    let roots = roots(1);
    let csv = |domain: &str| {
        let pem = format!("'{}'", pem_of(&roots));
        let header = ["PEM Info", "Trust Bits", "Mozilla Applied Constraints"];
        content(csv_row(&header) + &csv_row(&[&pem, "Websites", domain]))
    };
    let error = refusal(read(&[csv("*.tr"), csv("*.fr")], Policy::SkipInvalid));
    assert!(
        error.contains("expected the same constraints as at list: certificate 1, line 2"),
        "{error}"
    );
    assert!(read(&[csv("*.tr"), csv("*.tr"), csv("")], Policy::Strict).is_ok());
}

#[test]
fn a_key_that_has_a_date_under_one_certificate_and_none_under_another_is_warned_about() {
    let ca = Ca::root("Dated");
    let dated = with(&root_of(&ca), Some(DISTRUST_AFTER), None);
    let renewed = root_of(&ca.reissue().self_signed());
    let renamed = root_of(&ca.reissue().subject("Renamed").self_signed());
    let other = root_of(&Ca::root("Other"));
    let list = read_strictly(blob(&[renewed.clone(), dated.clone(), other.clone(), renamed])).unwrap();
    let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
    let skid = dated.entry().subject_key_id().unwrap().to_string();
    let expected = |ordinal: usize| {
        format!(
            "list: certificate {ordinal}: SKID {skid} has no distrust-after date, but SKID {skid}, with the same key, \
             has one at list: certificate 2"
        )
    };
    assert_eq!(notes, [expected(1), expected(4)]);
    let both_dated = [dated, with(&renewed, Some(DISTRUST_AFTER + 1), None), other];
    assert!(read_strictly(blob(&both_dated)).unwrap().notes().is_empty());
}

#[test]
fn mozilla_is_a_name_and_everything_else_a_path() {
    assert_eq!(Input::named("mozilla"), Input::Mozilla);
    assert_eq!(Input::named("./mozilla"), Input::Path("./mozilla".into()));
}
