//! Those who cannot wait: fail, wait elsewhere, connect again.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use jit_trust::{
    Connector, DeferredStore, LookupError, LookupPending, LookupRequest, LookupResponse, Rejection,
    Responder, TrustPolicy, Verifier, rejection,
};
use jit_trust_lab::pki::Ca;
use rustls::ClientConfig;
use rustls::crypto::aws_lc_rs;

use crate::support::*;

const LATE: Duration = Duration::from_millis(100);

fn without_waiting(trust: &TrustPolicy) -> Connector {
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    let mut verifier = verifier.without_waiting();
    let resumption = verifier.resumption();
    let builder = ClientConfig::builder_with_provider(aws_lc_rs::default_provider().into());
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    let builder = builder
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = builder.with_no_client_auth();
    config.resumption = resumption;
    Connector::with_config(trust.clone(), config)
}

fn pending(error: &io::Error) -> LookupPending {
    pending_lookup(error).unwrap_or_else(|| panic!("{error}"))
}

#[test]
fn a_caller_that_cannot_wait_needs_two_connections_and_one_query() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let connector = without_waiting(&later.trust());
    let started = std::time::Instant::now();
    let error = connect(&connector, &server).unwrap_err();
    assert!(started.elapsed() < LATE, "it waited");
    let pending = pending(&error);
    assert!(!pending.wait(Duration::ZERO));
    assert!(pending.wait(Duration::MAX));
    assert!(connect(&connector, &server).is_ok());
    server.wait_until(|server| server.handshakes() == 1);
    assert_eq!((server.connections(), later.queries()), (2, 1));
}

#[test]
fn a_task_that_cannot_wait_is_told_when_to_connect_again() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let connector = without_waiting(&later.trust());
    let pending = pending(&connect(&connector, &server).unwrap_err());
    assert!(block_on(pending.answered()));
    assert!(connect(&connector, &server).is_ok());
    assert_eq!((server.connections(), later.queries()), (2, 1));
}

/// A store that cannot answer, and says so at once.
#[derive(Debug)]
struct Broken;

impl DeferredStore for Broken {
    fn name(&self) -> String {
        "broken".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        let answer: Result<LookupResponse, _> = Err(LookupError::other("the flash cannot be read"));
        reply.send(answer);
    }
}

#[test]
fn a_caller_that_cannot_wait_learns_why_there_is_no_answer() {
    let server = server_of(&Ca::root("Root"), |server| server);
    let connector = without_waiting(&TrustPolicy::builder().deferred_store(Broken).build());
    let error = connect(&connector, &server).unwrap_err();
    assert!(pending_lookup(&error).is_none(), "{error}");
    assert!(error.to_string().contains("the flash cannot be read"), "{error}");
}

/// The lookup that a handshake did not wait for.
fn pending_lookup(error: &(dyn std::error::Error + 'static)) -> Option<LookupPending> {
    match rejection(error)? {
        Rejection::LookupPending(pending) => Some(pending),
        _ => None,
    }
}
