//! OpenSSL's `TRUSTED CERTIFICATE`, with what it says that it is trusted for.

use jit_trust_bundle::{NoteKind, Policy, Root, read};
use jit_trust_lab::pki::der::{context, object_identifier, sequence, tlv};
use jit_trust_lab::pki::pem;

use crate::fixture::*;

const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
const EMAIL: &str = "1.3.6.1.5.5.7.3.4";
const ANY: &str = "2.5.29.37.0";

fn oids(ids: &[&str]) -> Vec<u8> {
    ids.iter().flat_map(|id| object_identifier(id)).collect()
}

/// The certificate with these settings: what it is trusted for, what that is rejected for, and its name.
fn trusted(root: &Root, trust: Option<&[&str]>, reject: Option<&[&str]>, alias: &str) -> String {
    let trust = trust.map(|ids| tlv(0x30, &oids(ids))).unwrap_or_default();
    let reject = reject.map(|ids| context(0, &oids(ids))).unwrap_or_default();
    let alias = match alias {
        "" => Vec::new(),
        alias => tlv(0x0c, alias.as_bytes()),
    };
    section(&[der_of(root).as_ref(), &sequence(&[&trust, &reject, &alias])].concat())
}

fn section(der: &[u8]) -> String {
    pem(&[der]).replace(" CERTIFICATE", " TRUSTED CERTIFICATE")
}

#[test]
fn the_settings_are_kept_to_as_openssl_keeps_to_them() {
    let roots = roots(2);
    for (trust, reject, is_taken) in [
        (None, None, true),
        (Some(&[SERVER_AUTH][..]), None, true),
        (Some(&[EMAIL, ANY]), None, true),
        (Some(&[EMAIL]), None, false),
        (Some(&[]), None, false),
        (None, Some(&[EMAIL][..]), true),
        (None, Some(&[SERVER_AUTH]), false),
        (None, Some(&[ANY]), false),
        (Some(&[SERVER_AUTH]), Some(&[EMAIL, SERVER_AUTH]), false),
    ] {
        for alias in ["", "a name"] {
            let text = trusted(&roots[0], trust, reject, alias) + &pem_of(&roots[1..]);
            let list = read_strictly(text).unwrap();
            let taken = if is_taken { &roots[..] } else { &roots[1..] };
            assert_eq!(list.roots(), taken, "{trust:?} {reject:?}");
            let label = "TRUSTED CERTIFICATE".to_owned();
            let is_said = list
                .notes()
                .iter()
                .any(|note| note.kind == NoteKind::SectionNotForServers { label: label.clone() });
            assert_eq!(is_said, !is_taken);
        }
    }
    // The settings may be left out whole.
    assert_eq!(
        read_strictly(section(der_of(&roots[0]))).unwrap().roots(),
        &roots[..1]
    );
}

#[test]
fn settings_that_cannot_be_read_refuse_the_list() {
    let roots = roots(1);
    for behind in [
        &b"\x30\x03\x30\x01\x05"[..],
        b"\x30",
        b"\x05\x00",
        b"\x30\x00\x05\x00",
        b"\x30\x02\x02\x05",
    ] {
        let text = section(&[der_of(&roots[0]).as_ref(), behind].concat());
        let error = refusal(read_strictly(text.clone()));
        assert!(
            error.starts_with("list: certificate 1, line 1: a section TRUSTED CERTIFICATE: expected "),
            "{error}"
        );
        assert!(read(&[content(text)], Policy::Store).is_err());
    }
}

#[test]
fn that_the_only_certificate_is_rejected_is_said() {
    let text = trusted(&roots(1)[0], None, Some(&[SERVER_AUTH]), "");
    let error = refusal(read(&[content(text)], Policy::Store));
    assert!(
        error.ends_with("; list: certificate 1, line 1: a section TRUSTED CERTIFICATE is not trusted for servers; passed over"),
        "{error}"
    );
}

#[test]
fn a_bare_copy_does_not_take_a_rejection_back() {
    let roots = roots(2);
    let (bare, other) = (pem_of(&roots[..1]), pem_of(&roots[1..]));
    let rejected = trusted(&roots[0], None, Some(&[SERVER_AUTH]), "");
    for (text, copy, rejection) in [
        (bare.clone() + &other + &rejected, 1, 3),
        (other.clone() + &rejected + &bare, 3, 2),
    ] {
        let error = refusal(read_strictly(text.clone()));
        assert!(
            error.starts_with(&format!("list: certificate {copy}, line ")),
            "{error}"
        );
        assert!(
            error.contains(&format!(" is distrusted at list: certificate {rejection}, line ")),
            "{error}"
        );
        for policy in [Policy::SkipInvalid, Policy::Store] {
            let list = read(&[content(text.clone())], policy).unwrap();
            assert_eq!(list.roots(), &roots[1..]);
            assert_eq!(list.left_out()[0].to_string(), error);
        }
        // In several inputs, of one list or of two.
        let inputs = [content(bare.clone()), content(rejected.clone() + &other)];
        assert_eq!(read(&inputs, Policy::Store).unwrap().roots(), &roots[1..]);
        assert_eq!(read(&inputs[..1], Policy::Store).unwrap().roots(), &roots[..1]);
    }
    // To be trusted for mail alone is no rejection.
    let for_mail = trusted(&roots[0], Some(&[EMAIL]), Some(&[EMAIL]), "");
    assert_eq!(read_strictly(for_mail + &bare).unwrap().roots(), &roots[..1]);
}

#[test]
fn a_rejection_of_what_cannot_be_read_refuses_the_list() {
    let roots = roots(1);
    let settings = sequence(&[&context(0, &oids(&[SERVER_AUTH]))]);
    let text = section(&[&sequence(&[b"\x05\x00"])[..], &settings].concat()) + &pem_of(&roots);
    for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
        let error = refusal(read(&[content(text.clone())], policy));
        assert_eq!(
            error,
            "list: certificate 1, line 1: \"TRUSTED CERTIFICATE\" is distrusted, but what it is cannot be read: \
             expected a certificate in DER, with nothing behind it"
        );
    }
}
