//! What is said about a list.

use jit_trust_bundle::{Record, Root, Summary};
use jit_trust_lab::pki::{Ca, DAY, SubjectKeyId};

use crate::fixture::*;

#[test]
fn a_record_has_the_documented_fields_and_null_for_what_is_not_there() {
    let ca = Ca::builder("Root")
        .subject_key_id(SubjectKeyId::Absent)
        .validity(1_000_000_000, 253_402_300_799);
    let root = root_of(&ca.self_signed());
    let record = serde_json::to_value(Record::of(&root)).unwrap();
    let expected = serde_json::json!({
        "subject": "CN=Root",
        "skid": null,
        "sha256": sha256_of(&root),
        "spki_sha256": root.spki_fingerprint().to_string(),
        "not_before": "2001-09-09T01:46:40Z",
        "not_after": "9999-12-31T23:59:59Z",
        "der_len": der_of(&root).len(),
        "distrust_after": null,
        "name_constraints": null,
    });
    assert_eq!(record, expected);
}

#[test]
fn a_record_says_under_which_conditions_a_root_is_trusted_and_what_is_not_known() {
    let root = with(&roots(1)[0], Some(DISTRUST_AFTER), Some(BELOW_TR));
    let known = serde_json::to_value(Record::of(&root)).unwrap();
    assert_eq!(known["distrust_after"], "2024-11-30T23:59:59Z");
    let constraints = serde_json::json!({ "permitted": ["dns:.tr"], "excluded": [] });
    assert_eq!(known["name_constraints"], constraints);
    let list = read_strictly(blob(&[root])).unwrap();
    let mut expected = known;
    for unknown in ["subject", "sha256", "der_len"] {
        expected[unknown] = serde_json::Value::Null;
    }
    let record = Record::of(&list.roots()[0]);
    assert_eq!(Record::of_entry(&list.roots()[0].entry()), record);
    assert_eq!(serde_json::to_value(record).unwrap(), expected);
}

#[test]
fn a_root_without_a_name_is_called_by_its_key() {
    let with_key_id = root_of(&Ca::root("With"));
    let without = root_of(
        &Ca::builder("Without")
            .subject_key_id(SubjectKeyId::Absent)
            .self_signed(),
    );
    let list = read_strictly(blob(&[with_key_id.clone(), without.clone()])).unwrap();
    let key_id = with_key_id.entry().subject_key_id().unwrap().to_string();
    let labels: Vec<_> = list.roots().iter().map(Root::label).collect();
    let expected = [
        format!("SKID {key_id}"),
        format!("key {}", without.spki_fingerprint()),
    ];
    assert_eq!(labels, expected);
    let summary = Summary::of(list.roots(), GENERATION.into());
    assert_eq!((summary.roots, summary.certificates, summary.der_len), (2, 0, 0));
    let names: Vec<_> = summary
        .expiries
        .iter()
        .map(|expiry| expiry.name.clone())
        .collect();
    assert_eq!(names, expected);
}

#[test]
fn a_record_s_hashes_are_those_that_others_publish() {
    let roots = roots(200);
    let isrg = roots.iter().map(Record::of);
    let isrg = isrg
        .into_iter()
        .find(|record| {
            record
                .subject
                .as_ref()
                .is_some_and(|subject| subject.ends_with("CN=ISRG Root X1"))
        })
        .unwrap();
    assert_eq!(
        isrg.sha256.as_deref().unwrap(),
        "96bcec06264976f37460779acf28c5a7cfe8a3c0aae11a8ffcee05c0bddf08c6"
    );
    assert_eq!(
        isrg.skid.as_deref(),
        Some("79B459E67BB6E5E40173800888C81A58F6E99B6E")
    );
    // The pin that Let's Encrypt's users know in Base64: C5+lpZ7tcVwmwQIMcRtPbsQtWLABXhQzejna0wHFr8M=
    assert_eq!(
        isrg.spki_sha256,
        "0b9fa5a59eed715c26c1020c711b4f6ec42d58b0015e14337a39dad301c5afc3"
    );
}

#[test]
fn a_summary_says_what_expires_within_which_years() {
    let now: u64 = GENERATION.into();
    let expiring = |name: &str, days: i64| {
        let end = i64::from(GENERATION) + days * DAY;
        root_of(&Ca::builder(name).validity(0, end).self_signed())
    };
    let roots = [
        expiring("late", 4000),
        expiring("soon", 30),
        expiring("mid", 2000),
        expiring("past", -2),
    ];
    let summary = Summary::of(&roots, now);
    assert_eq!((summary.roots, summary.certificates), (4, 4));
    assert_eq!(
        summary.der_len,
        roots.iter().map(|root| der_of(root).len()).sum::<usize>()
    );
    let within = |years| {
        let expiring = summary.expiring_within(years).iter();
        expiring
            .map(|expiry| (expiry.subject.as_str(), expiry.days_left))
            .collect::<Vec<_>>()
    };
    assert_eq!(within(3), [("CN=past", -2), ("CN=soon", 30)]);
    assert_eq!(within(10), [("CN=past", -2), ("CN=soon", 30), ("CN=mid", 2000)]);
    assert!(summary.unreadable_dates.is_empty());
}
