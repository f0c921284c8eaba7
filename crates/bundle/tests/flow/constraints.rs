//! Domains that CCADB's report imposes on roots.

use std::time::Duration;

use jit_trust_bundle::{InputError, NameConstraints, Policy, Root, RootList, read};
use jit_trust_lab::pki::{Ca, Extension, now};
use pki_types::{TrustAnchor, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use crate::fixture::*;

/// A report on one root, with these "Mozilla Applied Constraints".
fn read_with(root: &Root, text: &str) -> Result<RootList, InputError> {
    let pem = format!("'{}'", pem_of(std::slice::from_ref(root)));
    let header = ["PEM Info", "Trust Bits", "Mozilla Applied Constraints"];
    let csv = csv_row(&header) + &csv_row(&[&pem, "Websites", text]);
    read(&[content(csv)], Policy::SkipInvalid)
}

#[test]
fn domains_that_cannot_be_read_refuse_the_report_also_when_invalid_roots_are_skipped() {
    let root = &roots(1)[0];
    for text in [
        "*.tr and *.fr",
        "192.0.2.0/24",
        ",",
        "email:example.com",
        "a\u{1b}b",
    ] {
        let error = refusal(read_with(root, text));
        assert!(
            error.starts_with("list: certificate 1, line 2: applied constraints \"")
                && error.contains("expected domains such as *.example.com, separated by commas"),
            "{error}"
        );
    }
    let unreadable = Extension::new("2.5.29.30", true, b"\x30\x04\xa0\x02\x30\x09");
    let unreadable = root_of(&Ca::builder("Root").extension(unreadable).self_signed());
    let error = refusal(read_with(&unreadable, "*.tr"));
    assert!(
        error.contains("a certificate whose own constraints can be read"),
        "{error}"
    );
}

#[test]
fn domains_and_the_constraints_of_the_certificate_hold_both() {
    let ca = Ca::builder("Root").name_constraints(&["tr", "example"], &["x.tr"]);
    let root = root_of(&ca.self_signed());
    for (text, expected) in [
        ("", "permitted dns:tr, dns:example; excluded dns:x.tr"),
        ("*.gov.tr, *.fr", "permitted dns:.gov.tr; excluded dns:x.tr"),
        ("*.fr", "excluded dns:x.tr, dns:"),
    ] {
        let list = read_with(&root, text).unwrap();
        let entry = list.roots()[0].entry();
        let constraints = NameConstraints::of(entry.name_constraints().unwrap());
        assert_eq!(constraints.to_string(), expected);
    }
}

#[test]
fn webpki_takes_them_as_they_are_meant() {
    let plain = Ca::root("Plain");
    let own = Ca::builder("With its own")
        .name_constraints(&["example"], &[])
        .self_signed();
    for (ca, text, name, is_permitted) in [
        (&plain, "", "a.test", true),
        (&plain, "*.tr", "a.tr", true),
        (&plain, "*.tr", "a.b.tr", true),
        (&plain, "*.tr", "a.test", false),
        (&plain, "*.tr", "a.xtr", false),
        (&plain, "*.gov.tr", "gov.tr", false),
        (&plain, "gov.tr", "gov.tr", true),
        (&plain, "gov.tr", "a.gov.tr", true),
        (&plain, "*.tr; *.fr", "a.fr", true),
        (&own, "", "a.example", true),
        (&own, "*.b.example", "a.b.example", true),
        (&own, "*.b.example", "a.example", false),
        // Nothing is left, and so nothing is permitted.
        (&own, "*.tr", "a.tr", false),
        (&own, "*.tr", "a.example", false),
    ] {
        let list = read_with(&root_of(ca), text).unwrap();
        let entry = list.roots()[0].entry();
        let anchors = [TrustAnchor {
            subject: entry.subject().unwrap().value().into(),
            subject_public_key_info: entry.spki_value().into(),
            name_constraints: entry.name_constraints().map(Into::into),
        }];
        let leaf = ca.leaf(name);
        let leaf = leaf.der();
        let leaf = EndEntityCert::try_from(&leaf).unwrap();
        let verified = leaf.verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &anchors,
            &[],
            UnixTime::since_unix_epoch(Duration::from_secs(now().try_into().unwrap())),
            KeyUsage::server_auth(),
            None,
            None,
        );
        assert_eq!(
            verified.is_ok(),
            is_permitted,
            "{text:?}, {name}: {:?}",
            verified.err()
        );
    }
}
