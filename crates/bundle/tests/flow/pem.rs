//! PEM files.

use jit_trust_bundle::{NoteKind, Policy, read};
use jit_trust_lab::pki::pem as encode;

use crate::fixture::*;

#[test]
fn text_between_certificates_line_ends_and_old_labels_do_not_matter() {
    let roots = roots(3);
    let sections: Vec<_> = roots
        .iter()
        .map(|root| pem_of(std::slice::from_ref(root)))
        .collect();
    let text = format!(
        "subject=CN\n{}\n\n# text -- with dashes ---\n{}last\n{}",
        sections[0], sections[1], sections[2]
    );
    let indented: String = text.lines().map(|line| format!("  {line} \n")).collect();
    for form in [
        text.replace('\n', "\r\n"),
        text.replace('\n', "\r"),
        text.replace(" CERTIFICATE", " X509 CERTIFICATE"),
        format!("\u{feff}{text}"),
        indented,
        text.trim_end().to_owned(),
        text,
    ] {
        assert_eq!(blob_v1(read_strictly(form).unwrap().roots()), blob_v1(&roots));
    }
}

#[test]
fn a_broken_certificate_is_named_with_its_number_and_line() {
    let roots = roots(3);
    let [first, second, third] = [0, 1, 2].map(|at| pem_of(&roots[at..=at]));
    let begin = first.lines().count() + 1;
    for (broken, line, expected) in [
        (second.replacen("MII", "M!I", 1), begin + 1, "expected Base64"),
        (second.replacen("MII", "MI", 1), begin, "expected Base64"),
        (
            second.replacen("MII", "MIA", 1),
            begin,
            "not a certificate: expected the SEQUENCE of a certificate at byte 0",
        ),
        (
            second.replace("-----END CERTIFICATE-----\n", ""),
            begin + second.lines().count() - 1,
            "expected -----END CERTIFICATE-----",
        ),
        (
            second.replace("END CERT", "END X509 CERT"),
            begin + second.lines().count() - 1,
            "expected -----END CERTIFICATE-----",
        ),
        (
            second.replace("-----BEGIN", "----BEGIN"),
            begin,
            "expected -----BEGIN CERTIFICATE----- and nothing else in the line",
        ),
        (
            second.replace("-----BEGIN CERTIFICATE-----\n", ""),
            begin + second.lines().count() - 2,
            "expected -----BEGIN before -----END",
        ),
        (
            second.replacen("CERTIFICATE-----", "CERTIFICATE----", 1),
            begin,
            "expected -----BEGIN CERTIFICATE----- and nothing else in the line",
        ),
        (
            second.trim_end().to_owned(),
            begin + second.lines().count() - 1,
            "expected -----END CERTIFICATE-----",
        ),
    ] {
        let text = [&first, &broken, &third].map(String::as_str).concat();
        let error = refusal(read_strictly(text));
        assert_eq!(error, format!("list: certificate 2, line {line}: {expected}"));
    }
}

#[test]
fn a_file_that_ends_within_a_certificate_is_refused() {
    let text = pem_of(&roots(2));
    let begin = text.rfind("-----BEGIN").unwrap();
    let line = text[..begin].lines().count() + 1;
    let error = refusal(read_strictly(&text.as_bytes()[..text.len() - 40]));
    assert_eq!(
        error,
        format!("list: certificate 2, line {line}: expected -----END CERTIFICATE-----")
    );
}

#[test]
fn other_sections_are_passed_over_with_a_note() {
    let roots = roots(1);
    let crl = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let list = read_strictly(format!("{crl}{}", pem_of(&roots))).unwrap();
    assert_eq!(
        list.notes()[1].to_string(),
        "list: line 1: a section X509 CRL is no certificate; passed over"
    );
    let error = refusal(read_strictly(crl));
    assert_eq!(
        error,
        "list: no certificate: expected -----BEGIN CERTIFICATE-----"
    );
}

#[test]
fn certificates_in_another_wrapping_are_not_passed_over() {
    let text = encode(&[der_of(&roots(1)[0])]).replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let error = refusal(read_strictly(text.clone()));
    assert_eq!(
        error,
        "list: certificate 1, line 1: a section TRUSTED CERTIFICATE: expected CERTIFICATE"
    );
    let list = read(&[content(text + &pem_of(&roots(2)))], Policy::SkipInvalid).unwrap();
    assert_eq!((list.roots().len(), list.left_out().len()), (2, 1));
}

#[test]
fn the_same_certificate_twice_is_merged_with_a_note() {
    let one = pem_of(&roots(1));
    let list = read_strictly(format!("{one}{one}")).unwrap();
    assert_eq!(list.roots().len(), 1);
    let note = list
        .notes()
        .iter()
        .find(|note| matches!(note.kind, NoteKind::Duplicate { .. }))
        .unwrap();
    let line = one.lines().count() + 1;
    assert_eq!(
        note.to_string(),
        format!("list: certificate 2, line {line}: the same root as at list: certificate 1, line 1; merged")
    );
}

#[test]
fn a_line_that_almost_begins_or_ends_a_certificate_is_not_passed_over() {
    let roots = roots(2);
    let [first, second] = [0, 1].map(|at| pem_of(&roots[at..=at]));
    let line = first.lines().count() + 1;
    for almost in [
        second.replace("-----", "----"),
        second.replace("-----", "\u{2013}\u{2013}\u{2013}"),
        second.replace("-----", "\u{2014}\u{2014}"),
        second.replace("-----BEGIN CERTIFICATE-----", "-----begin certificate-----"),
        second.replace("-----BEGIN CERTIFICATE-----", "> -----BEGIN CERTIFICATE-----"),
        second.replace("-----BEGIN CERTIFICATE-----", "BEGIN  X509 CERTIFICATE"),
        format!("{{\"pem\": \"{}\"}}\n", second.replace('\n', "\\n")),
        format!("\\n{}\n", second.replace('\n', "\\n")),
        "---END CERTIFICATE---\n".to_owned(),
    ] {
        let error = refusal(read_strictly(format!("{first}{almost}")));
        assert_eq!(
            error,
            format!(
                "list: certificate 2, line {line}: expected -----BEGIN CERTIFICATE----- and nothing else in the line"
            ),
        );
    }
    let error = refusal(read_strictly(second.replace("-----", "----")));
    assert!(error.starts_with("list: certificate 1, line 1: expected -----BEGIN CERTIFICATE-----"));
}

#[test]
fn text_that_speaks_of_certificates_is_passed_over() {
    let roots = roots(1);
    for text in [
        "# Friendly name: certificate of a vendor",
        "Certificate:",
        "This list ends here. Certificates that begin with A come first.",
        "Bundle of CA Root Certificates",
    ] {
        let list = read_strictly(format!("{text}\n{}{text}\n", pem_of(&roots))).unwrap();
        assert_eq!(list.roots(), roots);
    }
}
