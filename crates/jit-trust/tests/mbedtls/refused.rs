//! What is refused, and why.

use jit_trust::mbedtls::{Connector, TokioConnector};
use jit_trust::{Candidates, Rejection, StoreError, TrustPolicy, TrustStore};
use jit_trust_lab::pki::{Ca, DAY, Leaf, der, garbage, now, oid};
use mbedtls::x509::VerifyError;

use crate::support::*;

#[test]
fn a_server_whose_root_is_not_in_the_store_gets_nothing() {
    let server = server_of(&Ca::root("Elsewhere"));
    for connector in connectors(&[&Ca::root("Root")]) {
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_NOT_TRUSTED
        );
    }
    let connector = TokioConnector::new(store(&[&Ca::root("Root")])).unwrap();
    let error = block_on(get_async(&connector, &server)).unwrap_err();
    assert_eq!(flags(&error), VerifyError::CERT_NOT_TRUSTED);
    assert_eq!(
        (server.connections(), server.handshakes(), server.requests()),
        (3, 0, 0)
    );
}

#[test]
fn a_root_of_the_same_name_is_not_the_issuer() {
    let server = server_of(&Ca::root("Root"));
    for connector in connectors(&[&Ca::root("Root")]) {
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_NOT_TRUSTED
        );
    }
}

#[test]
fn a_leaf_that_has_expired_or_is_not_valid_yet_is_refused() {
    let root = Ca::root("Root");
    let times = [
        (now() - 9 * DAY, now() - DAY, VerifyError::CERT_EXPIRED),
        (now() + DAY, now() + 9 * DAY, VerifyError::CERT_FUTURE),
    ];
    for (from, to, expected) in times {
        let leaf = Leaf::builder(&[HOST]).validity(from, to).issued_by(&root);
        let server = server(&leaf, leaf.chain(&[]));
        for connector in connectors(&[&root]) {
            assert_eq!(flags(&get(&connector, &server).unwrap_err()), expected);
        }
    }
}

#[test]
fn a_root_that_has_expired_is_not_trusted() {
    let root = Ca::builder("Root")
        .validity(now() - 9 * DAY, now() - DAY)
        .self_signed();
    let server = server_of(&root);
    for connector in connectors(&[&root]) {
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_EXPIRED
        );
    }
}

#[test]
fn a_certificate_for_another_host_is_refused() {
    let root = Ca::root("Root");
    let leaf = root.leaf("b.test");
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        let error = get(&connector, &server).unwrap_err();
        assert_eq!(flags(&error), VerifyError::CERT_CN_MISMATCH);
        assert_eq!(
            error.to_string(),
            "the server's certificate is rejected: the certificate is not for a.test"
        );
    }
}

#[test]
fn a_certificate_that_is_not_for_servers_is_refused_and_the_observer_told_so() {
    let root = Ca::root("Root");
    let leaf = Leaf::builder(&[HOST])
        .extended_key_usage(&[oid::CLIENT_AUTH])
        .issued_by(&root);
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        let connector = connector.on_verification(|verification| assert!(verification.result.is_err()));
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_EXT_KEY_USAGE
        );
    }
}

#[test]
fn a_forged_certificate_is_refused() {
    let root = Ca::root("Root");
    let leaf = Leaf::builder(&[HOST]).forged().issued_by(&root);
    let server = server(&leaf, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        assert_eq!(
            flags(&get(&connector, &server).unwrap_err()),
            VerifyError::CERT_NOT_TRUSTED
        );
    }
}

#[test]
fn a_leaf_that_poses_as_a_ca_is_refused() {
    let root = Ca::root("Root");
    let poser = root.leaf("b.test").posing_as_ca();
    let leaf = poser.leaf(HOST);
    let server = server(&leaf, leaf.chain(&[&poser]));
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &server).is_err());
    }
    assert_eq!(server.handshakes(), 0);
}

#[test]
fn more_than_64_certificates_are_not_looked_at() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    // Of the smallest that mbedTLS reads: more than 16 KB it takes from nobody.
    let time = der::tlv(0x17, b"200101000000Z");
    let algorithm = der::sequence(&[&der::object_identifier("1.2.840.10045.4.3.2")]);
    let name = jit_trust_lab::pki::Name::from("N");
    let small = der::sequence(&[
        &der::sequence(&[
            &der::integer(&[1]),
            &algorithm,
            name.der(),
            &der::sequence(&[&time, &time]),
            name.der(),
            &root.key().spki(),
        ]),
        &algorithm,
        &der::tlv(0x03, &[0]),
    ]);
    let with = |others: usize| {
        let mut chain = leaf.chain(&[]);
        chain.extend(std::iter::repeat_n(small.clone().into(), others));
        server(&leaf, chain)
    };
    let (most, too_many) = (with(63), with(64));
    for connector in connectors(&[&root]) {
        assert!(get(&connector, &most).unwrap().ends_with("hello"));
        let error = get(&connector, &too_many).unwrap_err();
        assert!(
            matches!(rejection(&error), Rejection::TooManyCertificates),
            "{error}"
        );
    }
    assert_eq!(too_many.requests(), 0);
}

#[test]
fn garbage_ends_the_handshake() {
    let root = Ca::root("Root");
    let leaf = root.leaf(HOST);
    for odd in [
        garbage::sequence_of_noise(300),
        garbage::truncated(&root.der(), 100),
        garbage::noise(500).into(),
    ] {
        let first = server(&leaf, vec![odd.clone()]);
        let second = server(&leaf, vec![leaf.der(), odd]);
        for connector in connectors(&[&root]) {
            assert!(get(&connector, &first).is_err());
            // mbedTLS reads all that is sent, or nothing.
            assert!(get(&connector, &second).is_err());
        }
        assert_eq!((first.handshakes(), second.handshakes()), (0, 0));
    }
}

#[derive(Debug)]
enum Faulty {
    Fails,
    Panics,
}

impl TrustStore for Faulty {
    fn select<'s>(&'s self, _: &mut Candidates<'s>) -> Result<(), StoreError> {
        match self {
            Self::Fails => Err(StoreError::other("the flash cannot be read")),
            Self::Panics => panic!("a store's own fault"),
        }
    }
}

#[test]
fn a_store_that_fails_is_the_reason() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::builder()
        .store(store(&[&root]))
        .store(Faulty::Fails)
        .build();
    let error = get(&Connector::new(trust).unwrap(), &server).unwrap_err();
    assert!(
        reason::<StoreError>(&error)
            .to_string()
            .contains("the flash cannot be read")
    );
    assert_eq!(server.handshakes(), 0);
}

#[test]
fn a_store_or_an_observer_that_panics_is_a_refusal() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let connector = Connector::new(Faulty::Panics).unwrap();
    let error = get(&connector, &server).unwrap_err();
    assert!(
        error.to_string().ends_with("a store or an observer panicked"),
        "{error}"
    );
    assert_eq!(server.handshakes(), 0);
    let connector = TokioConnector::new(Faulty::Panics).unwrap();
    assert!(block_on(get_async(&connector, &server)).is_err());
    let connector = Connector::new(store(&[&root])).unwrap();
    let connector = connector.on_verification(|_| panic!("an observer's own fault"));
    let error = get(&connector, &server).unwrap_err();
    assert!(
        error.to_string().ends_with("a store or an observer panicked"),
        "{error}"
    );
    assert!(connector.policy().connections().is_empty());
    assert_eq!(server.requests(), 0);
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_rejected_for_that() {
    let root = Ca::root("Root");
    let (leaf, other) = (root.leaf(HOST), root.leaf(HOST));
    let server = server(&other, leaf.chain(&[]));
    for connector in connectors(&[&root]) {
        let connector = connector.on_verification(|report| {
            assert!(matches!(report.result, Err(Rejection::KeyNotProven { .. })));
        });
        let error = connect(&connector, &server).unwrap_err();
        let error: &jit_trust::mbedtls::Error = error.get_ref().unwrap().downcast_ref().unwrap();
        assert!(
            matches!(error.rejection(), Some(Rejection::KeyNotProven { .. })),
            "{error:?}"
        );
        let report = error.report().unwrap();
        assert!(
            matches!(report.result, Err(Rejection::KeyNotProven { .. })),
            "{report:?}"
        );
        assert!(report.anchor().is_none());
    }
}
