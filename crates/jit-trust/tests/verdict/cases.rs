//! One case for each way in which a chain or a root can be odd.

use jit_trust_lab::pki::{
    AuthorityKeyId, BasicConstraints, Ca, DAY, Extension, KeyKind, KeyUsage, Leaf, SubjectKeyId,
    dns_name_constraints, garbage, now,
};
use pki_types::CertificateDer;
use rustls::crypto::{aws_lc_rs, ring};
use rustls::{CertificateError, Error};

use crate::question::{Reason, Request};
use crate::root::TrustedRoot;
use crate::verifiers::Verifiers;

#[test]
fn chains_of_every_kind_that_servers_send_are_accepted() {
    let (old, new) = (Ca::root("Old Root"), Ca::root("New Root"));
    let (ca, cross) = (new.intermediate("CA"), old.cross_sign(&new));
    let leaf = ca.leaf("a.test");
    let stranger = Ca::root("Stranger");
    let both = Verifiers::new(&[&old, &new]);
    let only_old = Verifiers::new(&[&old]);
    let junk = garbage::sequence_of_noise(300);
    let leaf_der = leaf.der();
    for verifiers in [&both, &only_old] {
        verifiers.agree_today(&leaf.chain(&[&ca, &cross])).unwrap();
        verifiers.agree_today(&leaf.chain(&[&cross, &ca])).unwrap();
        verifiers.agree_today(&leaf.chain(&[&ca, &cross, &old])).unwrap();
        verifiers
            .agree_today(&leaf.chain(&[&ca, &new, &cross, &ca, &stranger]))
            .unwrap();
        let with_junk = [leaf_der.clone(), junk.clone(), ca.der(), cross.der()];
        verifiers.agree_today(&with_junk).unwrap();
    }
    both.agree_today(&leaf.chain(&[&ca])).unwrap();
    only_old.agree_today(&leaf.chain(&[&ca])).unwrap_err();
    both.agree_today(&leaf.chain(&[])).unwrap_err();
}

#[test]
fn key_identifiers_that_are_missing_or_lie_change_nothing() {
    let root = Ca::builder("Root")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let other = Ca::root("Other Root");
    let verifiers = Verifiers::new(&[&root, &other]);
    let lies = other.subject_key_id().unwrap().to_vec();
    for authority_key_id in [
        AuthorityKeyId::Absent,
        AuthorityKeyId::KeyId(vec![9; 64]),
        AuthorityKeyId::KeyId(lies),
        AuthorityKeyId::IssuerAndSerial,
    ] {
        let leaf = Leaf::builder(&["a.test"]).authority_key_id(authority_key_id);
        verifiers.agree_today(&leaf.issued_by(&root).chain(&[])).unwrap();
    }
}

#[test]
fn of_two_roots_of_one_name_the_right_one_is_found() {
    let (first, second) = (Ca::root("Twin"), Ca::root("Twin"));
    let verifiers = Verifiers::new(&[&first, &second]);
    verifiers.agree_today(&first.leaf("a.test").chain(&[])).unwrap();
    verifiers.agree_today(&second.leaf("a.test").chain(&[])).unwrap();
    let third = Ca::root("Twin");
    let error = verifiers
        .agree_today(&third.leaf("a.test").chain(&[]))
        .unwrap_err();
    assert_eq!(error, CertificateError::BadSignature.into());
}

#[test]
fn of_roots_of_one_name_the_first_of_the_store_is_tried_first_dated_or_not() {
    // webpki checks at most 100 signatures. Twelve certificates that none of eight roots has signed cost 96 of them.
    let twins: Vec<Ca> = (0..8).map(|_| Ca::root("Twin")).collect();
    let ca = twins[0].intermediate("CA");
    let stranger = Ca::root("Twin");
    let mut sent = ca.leaf("a.test").chain(&[]);
    sent.extend((0..12).map(|_| stranger.cross_sign(&ca).der()));
    sent.push(ca.der());

    let first: Vec<TrustedRoot> = twins.iter().map(TrustedRoot::from).collect();
    let last: Vec<TrustedRoot> = first.iter().rev().cloned().collect();
    let verdict = |roots: &[TrustedRoot]| {
        Verifiers::of_conditional(roots, &aws_lc_rs::default_provider()).agree_today(&sent)
    };
    verdict(&first).unwrap();
    assert_eq!(
        verdict(&last).unwrap_err().kind(),
        "MaximumSignatureChecksExceeded"
    );

    // Whether the date is the reason depends on that order too: on what there would be without it.
    let dated = |mut roots: Vec<TrustedRoot>| {
        let signer = roots.iter_mut().find(|root| root.der == twins[0].der());
        signer.unwrap().distrust_after = Some(0);
        roots
    };
    assert_eq!(verdict(&dated(first)), Err(Reason::Distrusted));
    let error = verdict(&dated(last)).unwrap_err();
    assert_ne!(error, Reason::Distrusted);
}

#[test]
fn a_root_with_a_date_is_trusted_for_leaves_that_were_issued_up_to_it() {
    let root = Ca::root("Root");
    let date = now() - DAY;
    let dated = TrustedRoot {
        distrust_after: Some(date.try_into().unwrap()),
        ..TrustedRoot::from(&root)
    };
    let verifiers = Verifiers::of_conditional(&[dated], &aws_lc_rs::default_provider());
    let ca = root.intermediate("CA");
    for (issued, expected) in [
        (date - 1, Ok(())),
        (date, Ok(())),
        (date + 1, Err(Reason::Distrusted)),
    ] {
        let leaf = Leaf::builder(&["a.test"])
            .validity(issued, now() + DAY)
            .issued_by(&ca);
        assert_eq!(verifiers.agree_today(&leaf.chain(&[&ca])), expected);
    }
    // No root that was left out could have issued it.
    let error = verifiers.agree_today(&Ca::root("Elsewhere").leaf("a.test").chain(&[]));
    assert_eq!(error.unwrap_err(), CertificateError::UnknownIssuer.into());
}

#[test]
fn name_constraints_that_are_imposed_on_a_root_bind_what_is_below() {
    let root = Ca::root("Root");
    let constrained = TrustedRoot {
        name_constraints: Some(dns_name_constraints(&["a.test"], &["bad.a.test"])),
        ..TrustedRoot::from(&root)
    };
    let verifiers = Verifiers::of_conditional(&[constrained], &aws_lc_rs::default_provider());
    for (name, is_accepted) in [("www.a.test", true), ("bad.a.test", false), ("b.test", false)] {
        let verdict = verifiers.agree(&root.leaf(name).chain(&[]), name, now());
        assert_eq!(verdict.is_ok(), is_accepted, "{name}");
    }
}

#[test]
fn a_trusted_key_under_another_name_is_refused() {
    let root = Ca::root("Root");
    let renamed = root.reissue().subject("Other Name").self_signed();
    let error = Verifiers::new(&[&root]).agree_today(&renamed.leaf("a.test").chain(&[]));
    assert_eq!(error.unwrap_err(), CertificateError::UnknownIssuer.into());
}

#[test]
fn a_copy_of_a_roots_name_and_key_identifier_is_refused() {
    let root = Ca::root("Root");
    let skid = SubjectKeyId::Bytes(root.subject_key_id().unwrap().to_vec());
    let copy = Ca::builder("Root").subject_key_id(skid).self_signed();
    Verifiers::new(&[&root])
        .agree_today(&copy.leaf("a.test").chain(&[&copy]))
        .unwrap_err();
}

#[test]
fn every_reason_is_in_the_words_of_rustls() {
    let root = Ca::root("Root");
    let verifiers = Verifiers::new(&[&root]);
    let refused = |sent: &[CertificateDer<'_>]| verifiers.agree_today(sent).unwrap_err();

    let expired = Leaf::builder(&["a.test"])
        .validity(now() - 2 * DAY, now() - DAY)
        .issued_by(&root);
    let expired = refused(&expired.chain(&[]));
    assert!(matches!(
        expired,
        Reason::Rustls(Error::InvalidCertificate(CertificateError::ExpiredContext { .. }))
    ));
    let early = Leaf::builder(&["a.test"])
        .validity(now() + DAY, now() + 2 * DAY)
        .issued_by(&root);
    refused(&early.chain(&[]));
    let backwards = Leaf::builder(&["a.test"])
        .validity(now() + DAY, now() - DAY)
        .issued_by(&root);
    refused(&backwards.chain(&[]));
    refused(&root.leaf("b.test").chain(&[]));
    refused(&Leaf::builder(&[]).issued_by(&root).chain(&[]));
    refused(&Leaf::builder(&["a.test"]).forged().issued_by(&root).chain(&[]));
    for purpose in ["1.3.6.1.5.5.7.3.2", "1.2.3.4"] {
        let purpose = Leaf::builder(&["a.test"])
            .extended_key_usage(&[purpose])
            .issued_by(&root);
        refused(&purpose.chain(&[]));
    }
    refused(&[root.der()]);
    refused(&Ca::root("Elsewhere").leaf("a.test").chain(&[]));
    refused(&[garbage::sequence_of_noise(80)]);
    let critical = Extension::new("1.2.3.4", true, &[]);
    refused(
        &Leaf::builder(&["a.test"])
            .extension(critical)
            .issued_by(&root)
            .chain(&[]),
    );
    let no_ca = Ca::builder("No CA")
        .basic_constraints(BasicConstraints::NotCa)
        .issued_by(&root);
    refused(&no_ca.leaf("a.test").chain(&[&no_ca]));
    let short = Ca::builder("Short").basic_constraints(BasicConstraints::Ca { path_length: Some(0) });
    let short = short.issued_by(&root);
    let below = short.intermediate("Below");
    refused(&below.leaf("a.test").chain(&[&below, &short]));
    let elsewhere = Ca::builder("Constrained")
        .name_constraints(&["b.test"], &[])
        .issued_by(&root);
    refused(&elsewhere.leaf("a.test").chain(&[&elsewhere]));
}

#[test]
fn what_a_root_says_of_itself_binds_as_much_as_with_all_roots_loaded() {
    let constrained = Ca::builder("Constrained Root")
        .name_constraints(&["a.test"], &[])
        .self_signed();
    let old = Ca::builder("Version 1 Root").version_1().self_signed();
    let no_ca = Ca::builder("No CA")
        .basic_constraints(BasicConstraints::NotCa)
        .self_signed();
    let no_signing = Ca::builder("No Signing")
        .key_usage(&[KeyUsage::CrlSign])
        .self_signed();
    let expired = Ca::builder("Expired Root")
        .validity(now() - 2 * DAY, now() - DAY)
        .self_signed();
    let critical = Extension::new("1.2.3.4", true, &[]);
    let critical = Ca::builder("Critical Root").extension(critical).self_signed();
    let roots = [&constrained, &old, &no_ca, &no_signing, &expired, &critical];
    let verifiers = Verifiers::new(&roots);
    for root in roots {
        verifiers.agree_today(&root.leaf("a.test").chain(&[])).unwrap();
    }
    let outside = constrained.leaf("b.test").chain(&[]);
    verifiers.agree(&outside, "b.test", now()).unwrap_err();
}

#[test]
fn any_provider_of_cryptography_serves() {
    let root = Ca::builder("RSA Root").key_kind(KeyKind::Rsa2048).self_signed();
    let leaf = Leaf::builder(&["a.test", "192.0.2.1"])
        .key_kind(KeyKind::Ed25519)
        .issued_by(&root);
    for provider in [aws_lc_rs::default_provider(), ring::default_provider()] {
        let verifiers = Verifiers::with_provider(&[&root], &provider);
        verifiers.agree_today(&leaf.chain(&[])).unwrap();
        verifiers.agree(&leaf.chain(&[]), "192.0.2.1", now()).unwrap();
        verifiers.agree(&leaf.chain(&[]), "192.0.2.2", now()).unwrap_err();
    }
}

#[test]
fn more_than_64_certificates_are_refused_and_that_is_the_one_difference() {
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test").der();
    let verifiers = Verifiers::new(&[&root]);
    let most = vec![leaf.clone(); 64];
    verifiers.agree_today(&most).unwrap();

    let too_many = vec![leaf; 65];
    verifiers.agree_today(&too_many).unwrap();
    for form in &verifiers.forms {
        let refused = Request::new(&too_many, "a.test", now()).ask(&form.verifier);
        assert_eq!(refused, Err(Reason::TooManyCertificates), "{}", form.name);
    }
}
