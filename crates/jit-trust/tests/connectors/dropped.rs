//! A connection that is given up while it is made.

use std::time::Duration;

use jit_trust_lab::pki::Ca;

use crate::given_up::poll_so_often;
use crate::support::*;

const LATE: Duration = Duration::from_millis(60);

/// Gives up a future at each of its steps; `check` then finds nothing left of it.
fn at_every_step<T>(connect: impl AsyncFn() -> T, check: impl Fn()) {
    for polls in 0.. {
        let is_done = block_on(async {
            let is_done = poll_so_often(polls, connect()).await;
            check();
            is_done
        });
        if is_done {
            assert!(polls > 2, "there was nothing to give up: {polls}");
            return;
        }
    }
}

#[test]
fn a_tokio_connection_that_is_given_up_at_any_step_leaves_nothing_behind() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let trust = later.trust();
    let connector = tokio_connector(&trust);
    at_every_step(
        async || connect_async(&connector, &server).await.unwrap(),
        || {
            assert!(trust.connections().is_empty());
            server.wait_until(|server| server.open_connections() == 0);
            // A response that came meanwhile is evicted, since no connection depends on it: the next one asks again.
            std::thread::sleep(LATE + GRACE + Duration::from_millis(100));
            let before = later.queries();
            // With sessions of its own, so that it makes a full handshake.
            drop(connect(&crate::support::connector(&trust), &server).unwrap());
            assert_eq!(later.queries(), before + 1);
            server.wait_until(|server| server.open_connections() == 0);
            std::thread::sleep(GRACE + Duration::from_millis(100));
        },
    );
}

#[test]
fn a_connection_of_hypers_that_is_given_up_at_any_step_leaves_nothing_behind() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let trust = later.trust();
    let url = server.url(HOST, "/");
    at_every_step(
        async || get_with_hyper(&hyper_client(&trust), &url).await.unwrap(),
        || {
            // hyper makes a connection that it began in a task of its own, which ends with the runtime.
        },
    );
    wait_until(|| trust.connections().is_empty());
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(
        block_on(get_with_hyper(&hyper_client(&trust), &url)).as_deref(),
        Ok("hello")
    );
}

#[test]
fn a_request_of_reqwests_that_is_given_up_at_any_step_leaves_nothing_behind() {
    let root = Ca::root("Root");
    let (server, later) = (server_of(&root, |server| server), Later::of(&[&root], LATE));
    let trust = later.trust();
    let url = server.url(HOST, "/");
    at_every_step(
        async || get_with_reqwest(&reqwest_client(&trust), &url).await.unwrap(),
        || {},
    );
    server.wait_until(|server| server.open_connections() == 0);
    assert_eq!(
        block_on(get_with_reqwest(&reqwest_client(&trust), &url)).as_deref(),
        Ok("hello")
    );
}

#[test]
fn a_wait_that_is_given_up_ends_soon_although_the_store_does_not_answer() {
    let root = Ca::root("Root");
    let server = server_of(&root, |server| server);
    let never = Later::of(&[&root], Duration::from_secs(60));
    let trust = never.trust();
    let connector = tokio_connector(&trust);
    let started = std::time::Instant::now();
    block_on(async {
        let connecting = connect_async(&connector, &server);
        let given_up = tokio::time::timeout(Duration::from_millis(200), connecting).await;
        assert!(given_up.is_err());
        server.wait_until(|server| server.open_connections() == 0);
    });
    // Ending the runtime waits for its threads: the one that waited for the store has ended.
    assert!(
        started.elapsed() < Duration::from_secs(2),
        "{:?}",
        started.elapsed()
    );
    assert_eq!((never.queries(), trust.connections().len()), (1, 0));
}
