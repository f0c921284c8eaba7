//! CCADB's CSV report.

use jit_trust_bundle::{Policy, read};

use crate::fixture::*;

#[test]
fn rows_for_websites_are_taken_with_their_dates() {
    let roots = roots(3);
    let mut list = all_trusted(&roots);
    list[0].has_date = true;
    list[1].for_servers = false;
    let list = read_strictly(ccadb(&list)).unwrap();
    let conditions: Vec<_> = list
        .roots()
        .iter()
        .map(|root| root.conditions().distrust_after)
        .collect();
    assert_eq!(conditions, [Some(DISTRUST_AFTER), None]);
    assert_eq!(list.roots()[1].der(), roots[2].der());
    assert_eq!(
        list.notes()[0].to_string(),
        "list: 1 certificate is not trusted for servers; passed over"
    );
}

#[test]
fn constraints_are_kept_and_writing_a_blob_says_that_it_cannot_hold_them() {
    let roots = roots(1);
    let csv = ccadb(&all_trusted(&roots)).replace(r#""","'-----"#, r#""*.tr, *.ct.tr","'-----"#);
    let list = read_strictly(csv).unwrap();
    assert_eq!(
        list.roots()[0].conditions().applied_constraints,
        ["*.tr", "*.ct.tr"]
    );
    let lost = &jit_trust_bundle::encode_blob(list.roots(), GENERATION)
        .unwrap()
        .lost;
    let lost = lost[0].to_string();
    assert!(
        lost.starts_with("1 root carries applied constraints, which version 1 cannot hold: "),
        "{lost}"
    );
    assert!(lost.ends_with("(*.tr, *.ct.tr)"), "{lost}");
}

#[test]
fn columns_are_found_by_name_and_with_a_byte_order_mark_and_windows_lines() {
    let roots = roots(2);
    let pem = |at: usize| format!("'{}'", pem_of(&roots[at..=at]));
    let csv = csv_row(&["PEM Info", "Unheard of", "Trust Bits"])
        + &csv_row(&[&pem(0), "", "Websites"])
        + &csv_row(&[&pem(1), "", "Code; Websites"]);
    let list = read_strictly(format!("\u{feff}{}", csv.replace('\n', "\r\n"))).unwrap();
    assert_eq!(blob(list.roots()), blob(&roots));
    let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
    assert!(
        notes[0].starts_with("list: no column \"Distrust for TLS After Date\""),
        "{notes:?}"
    );
    assert!(
        notes[1].starts_with("list: no column \"Mozilla Applied Constraints\""),
        "{notes:?}"
    );
}

#[test]
fn what_a_report_must_have_is_asked_for() {
    let roots = roots(1);
    let csv = ccadb(&all_trusted(&roots));
    for (damaged, expected) in [
        (
            csv.replace("PEM Info", "PEM"),
            "list: line 1: expected a column \"PEM Info\"",
        ),
        (
            csv.replace("Trust Bits", "Bits"),
            "list: line 1: expected a column \"Trust Bits\"",
        ),
        (csv.replace("Email;Websites", "Email"), "list: no root left"),
        (
            csv.replace("-----BEGIN", "-BEGIN"),
            "list: certificate 1, line 2: expected -----BEGIN CERTIFICATE----- and nothing else",
        ),
        (csv.clone() + "one field too few\n", "expected CSV (RFC 4180): "),
        (
            csv.replace(&roots[0].fingerprint().to_string().to_uppercase(), "00"),
            "list: certificate 1, line 2: SHA-256 fingerprint 00: expected ",
        ),
    ] {
        let error = refusal(read_strictly(damaged));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_date_that_cannot_be_read_refuses_the_report_also_when_invalid_roots_are_skipped() {
    let roots = roots(1);
    let mut list = all_trusted(&roots);
    list[0].has_date = true;
    let csv = ccadb(&list).replace(DISTRUST_DAY, "30 November");
    let error = refusal(read(&[content(csv)], Policy::SkipInvalid));
    assert_eq!(
        error,
        "list: certificate 1, line 2: distrust date \"30 November\": expected YYYY.MM.DD"
    );
}

#[test]
fn a_fingerprint_with_colons_is_the_same_fingerprint() {
    let roots = roots(1);
    let plain = roots[0].fingerprint().to_string().to_uppercase();
    let pairs: Vec<_> = plain
        .as_bytes()
        .chunks(2)
        .map(|pair| std::str::from_utf8(pair).unwrap())
        .collect();
    assert!(read_strictly(ccadb(&all_trusted(&roots)).replace(&plain, &pairs.join(":"))).is_ok());
}

#[test]
fn rows_of_roots_that_are_not_in_mozilla_s_program_are_passed_over() {
    let roots = roots(4);
    let pem = |at: usize| format!("'{}'", pem_of(&roots[at..=at]));
    let csv = csv_row(&["PEM Info", "Trust Bits", "Mozilla Status"])
        + &csv_row(&[&pem(0), "Websites", "Removed"])
        + &csv_row(&[&pem(1), "Websites", " Included "])
        + &csv_row(&[&pem(2), "Websites", ""])
        + &csv_row(&[&pem(3), "Websites", "Not Included"]);
    let list = read_strictly(csv).unwrap();
    assert_eq!(list.roots(), &roots[1..2]);
    let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
    let passed_over = "list: 3 certificates are not included in Mozilla's program; passed over".to_owned();
    assert!(notes.contains(&passed_over), "{notes:?}");
}
