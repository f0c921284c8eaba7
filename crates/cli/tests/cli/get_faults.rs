//! A server that is not what it should be is refused, soon and in words that help.

use std::time::Duration;

use jit_trust_lab::pki::{Ca, DAY, HOUR, Leaf, garbage, now};
use jit_trust_lab::server::{Fault, Response, Server};
use pki_types::CertificateDer;

use crate::support::{Lab, Run, hello_server, run};

/// Longer than anything here may take, with room for a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[track_caller]
fn is_refused(root: &Ca, leaf: &Leaf, chain: Vec<CertificateDer<'static>>) -> Run {
    let lab = Lab::trusting(&[root]);
    let server = Server::builder()
        .site("a.test", leaf.key(), chain, |_| Response::ok("secret"))
        .start();
    let got = run(&mut lab.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says_one_line();
    assert_eq!(got.stdout, "");
    assert_eq!(
        server.requests_seen().len(),
        0,
        "nothing is sent before it is trusted"
    );
    assert_eq!(server.connections(), 1);
    assert!(got.took < SOON, "{got:?}");
    got
}

#[test]
fn a_hundred_certificates() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    let others = vec![root.der(); 99];
    is_refused(&root, &leaf, [leaf.chain(&[]), others].concat()).says("more than 64 certificates");
}

#[test]
fn a_certificate_of_60_kilobytes_is_fine_and_a_larger_one_is_not() {
    let root = Ca::root("Lab Root A");
    let leaf = Leaf::builder(&["a.test"]).padding(60_000).issued_by(&root);
    let lab = Lab::trusting(&[&root]);
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    // rustls takes handshake messages of up to 64 KB.
    assert_eq!(
        run(&mut lab.get(&server.url("a.test", "/"), ""))
            .ends_with(0)
            .stdout,
        "hello"
    );
    let leaf = Leaf::builder(&["a.test"]).padding(64 << 10).issued_by(&root);
    is_refused(&root, &leaf, leaf.chain(&[])).says("TLS handshake");
}

#[test]
fn garbage_in_place_of_a_certificate() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    is_refused(&root, &leaf, vec![garbage::sequence_of_noise(500)]);
    is_refused(&root, &leaf, vec![garbage::truncated(&leaf.der(), 100)]);
    is_refused(&root, &leaf, vec![garbage::noise(3).into()]);
}

#[test]
fn an_expired_certificate_is_named_with_its_date() {
    let root = Ca::root("Lab Root A");
    let leaf = Leaf::builder(&["a.test"])
        .validity(now() - 2 * DAY, now() - HOUR)
        .issued_by(&root);
    is_refused(&root, &leaf, leaf.chain(&[])).says("the certificate of \"CN=a.test\" expired at 20");
    let leaf = Leaf::builder(&["a.test"])
        .validity(now() + DAY, now() + 2 * DAY)
        .issued_by(&root);
    is_refused(&root, &leaf, leaf.chain(&[])).says("the certificate of \"CN=a.test\" is not valid before 20");
}

#[test]
fn a_certificate_for_other_hosts() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf_for(&["b.test", "192.0.2.1"]);
    is_refused(&root, &leaf, leaf.chain(&[]))
        .says("the certificate is for b.test, 192.0.2.1, not for a.test");
}

#[test]
fn a_root_that_is_not_in_the_store() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf("a.test");
    is_refused(&other, &leaf, leaf.chain(&[&issuing]))
        .says("named \"CN=Lab Root A\" (asked for by the certificate of \"CN=Lab CA A1\")");
    is_refused(&other, &leaf, leaf.chain(&[&issuing, &root])).says("though the server sent one of that name");
    is_refused(&root, &leaf, leaf.chain(&[])).says("has left an intermediate certificate out");
    let alone = Leaf::builder(&["a.test"]).self_signed();
    is_refused(&root, &alone, alone.chain(&[])).says("\"CN=a.test\" is signed by itself");
}

#[test]
fn a_name_that_would_drive_the_terminal_is_escaped() {
    let root = Ca::root("Lab Root A");
    let hostile = Ca::root("\u{1b}[2J\u{9b}evil\n");
    let leaf = hostile.leaf("a.test");
    let got = is_refused(&root, &leaf, leaf.chain(&[]));
    assert!(!got.stderr.trim_end().contains(char::is_control), "{got:?}");
}

#[test]
fn servers_that_break_off_are_named_with_the_stage() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    for fault in [
        Fault::CloseAfterAccept,
        Fault::CloseAfterClientHello,
        Fault::GarbageServerHello,
    ] {
        let server = Server::builder().fault(fault).start();
        let url = server.url("a.test", "/");
        let got = run(&mut lab.get(&url, "")).ends_with(1).says_one_line();
        assert!(
            got.stderr
                .contains(&format!("https://a.test:{}: TLS handshake: ", server.port())),
            "{got:?}"
        );
        assert!(got.took < SOON, "{got:?}");
    }
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .fault(Fault::CloseAfterHandshake)
        .start();
    let got = run(&mut lab.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says_one_line();
    assert!(got.took < SOON, "{got:?}");
}

#[test]
fn a_port_where_nobody_listens() {
    let lab = Lab::trusting(&[]);
    run(&mut lab.get("https://a.test:1/", ""))
        .ends_with(1)
        .says_one_line()
        .says("https://a.test:1: connecting: ");
}

#[test]
fn a_host_that_is_not_there() {
    let lab = Lab::trusting(&[]);
    let mut get =
        crate::support::jit_trust(["get", "https://a.invalid/", "--connect-timeout", "5", "--trust"]);
    let got = run(get.arg(lab.store())).ends_with(1).says_one_line();
    assert!(
        got.stderr.contains("https://a.invalid:443: resolving the name: "),
        "{got:?}"
    );
}

#[test]
fn silence_ends_after_the_time_that_was_given() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    for fault in [Fault::Silence, Fault::StallInServerHello] {
        let server = Server::builder().fault(fault).start();
        let url = server.url("a.test", "/");
        for option in ["--connect-timeout", "--max-time"] {
            let got = run(&mut lab.get(&url, &format!("{option} 0.3")))
                .ends_with(1)
                .says_one_line();
            assert!(
                got.stderr
                    .contains(&format!("TLS handshake: timed out; {option} gives it more time")),
                "{got:?}"
            );
            assert!(
                got.took >= Duration::from_millis(300) && got.took < SOON,
                "{got:?}"
            );
        }
    }
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::never())
        .start();
    run(&mut lab.get(&server.url("a.test", "/"), "-m 0.3"))
        .ends_with(1)
        .says("waiting for the answer: timed out; --max-time gives it more time");
}

#[test]
fn a_server_that_speaks_only_one_protocol() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let leaf = root.leaf("a.test");
    let server = || Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
    let old = server().without_alpn().start();
    run(&mut lab.get(&old.url("a.test", "/"), "--http2"))
        .ends_with(1)
        .says("does not speak HTTP/2");
    assert_eq!(
        run(&mut lab.get(&old.url("a.test", "/"), "")).ends_with(0).stdout,
        "hello"
    );
    let new = server().http2_only().tls13_only().start();
    run(&mut lab.get(&new.url("a.test", "/"), "--http1.1"))
        .ends_with(1)
        .says_one_line();
    assert_eq!(
        run(&mut lab.get(&new.url("a.test", "/"), "")).ends_with(0).stdout,
        "hello"
    );
    let tls12 = server().tls12_only().start();
    assert_eq!(
        run(&mut lab.get(&tls12.url("a.test", "/"), ""))
            .ends_with(0)
            .stdout,
        "hello"
    );
}

#[test]
fn bad_usage_is_told_from_failure() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    for arguments in [
        "get",
        "get a.test",
        "get ftp://a.test/",
        "get https://",
        "get https://a.test/ --trust /nonexistent",
        "get https://a.test/ --resolve a.test:443",
        "get https://a.test/ --max-time -1",
        "get https://a.test/ --max-time x",
        "get https://a.test/ --http1.1 --http2",
        "get https://a.test/ -H nonsense",
        "get https://a.test/ -u nobody",
        "get https://a.test/ --json -o -",
    ] {
        crate::support::run_line(arguments).ends_with(2);
    }
    for arguments in ["-u geheim", "-H geheim", "-H geheim;:x"] {
        let got = crate::support::run_line(&format!("get https://a.test/ {arguments}"))
            .ends_with(2)
            .says("expected");
        assert!(!got.stderr.contains("geheim"), "{got:?}");
    }
    let mut get = lab.get(&server.url("a.test", "/"), "");
    run(get.env("https_proxy", "gopher://x:1"))
        .ends_with(2)
        .says("https_proxy: expected a proxy");
    assert_eq!(server.connections(), 0);
}
