//! Mozilla's conditions: a date, and constraints that are imposed.

use jit_trust::mbedtls::Connector;
use jit_trust::{Connection, Entry, TrustPolicy, WatchedFileStore};
use jit_trust_core::{NameConstraintsError, NameForm};
use jit_trust_lab::pki::{Ca, DAY, Leaf, dns_name_constraints, now};
use jit_trust_lab::server::Server;
use mbedtls::x509::VerifyError;

use crate::deferred::Deferred;
use crate::stores::{Replaced, Version, entry};
use crate::support::*;

fn unix(time: i64) -> u64 {
    time.try_into().unwrap()
}

fn server_issued_at(not_before: i64, ca: &Ca, name: &str) -> Server {
    let leaf = Leaf::builder(&[name])
        .validity(not_before, now() + DAY)
        .issued_by(ca);
    server(&leaf, leaf.chain(&[ca]))
}

fn connector(entries: &[Entry<'_>]) -> Connector {
    Connector::new(store_of(entries, Version::V2)).unwrap()
}

#[test]
fn a_leaf_issued_after_its_roots_date_is_refused_and_one_issued_before_is_not() {
    let (root, date) = (Ca::root("Dated Root"), now() - 10 * DAY);
    let ca = root.intermediate("CA");
    let der = root.der();
    let connector = connector(&[entry(&der).with_distrust_after(Some(unix(date)))]);
    let before = server_issued_at(date - DAY, &ca, HOST);
    assert!(get(&connector, &before).unwrap().ends_with("hello"));
    let after = server_issued_at(date + DAY, &ca, HOST);
    let error = get(&connector, &after).unwrap_err();
    let distrusted = dated_root(&error);
    assert_eq!(
        (
            distrusted.root.as_str(),
            distrusted.distrust_after,
            distrusted.issued_at
        ),
        ("CN=Dated Root", unix(date), Some(unix(date + DAY)))
    );
    assert_eq!(after.handshakes(), 0);
    // Another reason stays what it is.
    let both = server_issued_at(date + DAY, &ca, "b.test");
    assert!(flags(&get(&connector, &both).unwrap_err()).contains(VerifyError::CERT_CN_MISMATCH));
}

#[test]
fn the_same_root_without_a_date_is_bound_by_it_unless_it_was_added_as_it_is() {
    let (root, date) = (Ca::root("Dated Root"), now() - 10 * DAY);
    let der = root.der();
    let dated = || store_of(&[entry(&der).with_distrust_after(Some(unix(date)))], Version::V2);
    let server = server_issued_at(date + DAY, &root.intermediate("CA"), HOST);
    let with = |trust: jit_trust::TrustPolicyBuilder| get(&Connector::new(trust.build()).unwrap(), &server);
    let bound = with(
        jit_trust::TrustPolicy::builder()
            .store(dated())
            .store(store(&[&root])),
    );
    dated_root(&bound.unwrap_err());
    assert_eq!(server.handshakes(), 0);
    let as_is = with(
        jit_trust::TrustPolicy::builder()
            .store(dated())
            .store_as_is(store(&[&root])),
    );
    assert!(as_is.unwrap().ends_with("hello"));
}

#[test]
fn constraints_that_are_imposed_on_a_root_bind() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let der = root.der();
    let within = server_issued_at(now() - DAY, &ca, HOST);
    let permitted = dns_name_constraints(&["test"], &[] as &[&str]);
    let connector = |constraints: &[u8]| connector(&[entry(&der).with_name_constraints(Some(constraints))]);
    assert!(get(&connector(&permitted), &within).unwrap().ends_with("hello"));

    let elsewhere = dns_name_constraints(&["example"], &[] as &[&str]);
    let error = get(&connector(&elsewhere), &within).unwrap_err();
    assert_eq!(
        *reason::<NameConstraintsError>(&error),
        NameConstraintsError::NotPermitted(NameForm::Dns)
    );
    let excluded = dns_name_constraints(&[] as &[&str], &["test"]);
    let error = get(&connector(&excluded), &within).unwrap_err();
    assert_eq!(
        *reason::<NameConstraintsError>(&error),
        NameConstraintsError::Excluded(NameForm::Dns)
    );
    assert_eq!((within.handshakes(), within.requests()), (1, 1));
}

#[test]
fn one_root_under_several_conditions_is_bound_by_each_unless_it_was_added_as_it_is() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let der = root.der();
    let elsewhere = dns_name_constraints(&["example"], &[] as &[&str]);
    let constrained = || {
        store_of(
            &[entry(&der).with_name_constraints(Some(&elsewhere))],
            Version::V2,
        )
    };
    for trust in [
        jit_trust::TrustPolicy::builder()
            .store(constrained())
            .store(store(&[&root])),
        jit_trust::TrustPolicy::builder()
            .store(store(&[&root]))
            .store(constrained()),
    ] {
        let connector = Connector::new(trust.build()).unwrap();
        let error = get(&connector, &server).unwrap_err();
        assert_eq!(
            *reason::<NameConstraintsError>(&error),
            NameConstraintsError::NotPermitted(NameForm::Dns)
        );
    }
    assert_eq!(server.handshakes(), 0);
    for trust in [
        jit_trust::TrustPolicy::builder()
            .store(constrained())
            .store_as_is(store(&[&root])),
        jit_trust::TrustPolicy::builder()
            .store_as_is(store(&[&root]))
            .store(constrained()),
    ] {
        let connector = Connector::new(trust.build()).unwrap();
        assert!(get(&connector, &server).unwrap().ends_with("hello"));
    }
}

/// The anchor is where it was, in another store or an answer; a store that did not speak of its name and key does now.
#[test]
fn a_condition_of_another_store_that_comes_later_marks_connections() {
    let root = Ca::root("Root");
    let other = Ca::root("Other").der();
    // So that another store's copy, or the answer, is what paths end in.
    let expired = root.reissue().validity(now() - 400 * DAY, now() - 300 * DAY);
    let der = expired.self_signed().der();
    let within = dns_name_constraints(&["test"], &[] as &[&str]);
    let elsewhere = dns_name_constraints(&["example"], &[] as &[&str]);
    let dated = |days| entry(&der).with_distrust_after(Some(unix(now() + days * DAY)));
    let constrained = |constraints| entry(&der).with_name_constraints(Some(constraints));
    for (met, not_met) in [
        (dated(1), dated(-10)),
        (constrained(&within), constrained(&elsewhere)),
    ] {
        for is_remote in [false, true] {
            let server = server_issued_at(now() - DAY, &root.intermediate("CA"), HOST);
            let stating = Replaced::by(&[entry(&other)]);
            let trust = TrustPolicy::builder().store(WatchedFileStore::open(stating.path()).unwrap());
            let trust = match is_remote {
                true => trust.deferred_store(Deferred::of(&[&root])),
                false => trust.store(store(&[&root])),
            };
            let trust = trust.build();
            let connector = Connector::new(trust.clone()).unwrap();
            let removed = || {
                let connections = trust.connections();
                let removed = connections.iter().map(Connection::anchor_withdrawn);
                removed.collect::<Vec<_>>()
            };
            let before = connect(&connector, &server).unwrap();
            assert_eq!(removed(), [false]);

            // It is met, so that another is made, which depends on it as it is.
            stating.replace(&[met]);
            assert_eq!(removed(), [true]);
            let after = connect(&connector, &server).unwrap();
            let marked = removed().into_iter().filter(|removed| *removed).count();
            assert_eq!((marked, trust.connections().len()), (1, 2));
            drop(before);
            assert_eq!(removed(), [false]);

            stating.replace(&[not_met]);
            assert_eq!(removed(), [true]);
            connect(&connector, &server).unwrap_err();
            // Taken back, it leaves another trust than that which was relied on.
            stating.replace(&[entry(&other)]);
            assert_eq!(removed(), [true]);
            drop(after);
        }
    }
}
