//! `get` and `verify`, trusting by a webroot on a server that is asked for one issuer at a time.

use std::process::Stdio;
use std::time::Duration;

use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Fault, Response, Server};

use crate::lists::{DAY, LAST_SECOND, ccadb};
use crate::remote::{Remote, free_port, tls_of_hops};
use crate::support::{Lab, Run, hello, hello_server, jit_trust, run, run_line, site};

/// Less than a store is waited for, and more than a busy machine takes for anything else.
const PROMPTLY: Duration = Duration::from_secs(7);
/// As long as a store is waited for, and what a busy machine adds.
const IN_TIME: Duration = Duration::from_secs(20);

const A_DAY: i64 = 24 * 60 * 60;

#[test]
fn a_cold_host_costs_one_question_and_one_connection() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let got = run(&mut remote.get(&server.url("a.test", "/"), "-v")).ends_with(0);
    assert_eq!(got.stdout, "hello");
    assert_eq!((remote.asked(), remote.server.connections()), (1, 1));
    assert_eq!((server.requests(), server.connections()), (1, 1));
    let asked = &remote.server.requests_seen()[0].path;
    let (url, key) = (remote.url(), asked.trim_start_matches('/'));
    got.says(&format!("*   asked {url} for {key}: 1 root, after "))
        .says(&format!("*   roots selected: 1 in {url}\n"))
        .says("*   trusted under: CN=Lab Root A\n");

    let got = run(&mut remote.get(&server.url("a.test", "/"), "--json")).ends_with(0);
    let tls = &tls_of_hops(&got)[0];
    assert_eq!(
        (&tls["asked_ahead"], &tls["store_len"]),
        (&0.into(), &serde_json::Value::Null)
    );
    let queries = tls["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 1);
    assert_eq!(
        (&queries[0]["store"], &queries[0]["key"]),
        (&url.into(), &key.into())
    );
    assert_eq!(
        (&queries[0]["outcome"], &queries[0]["found"]),
        (&"found".into(), &1.into())
    );
    assert!(queries[0]["waited_us"].as_u64() > Some(0));
}

#[test]
fn local_stores_come_first_and_those_on_servers_in_their_order() {
    let (here, there, elsewhere) = (Ca::root("Here"), Ca::root("There"), Ca::root("Elsewhere"));
    let (near, far) = (Remote::of(&[&there]), Remote::of(&[&elsewhere]));
    // One CA for both.
    let cas = std::fs::read_to_string(near.path("ca.pem")).unwrap();
    let cas = cas + &std::fs::read_to_string(far.path("ca.pem")).unwrap();
    let (cas, local) = (near.write("cas.pem", cas), near.write("here.pem", here.pem()));
    // Both are asked for the issuer at the top before either is for what is further down.
    for (root, asked) in [(&here, (0, 0)), (&there, (1, 0)), (&elsewhere, (1, 1))] {
        let before = (near.asked(), far.asked());
        let server = hello_server("a.test", root);
        let mut get = jit_trust(["get", "-v", &server.url("a.test", "/"), "--trust", &near.url()]);
        get.args(["--trust", &far.url(), "--trust"])
            .arg(&local)
            .arg("--trust-ca")
            .arg(&cas);
        get.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]);
        let got = run(&mut get).ends_with(0);
        let now = (near.asked(), far.asked());
        assert_eq!((now.0 - before.0, now.1 - before.1), asked, "{got:#?}");
        if asked == (1, 1) {
            let (near, far) = (near.url(), far.url());
            got.says(": no such root, after ")
                .says(&format!("*   asked {far} for by-subject/"))
                .says(&format!("in {near} and {far} and {}\n", local.display()));
        }
    }
}

#[test]
fn redirects_across_two_sites_under_two_roots_ask_twice() {
    let (root_a, root_b) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root_a, &root_b]);
    let there = hello_server("b.test", &root_b);
    let (leaf, target) = (root_a.leaf("a.test"), there.url("b.test", "/"));
    let here = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), move |_| {
            Response::redirect(302, &target)
        })
        .start();
    let mut get = remote.get(&here.url("a.test", "/"), "--json");
    get.args(["--resolve", &format!("*:{}:127.0.0.1", there.port())]);
    let got = run(&mut get).ends_with(0);
    assert_eq!((remote.asked(), remote.server.connections()), (2, 1));
    let hops = tls_of_hops(&got);
    let roots: Vec<_> = hops
        .iter()
        .map(|tls| tls["root"]["subject"].as_str().unwrap())
        .collect();
    assert_eq!(roots, ["CN=Lab Root A", "CN=Lab Root B"]);
    assert!(
        hops.iter()
            .all(|tls| tls["queries"].as_array().unwrap().len() == 1),
        "{got:#?}"
    );
}

#[test]
fn an_issuer_that_the_store_does_not_have_is_named_with_what_was_asked() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let (remote, server) = (Remote::of(&[&other]), hello_server("a.test", &root));
    let refused = run(&mut remote.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says_one_line();
    let asked = remote.server.requests_seen()[0].path.clone();
    refused.says(&format!(
        "not trusted: no root in {} named \"CN=Lab Root A\" (asked for by the certificate of \"CN=Lab Issuing CA\", \
         under {})",
        remote.url(),
        asked.trim_start_matches('/')
    ));
    assert_eq!(server.requests_seen().len(), 0);
}

#[test]
fn another_root_of_the_name_is_not_taken() {
    let (root, twin) = (Ca::root("Lab Root A"), Ca::root("Lab Root A"));
    let (remote, server) = (Remote::of(&[&twin]), hello_server("a.test", &root));
    run(&mut remote.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says_one_line();
    assert_eq!(server.requests_seen().len(), 0);
}

#[test]
fn a_root_with_a_date_serves_what_was_issued_before_it_through_a_server_too() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    remote.bundle(&ccadb(&[(&root, DAY, "")]), 2);
    let issued_at = |seconds| {
        let leaf = Leaf::builder(&["a.test"]).validity(seconds, 4_102_444_799);
        leaf.issued_by(&root)
    };
    for (leaf, status) in [
        (issued_at(LAST_SECOND - A_DAY), 0),
        (issued_at(LAST_SECOND + A_DAY), 1),
    ] {
        let server = site(Server::builder(), "a.test", &leaf, &[]).start();
        let got = run(&mut remote.get(&server.url("a.test", "/"), ""));
        for ended in [got, run(&mut remote.verify(&leaf, &[]))] {
            let ended = ended.ends_with(status);
            if status == 1 {
                let url = remote.url();
                ended.says_one_line().says(&format!(
                    "not trusted: the root \"CN=Lab Root A\" in {url} is trusted only for certificates issued up to \
                     2024-11-30T23:59:59Z; this one was issued 2024-12-01T23:59:59Z"
                ));
            }
        }
    }
}

#[test]
fn verify_says_the_root_and_that_the_chain_leads_nowhere() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root]);
    let verified = run(&mut remote.verify(&root.leaf("a.test"), &[])).ends_with(0);
    assert!(
        verified
            .stdout
            .starts_with("a.test: trusted under CN=Lab Root A, SKID "),
        "{verified:#?}"
    );
    let url = remote.url();
    assert!(
        verified
            .stdout
            .ends_with(&format!("1 selected in {url}; certificates sent: 1\n")),
        "{verified:#?}"
    );
    run(&mut remote.verify(&other.leaf("a.test"), &[]))
        .ends_with(1)
        .says("not trusted: no root in ");
    assert_eq!(remote.asked(), 2);
}

/// What `get` and `verify` say and how they end when the store cannot answer: soon, and without a request to the site.
fn is_told(remote: &Remote, asked: &str, what: &str) {
    let root = Ca::root("Lab Root A");
    let server = hello_server("a.test", &root);
    let got = run(&mut remote.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says_one_line();
    let verified = run(&mut remote.verify(&root.leaf("a.test"), &[]))
        .ends_with(2)
        .says_one_line();
    assert_eq!(server.requests_seen().len(), 0);
    for ended in [got, verified] {
        assert!(ended.took < IN_TIME, "{ended:#?}");
        assert_eq!(ended.stdout, "");
        ended
            .says(&format!(
                "the store cannot answer: {asked}: asked for by-subject/"
            ))
            .says(what);
    }
}

#[test]
fn a_store_that_answers_with_a_fault_is_named_with_what_was_asked_and_what_came() {
    let huge = |length: &'static str| {
        move |_: &jit_trust_lab::server::Request| {
            let body = Response::ok(vec![0; 1 << 20]).endless();
            if length.is_empty() {
                body
            } else {
                body.header("content-length", length)
            }
        }
    };
    let faults: [(Remote, &str); 6] = [
        (Remote::answering(|_| Response::status(500)), ": HTTP status 500"),
        (Remote::answering(|_| Response::status(403)), ": HTTP status 403"),
        (
            Remote::answering(|_| Response::ok("garbage")),
            ": the response is not a valid trust blob: ",
        ),
        (
            Remote::answering(|_| Response::redirect(302, "/there")),
            ": HTTP status 302",
        ),
        (
            Remote::answering(huge("")),
            ": the response is larger than 65536 bytes",
        ),
        (
            Remote::answering(huge("10000000000")),
            ": the response is larger than 65536 bytes",
        ),
    ];
    for (remote, what) in faults {
        is_told(&remote, &remote.url(), what);
        assert!(
            remote
                .server
                .requests_seen()
                .iter()
                .all(|request| request.path.starts_with("/by-subject/"))
        );
    }
}

#[test]
fn a_server_that_is_not_the_stores_is_asked_nothing() {
    let root = Ca::root("Lab Root A");
    for ca in [Ca::root("Another CA"), Ca::root("Store CA")] {
        let remote = Remote::of(&[&root]);
        remote.write("ca.pem", ca.pem());
        is_told(&remote, &remote.url(), ": TLS: invalid peer certificate: ");
        assert_eq!(remote.asked(), 0);
    }
    // A certificate for another host.
    let remote = Remote::of(&[&root]);
    let ca = Ca::root("Store CA");
    let leaf = ca.leaf("other.test");
    remote
        .server
        .set_site("localhost", leaf.key(), leaf.chain(&[]), |_| {
            Response::status(404)
        });
    remote.write("ca.pem", ca.pem());
    is_told(&remote, &remote.url(), ": TLS: invalid peer certificate: ");
    assert_eq!(remote.asked(), 0);
}

#[test]
fn a_store_that_is_down_or_breaks_off_is_named() {
    for (fault, what) in [
        (Fault::CloseAfterAccept, ""),
        (Fault::CloseAfterClientHello, ""),
        (Fault::GarbageServerHello, ": TLS: "),
    ] {
        let remote = Remote::with_fault(fault);
        is_told(&remote, &remote.url(), what);
    }
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let (server, url) = (
        hello_server("a.test", &root),
        format!("https://localhost:{}", free_port()),
    );
    let mut get = jit_trust(["get", &server.url("a.test", "/"), "--trust", &url, "--trust-ca"]);
    get.arg(remote.path("ca.pem"));
    get.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]);
    let got = run(&mut get)
        .ends_with(1)
        .says_one_line()
        .says(&format!("{url}: asked for by-subject/"));
    assert!(got.took < IN_TIME, "{got:#?}");
    got.says(": connecting: ");
}

#[test]
fn a_store_that_falls_silent_is_given_ten_seconds() {
    let remote = Remote::answering(|_| Response::never());
    is_told(&remote, &remote.url(), ": no response within 10s");
}

#[test]
fn a_limit_of_the_users_ends_the_wait_for_a_store_at_once() {
    let (root, remote) = (Ca::root("Lab Root A"), Remote::answering(|_| Response::never()));
    let server = hello_server("a.test", &root);
    for (option, more) in [
        ("--connect-timeout 1", "--connect-timeout gives it more time"),
        ("--max-time 1", "--max-time gives it more time"),
    ] {
        let got = run(&mut remote.get(&server.url("a.test", "/"), &format!("-v {option}"))).ends_with(1);
        assert!(got.took < PROMPTLY, "{got:#?}");
        let (url, asked) = (remote.url(), remote.server.requests_seen()[0].path.clone());
        let key = asked.trim_start_matches('/');
        got.says(&format!(
            ": TLS handshake: timed out; {url} has not answered yet, asked for {key}; {more}\n"
        ));
    }
    let got = run(&mut remote.get(&server.url("a.test", "/"), "--insecure --max-time 1")).ends_with(1);
    assert!(got.took < PROMPTLY, "{got:#?}");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_the_wait_for_a_store_at_once() {
    use rustix::process::{Pid, Signal, kill_process};

    let (root, remote) = (Ca::root("Lab Root A"), Remote::answering(|_| Response::never()));
    let server = hello_server("a.test", &root);
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let before = remote.asked();
        let mut get = remote.get(&server.url("a.test", "/"), "");
        let mut running = get.stderr(Stdio::null()).spawn().unwrap();
        remote
            .server
            .wait_until(|server| server.requests_seen().len() > before);
        let sent = std::time::Instant::now();
        kill_process(Pid::from_child(&running), signal).unwrap();
        assert_eq!(running.wait().unwrap().code(), Some(status));
        assert!(sent.elapsed() < PROMPTLY);
    }
}

#[test]
fn insecure_accepts_what_the_store_does_not_and_shows_it() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let server = hello_server("a.test", &root);
    let url = server.url("a.test", "/");
    let remote = Remote::of(&[&root]);
    let got = run(&mut remote.get(&url, "-k -v")).ends_with(0);
    assert_eq!((got.stdout.as_str(), remote.asked()), ("hello", 1));
    got.says("*   trusted under: CN=Lab Root A\n");

    let got = run(&mut Remote::of(&[&other]).get(&url, "-k -v")).ends_with(0);
    got.says("*   NOT TRUSTED, accepted by --insecure: no root in https://localhost:");

    let got = run(&mut Remote::answering(|_| Response::status(500)).get(&url, "-k -v --json")).ends_with(0);
    assert_eq!(tls_of_hops(&got)[0]["queries"][0]["outcome"], "failed");
    got.says(": HTTP status 500, after ")
        .says("*   NOT TRUSTED, accepted by --insecure: the store cannot answer: ");
}

#[test]
fn insecure_is_not_for_the_host_that_a_redirect_leads_to() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root]);
    let there = hello_server("b.test", &other);
    let (leaf, target) = (other.leaf("a.test"), there.url("b.test", "/"));
    let here = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), move |_| {
            Response::redirect(302, &target)
        })
        .start();
    let mut get = remote.get(&here.url("a.test", "/"), "-k");
    get.args(["--resolve", &format!("*:{}:127.0.0.1", there.port())]);
    run(&mut get)
        .ends_with(1)
        .says("b.test")
        .says("not trusted: no root in ");
    assert_eq!((here.requests(), there.requests_seen().len()), (1, 0));
}

#[test]
fn a_store_without_its_ca_and_a_ca_without_its_store_are_refused() {
    let remote = Remote::of(&[&Ca::root("Lab Root A")]);
    let (ca, key) = (remote.path("ca.pem"), remote.write("garbage.pem", "garbage"));
    let refused = |options: &str, what: &str| -> Run {
        let line = format!("get https://a.test/ {options}");
        run_line(&line).ends_with(2).says_one_line().says(what)
    };
    let ca = ca.display();
    refused(
        "--trust https://localhost:1/",
        "https://localhost:1/: expected --trust-ca CA.pem with it: the CA that issued its certificate",
    );
    refused(
        &format!("--trust-ca {ca}"),
        "--trust-ca: expected with it a --trust https://",
    );
    refused(
        &format!("--trust mozilla --trust-ca {ca}"),
        "--trust-ca: expected with it a --trust https://",
    );
    refused(
        "--trust https://localhost:1/ --trust-ca /nonexistent",
        "/nonexistent: cannot read",
    );
    refused(
        &format!("--trust https://localhost:1/ --trust-ca {}", key.display()),
        "garbage.pem: expected cert",
    );
    assert_eq!(remote.server.connections(), 0);
}

#[test]
fn a_url_that_no_webroot_can_have_is_refused_without_its_password() {
    let remote = Remote::of(&[&Ca::root("Lab Root A")]);
    for (url, why) in [
        ("http://localhost:1/", "this is no https URL"),
        ("HTTP://localhost:1/", "this is no https URL"),
        ("https://me:secret@localhost:1/", "this one has credentials"),
        ("https://localhost:1/?a", "this one has a query"),
        ("https://localhost:1/#a", "this one has a fragment"),
        ("https://", "this is no URL"),
    ] {
        for options in [
            String::new(),
            format!("--trust-ca {}", remote.path("ca.pem").display()),
        ] {
            let refused = run_line(&format!("get https://a.test/ --trust {url} {options}"));
            let refused = refused.ends_with(2).says_one_line().says(why);
            assert!(!refused.stderr.contains("secret"), "{refused:#?}");
        }
    }
}

#[test]
fn what_reads_a_store_whole_takes_none_on_a_server() {
    let what = "https://localhost:1/: expected a file or directory: only `get` and `verify` ask a webroot on a server";
    for line in [
        "show https://localhost:1/",
        "find https://localhost:1/ --skid 00",
        "diff mozilla https://localhost:1/",
        "diff https://localhost:1/ mozilla",
        "bundle mozilla:latest --trust https://localhost:1/ --blob /nonexistent/blob",
    ] {
        run_line(line).ends_with(2).says_one_line().says(what);
    }
}

#[test]
fn a_server_that_speaks_no_http_2_is_named() {
    let (root, ca) = (Ca::root("Lab Root A"), Ca::root("Store CA"));
    let store = hello(Server::builder().http1_only(), "localhost", &ca).start();
    let (lab, server) = (Lab::trusting(&[]), hello_server("a.test", &root));
    let ca = lab.write("ca.pem", ca.pem());
    let mut get = jit_trust([
        "get",
        &server.url("a.test", "/"),
        "--trust",
        &store.url("localhost", "/"),
    ]);
    get.arg("--trust-ca").arg(ca);
    get.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]);
    run(&mut get).ends_with(1).says("HTTP/2");
}

#[test]
fn a_webroot_of_another_tool_is_asked_by_key_identifier_and_what_is_lost_is_said() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let got = run(&mut remote.get(&server.url("a.test", "/"), "--ask-by-key-id")).ends_with(0);
    assert_eq!(got.stdout, "hello");
    got.says("carry none of Mozilla's conditions");
    let asked: Vec<_> = remote
        .server
        .requests_seen()
        .into_iter()
        .map(|request| request.path)
        .collect();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].starts_with("/by-skid/"), "{asked:?}");

    run(jit_trust(["get", "--ask-by-key-id", "https://a.test/"]).arg("--trust=mozilla"))
        .ends_with(2)
        .says("--ask-by-key-id: expected with it a --trust https://");
}
