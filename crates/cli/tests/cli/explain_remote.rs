//! `explain` with a store on a server: what it came up with is shown, whether it helped or not.

use jit_trust_lab::pki::{Ca, Leaf, pem};
use pki_types::CertificateDer;
use serde_json::{Value, json};

use crate::lists::{DAY, LAST_SECOND, ccadb};
use crate::remote::Remote;
use crate::support::{jit_trust, run};

/// 2099-12-31T23:59:59Z.
const LONG_AFTER: i64 = 4_102_444_799;

/// What is explained of this chain, for a.test.
fn explained(remote: &Remote, chain: &[CertificateDer<'_>], status: i32) -> Value {
    let chain = remote.write("chain.pem", pem(chain));
    let mut explain = jit_trust(["explain", "--format", "json", "--host", "a.test"]);
    let explained = run(remote.trusted_by(explain.arg(chain))).ends_with(status);
    serde_json::from_str(&explained.stdout).unwrap()
}

/// Each anchor's name and state.
fn states(explained: &Value) -> Vec<(&Value, &Value)> {
    let anchors = explained["anchors"].as_array().unwrap().iter();
    anchors
        .map(|anchor| (&anchor["subject"], &anchor["state"]))
        .collect()
}

#[test]
fn the_root_that_a_server_knows_is_shown_as_used() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root, &other]);
    let explained = explained(&remote, &root.leaf("a.test").chain(&[]), 0);
    assert_eq!(states(&explained), [(&json!("CN=Lab Root A"), &json!("used"))]);
    assert_eq!(
        (&explained["queries"][0]["found"], &explained["root"]),
        (&json!(1), &json!("A1"))
    );
    assert_eq!(explained["memory"], Value::Null);
}

#[test]
fn a_root_of_the_name_that_has_not_signed_is_shown_as_such() {
    let (known, unknown) = (Ca::root("Lab Root A"), Ca::root("Lab Root A"));
    let remote = Remote::of(&[&known]);
    let explained = explained(&remote, &unknown.leaf("a.test").chain(&[]), 1);
    assert_eq!(
        states(&explained),
        [(&json!("CN=Lab Root A"), &json!("not-the-signer"))]
    );
    assert_eq!(
        (&explained["queries"][0]["found"], &explained["root"]),
        (&json!(1), &Value::Null)
    );
}

#[test]
fn a_root_that_may_not_be_used_because_of_its_date_is_shown_as_such() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    remote.bundle(&ccadb(&[(&root, DAY, "")]), 2);
    let leaf = Leaf::builder(&["a.test"]).validity(LAST_SECOND + 24 * 60 * 60, LONG_AFTER);
    let explained = explained(&remote, &leaf.issued_by(&root).chain(&[]), 1);
    assert_eq!(states(&explained), [(&json!("CN=Lab Root A"), &json!("dated"))]);
    assert_eq!(explained["anchors"][0]["distrust_after"], "2024-11-30T23:59:59Z");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_for_a_store_at_once() {
    use std::process::Stdio;
    use std::time::{Duration, Instant};

    use jit_trust_lab::server::Response;
    use rustix::process::{Pid, Signal, kill_process};

    let (root, remote) = (Ca::root("Lab Root A"), Remote::answering(|_| Response::never()));
    let chain = remote.write("chain.pem", root.leaf("a.test").pem());
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let before = remote.asked();
        let mut explain = jit_trust(["explain"]);
        let explain = remote.trusted_by(explain.arg(&chain));
        let explain = explain.stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = explain.spawn().unwrap();
        remote
            .server
            .wait_until(|server| server.requests_seen().len() > before);
        let sent = Instant::now();
        kill_process(Pid::from_child(&running), signal).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(status));
        assert!(sent.elapsed() < Duration::from_secs(4), "{:?}", sent.elapsed());
    }
}
