//! p11-kit's own form, whose blocks say which certificate is trusted and for what.

use jit_trust_bundle::{Input, NoteKind, Policy, RootList, pem_certificates, read};
use jit_trust_lab::pki::der::{boolean, integer, object_identifier, octet_string, sequence};
use jit_trust_lab::pki::{Ca, dns_name_constraints, pem};

use crate::fixture::*;

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const CODE_SIGNING: &str = "1.3.6.1.5.5.7.3.3";
const ANY: &str = "2.5.29.37.0";
const EXTENDED_KEY_USAGE: &str = "2.5.29.37";
const REJECTED: &str = "1.3.6.1.4.1.3319.6.10.1";
const NAME_CONSTRAINTS: &str = "2.5.29.30";

fn block(attributes: &str, pem: &str) -> String {
    format!("[p11-kit-object-v1]\n{attributes}\n{pem}\n")
}

fn certificate(attributes: &str, ca: &Ca) -> String {
    block(
        &format!("label: \"A root\"\n{attributes}\nmodifiable: false"),
        &ca.pem(),
    )
}

fn percent(bytes: &[u8]) -> String {
    let bytes: String = bytes.iter().map(|byte| format!("%{byte:02x}")).collect();
    format!("\"{bytes}\"")
}

fn public_key(ca: &Ca) -> String {
    pem(&[ca.key().spki()]).replace(" CERTIFICATE", " PUBLIC KEY")
}

fn extension(id: &str, critical: bool, value: &[u8], ca: &Ca) -> String {
    let critical = if critical { boolean(true) } else { Vec::new() };
    let extension = sequence(&[&object_identifier(id), &critical, &octet_string(value)]);
    let attributes = format!(
        "class: x-certificate-extension\nobject-id: {id}\nvalue: {}",
        percent(&extension)
    );
    block(&attributes, &public_key(ca))
}

fn purposes(ids: &[&str]) -> Vec<u8> {
    let ids: Vec<_> = ids.iter().map(|id| object_identifier(id)).collect();
    sequence(&ids.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

fn list(blocks: &[String]) -> RootList {
    read_strictly(blocks.concat()).unwrap()
}

/// Whether the root of these blocks becomes an anchor, beside one that does.
fn is_anchor(blocks: &[String], ca: &Ca) -> bool {
    let other = certificate("trusted: true", &Ca::root("Other"));
    let list = list(&[blocks.concat(), other]);
    list.roots().iter().any(|root| *root == root_of(ca))
}

#[test]
fn only_what_is_trusted_for_servers_becomes_an_anchor() {
    let ca = Ca::root("Root");
    let trusted = || certificate("trusted: true", &ca);
    assert!(is_anchor(&[trusted()], &ca));
    for distrusted in [
        "x-distrusted: true",
        "trusted: false",
        "nss-mozilla-ca-policy: true",
        "trusted: true\nx-distrusted: true",
        "trusted: \"%00\"",
    ] {
        assert!(!is_anchor(&[certificate(distrusted, &ca)], &ca), "{distrusted}");
    }
    for (id, ids, is_trusted) in [
        (EXTENDED_KEY_USAGE, &[SERVER_AUTH][..], true),
        (EXTENDED_KEY_USAGE, &[CODE_SIGNING, ANY], true),
        (EXTENDED_KEY_USAGE, &[CODE_SIGNING], false),
        (EXTENDED_KEY_USAGE, &[], false),
        (REJECTED, &[CODE_SIGNING], true),
        (REJECTED, &[CODE_SIGNING, SERVER_AUTH], false),
    ] {
        let extension = || extension(id, true, &purposes(ids), &ca);
        assert_eq!(is_anchor(&[trusted(), extension()], &ca), is_trusted, "{ids:?}");
        assert_eq!(is_anchor(&[extension(), trusted()], &ca), is_trusted, "{ids:?}");
        let of_another = self::extension(id, true, &purposes(ids), &Ca::root("Root"));
        assert!(is_anchor(&[trusted(), of_another], &ca));
    }
    for (id, value, is_trusted) in [
        ("2.5.29.19", sequence(&[&boolean(true)]), true),
        ("2.5.29.19", sequence(&[]), false),
        ("2.5.29.15", vec![3, 2, 1, 0x06], true),
        ("2.5.29.15", vec![3, 2, 1, 0x80], false),
        ("2.5.29.14", octet_string(b"a key identifier"), true),
    ] {
        let extension = extension(id, false, &value, &ca);
        assert_eq!(
            is_anchor(&[trusted(), extension], &ca),
            is_trusted,
            "{id} {value:?}"
        );
    }
}

#[test]
fn distrust_is_in_a_key_or_an_issuer_and_serial_number_wherever_it_stands() {
    let ca = Ca::root("Root");
    let trusted = || certificate("trusted: true", &ca);
    let again = ca.reissue().self_signed();
    let by_number = block(
        &format!(
            "class: certificate\ncertificate-type: x-509\nx-distrusted: true\nissuer: {}\nserial-number: {}",
            percent(ca.issuer().der()),
            percent(&integer(ca.serial()))
        ),
        "",
    );
    let by_key = block("class: certificate\nx-distrusted: true", &public_key(&ca));
    for distrust in [certificate("x-distrusted: true", &again), by_number, by_key] {
        assert!(!is_anchor(&[trusted(), distrust.clone()], &ca), "{distrust}");
        assert!(!is_anchor(&[distrust, trusted()], &ca));
    }
}

#[test]
fn the_date_and_the_constraints_are_the_root_s_conditions() {
    let ca = Ca::root("Root");
    let of = |blocks: &[String]| list(blocks).roots()[0].clone();
    let utc_time = percent(DISTRUST_UTC_TIME.as_bytes());
    for date in [format!("\"{DISTRUST_UTC_TIME}\""), utc_time] {
        let dated = certificate(&format!("trusted: true\nnss-server-distrust-after: {date}"), &ca);
        assert_eq!(of(&[dated]), with(&root_of(&ca), Some(DISTRUST_AFTER), None));
    }
    for none in ["false", "\"%00\""] {
        let undated = certificate(&format!("trusted: true\nnss-server-distrust-after: {none}"), &ca);
        assert_eq!(of(&[undated]), root_of(&ca));
    }
    let below_tr = dns_name_constraints(&["tr"], &[] as &[&str]);
    let constrained = [
        certificate("trusted: true", &ca),
        extension(NAME_CONSTRAINTS, true, &sequence(&[&below_tr]), &ca),
    ];
    let name_constraints = of(&constrained).conditions().name_constraints.clone().unwrap();
    assert_eq!(name_constraints, below_tr);
    // This form carries conditions.
    assert!(list(&constrained).sources()[0].carries_conditions());
    assert!(list(&constrained).notes().is_empty());
}

#[test]
fn what_cannot_be_kept_to_or_is_not_known_is_refused() {
    let ca = Ca::root("Root");
    let constrained = Ca::builder("Root")
        .name_constraints(&["a.test"], &[])
        .self_signed();
    let trusted = certificate("trusted: true", &ca);
    let other_constraints = sequence(&[&dns_name_constraints(&["tr"], &[] as &[&str])]);
    let path_length = sequence(&[&boolean(true), &integer(&[0])]);
    for (text, expected) in [
        (
            trusted.clone() + &extension(EXTENDED_KEY_USAGE, true, b"junk", &ca),
            "is trusted under a condition that cannot be kept to: purposes that cannot be read",
        ),
        (
            trusted.clone() + &extension("2.5.29.19", true, &path_length, &ca),
            "cannot be kept to: basic constraints with a path length, or unreadable",
        ),
        (
            trusted.clone() + &extension("1.2.3", true, b"", &ca),
            "cannot be kept to: a critical extension that is not understood",
        ),
        (
            certificate("trusted: true", &constrained)
                + &extension(NAME_CONSTRAINTS, true, &other_constraints, &constrained),
            "cannot be kept to: name constraints beside others, or unreadable",
        ),
        (
            trusted.clone() + &extension("1.2.3", false, b"", &ca).repeat(65),
            "cannot be kept to: too many extensions",
        ),
        (
            certificate("trusted: true\nnss-server-distrust-after: \"soon\"", &ca),
            "distrust date \"\"soon\"\": expected false, or \"YYMMDDHHMMSSZ\"",
        ),
        (
            certificate("trusted: maybe", &ca),
            "line 3: expected true or false",
        ),
        (
            certificate("trusted: true\ntrusted: true", &ca),
            "line 4: object \"A root\" has trusted twice: expected it once",
        ),
        (
            certificate("trusted: true\ntrust-server-auth: nss-trust-not-trusted", &ca),
            "line 4: expected no other attribute on trust than trusted and x-distrusted",
        ),
        (
            certificate("class: nss-trust", &ca),
            "line 3: expected a class certificate or x-certificate-extension",
        ),
        (
            trusted.clone() + &ca.pem(),
            "object \"A root\" has value twice: expected it once",
        ),
        (ca.pem() + &trusted, "line 1: expected [p11-kit-object-v1] first"),
        (
            trusted.replace("-v1]", "-v2]"),
            "line 1: expected [p11-kit-object-v1]",
        ),
        (
            trusted.replace(" CERTIFICATE", " TRUSTED CERTIFICATE"),
            "line 5: a section TRUSTED CERTIFICATE: expected CERTIFICATE",
        ),
        (
            block("class: x-certificate-extension\nvalue: \"%30%00\"", ""),
            "line 1: object \"\" ends: expected public-key-info",
        ),
        (
            block("class: certificate\nx-distrusted: true", ""),
            "line 1: object \"\" ends: expected issuer and serial-number",
        ),
        (
            block("label: \"x\"", ""),
            "line 1: expected a class, or a certificate in PEM",
        ),
        (
            block("class: certificate\ntrusted: true\nvalue: \"%3\"", ""),
            "line 4: expected bytes between quotation marks, as %xx",
        ),
        (
            block("trusted", &ca.pem()),
            "line 2: expected name: value, a section in PEM, or a comment",
        ),
        (
            trusted.replace("-----END CERTIFICATE-----", ""),
            "expected -----END CERTIFICATE-----",
        ),
    ] {
        let error = refusal(read_strictly(text.clone()));
        assert!(error.ends_with(expected), "{error}\n{text}");
        assert!(read(&[content(text)], Policy::Store).is_err());
    }
}

#[test]
fn certificates_as_bytes_comments_and_blocks_that_decide_nothing_are_read() {
    let ca = Ca::root("Root");
    let blocks = [
        "# a comment\n\n".to_owned(),
        block("class: nss-builtin-root-list\nlabel: \"Trust Anchor Roots\"", ""),
        block(
            &format!("class: certificate\ntrusted: true\nvalue: {}", percent(&ca.der())),
            "",
        ),
    ];
    assert_eq!(list(&blocks).roots(), [root_of(&ca)]);
}

#[test]
fn what_is_not_trusted_is_counted_and_said_where_nothing_is_left() {
    let ca = Ca::root("Root");
    let distrusted = certificate("x-distrusted: true", &ca);
    let list = list(&[
        certificate("trusted: true", &Ca::root("Other")),
        distrusted.clone(),
    ]);
    assert_eq!(list.notes()[0].kind, NoteKind::NotForServers { count: 1 });
    let error = refusal(read_strictly(distrusted));
    assert_eq!(
        error,
        "list: no root left: expected at least one certificate of a CA trusted for servers; list: 1 certificate is not \
         trusted for servers; passed over"
    );
}

#[test]
fn where_certificates_alone_are_expected_such_a_list_is_refused() {
    let text = certificate("x-distrusted: true", &Ca::root("Root"));
    let error = pem_certificates("ca.pem", format!("# roots\n{text}").as_bytes());
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with(
            "ca.pem: line 2: p11-kit's list, which says of each certificate whether it is trusted: "
        ),
        "{error}"
    );
}

/// A certificate with one byte behind it, which p11-kit may read and this does not.
fn with_a_byte_behind(ca: &Ca) -> String {
    pem(&[[ca.der().as_ref(), &[0]].concat()])
}

#[test]
fn distrust_in_what_cannot_be_read_refuses_the_list() {
    let ca = Ca::root("Root");
    let trusted = certificate("trusted: true", &ca);
    let numbered = |issuer: &[u8], serial: &[u8]| {
        let (issuer, serial) = (percent(issuer), percent(serial));
        format!("class: certificate\nx-distrusted: true\nissuer: {issuer}\nserial-number: {serial}")
    };
    let serial = integer(ca.serial());
    let behind = |bytes: &[u8]| [bytes, &[0]].concat();
    let key = pem(&[behind(&ca.key().spki())]).replace(" CERTIFICATE", " PUBLIC KEY");
    for (distrust, expected) in [
        (
            block("label: \"A root\"\nx-distrusted: true", &with_a_byte_behind(&ca)),
            "list: line 1: \"A root\" is distrusted, but what it is cannot be read: expected a certificate in DER, \
             with nothing behind it",
        ),
        (
            block("class: certificate\nx-distrusted: true", &key),
            "cannot be read: expected public-key-info in DER, with nothing behind it",
        ),
        (
            block(&numbered(ca.issuer().der(), &behind(&serial)), ""),
            "cannot be read: expected issuer and serial-number in DER, with nothing behind it",
        ),
        (
            block(&numbered(&behind(ca.issuer().der()), &serial), ""),
            "cannot be read: expected issuer and serial-number in DER, with nothing behind it",
        ),
        (
            block("class: certificate\nx-distrusted: true\nvalue: \"\"", ""),
            "cannot be read: expected issuer and serial-number in DER, with nothing behind it",
        ),
        (
            block("class: data\nx-distrusted: true", &ca.pem()),
            "expected x-distrusted in a block of class certificate alone",
        ),
        (
            block("X-Distrusted: true", &ca.pem()),
            "expected no other attribute on trust than trusted and x-distrusted",
        ),
        (
            extension(REJECTED, false, b"junk", &ca),
            "cannot be kept to: purposes that cannot be read",
        ),
    ] {
        for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
            let error = refusal(read(&[content(distrust.clone() + &trusted)], policy));
            assert!(error.ends_with(expected), "{error}\n{distrust}");
        }
    }
    // Nothing is missing where p11-kit had nothing to say beside the certificate.
    let empty = "class: certificate\nx-distrusted: true\nissuer: \"\"\nserial-number: \"\"";
    assert!(!is_anchor(&[block(empty, &ca.pem()), trusted], &ca));
}

#[test]
fn distrust_binds_the_other_inputs_in_either_order() {
    let (ca, other) = (Ca::root("Root"), Ca::root("Other"));
    let again = ca.reissue().self_signed();
    let by_number = format!(
        "class: certificate\nx-distrusted: true\nissuer: {}\nserial-number: {}",
        percent(ca.issuer().der()),
        percent(&integer(ca.serial()))
    );
    let by_key = "class: certificate\nx-distrusted: true";
    let copies = [
        Input::Bytes {
            name: "root.pem".to_owned(),
            bytes: ca.pem().into_bytes(),
        },
        Input::Bytes {
            name: "root.tblb".to_owned(),
            bytes: blob(&[root_of(&ca)]),
        },
    ];
    for (distrust, is_of_number) in [
        (certificate("x-distrusted: true", &ca), false),
        (certificate("x-distrusted: true", &again), false),
        (block(by_key, &public_key(&ca)), false),
        (extension(REJECTED, false, &purposes(&[SERVER_AUTH]), &ca), false),
        (block(&by_number, ""), true),
    ] {
        let system = || content(certificate("trusted: true", &other) + &distrust);
        for copy in &copies {
            // The anchor alone, without a certificate, has no serial number; what has one says which key it is.
            let copies = match is_of_number {
                true => copies.to_vec(),
                false => vec![copy.clone()],
            };
            let first = [&[system()][..], &copies].concat();
            let last = [&copies[..], &[system()]].concat();
            for inputs in [first, last] {
                let error = refusal(read(&inputs, Policy::Strict));
                assert!(error.starts_with("root."), "{error}");
                assert!(
                    (error.contains(": CN=Root is") || error.contains(": certificate 1: SKID "))
                        && error.contains(" is distrusted at list: line ")
                        && error.contains(", which binds the whole list: expected it in none of the inputs"),
                    "{error}"
                );
                for policy in [Policy::SkipInvalid, Policy::Store] {
                    let list = read(&inputs, policy).unwrap();
                    assert_eq!(list.roots(), [root_of(&other)]);
                    assert_eq!(list.left_out()[0].to_string(), error);
                }
            }
        }
    }
    // A certificate that was merged into another of its anchor is distrusted all the same.
    let number_of_again = by_number.replace(
        &percent(&integer(ca.serial())),
        &percent(&integer(again.serial())),
    );
    assert_ne!(number_of_again, by_number);
    let inputs = [
        content(ca.pem() + &again.pem() + &other.pem()),
        content(certificate("trusted: true", &other) + &block(&number_of_again, "")),
    ];
    assert_eq!(read(&inputs, Policy::Store).unwrap().roots(), [root_of(&other)]);
    // What is only not trusted takes nothing away.
    let untrusted = content(certificate("trusted: false", &ca) + &certificate("trusted: true", &other));
    let list = read(&[untrusted, copies[0].clone()], Policy::Strict).unwrap();
    assert_eq!(list.roots(), [root_of(&other), root_of(&ca)]);
}

#[test]
fn a_block_that_begins_in_another_spelling_is_not_read_as_pem() {
    let ca = Ca::root("Root");
    for beginning in [
        "[ p11-kit-object-v1 ]",
        "[P11-Kit-Object-v1]",
        "[p11-kit-object_v1]",
        "[p11-kit-object]",
        "[\tp11-kit-object-v1\u{a0}]",
        "\"[p11-kit-object-v1]\"",
        "p11-kit-object-v1",
        "",
    ] {
        let text = format!("{beginning}\nx-distrusted: true\n{}", ca.pem());
        for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
            let error = refusal(read(&[content(text.clone())], policy));
            assert!(error.contains(": expected [p11-kit-object-v1]"), "{error}");
        }
        assert!(pem_certificates("ca.pem", text.as_bytes()).is_err(), "{text}");
        // A block in the middle is not taken for attributes of the one above.
        if !beginning.is_empty() {
            let text = certificate("trusted: true", &Ca::root("Other")) + &text.replacen('\n', ": a\n", 1);
            let error = refusal(read_strictly(text));
            assert!(error.ends_with(": expected [p11-kit-object-v1]"), "{error}");
        }
    }
    let named = format!("p11-kit has the root [p11-kit-object-v1]\n{}", ca.pem());
    assert_eq!(read_strictly(named).unwrap().roots(), [root_of(&ca)]);
}
