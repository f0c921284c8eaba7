//! CCADB's CSV report.

use jit_trust_bundle::{BlobOptions, BlobVersion, Policy, encode_blob, read};

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
fn domains_become_name_constraints_and_only_version_1_says_that_it_cannot_hold_them() {
    let roots = roots(1);
    let csv = ccadb(&all_trusted(&roots)).replace(r#""","'-----"#, r#""*.edu, *.ct.tr","'-----"#);
    let list = read_strictly(csv).unwrap();
    let imposed = list.roots()[0].conditions().name_constraints.clone().unwrap();
    assert_eq!(imposed, b"\xa0\x12\x30\x08\x82\x06.ct.tr\x30\x06\x82\x04.edu");
    assert_eq!(list.roots()[0].entry().name_constraints(), Some(&imposed[..]));
    let v1 = BlobOptions::default().with_version(BlobVersion::V1);
    let lost = encode_blob(list.roots(), GENERATION, v1).unwrap().lost;
    let lost = lost[0].to_string();
    assert!(
        lost.starts_with("1 root carries imposed name constraints, which version 1 cannot hold: "),
        "{lost}"
    );
    assert!(lost.ends_with("(permitted dns:.ct.tr, dns:.edu)"), "{lost}");
    let v2 = encode_blob(list.roots(), GENERATION, BlobOptions::default()).unwrap();
    assert!(v2.lost.is_empty());
    assert_eq!(
        read_strictly(v2.bytes).unwrap().roots()[0].conditions(),
        list.roots()[0].conditions()
    );
}

#[test]
fn columns_are_found_by_name_and_with_a_byte_order_mark_and_windows_lines() {
    let roots = roots(2);
    let pem = |at: usize| format!("'{}'", pem_of(&roots[at..=at]));
    let csv = csv_row(&["PEM Info", "Unheard of", "Trust Bits"])
        + &csv_row(&[&pem(0), "", "Websites"])
        + &csv_row(&[&pem(1), "", "Code; Websites"]);
    let list = read_strictly(format!("\u{feff}{}", csv.replace('\n', "\r\n"))).unwrap();
    assert_eq!(blob_v1(list.roots()), blob_v1(&roots));
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

/// Of two columns of one name, either may be the one that is meant.
#[test]
fn a_column_that_is_read_and_there_twice_refuses_the_report() {
    let roots = roots(1);
    let csv = ccadb(&all_trusted(&roots)).replace("Common Name or Certificate Name", "Mozilla Status");
    for column in [
        "PEM Info",
        "Trust Bits",
        "Distrust for TLS After Date",
        "Mozilla Applied Constraints",
        "Mozilla Status",
        "SHA-256 Fingerprint",
    ] {
        let error = refusal(read(
            &[content(csv.replacen("Owner", column, 1))],
            Policy::SkipInvalid,
        ));
        assert_eq!(
            error,
            format!("list: line 1: column \"{column}\" twice: expected it once")
        );
    }
    let others_twice = ccadb(&all_trusted(&roots)).replace("Common Name or Certificate Name", "Owner");
    assert!(read_strictly(others_twice).is_ok());
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
            csv.replace(&sha256_of(&roots[0]).to_string().to_uppercase(), "00"),
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
    let plain = sha256_of(&roots[0]).to_string().to_uppercase();
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
