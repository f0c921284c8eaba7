//! The cases in which the verdict is stricter than with every root loaded: where a store that answers later is asked no
//! further, where a library that wants certificates would look at more than anchors are, and where a second entry of a
//! root's name and key has an earlier date, or other name constraints: a library goes by the entry that it finds first.

#[cfg(any(feature = "mbedtls", feature = "openssl"))]
use jit_trust_lab::pki::now;
use jit_trust_lab::pki::{AuthorityKeyId, Ca, Leaf, dns_name_constraints};
use pki_types::CertificateDer;
use rustls::crypto::aws_lc_rs;

use crate::deferred::Cause;
#[cfg(any(feature = "mbedtls", feature = "openssl"))]
use crate::question::Request;
use crate::question::{Reason, Verdict};
use crate::root::TrustedRoot;
use crate::verifiers::Verifiers;

/// A leaf of the last of eight CAs, each below the one before, which a seventh question would find.
#[test]
fn an_anchor_that_six_questions_do_not_reach_is_the_cause_of_another_verdict() {
    let root = Ca::root("CA 0");
    let mut cas = vec![root.intermediate("CA 1")];
    for number in 2..8 {
        cas.push(cas[cas.len() - 1].intermediate(format!("CA {number}").as_str()));
    }
    let sent = cas[6].leaf("a.test").chain(&cas.iter().rev().collect::<Vec<_>>());
    let found = Verifiers::new(&[&cas[4]]);
    found.agree_today(&sent).unwrap();
    assert!(found.exceptions().is_empty());
    let beyond = Verifiers::new(&[&cas[5]]);
    beyond.agree_today(&sent).unwrap();
    assert_eq!(
        beyond.exceptions().into_iter().collect::<Vec<_>>(),
        [(Cause::MoreThanSixLookups, 1)]
    );
}

#[test]
fn an_anchor_that_would_be_the_fourth_is_the_cause_of_another_verdict() {
    let twins: Vec<Ca> = (0..4).map(|_| Ca::root("Twin")).collect();
    let verifiers = Verifiers::new(&twins.iter().collect::<Vec<_>>());
    // A certificate says by key which one it is of, so that it is among the three.
    for twin in &twins {
        verifiers.agree_today(&twin.leaf("a.test").chain(&[])).unwrap();
    }
    assert!(verifiers.exceptions().is_empty());
    let silent = Leaf::builder(&["a.test"])
        .authority_key_id(AuthorityKeyId::Absent)
        .issued_by(&twins[3]);
    verifiers.agree_today(&silent.chain(&[])).unwrap();
    assert_eq!(
        verifiers.exceptions().into_iter().collect::<Vec<_>>(),
        [(Cause::MoreThanThreeImports, 1)]
    );
}

/// What the other libraries say with every root loaded and, where one is judged differently, by which form.
#[cfg(any(feature = "mbedtls", feature = "openssl"))]
fn differences(verifiers: &Verifiers, sent: &[CertificateDer<'_>]) -> Vec<Result<bool, String>> {
    let question = Request::new(sent, "a.test", now());
    let libraries = verifiers.libraries();
    libraries
        .map(|library| {
            let judged = library.compare(&question)?;
            Ok(judged.is_some_and(|judged| judged.is_ok()))
        })
        .collect()
}

/// What rustls says with these roots, if the other libraries accept where it does.
fn verdict_of_all(roots: &[TrustedRoot], sent: &[CertificateDer<'_>]) -> Verdict {
    let verifiers = Verifiers::of_conditional(roots, &aws_lc_rs::default_provider());
    let verdict = verifiers.agree_today(sent);
    #[cfg(any(feature = "mbedtls", feature = "openssl"))]
    for judged in differences(&verifiers, sent) {
        assert_eq!(judged, Ok(verdict.is_ok()));
    }
    verdict
}

/// A root, and a new certificate of its name and key.
fn root_and_reissue() -> (Ca, TrustedRoot) {
    let root = Ca::root("Root");
    let reissued = root.reissue().self_signed();
    (root, TrustedRoot::from(&reissued))
}

#[test]
fn an_earlier_date_in_another_entry_of_a_name_and_key_is_the_cause_of_another_verdict() {
    let (root, bare) = root_and_reissue();
    let dated = |date| TrustedRoot {
        distrust_after: Some(date),
        ..TrustedRoot::from(&root)
    };
    let sent = root.leaf("a.test").chain(&[]);
    let late = TrustedRoot {
        distrust_after: Some(u64::from(u32::MAX)),
        ..bare.clone()
    };
    let twin = TrustedRoot {
        distrust_after: Some(0),
        ..TrustedRoot::from(&Ca::root("Root"))
    };
    for accepted in [vec![bare.clone()], vec![late.clone()], vec![bare.clone(), twin]] {
        assert_eq!(verdict_of_all(&accepted, &sent), Ok(()));
    }
    for other in [bare.clone(), late] {
        for refused in [[other.clone(), dated(0)], [dated(0), other.clone()]] {
            assert_eq!(verdict_of_all(&refused, &sent), Err(Reason::Distrusted));
        }
    }

    // A path around it remains.
    let new = Ca::root("New Root");
    let around = root.leaf("a.test").chain(&[&new.cross_sign(&root)]);
    let roots = [bare, dated(0), TrustedRoot::from(&new)];
    assert_eq!(verdict_of_all(&roots, &around), Ok(()));
}

#[test]
fn name_constraints_in_another_entry_of_a_name_and_key_are_the_cause_of_another_verdict() {
    let (root, bare) = root_and_reissue();
    let imposing = |permitted: &[&str], on: &TrustedRoot| TrustedRoot {
        name_constraints: Some(dns_name_constraints(permitted, &[""; 0])),
        ..on.clone()
    };
    let original = TrustedRoot::from(&root);
    let sent = root.leaf("a.test").chain(&[]);
    let [here, elsewhere] = [["a.test"], ["b.test"]].map(|permitted| imposing(&permitted, &original));
    let wider = imposing(&["test"], &bare);
    for accepted in [vec![bare.clone()], vec![wider.clone()], vec![wider.clone(), here]] {
        assert_eq!(verdict_of_all(&accepted, &sent), Ok(()));
    }
    for other in [bare.clone(), wider] {
        for refused in [[other.clone(), elsewhere.clone()], [elsewhere.clone(), other]] {
            assert_eq!(verdict_of_all(&refused, &sent), Err(Reason::OtherConstraints));
        }
    }

    // Those of a certificate itself bind in forms without conditions as well.
    let elsewhere_itself = root.reissue().name_constraints(&["b.test"], &[]).self_signed();
    let refused = [bare.clone(), TrustedRoot::from(&elsewhere_itself)];
    assert_eq!(verdict_of_all(&refused, &sent), Err(Reason::OtherConstraints));

    // A path around them remains, where the library looks for it.
    let new = Ca::root("New Root");
    let around = root.leaf("a.test").chain(&[&new.cross_sign(&root)]);
    let roots = [bare, elsewhere, TrustedRoot::from(&new)];
    let verifiers = Verifiers::of_conditional(&roots, &aws_lc_rs::default_provider());
    assert_eq!(verifiers.agree_today(&around), Ok(()));
}

/// OpenSSL and mbedTLS compare names without regard to case, and fold spaces; the Baseline Requirements demand that they
/// be equal byte for byte.
#[cfg(feature = "openssl")]
#[test]
fn an_anchor_whose_name_is_equal_only_after_folding_is_not_found() {
    let root = Ca::root("Root");
    let shouted = Ca::builder("ROOT").key(root.key()).self_signed();
    let leaf = shouted.leaf("a.test");
    for difference in differences(&Verifiers::new(&[&root]), &leaf.chain(&[])) {
        let difference = difference.unwrap_err();
        assert!(
            difference.ends_with("with all roots loaded it says Ok(())"),
            "{difference}"
        );
    }
}

/// OpenSSL and mbedTLS compare such a certificate byte by byte with the one that is trusted.
#[cfg(any(feature = "mbedtls", feature = "openssl"))]
#[test]
fn a_root_that_is_the_servers_own_certificate_needs_a_blob_with_certificates() {
    let leaf = Leaf::builder(&["a.test"]).self_signed();
    let root = TrustedRoot::unconditional(leaf.der());
    let verifiers = Verifiers::of_conditional(&[root], &aws_lc_rs::default_provider());
    let differences = differences(&verifiers, &[leaf.der()]);
    assert!(!differences.is_empty());
    for difference in differences {
        let difference = difference.unwrap_err();
        assert!(
            difference.contains("from a blob of version 2, says Err"),
            "{difference}"
        );
    }
}

/// No form that a library takes can say it.
#[cfg(feature = "openssl")]
#[test]
fn a_root_of_version_1_with_imposed_constraints_is_trusted_for_nothing() {
    let root = Ca::builder("Root").version_1().self_signed();
    let constrained = TrustedRoot {
        name_constraints: Some(dns_name_constraints(&["a.test"], &[""; 0])),
        ..TrustedRoot::from(&root)
    };
    let verifiers = Verifiers::of_conditional(&[constrained], &aws_lc_rs::default_provider());
    let sent = root.leaf("a.test").chain(&[]);
    assert_eq!(differences(&verifiers, &sent)[0], Ok(false));
}
