//! NSS's certdata.txt.

use jit_trust_bundle::{BlobOptions, BlobVersion, NoteKind, Policy, encode_blob, read};

use crate::blob::Layout;
use crate::fixture::*;

#[test]
fn nss_s_own_file_gives_its_121_roots_for_servers_to_a_blob_and_back() {
    let Some((path, text)) = nss_certdata() else {
        return;
    };
    let list = read_path(&path).unwrap();
    assert_eq!(list.roots().len(), 121);
    let not_for_servers = NoteKind::NotForServers { count: 167 - 121 };
    assert!(list.notes().iter().any(|note| note.kind == not_for_servers));

    let read_back = Layout::of(&blob_v1(list.roots()));
    assert_eq!(read_back.generation, GENERATION);
    assert_eq!(read_back.certificates, trusted_values(&text));
    let key_ids: Vec<_> = read_back.certificates.iter().map(|der| key_id_in(der)).collect();
    assert_eq!(read_back.key_ids, key_ids);
}

/// The file has six dates: three are of roots that it trusts for mail only, and one of the others stands in the object
/// on trust instead of that of the certificate.
#[test]
fn nss_s_own_file_gives_three_of_its_roots_for_servers_a_date() {
    let Some((path, text)) = nss_certdata() else {
        return;
    };
    let text = String::from_utf8(text).unwrap();
    assert_eq!(
        text.matches("CKA_NSS_SERVER_DISTRUST_AFTER MULTILINE_OCTAL")
            .count(),
        6
    );
    let list = read_path(&path).unwrap();
    let dated = list.roots().iter().filter_map(|root| {
        let subject = certificate_of(root).subject().to_string();
        Some((
            subject.rsplit('=').next()?.to_owned(),
            root.conditions().distrust_after?,
        ))
    });
    let expected = [
        ("Entrust Root Certification Authority", DISTRUST_AFTER),
        ("ePKI Root Certification Authority", 1_744_761_599), // 2025-04-15T23:59:59Z
        ("Izenpe.com", 1_776_297_599),                        // 2026-04-15T23:59:59Z
    ];
    let expected = expected.map(|(name, date)| (name.to_owned(), date));
    assert_eq!(dated.collect::<Vec<_>>(), expected);

    let v1 = BlobOptions::default().with_version(BlobVersion::V1);
    let encoded = encode_blob(list.roots(), GENERATION, v1).unwrap();
    let lost = encoded.lost.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(lost.len(), 2);
    assert!(
        lost[0].starts_with("3 roots carry a distrust-after date, which version 1 cannot hold: "),
        "{lost:?}"
    );
    assert!(expected.iter().all(|(name, _)| lost[0].contains(name)));
    assert!(
        lost[1].contains("TUBITAK") && lost[1].ends_with("(permitted dns:.tr)"),
        "{lost:?}"
    );
}

/// The certificates that the trust object right behind them trusts for servers, read with nothing but this.
pub(crate) fn trusted_values(text: &[u8]) -> Vec<Vec<u8>> {
    let text = std::str::from_utf8(text).unwrap();
    let objects = text.split("CKA_CLASS CK_OBJECT_CLASS ").skip(1);
    let mut value = None;
    let mut trusted = Vec::new();
    for object in objects {
        if let Some((_, octal)) = object.split_once("CKA_VALUE MULTILINE_OCTAL\n") {
            let (octal, _) = octal.split_once("END").unwrap();
            let bytes = octal.split(['\\', '\n']).filter(|digits| !digits.is_empty());
            value = Some(
                bytes
                    .map(|digits| u8::from_str_radix(digits, 8).unwrap())
                    .collect(),
            );
        } else if object.contains("CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR") {
            trusted.extend(value.take());
        }
    }
    trusted
}

/// The subject key identifier, found as the bytes of its object identifier and what follows.
fn key_id_in(der: &[u8]) -> Vec<u8> {
    let found = der
        .windows(7)
        .position(|bytes| bytes.starts_with(&[0x06, 0x03, 0x55, 0x1d, 0x0e, 0x04]));
    let Some(at) = found else { return Vec::new() };
    let len = usize::from(der[at + 8]);
    der[at + 9..][..len].to_vec()
}

#[test]
fn only_roots_for_servers_are_taken_and_the_others_are_counted() {
    let roots = roots(3);
    let mut list = all_trusted(&roots);
    list[1].for_servers = false;
    list[2].has_date = true;
    let list = read_strictly(certdata(&list)).unwrap();
    let taken: Vec<_> = list.roots().iter().map(der_of).collect();
    assert_eq!(taken, [der_of(&roots[0]), der_of(&roots[2])]);
    assert_eq!(list.roots()[0].conditions().distrust_after, None);
    assert_eq!(list.roots()[1].conditions().distrust_after, Some(DISTRUST_AFTER));
    assert_eq!(
        list.notes()[0].to_string(),
        "list: 1 certificate is not trusted for servers; passed over"
    );
}

#[test]
fn a_date_in_the_trust_object_counts_too() {
    let roots = roots(1);
    let text = certdata(&all_trusted(&roots));
    let date = octal("CKA_NSS_SERVER_DISTRUST_AFTER", DISTRUST_UTC_TIME.as_bytes());
    let list = read_strictly(text + &date).unwrap();
    assert_eq!(list.roots()[0].conditions().distrust_after, Some(DISTRUST_AFTER));
}

#[test]
fn a_date_that_cannot_be_read_refuses_the_file_also_when_invalid_roots_are_skipped() {
    let roots = roots(2);
    let text = certdata(&all_trusted(&roots));
    let text = text.replace(
        "CKA_NSS_SERVER_DISTRUST_AFTER CK_BBOOL CK_FALSE",
        &octal("CKA_NSS_SERVER_DISTRUST_AFTER", b"soon\x1b"),
    );
    let error = refusal(read(&[content(text)], Policy::SkipInvalid));
    assert!(
        error.ends_with(r#"distrust date "soon\u{1b}": expected CK_FALSE, or YYMMDDHHMMSSZ in octal"#),
        "{error}"
    );
}

#[test]
fn objects_are_joined_by_issuer_and_serial_in_any_order() {
    let roots = roots(3);
    let text = certdata(&all_trusted(&roots));
    let (preamble, objects) = text.split_once("\n# A root.").unwrap();
    let mut objects: Vec<_> = objects.split("CKA_CLASS ").skip(1).collect();
    objects.sort_by_key(|object| object.contains("CKO_CERTIFICATE"));
    let text = format!("{preamble}\nCKA_CLASS {}", objects.join("CKA_CLASS "));
    assert_eq!(blob_v1(read_strictly(text).unwrap().roots()), blob_v1(&roots));
}

#[test]
fn trust_in_a_certificate_that_is_not_there_is_refused_and_distrust_is_not() {
    let roots = roots(2);
    let mut list = all_trusted(&roots);
    let without_certificate = |text: &str| {
        let end = text.rfind("# A root.").unwrap();
        let trust = text.rfind("CKA_CLASS").unwrap();
        format!("{}{}", &text[..end], &text[trust..])
    };
    let error = refusal(read_strictly(without_certificate(&certdata(&list))));
    assert!(
        error.contains("is trusted for servers: expected its certificate, which is not in the file"),
        "{error}"
    );
    list[1].for_servers = false;
    let list = read_strictly(without_certificate(&certdata(&list))).unwrap();
    assert_eq!(list.roots().len(), 1);
}

#[test]
fn an_object_that_speaks_of_another_certificate_is_refused() {
    let roots = roots(2);
    let text = certdata(&all_trusted(&roots[..1]));
    let own = octal("CKA_VALUE", der_of(&roots[0]));
    let error = refusal(read_strictly(
        text.replace(&own, &octal("CKA_VALUE", der_of(&roots[1]))),
    ));
    assert!(
        error.starts_with("list: certificate 1, line 7: object \""),
        "{error}"
    );
    assert!(
        error.ends_with("expected the CKA_ISSUER and CKA_SERIAL_NUMBER of its certificate"),
        "{error}"
    );
}

#[test]
fn damage_is_refused_with_its_line() {
    let roots = roots(1);
    let text = certdata(&all_trusted(&roots));
    let lines = text.lines().count();
    for (damaged, expected) in [
        (
            text.replacen("\\060", "\\068", 1),
            "list: line 10: expected bytes as \\ooo, or END",
        ),
        (
            text.replacen("\\060", "\\06", 1),
            "list: line 10: expected bytes as \\ooo, or END",
        ),
        (
            text.replacen("CKA_LABEL UTF8", "LABEL UTF8", 1),
            "list: line 8: expected an attribute CKA_…, or a comment",
        ),
        (
            text.replacen("CKA_LABEL UTF8 ", "CKA_LABEL\n#", 1),
            "list: line 8: expected a name, a type and a value",
        ),
        (
            text.lines().take(lines - 1).collect::<Vec<_>>().join("\n"),
            "\" ends: expected CKA_TRUST_SERVER_AUTH",
        ),
        (
            text.lines().take(lines - 3).collect::<Vec<_>>().join("\n"),
            "expected END behind the bytes",
        ),
    ] {
        let error = refusal(read_strictly(damaged));
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn two_objects_for_one_certificate_are_refused() {
    let roots = roots(1);
    let twice = [
        certdata(&all_trusted(&roots)),
        certdata(&all_trusted(&roots)).replace("BEGINDATA", ""),
    ]
    .concat();
    let error = refusal(read_strictly(twice));
    assert!(
        error.contains("has the issuer and serial number of the one at line 7"),
        "{error}"
    );
}

#[test]
fn an_attribute_that_is_set_twice_is_refused() {
    let roots = roots(1);
    let text = certdata(&all_trusted(&roots));
    let date = octal("CKA_NSS_SERVER_DISTRUST_AFTER", DISTRUST_UTC_TIME.as_bytes());
    let trust = "CKA_TRUST_SERVER_AUTH CK_TRUST CKT_NSS_TRUSTED_DELEGATOR\n";
    let line = text.lines().count() + 1;
    let error = refusal(read_strictly(format!("{text}{trust}")));
    assert!(
        error.starts_with(&format!("list: line {line}: object \"")),
        "{error}"
    );
    assert!(
        error.ends_with("\" has CKA_TRUST_SERVER_AUTH twice: expected it once"),
        "{error}"
    );
    let error = refusal(read_strictly(
        text.replace("\n# Its trust.", &format!("{date}\n# Its trust.")),
    ));
    assert!(
        error.contains("has CKA_NSS_SERVER_DISTRUST_AFTER twice"),
        "{error}"
    );
}

#[test]
fn trust_in_a_certificate_with_another_sha_1_is_refused() {
    let roots = roots(1);
    let text = certdata(&all_trusted(&roots));
    let error = refusal(read_strictly(text + &octal("CKA_CERT_SHA1_HASH", &[7; 20])));
    assert!(
        error.starts_with("list: certificate 1, line 7: object \""),
        "{error}"
    );
    assert!(
        error.ends_with("expected its CKA_CERT_SHA1_HASH to be that of the certificate"),
        "{error}"
    );
}

#[test]
fn distrust_binds_the_other_inputs_and_no_trust_does_not() {
    let roots = roots(2);
    let mut listed = all_trusted(&roots);
    listed[0].for_servers = false;
    let untrusted = certdata(&listed);
    let bare = || content(pem_of(&roots[..1]));
    let list = read(&[content(untrusted.clone()), bare()], Policy::Strict).unwrap();
    assert_eq!(list.roots().len(), 2);
    for distrust in ["CKT_NSS_NOT_TRUSTED", "CKT_NETSCAPE_UNTRUSTED", "CKT_NOT_TRUSTED"] {
        let distrusted = untrusted.replace("CKT_NSS_MUST_VERIFY_TRUST", distrust);
        // NSS has distrust without the certificate too.
        let from = distrusted
            .find("CKA_CLASS CK_OBJECT_CLASS CKO_CERTIFICATE")
            .unwrap();
        let to = from
            + distrusted[from..]
                .find("CKA_CLASS CK_OBJECT_CLASS CKO_NSS_TRUST")
                .unwrap();
        let without_certificate = format!("{}{}", &distrusted[..from], &distrusted[to..]);
        // Its serial number comes first: no INTEGER any more.
        let serial = "CKA_SERIAL_NUMBER MULTILINE_OCTAL\n\\";
        let damaged = without_certificate.replacen(&format!("{serial}002"), &format!("{serial}003"), 1);
        let error = refusal(read(&[content(damaged), bare()], Policy::SkipInvalid));
        assert!(
            error.ends_with("expected CKA_ISSUER and CKA_SERIAL_NUMBER in DER, with nothing behind it"),
            "{error}"
        );
        for text in [distrusted, without_certificate] {
            for inputs in [[content(text.clone()), bare()], [bare(), content(text.clone())]] {
                let error = refusal(read(&inputs, Policy::Strict));
                assert!(error.contains(" is distrusted at list: line "), "{error}");
                let list = read(&inputs, Policy::Store).unwrap();
                let taken: Vec<_> = list.roots().iter().map(der_of).collect();
                assert_eq!(taken, [der_of(&roots[1])]);
                assert_eq!(list.left_out()[0].to_string(), error);
            }
        }
    }
}
