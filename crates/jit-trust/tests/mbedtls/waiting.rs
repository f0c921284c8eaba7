//! A handshake that waits for a store.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jit_trust::mbedtls::{Connector, TokioConnector};
use jit_trust::{LookupOutcome, StoreError, TrustPolicy};
use jit_trust_lab::pki::Ca;
use mbedtls::x509::VerifyError;

use crate::deferred::{Deferred, What, by_subject, wait_until};
use crate::support::*;

fn trust(deferred: &Deferred) -> TrustPolicy {
    TrustPolicy::builder().deferred_store(deferred.clone()).build()
}

#[test]
fn it_is_one_connection_and_one_question() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    let connector = Connector::new(trust(&deferred)).unwrap();
    let connector = connector.on_verification(|verification| {
        let queries: Vec<_> = verification.lookups.iter().map(|query| &query.outcome).collect();
        assert!(matches!(
            *queries,
            [LookupOutcome::Found(1) | LookupOutcome::Cached(1)]
        ));
    });
    deferred.hold_back();
    std::thread::scope(|scope| {
        let first = scope.spawn(|| get(&connector, &server).unwrap());
        deferred.wait_for(1);
        assert_eq!(server.handshakes(), 0);
        deferred.answer_first();
        assert!(first.join().unwrap().ends_with("hello"));
    });
    assert!(get(&connector, &server).unwrap().ends_with("hello"));
    assert_eq!((server.connections(), deferred.queries()), (2, 1));
}

#[test]
fn other_tasks_go_on_meanwhile_on_a_runtime_of_one_thread() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let connector = TokioConnector::new(trust(&deferred)).unwrap();
    let ticks = AtomicUsize::new(0);
    let answer = block_on(async {
        let other = async {
            // The answer is given by a task of the same thread.
            while !deferred.is_held_back() || ticks.load(Ordering::SeqCst) < 10 {
                tokio::time::sleep(Duration::from_millis(2)).await;
                ticks.fetch_add(1, Ordering::SeqCst);
            }
            deferred.answer_first();
        };
        tokio::join!(get_async(&connector, &server), other).0
    });
    assert!(answer.unwrap().ends_with("hello"));
    assert_eq!((server.connections(), deferred.queries()), (1, 1));
}

#[test]
fn who_is_dropped_waits_no_more() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let connector = TokioConnector::new(trust(&deferred)).unwrap();
    block_on(async {
        let connecting = get_async(&connector, &server);
        let held_back = async {
            while !deferred.is_held_back() {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::select! {
            _ = connecting => panic!("nobody has answered"),
            () = held_back => {}
        }
    });
    // The runtime is gone, and with it the thread that waited.
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(server.handshakes(), 0);
}

#[test]
fn nothing_is_looked_up_while_a_local_anchor_suffices() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .store(store(&[&root]))
        .deferred_store(deferred.clone())
        .build();
    assert!(
        get(&Connector::new(trust.clone()).unwrap(), &server)
            .unwrap()
            .ends_with("hello")
    );
    let connector = TokioConnector::new(trust).unwrap();
    assert!(
        block_on(get_async(&connector, &server))
            .unwrap()
            .ends_with("hello")
    );
    assert_eq!(deferred.queries(), 0);
}

#[test]
fn a_local_root_of_the_same_name_does_not_prevent_the_lookup() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .store(store(&[&Ca::root("Root")]))
        .deferred_store(deferred.clone())
        .build();
    assert!(
        get(&Connector::new(trust).unwrap(), &server)
            .unwrap()
            .ends_with("hello")
    );
    assert_eq!(deferred.queries(), 1);
}

#[test]
fn a_store_that_does_not_answer_is_the_reason() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::default();
    deferred.says(by_subject(&root), What::Broken);
    let error = get(&Connector::new(trust(&deferred)).unwrap(), &server).unwrap_err();
    assert!(
        reason::<StoreError>(&error)
            .to_string()
            .contains("the line is dead")
    );
    let connector = TokioConnector::new(trust(&deferred)).unwrap();
    let error = block_on(get_async(&connector, &server)).unwrap_err();
    assert!(matches!(reason(&error), StoreError::Lookup { .. }));
}

#[test]
fn a_store_that_has_no_such_root_is_asked_a_few_times_and_no_more() {
    let server = server_of(&Ca::root("Root"));
    let deferred = Deferred::default();
    let error = get(&Connector::new(trust(&deferred)).unwrap(), &server).unwrap_err();
    assert_eq!(flags(&error), VerifyError::CERT_NOT_TRUSTED);
    assert!((1..=6).contains(&deferred.queries()));
}

#[test]
fn an_anchor_stays_while_a_connection_depends_on_it() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .idle_grace(Duration::ZERO)
        .build();
    let connector = Connector::new(trust).unwrap();
    let first = connect(&connector, &server).unwrap();
    let second = connect(&connector, &server).unwrap();
    assert_eq!(deferred.queries(), 1);
    drop((first, second));
    let again = || -> io::Result<bool> {
        let before = deferred.queries();
        connect(&connector, &server)?;
        Ok(deferred.queries() > before)
    };
    wait_until(|| again().unwrap());
}

#[test]
fn the_hosts_cache_remembers_who_served_it() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let deferred = Deferred::of(&[&root]);
    let cache = jit_trust::HostCache::builder().build().unwrap();
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .host_cache(cache)
        .build();
    let connector = Arc::new(Connector::new(trust.clone()).unwrap());
    get(&connector, &server).unwrap();
    let known = trust.host_cache().unwrap().get(HOST).unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [by_subject(&root)]);
}
