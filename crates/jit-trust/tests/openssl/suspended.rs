//! A handshake that waits for a store.

use std::time::Duration;

use jit_trust::Trust;
use jit_trust::openssl::Connector;
use jit_trust_lab::pki::Ca;

use crate::support::{Later, get, server_of};

#[test]
fn a_handshake_is_suspended_until_the_store_answers_in_one_connection() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let later = Later::of(&[&root], Duration::from_millis(50));
    let trust = Trust::builder().query_store(later.clone()).build();
    let connector = Connector::new(trust).unwrap();
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert_eq!((server.connections(), later.queries()), (2, 1));
}
