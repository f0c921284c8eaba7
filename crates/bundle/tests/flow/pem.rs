//! PEM files.

use jit_trust_bundle::{NoteKind, Policy, pem_certificates, read};
use jit_trust_lab::pki::{Ca, pem as encode};

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
        "list: line 1: a section X509 CRL is not a certificate; passed over"
    );
    let error = refusal(read_strictly(crl));
    assert_eq!(
        error,
        "list: no certificate, but a list of revoked certificates (CRL); expected the certificate of the CA that \
         signs it"
    );
}

#[test]
fn certificates_in_another_wrapping_are_not_passed_over() {
    let text = encode(&[der_of(&roots(1)[0])]).replace(" CERTIFICATE", " CERTIFICATE CHAIN");
    let error = refusal(read_strictly(text.clone()));
    assert_eq!(
        error,
        "list: certificate 1, line 1: a section CERTIFICATE CHAIN: expected CERTIFICATE"
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
fn a_certificate_behind_a_damaged_boundary_is_not_passed_over() {
    let roots = roots(2);
    let [first, second] = [0, 1].map(|at| pem_of(&roots[at..=at]));
    let line = first.lines().count() + 1;
    let quoted: String = second.lines().map(|line| format!("> {line}\n")).collect();
    let strings: String = second.lines().map(|line| format!("  \"{line}\\n\"\n")).collect();
    for almost in [
        second.replace("-----", "----"),
        second.replace("-----", "----- "),
        second.replace("-----", "\u{2013}\u{2013}\u{2013}"),
        second.replace("-----", "\u{2014}\u{2014}"),
        second.replace("-----BEGIN CERTIFICATE-----", "-----begin certificate-----"),
        second.replace("-----BEGIN CERTIFICATE-----", "> -----BEGIN CERTIFICATE-----"),
        second.replace("-----BEGIN CERTIFICATE-----", "# -----BEGIN CERTIFICATE-----"),
        second.replace("-----BEGIN CERTIFICATE-----", "-----BEGIN CERTIFICATE-----."),
        second.replace("-----BEGIN CERTIFICATE-----", "BEGIN  X509 CERTIFICATE"),
        second.replace("-----BEGIN CERTIFICATE-----", "BEGIN CERTIFICATE\n"),
        format!("{{\"pem\": \"{}\"}}\n", second.replace('\n', "\\n")),
        format!("\\n{}\n", second.replace('\n', "\\n")),
        second.replace('\n', " "),
        quoted,
        strings,
    ] {
        let error = refusal(read_strictly(format!("{first}{almost}")));
        assert_eq!(
            error,
            format!(
                "list: certificate 2, line {line}: expected -----BEGIN CERTIFICATE----- and nothing else in the line"
            ),
            "{almost}"
        );
    }
    let error = refusal(read_strictly(second.replace("-----", "----")));
    assert!(error.starts_with("list: certificate 1, line 1: expected -----BEGIN CERTIFICATE-----"));
}

#[test]
fn text_outside_of_sections_is_passed_over_whatever_words_are_in_it() {
    let roots = roots(1);
    for text in [
        "# Friendly name: certificate of a vendor",
        "Certificate:",
        "This list ends here. Certificates that begin with A come first.",
        "Bundle of CA Root Certificates",
        "# BEGIN company root certificate",
        "# end of certificate list",
        "---END CERTIFICATE---",
        " 0 s:CN = Front End Certificate Authority",
        "   i:CN = \"-----BEGIN CERTIFICATE-----\"",
        "# Company CA with ----BEGIN CERTIFICATE----?",
        "-----BEGIN CERTIFICATE----",
        "-----BEGIN and -----END CERTIFICATE-----",
        "-----BEGIN",
        "----------------------------------------",
        "-----",
        "BEGIN CERTIFICATE\nMICHIGAN",
        "BEGIN CERTIFICATE\nMII",
        "-----BEGIN OUR ROOTS-----",
        "-----END OUR ROOTS-----",
        "Rejected Uses:\n  TLS Web Server Authentication",
        "\u{feff}",
        "MIIBezCCASCgAwIBAgIUQW1XGQn4mA/lEmEDWgan/1Bnt8UwCgYIKoZIzj0EAwIw",
    ] {
        let list = read_strictly(format!("{text}\n{}{text}\n", pem_of(&roots))).unwrap();
        assert_eq!(list.roots(), roots, "{text}");
        assert!(
            list.notes()
                .iter()
                .all(|note| note.kind == NoteKind::CarriesNoConditions)
        );
        let certificates = pem_certificates("list", format!("{text}\n{}{text}\n", pem_of(&roots)).as_bytes());
        assert_eq!(certificates.unwrap(), [der_of(&roots[0]).to_vec()], "{text}");
    }
}

#[test]
fn the_end_of_a_certificate_whose_beginning_is_gone_is_not_passed_over() {
    let roots = roots(1);
    let error = refusal(read_strictly(format!(
        "{}-----END CERTIFICATE-----\n",
        pem_of(&roots)
    )));
    assert!(error.ends_with("expected -----BEGIN before -----END"), "{error}");
}

#[test]
fn a_certificate_that_is_commented_out_is_passed_over_with_a_note() {
    let roots = roots(2);
    let [first, second] = [0, 1].map(|at| pem_of(&roots[at..=at]));
    for mark in ["#", "# ", "//", "; "] {
        let commented: String = second.lines().map(|line| format!("{mark}{line}\n")).collect();
        let list = read_strictly(format!("{commented}{first}")).unwrap();
        assert_eq!(list.roots(), &roots[..1]);
        assert_eq!(
            list.notes()[1].to_string(),
            "list: line 1: a certificate is commented out; passed over"
        );
        let error = read_strictly(commented).map(|list| list.roots().len());
        assert!(
            error
                .unwrap_err()
                .to_string()
                .starts_with("list: no certificate: ")
        );
    }
}

#[test]
fn a_byte_order_mark_may_stand_before_any_of_several_joined_files() {
    let roots = roots(3);
    let files = [0, 1, 2].map(|at| format!("\u{feff}{}", pem_of(&roots[at..=at])));
    let joined = files.concat();
    // The last line of a file need not end.
    let without_line_ends = files.each_ref().map(|file| file.trim_end()).concat();
    for text in [joined.replace('\n', "\r\n"), joined, without_line_ends] {
        assert_eq!(blob_v1(read_strictly(text).unwrap().roots()), blob_v1(&roots));
    }
}

#[test]
fn a_key_beside_a_chain_is_passed_over_and_a_key_alone_is_named() {
    let ca = Ca::root("Root");
    let (key, certificate) = (ca.key().private_pem(), ca.pem());
    for text in [format!("{key}{certificate}"), format!("{certificate}{key}")] {
        assert_eq!(
            pem_certificates("chain", text.as_bytes()).unwrap(),
            [ca.der().to_vec()]
        );
    }
    let error = pem_certificates("chain", key.as_bytes()).unwrap_err().to_string();
    assert!(
        error.starts_with("chain: no certificate, but a private key; "),
        "{error}"
    );
}
