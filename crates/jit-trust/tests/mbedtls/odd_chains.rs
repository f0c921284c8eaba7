//! Chains that are not in order: the verdict is that of mbedTLS with every root loaded.

use jit_trust_lab::pki::{BasicConstraints, Ca, Leaf};
use mbedtls::x509::VerifyError;
use pki_types::CertificateDer;

use crate::support::*;

/// All orders of these.
fn orders(items: &[CertificateDer<'static>]) -> Vec<Vec<CertificateDer<'static>>> {
    if items.is_empty() {
        return vec![Vec::new()];
    }
    let mut all = Vec::new();
    for place in 0..items.len() {
        let mut others = items.to_vec();
        let first = others.remove(place);
        for mut rest in orders(&others) {
            rest.insert(0, first.clone());
            all.push(rest);
        }
    }
    all
}

#[test]
fn in_every_order_the_verdict_is_that_of_mbedtls_with_all_roots_loaded() {
    let roots = [Ca::root("Root"), Ca::root("Other")];
    let upper = roots[0].intermediate("Upper");
    let lower = upper.intermediate("Lower");
    let noise = roots[1].intermediate("Noise");
    let leaf = lower.leaf(HOST);
    let all: Vec<_> = [&lower, &upper, &noise, &roots[0]]
        .iter()
        .map(|ca| ca.der())
        .collect();
    let (mut good, mut bad) = (0, 0);
    for order in orders(&all) {
        let chain: Vec<_> = std::iter::once(leaf.der()).chain(order).collect();
        let expected = all_loaded(&[&roots[0], &roots[1]], &chain);
        let server = server(&leaf, chain);
        for connector in connectors(&[&roots[0], &roots[1]]) {
            let got = get(&connector, &server);
            assert_eq!(got.as_ref().err().map(flags), expected.err());
        }
        *if expected.is_ok() { &mut good } else { &mut bad } += 1;
    }
    assert_eq!((good, bad), (12, 12));
}

#[test]
fn a_path_of_eight_intermediates_is_found_and_one_of_nine_is_not() {
    let root = Ca::root("Root");
    let mut cas: Vec<Ca> = vec![root.intermediate("CA 1")];
    for number in 2..=9 {
        cas.insert(0, cas[0].intermediate(&*format!("CA {number}")));
    }
    for (cas, is_good) in [(&cas[1..], true), (&cas[..], false)] {
        let leaf = cas[0].leaf(HOST);
        let chain = leaf.chain(&cas.iter().collect::<Vec<_>>());
        assert_eq!(all_loaded(&[&root], &chain).is_ok(), is_good);
        let server = server(&leaf, chain);
        for connector in connectors(&[&root]) {
            let connector = connector
                .on_verification(move |verification| assert_eq!(verification.result.is_ok(), is_good));
            let got = get(&connector, &server);
            assert_eq!(got.is_ok(), is_good, "{got:?}");
        }
    }
}

#[test]
fn a_self_signed_ca_in_the_store_may_be_a_server_itself() {
    let leaf = Leaf::builder(&[HOST])
        .basic_constraints(BasicConstraints::Ca { path_length: None })
        .key_usage(&[])
        .self_signed();
    let ca = leaf.posing_as_ca();
    assert_eq!(all_loaded(&[&ca], &leaf.chain(&[])), Ok(()));
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&ca]) {
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

#[test]
fn an_anchor_whose_name_is_the_issuers_but_for_case_is_not_the_issuer() {
    let root = Ca::root("ROOT");
    let folded = Ca::builder("Root").key(root.key()).self_signed();
    let leaf = folded.leaf(HOST);
    // The other is there so that the anchor is selected at all.
    let chain = leaf.chain(&[&root.intermediate("Other")]);
    assert_eq!(all_loaded(&[&root], &chain), Ok(()));
    let server = server(&leaf, chain);
    for connector in connectors(&[&root]) {
        let connector = connector.on_verification(|verification| assert_eq!(verification.selected, 1));
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_NOT_TRUSTED
        );
    }
}
