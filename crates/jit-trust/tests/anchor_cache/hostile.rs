//! Servers that name as many issuers as they can.

use std::time::Duration;

use jit_trust::TrustPolicy;
use jit_trust_lab::pki::{Ca, Key, Leaf};

use crate::deferred::Deferred;
use crate::verify::ask;

#[test]
fn a_server_that_names_1000_issuers_over_100_connections_has_at_most_six_asked_for_on_each() {
    let key = Key::ed25519(&[7; 32]);
    let stranger = |number: usize| {
        let name = format!("Issuer {number}");
        Ca::builder(name.as_str()).key(&key).self_signed()
    };
    let root = Ca::root("Root");
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_secs(60))
        .build();
    for connection in 0..100 {
        let issuers: Vec<_> = (0..10).map(|number| stranger(10 * connection + number)).collect();
        let ca = Ca::builder("CA").key(&key);
        let mut sent = Leaf::builder(&["a.test"])
            .key(&key)
            .issued_by(&issuers[0])
            .chain(&[]);
        sent.extend(
            issuers[1..]
                .iter()
                .map(|issuer| ca.clone().issued_by(issuer).der()),
        );
        let before = deferred.queries();
        ask(&trust, &sent).unwrap_err();
        assert!(deferred.queries() - before <= 6);
    }
    assert_eq!(deferred.queries(), 600);
    // An honest server is verified as before.
    ask(&trust, &root.leaf("a.test").chain(&[])).unwrap();
}
