//! Name constraints in certificates, which mbedTLS knows nothing of.

use jit_trust::mbedtls::Connector;
use jit_trust_core::{NameConstraintsError, NameForm};

use jit_trust_lab::pki::{Ca, Extension, Leaf, der, dns_name_constraints, oid};

use crate::stores::{VERSIONS, entry};
use crate::support::*;

fn constrained_to(domain: &str, critical: bool) -> Extension {
    let constraints = dns_name_constraints(&[domain], &[] as &[&str]);
    Extension::new(oid::NAME_CONSTRAINTS, critical, &der::sequence(&[&constraints]))
}

const NOT_PERMITTED: NameConstraintsError = NameConstraintsError::NotPermitted(NameForm::Dns);

#[test]
fn those_of_an_intermediate_bind() {
    let root = Ca::root("Root");
    for (domain, is_good) in [("test", true), ("example", false)] {
        let upper = Ca::builder("Upper")
            .extension(constrained_to(domain, false))
            .issued_by(&root);
        let lower = upper.intermediate("Lower");
        let leaf = lower.leaf(HOST);
        let server = server(&leaf, leaf.chain(&[&lower, &upper]));
        for connector in connectors(&[&root]) {
            let got = get(&connector, &server);
            assert_eq!(got.is_ok(), is_good);
            let error = got.err();
            assert!(
                error
                    .iter()
                    .all(|error| *reason::<NameConstraintsError>(error) == NOT_PERMITTED)
            );
        }
    }
}

#[test]
fn critical_ones_of_an_intermediate_end_the_handshake() {
    let root = Ca::root("Root");
    let ca = Ca::builder("CA")
        .extension(constrained_to("test", true))
        .issued_by(&root);
    let leaf = ca.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[&ca]));
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &server).is_err());
    }
    assert_eq!(server.handshakes(), 0);
}

#[test]
fn those_of_a_root_bind_though_mbedtls_cannot_read_it() {
    let bound = Ca::builder("Root")
        .extension(constrained_to("test", true))
        .self_signed();
    assert!(mbedtls::x509::Certificate::from_der(&bound.der()).is_err());
    let der = bound.der();
    for version in VERSIONS {
        let connector = Connector::new(store_of(&[entry(&der)], version)).unwrap();
        assert!(get(&connector, &server_of(&bound)).unwrap().ends_with("hello"));
        let leaf = bound.leaf_for(&[HOST, "b.example"]);
        let error = get(&connector, &server(&leaf, leaf.chain(&[]))).unwrap_err();
        assert_eq!(*reason::<NameConstraintsError>(&error), NOT_PERMITTED);
    }
}

#[test]
fn a_common_name_is_no_way_around() {
    let root = Ca::builder("Root")
        .extension(constrained_to("example", false))
        .self_signed();
    let leaf = Leaf::builder(&[]).subject(HOST).issued_by(&root);
    // mbedTLS would take it.
    assert_eq!(all_loaded(&[&root], &leaf.chain(&[])), Ok(()));
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        let error = get(&connector, &server).unwrap_err();
        assert_eq!(*reason::<NameConstraintsError>(&error), NOT_PERMITTED);
    }
}
