//! CCADB's CSV report.

use jit_trust_bundle::{BlobOptions, BlobVersion, Form, Policy, encode_blob, read};

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
        notes[1].starts_with("list: no column \"Distrust for TLS After Date\""),
        "{notes:?}"
    );
    assert!(
        notes[2].starts_with("list: no column \"Mozilla Applied Constraints\""),
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
            csv.replace("PEM Info", "Info"),
            "list: line 1: expected a column \"PEM Info\"; this looks like CCADB's IncludedCACertificateReportCSVFormat, \
             which has no certificates: take CCADB's IncludedCACertificateReportPEMCSV",
        ),
        (
            csv.replace("Trust Bits", "Bits"),
            "list: line 1: expected a column \"Trust Bits\": take CCADB's IncludedCACertificateReportPEMCSV",
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

/// `IncludedRootsDistrustTLSSSLPEMCSV` has no column that says what a root is for.
#[test]
fn the_report_with_nothing_but_pem_and_conditions_is_taken_with_them() {
    let roots = roots(3);
    let pem = |at: usize| format!("'{}'", pem_of(&roots[at..=at]).trim_end());
    let csv = csv_row(&[
        "PEM",
        "Distrust for TLS After Date",
        "Mozilla Applied Constraints",
    ]) + &csv_row(&[&pem(0), "", ""])
        + &csv_row(&[&pem(1), DISTRUST_DAY, ""])
        + &csv_row(&[&pem(2), "", "*.tr"]);
    let list = read_strictly(csv.clone()).unwrap();
    let expected = [
        with(&roots[0], None, None),
        with(&roots[1], Some(DISTRUST_AFTER), None),
        with(&roots[2], None, Some(BELOW_TR)),
    ];
    assert_eq!(list.roots(), expected);
    assert!(list.sources()[0].carries_conditions());
    let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
    assert_eq!(notes.len(), 1);
    assert!(
        notes[0].starts_with("list: no column \"Trust Bits\": every root in it is taken for servers"),
        "{notes:?}"
    );
    // In one order or another, and what is wrong with a row is wrong here too.
    let swapped = csv_row(&[
        "Mozilla Applied Constraints",
        "PEM",
        "Distrust for TLS After Date",
    ]) + &csv_row(&["", &pem(0), DISTRUST_DAY]);
    assert_eq!(
        read_strictly(swapped).unwrap().roots()[0]
            .conditions()
            .distrust_after,
        Some(DISTRUST_AFTER)
    );
    for (good, bad, expected) in [
        (DISTRUST_DAY, "soon", "distrust date \"soon\""),
        ("*.tr", "not a domain", "applied constraints \"not a domain\""),
        ("-----END", "----END", "expected "),
    ] {
        let error = refusal(read_strictly(csv.replace(good, bad)));
        assert!(error.contains(expected), "{error}");
    }
}

/// `IncludedRootsPEMCSV`, and Microsoft's counterpart: as much as PEM says, and no more.
#[test]
fn the_report_with_nothing_but_pem_is_taken_as_one_without_conditions() {
    let roots = roots(2);
    let quoted = |at: usize, around: &str| format!("{around}{}{around}", pem_of(&roots[at..=at]).trim_end());
    let csv = csv_row(&["PEM"]) + &csv_row(&[&quoted(0, "'")]) + &csv_row(&[&quoted(1, "")]);
    for csv in [
        csv.clone(),
        csv.replacen("\"PEM\"", "PEM", 1),
        format!("\u{feff}\r\n{csv}"),
    ] {
        let list = read_strictly(csv).unwrap();
        assert_eq!(list.roots(), roots);
        assert_eq!(list.sources()[0].form, Form::Ccadb);
        assert!(!list.sources()[0].carries_conditions());
        let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
        assert!(notes[0].contains("carries no distrust-after dates"), "{notes:?}");
        assert!(notes[1].contains("no column \"Trust Bits\""), "{notes:?}");
    }
    // A text that begins like that is PEM.
    let text = read_strictly(format!("PEM\n{}", pem_of(&roots))).unwrap();
    assert_eq!(text.sources()[0].form, Form::Pem);
}

#[test]
fn microsofts_report_is_taken_for_servers_where_the_status_is_included() {
    let roots = roots(5);
    let pem = |at: usize| format!("'{}'", pem_of(&roots[at..=at]).trim_end());
    let columns = [
        "Microsoft Status",
        "CA Owner",
        "SHA-256 Fingerprint",
        "Microsoft EKUs",
        "PEM Info",
    ];
    let row = |at: usize, status: &str, ekus: &str| {
        csv_row(&[status, "An owner", &sha256_of(&roots[at]), ekus, &pem(at)])
    };
    let csv = csv_row(&columns)
        + &row(0, "Included", "Secure Email;Server Authentication")
        // Trusted up to a date that the report does not give.
        + &row(1, "NotBefore", "Server Authentication")
        + &row(2, "Disabled", "Server Authentication")
        + &row(3, "Included", "Code Signing;Not Server Authentication")
        + &row(4, "Included", "Server Authentication");
    let list = read_strictly(csv.clone()).unwrap();
    assert_eq!(list.roots(), [roots[0].clone(), roots[4].clone()]);
    assert!(!list.sources()[0].carries_conditions());
    let notes: Vec<_> = list.notes().iter().skip(1).map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "list: 2 certificates are not included in Microsoft's program; passed over",
            "list: 1 certificate is not trusted for servers; passed over",
        ]
    );
    let error = refusal(read_strictly(csv.replace("Microsoft Status", "Status")));
    assert!(
        error.contains("expected a column \"Microsoft Status\""),
        "{error}"
    );
}

/// Each of these has columns of CCADB's, and some have PEM: of intermediates, or of roots for something else.
#[test]
fn other_reports_of_ccadb_are_refused_with_the_name_of_the_right_one() {
    let pem = format!("'{}'", pem_of(&roots(1)).trim_end());
    for (columns, missing, looks_like) in [
        (
            &[
                "Owner",
                "SHA-256 Fingerprint",
                "Trust Bits",
                "Distrust for TLS After Date",
            ][..],
            "PEM Info",
            "IncludedCACertificateReportCSVFormat",
        ),
        (
            &[
                "PEM",
                "Distrust for S/MIME After Date",
                "Mozilla Applied Constraints",
            ],
            "Trust Bits",
            "IncludedRootsDistrustSMIMEPEMCSV",
        ),
        (
            &["SHA-256 Fingerprint", "X.509 Certificate (PEM)"],
            "PEM Info",
            "AllCertificatePEMsCSVFormat",
        ),
        (
            &[
                "CA Owner",
                "Certificate Name",
                "Apple Status",
                "Apple Trust Bits",
                "Google Chrome Status",
                "Microsoft Status",
                "Microsoft EKUs",
                "Mozilla Status",
                "Mozilla Trust Bits",
                "SHA-256 Fingerprint",
            ],
            "PEM Info",
            "AllIncludedRootCertsCSV",
        ),
        (
            &[
                "CA Owner",
                "Certificate Record Type",
                "Mozilla Status",
                "Revocation Status",
                "SHA-256 Fingerprint",
            ],
            "PEM Info",
            "AllCertificateRecordsCSVFormat",
        ),
        (
            &[
                "Microsoft Status",
                "CA Owner",
                "SHA-256 Fingerprint",
                "Microsoft EKUs",
                "Valid To [GMT]",
            ],
            "PEM Info",
            "IncludedCACertificateReportForMSFTCSV",
        ),
        (
            &[
                "CA Owner",
                "Parent Name",
                "Certificate Name",
                "SHA-256 Fingerprint",
                "Technically Constrained",
                "PEM",
            ],
            "Trust Bits",
            "PublicAllIntermediateCertsWithPEMCSV",
        ),
        (
            &[
                "CA Owner",
                "Parent Name",
                "Certificate Name",
                "SHA-256 Fingerprint",
                "PEM Info",
            ],
            "Trust Bits",
            "PublicAllIntermediateCertsWithPEMCSV",
        ),
        (
            &[
                "CA Owner",
                "Revocation Status",
                "OneCRL Status",
                "SHA-256 Fingerprint",
                "PEM Info",
            ],
            "Trust Bits",
            "report on certificates that were revoked",
        ),
    ] {
        let row: Vec<&str> = columns
            .iter()
            .map(|column| if column.contains("PEM") { pem.as_str() } else { "" })
            .collect();
        for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
            let error = refusal(read(&[content(csv_row(columns) + &csv_row(&row))], policy));
            let expected = format!(
                "list: line 1: expected a column \"{missing}\"; this looks like CCADB's {looks_like}"
            );
            assert!(error.starts_with(&expected), "{error}");
            assert!(
                error.ends_with(": take CCADB's IncludedCACertificateReportPEMCSV"),
                "{error}"
            );
        }
    }
}

#[test]
fn a_report_with_two_columns_of_pem_is_refused() {
    let csv = csv_row(&["PEM", "PEM Info", "Trust Bits"]) + &csv_row(&["", "", "Websites"]);
    let error = refusal(read_strictly(csv));
    assert_eq!(error, "list: line 1: column \"PEM\" twice: expected it once");
}
