//! `get --tls`: with every TLS library that the command was built with, the same report.
//!
//! What differs is the library's own: [`what_the_libraries_themselves_judge_differently`] has it.

use std::path::PathBuf;
use std::process::Command;

use jit_trust_lab::pki::{BasicConstraints, Ca, DAY as A_DAY, HOUR, Leaf, now, oid};
#[cfg(feature = "openssl")]
use jit_trust_lab::pki::{Extension, garbage};
use jit_trust_lab::proxy::Proxy;
use jit_trust_lab::server::{Fault, Response, Server, ServerBuilder};
use serde_json::{Value, json};

use crate::lists::{DAY, LAST_SECOND, ccadb};
use crate::remote::{Remote, pem_of};
use crate::support::{Lab, hello, hello_server, jit_trust, run, run_line, site};

const LIBRARIES: &[&str] = &[
    "rustls",
    #[cfg(feature = "openssl")]
    "openssl",
    #[cfg(feature = "mbedtls")]
    "mbedtls",
];

/// Those that speak TLS 1.3, and say what is wrong with an issuer.
const ALL_BUT_MBEDTLS: &[&str] = &[
    "rustls",
    #[cfg(feature = "openssl")]
    "openssl",
];

type Version = fn(ServerBuilder) -> ServerBuilder;

/// Servers of each version of TLS, and the libraries that speak it.
const VERSIONS: [(Version, &[&str]); 2] = [
    (ServerBuilder::tls12_only, LIBRARIES),
    (ServerBuilder::tls13_only, ALL_BUT_MBEDTLS),
];

/// What `bundle` is to make: a store of certificates, or one of anchors, of which OpenSSL is given certificates that are
/// made for it, with and without the roots' own beside them.
const VERSION_1: &str = "--blob-version 1";
const VERSION_2: [&str; 2] = ["", "--certificates"];

/// What `get --json` tells with this library, and its exit status, without what is different each time.
fn told(library: &str, mut get: Command) -> Value {
    let got = run(get.args(["--json", "--tls", library]));
    assert!(!got.stderr.contains("panicked"), "{got:#?}");
    let mut report: Value = serde_json::from_str(&got.stdout).unwrap_or_else(|_| panic!("{got:#?}"));
    report["status"] = got.status.into();
    for hop in report["hops"].as_array_mut().unwrap() {
        for (_, time) in hop["times_us"].as_object_mut().unwrap() {
            *time = time.is_u64().into();
        }
        let Some(tls) = hop["tls"].as_object_mut() else {
            continue;
        };
        assert_eq!(tls.remove("library"), Some(library.into()));
        // What was asked for ahead may be there when it is wanted, or on its way.
        let is_ahead = tls["asked_ahead"] != 0;
        for query in tls["queries"].as_array_mut().unwrap() {
            query["waited_us"] = (query["waited_us"] != 0 || is_ahead).into();
            if is_ahead && query["outcome"] == "at-hand" {
                query["outcome"] = "found".into();
            }
        }
        cut_time(&mut tls["refusal"]);
    }
    cut_time(&mut report["error"]);
    report
}

/// Cuts off as of when a certificate was judged.
fn cut_time(text: &mut Value) {
    if let Some((what, _)) = text.as_str().and_then(|text| text.split_once("; it is judged")) {
        *text = what.into();
    }
}

/// What is told with each library, which must be the same.
#[track_caller]
fn alike(get: impl Fn(&str) -> Command) -> Value {
    alike_with(LIBRARIES, get)
}

/// What is told with each of these, which must be the same, but that mbedTLS knows nothing newer than TLS 1.2.
#[track_caller]
fn alike_with(libraries: &[&str], get: impl Fn(&str) -> Command) -> Value {
    let (first, others) = libraries.split_first().unwrap();
    let first = told(first, get(first));
    for library in others {
        let mut expected = first.clone();
        if *library == "mbedtls" {
            for hop in expected["hops"].as_array_mut().unwrap() {
                if hop["tls"]["version"] == "TLSv1.3" {
                    hop["tls"]["version"] = "TLSv1.2".into();
                }
            }
        }
        assert_eq!(expected, told(library, get(library)), "{library}");
    }
    first
}

/// A store that `bundle` makes of this list.
fn bundled(lab: &Lab, list: &str, output: &str, options: &str) -> PathBuf {
    let (list, store) = (lab.write("list", list), lab.path(&format!("bundled{output}")));
    let mut bundle = jit_trust(["bundle", output]);
    bundle.arg(&store).arg(list).args(options.split_whitespace());
    run(&mut bundle).ends_with(0);
    store
}

/// `get` of the root of `host`, which is this server, trusting by this store.
fn get(server: &Server, host: &str, store: &std::path::Path) -> Command {
    let mut get = jit_trust(["get", &server.url(host, "/"), "--trust"]);
    get.arg(store);
    get.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]);
    get
}

fn a_good_site_is_reported_alike(options: &str) {
    let root = Ca::root("Lab Root A");
    for output in ["--blob", "--webroot"] {
        let lab = Lab::trusting(&[]);
        let store = bundled(&lab, &root.pem(), output, options);
        for (version, libraries) in VERSIONS {
            let server = version(hello(Server::builder(), "a.test", &root)).start();
            let report = alike_with(libraries, |_| get(&server, "a.test", &store));
            assert_eq!((&report["status"], &report["ok"]), (&0.into(), &true.into()));
            let tls = &report["hops"][0]["tls"];
            assert_eq!(
                (&tls["verified"], &tls["selected"]),
                (&true.into(), &1.into()),
                "{report:#}"
            );
            assert_eq!(tls["root"]["subject"], "CN=Lab Root A");
            assert_eq!(server.connections(), libraries.len());
        }
    }
}

#[test]
fn a_good_site_is_reported_alike_over_a_store_of_version_1() {
    a_good_site_is_reported_alike(VERSION_1);
}

#[test]
fn a_good_site_is_reported_alike_over_a_store_of_version_2() {
    VERSION_2.into_iter().for_each(a_good_site_is_reported_alike);
}

fn a_store_on_a_server_is_asked_alike(options: &str) {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    remote.bundle_with(&pem_of(&[&root]), 2, options);
    let get = |library: &str| {
        let mut get = remote.get(&server.url("a.test", "/"), "");
        get.arg("--cache").arg(remote.path(library));
        get
    };
    for (temperature, asked_ahead) in [("cold", 0), ("warm", 1)] {
        let before = (server.connections(), remote.server.connections(), remote.asked());
        let report = alike(get);
        assert_eq!(report["status"], 0, "{temperature}: {report:#}");
        let tls = &report["hops"][0]["tls"];
        assert_eq!(tls["asked_ahead"], asked_ahead, "{temperature}: {report:#}");
        assert_eq!(tls["queries"].as_array().unwrap().len(), 1, "{report:#}");
        let now = (server.connections(), remote.server.connections(), remote.asked());
        let each = LIBRARIES.len();
        assert_eq!(
            (now.0 - before.0, now.1 - before.1, now.2 - before.2),
            (each, each, each),
            "{temperature}: one connection to the site, one to the store, one question"
        );
    }
}

#[test]
fn a_store_of_version_1_on_a_server_is_asked_alike_cold_and_warm() {
    a_store_on_a_server_is_asked_alike(VERSION_1);
}

#[test]
fn a_store_of_version_2_on_a_server_is_asked_alike_cold_and_warm() {
    VERSION_2.into_iter().for_each(a_store_on_a_server_is_asked_alike);
}

#[test]
fn a_store_on_a_server_that_does_not_have_it_or_does_not_answer_is_told_alike() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let server = hello_server("a.test", &root);
    let without = Remote::of(&[&other]);
    let report = alike(|_| without.get(&server.url("a.test", "/"), ""));
    assert_eq!(report["status"], 1);
    assert!(
        report["error"].as_str().unwrap().contains(", under by-subject/"),
        "{report:#}"
    );
    let broken = Remote::answering(|_| Response::status(500));
    let report = alike(|_| broken.get(&server.url("a.test", "/"), ""));
    assert_eq!(report["status"], 1);
    let error = report["error"].as_str().unwrap();
    assert!(error.contains("the store cannot answer: "), "{report:#}");
    assert_eq!(server.requests_seen().len(), 0);
}

/// Has a server refused that is `a.test` with this chain, in these words and alike with each library.
#[track_caller]
fn refused_alike(root: &Ca, leaf: &Leaf, cas: &[&Ca], words: &str) {
    refused_alike_with(LIBRARIES, root, leaf, cas, words);
}

/// With mbedTLS, the issuer is an unknown one.
#[track_caller]
fn refused_alike_but_by_mbedtls(root: &Ca, leaf: &Leaf, cas: &[&Ca], words: &str) {
    refused_alike_with(ALL_BUT_MBEDTLS, root, leaf, cas, words);
    #[cfg(feature = "mbedtls")]
    refused_alike_with(&["mbedtls"], root, leaf, cas, "but no valid path leads there");
}

#[track_caller]
fn refused_alike_with(libraries: &[&str], root: &Ca, leaf: &Leaf, cas: &[&Ca], words: &str) {
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let server = site(Server::builder(), "a.test", leaf, cas).start();
    let report = alike_with(libraries, |_| get(&server, "a.test", &store));
    assert_eq!(report["status"], 1, "{report:#}");
    let refusal = report["hops"][0]["tls"]["refusal"].as_str().unwrap();
    assert!(refusal.contains(words), "{refusal}");
    let error = report["error"].as_str().unwrap();
    assert!(error.ends_with(&format!(": not trusted: {refusal}")), "{error}");
    assert_eq!(server.requests_seen().len(), 0);
    assert_eq!(server.connections(), libraries.len());
}

#[test]
fn an_unknown_issuer_is_told_alike() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf("a.test");
    refused_alike(
        &other,
        &leaf,
        &[&issuing],
        "named \"CN=Lab Root A\" (asked for by the certificate of \"CN=Lab CA A1\")",
    );
    let sent = "though the server sent one of that name";
    refused_alike(&other, &leaf, &[&issuing, &root], sent);
    refused_alike(&root, &leaf, &[], "has left an intermediate certificate out");
    let alone = Leaf::builder(&["a.test"]).self_signed();
    refused_alike(&root, &alone, &[], "\"CN=a.test\" is signed by itself");
}

#[test]
fn a_certificate_out_of_its_time_is_told_alike_with_its_date() {
    let root = Ca::root("Lab Root A");
    let expired = "the certificate of \"CN=a.test\" expired at 20";
    let leaf = |from, to| Leaf::builder(&["a.test"]).validity(from, to).issued_by(&root);
    refused_alike(&root, &leaf(now() - 2 * A_DAY, now() - HOUR), &[], expired);
    let too_early = "the certificate of \"CN=a.test\" is not valid before 20";
    refused_alike(&root, &leaf(now() + A_DAY, now() + 2 * A_DAY), &[], too_early);
    let old = Ca::builder("Lab CA A1").validity(now() - 2 * A_DAY, now() - HOUR);
    let old = old.issued_by(&root);
    let expired = "the certificate of \"CN=Lab CA A1\" expired at 20";
    refused_alike(&root, &old.leaf("a.test"), &[&old], expired);
}

#[test]
fn a_certificate_for_other_hosts_is_told_alike_with_its_names() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf_for(&["b.test", "*.c.test", "192.0.2.1", "2001:db8::1"]);
    let words = "the certificate is for b.test, *.c.test, 192.0.2.1, 2001:db8::1, not for a.test";
    refused_alike(&root, &leaf, &[], words);

    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let server = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
    let server = server.start();
    let report = alike(|_| get(&server, "127.0.0.1", &store));
    assert_eq!(report["status"], 1);
    let error = report["error"].as_str().unwrap();
    assert!(error.ends_with(", 2001:db8::1, not for 127.0.0.1"), "{error}");
}

#[test]
fn what_a_certificate_may_not_do_is_told_alike() {
    let root = Ca::root("Lab Root A");
    let forged = Leaf::builder(&["a.test"]).forged().issued_by(&root);
    refused_alike_but_by_mbedtls(&root, &forged, &[], "a signature in the chain does not fit");

    let for_clients = Leaf::builder(&["a.test"]).extended_key_usage(&[oid::CLIENT_AUTH]);
    let words = "a certificate in the chain is not for use with TLS servers";
    refused_alike(&root, &for_clients.issued_by(&root), &[], words);

    let no_ca = root.leaf("b.test").posing_as_ca();
    let words = "a certificate in the chain was issued by a certificate that is not a CA's";
    refused_alike_but_by_mbedtls(&root, &no_ca.leaf("a.test"), &[&no_ca], words);

    let last = Ca::builder("Lab CA A1").basic_constraints(BasicConstraints::Ca { path_length: Some(0) });
    let last = last.issued_by(&root);
    let below = last.intermediate("Lab CA A2");
    let words = "a CA in the chain has more CAs below it than its certificate allows";
    refused_alike_but_by_mbedtls(&root, &below.leaf("a.test"), &[&below, &last], words);

    let words = "a CA in the chain is not allowed to issue for a name in the certificate";
    for (permitted, excluded) in [(&["good.test"][..], &[][..]), (&[], &["a.test"])] {
        let constrained = Ca::builder("Lab CA A1").name_constraints(permitted, excluded);
        let constrained = constrained.issued_by(&root);
        // mbedTLS cannot read such a CA's certificate.
        let leaf = constrained.leaf("a.test");
        refused_alike_with(ALL_BUT_MBEDTLS, &root, &leaf, &[&constrained], words);
    }
}

#[test]
fn more_certificates_than_are_looked_at_are_told_alike() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    let others = vec![&root; 99];
    // mbedTLS takes no more than 16 KB of them.
    refused_alike_with(
        ALL_BUT_MBEDTLS,
        &root,
        &leaf,
        &others,
        "more than 64 certificates",
    );
}

fn a_dated_root_binds_alike(options: &str) {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = ccadb(&[(&root, DAY, "")]);
    let store = bundled(&lab, &list, "--blob", options);
    let remote = Remote::of(&[&root]);
    remote.bundle_with(&list, 2, options);
    for (issued_at, status) in [(LAST_SECOND, 0), (LAST_SECOND + 1, 1)] {
        let leaf = Leaf::builder(&["a.test"]).validity(issued_at, 4_102_444_799);
        let server = site(Server::builder(), "a.test", &leaf.issued_by(&root), &[]).start();
        for report in [
            alike(|_| get(&server, "a.test", &store)),
            alike(|_| remote.get(&server.url("a.test", "/"), "")),
        ] {
            assert_eq!(report["status"], status, "{report:#}");
            if status == 1 {
                let error = report["error"].as_str().unwrap();
                let words = "is trusted only for certificates issued up to 2024-11-30T23:59:59Z; this one was issued \
                             2024-12-01T00:00:00Z";
                assert!(error.ends_with(words), "{error}");
            }
        }
    }
}

#[test]
fn the_date_of_a_root_binds_alike() {
    VERSION_2.into_iter().for_each(a_dated_root_binds_alike);
}

fn an_imposed_constraint_binds_alike(options: &str) {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let list = ccadb(&[(&root, "", "*.good.test")]);
    let store = bundled(&lab, &list, "--blob", options);
    let remote = Remote::of(&[&root]);
    remote.bundle_with(&list, 2, options);
    for (host, status) in [("a.good.test", 0), ("a.test", 1)] {
        let server = site(Server::builder(), host, &root.leaf(host), &[]).start();
        for report in [
            alike(|_| get(&server, host, &store)),
            alike(|_| remote.get(&server.url(host, "/"), "")),
        ] {
            assert_eq!(report["status"], status, "{report:#}");
            if status == 1 {
                let error = report["error"].as_str().unwrap();
                let words =
                    "not trusted: a CA in the chain is not allowed to issue for a name in the certificate";
                assert!(error.ends_with(words), "{error}");
            }
        }
    }
}

#[test]
fn constraints_that_a_list_imposes_on_a_root_bind_alike() {
    VERSION_2.into_iter().for_each(an_imposed_constraint_binds_alike);
}

#[test]
fn either_version_of_http_is_spoken_alike() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let server =
        |kind: fn(ServerBuilder) -> ServerBuilder| kind(hello(Server::builder(), "a.test", &root)).start();
    let (any, old, new) = (
        server(|server| server),
        server(ServerBuilder::without_alpn),
        server(ServerBuilder::http2_only),
    );
    for (server, option, protocol) in [
        (&any, None, Some("h2")),
        (&any, Some("--http2"), Some("h2")),
        (&any, Some("--http1.1"), Some("http/1.1")),
        (&old, None, Some("http/1.1")),
        (&old, Some("--http2"), None),
        (&new, None, Some("h2")),
    ] {
        let report = alike(|_| {
            let mut get = get(server, "a.test", &store);
            get.args(option);
            get
        });
        assert_eq!(report["hops"][0]["protocol"], json!(protocol), "{report:#}");
        assert_eq!(report["ok"], protocol.is_some());
    }
}

#[test]
fn redirects_across_sites_under_different_roots_are_followed_alike() {
    let (root_a, root_b) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &pem_of(&[&root_a, &root_b]), "--blob", VERSION_1);
    let there = hello_server("b.test", &root_b);
    let (leaf, target) = (root_a.leaf("a.test"), there.url("b.test", "/"));
    let here = Server::builder()
        .site(
            "a.test",
            leaf.key(),
            leaf.chain(&[]),
            move |request| match request.path.as_str() {
                "/" => Response::redirect(302, "/again"),
                _ => Response::redirect(302, &target),
            },
        )
        .start();
    let report = alike(|_| {
        let mut get = get(&here, "a.test", &store);
        get.args(["--resolve", &format!("*:{}:127.0.0.1", there.port())]);
        get
    });
    assert_eq!(report["status"], 0, "{report:#}");
    let hops = report["hops"].as_array().unwrap().iter();
    let roots: Vec<&Value> = hops.map(|hop| &hop["tls"]["root"]["subject"]).collect();
    assert_eq!(
        roots,
        [&json!("CN=Lab Root A"), &Value::Null, &json!("CN=Lab Root B")]
    );
    let each = LIBRARIES.len();
    assert_eq!((here.connections(), there.connections()), (each, each));
}

#[test]
fn insecure_accepts_and_judges_alike() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let remote = Remote::of(&[&root]);
    remote.bundle_with(&root.pem(), 2, VERSION_1);
    let for_clients = Leaf::builder(&["a.test"]).extended_key_usage(&[oid::CLIENT_AUTH]);
    for (leaf, verified) in [
        (root.leaf("a.test"), true),
        (other.leaf("a.test"), false),
        (root.leaf("b.test"), false),
        (for_clients.issued_by(&root), false),
    ] {
        let server = site(Server::builder(), "a.test", &leaf, &[]).start();
        for report in [
            alike(|_| {
                let mut get = get(&server, "a.test", &store);
                get.arg("-k");
                get
            }),
            alike(|_| remote.get(&server.url("a.test", "/"), "-k")),
        ] {
            assert_eq!(report["status"], 0, "{report:#}");
            let tls = &report["hops"][0]["tls"];
            assert_eq!(tls["verified"], verified, "{report:#}");
            assert_eq!(tls["refusal"].is_null(), verified, "{report:#}");
        }
    }
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_told_alike() {
    let root = Ca::root("Lab Root A");
    let (leaf, other) = (root.leaf("a.test"), root.leaf("b.test"));
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    for (version, libraries) in VERSIONS {
        let server = Server::builder();
        let server = server.site("a.test", other.key(), leaf.chain(&[]), |_| Response::ok("secret"));
        let server = version(server).start();
        for option in [None, Some("-k")] {
            let report = alike_with(libraries, |_| {
                let mut get = get(&server, "a.test", &store);
                get.args(option);
                get
            });
            assert_eq!(report["status"], 1, "{report:#}");
            let tls = &report["hops"][0]["tls"];
            assert_eq!(
                (&tls["verified"], &tls["version"]),
                (&false.into(), &Value::Null),
                "{report:#}"
            );
            assert_eq!(
                tls["refusal"],
                "the server does not have the private key of its certificate"
            );
        }
    }
}

#[test]
fn every_way_to_write_a_host_is_understood_alike() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    for (host, in_certificate) in [
        ("127.0.0.1", "127.0.0.1"),
        ("[::1]", "::1"),
        ("a.test.", "a.test"),
        ("A.Test", "a.test"),
        ("www.a.test", "*.a.test"),
        ("b\u{fc}cher.test", "xn--bcher-kva.test"),
        ("a_b.test", "a_b.test"),
    ] {
        let leaf = root.leaf(in_certificate);
        let server = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
        let server = server.start();
        let report = alike(|_| {
            let port = server.port();
            let mut get = jit_trust(["get", &format!("https://{host}:{port}/"), "--trust"]);
            get.arg(&store);
            get.args(["--resolve", &format!("{host}:{port}:127.0.0.1")]);
            get
        });
        assert_eq!(report["status"], 0, "{host}: {report:#}");
    }
}

#[test]
fn proxies_and_limits_of_time_count_alike() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let (server, proxy) = (hello_server("a.test", &root), Proxy::start());
    let report = alike(|_| {
        let mut get = jit_trust(["get", &server.url("a.test", "/"), "--trust"]);
        get.arg(&store).env("https_proxy", proxy.url());
        get
    });
    assert_eq!(
        (&report["status"], proxy.connects()),
        (&0.into(), LIBRARIES.len())
    );

    for fault in [Fault::Silence, Fault::StallInServerHello] {
        let server = Server::builder().fault(fault).start();
        let report = alike(|_| {
            let mut get = get(&server, "a.test", &store);
            get.args(["--connect-timeout", "0.3"]);
            get
        });
        let error = report["error"].as_str().unwrap();
        assert!(
            error.contains("TLS handshake: timed out; --connect-timeout"),
            "{error}"
        );
    }
}

/// What only the words, or only some libraries' verdicts, have in common.
#[cfg(feature = "openssl")]
#[test]
fn what_the_libraries_themselves_judge_differently() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let each = |server: Server| {
        let told = |library| told(library, get(&server, "a.test", &store));
        ["rustls", "openssl"].map(|library| {
            let report = told(library);
            let refusal = report["hops"][0]["tls"]["refusal"].as_str().unwrap_or_default();
            (report["status"].as_i64().unwrap(), refusal.to_owned())
        })
    };
    // OpenSSL takes key identifiers for part of the name: a root of another key is none that is asked for.
    let twin = Ca::root("Lab Root A");
    let [rustls, openssl] = each(site(Server::builder(), "a.test", &twin.leaf("a.test"), &[]).start());
    assert_eq!((rustls.0, openssl.0), (1, 1));
    assert!(
        rustls.1.starts_with("a signature in the chain does not fit"),
        "{rustls:?}"
    );
    assert!(
        openssl
            .1
            .contains(" of the names asked for, but no valid path leads there"),
        "{openssl:?}"
    );

    // Of two faults, OpenSSL names the host before the date.
    let leaf = Leaf::builder(&["b.test"]).validity(now() - 2 * A_DAY, now() - HOUR);
    let [rustls, openssl] = each(site(Server::builder(), "a.test", &leaf.issued_by(&root), &[]).start());
    assert!(rustls.1.contains(" expired at "), "{rustls:?}");
    assert!(openssl.1.ends_with("for b.test, not for a.test"), "{openssl:?}");

    // webpki wants a server's certificate to be of version 3, and not a CA's.
    let version_1 = Leaf::builder(&["a.test"]).version_1().self_signed();
    let [rustls, openssl] = each(site(Server::builder(), "a.test", &version_1, &[]).start());
    assert!(rustls.1.contains("X.509 version 1 or 2"), "{rustls:?}");
    assert!(openssl.1.contains("is signed by itself"), "{openssl:?}");
    let ca = BasicConstraints::Ca { path_length: None };
    let ca = Leaf::builder(&["a.test"]).basic_constraints(ca).issued_by(&root);
    let [rustls, openssl] = each(site(Server::builder(), "a.test", &ca, &[]).start());
    assert_eq!(
        rustls,
        (1, "the certificate is that of a CA, not of a server".to_owned())
    );
    assert_eq!(openssl, (0, String::new()));

    // webpki takes a root at any time.
    let expired = Ca::builder("Lab Root B").validity(now() - 2 * A_DAY, now() - HOUR);
    let expired = expired.self_signed();
    let old = bundled(&lab, &expired.pem(), "--webroot", VERSION_1);
    let server = site(Server::builder(), "a.test", &expired.leaf("a.test"), &[]).start();
    let [rustls, openssl] = ["rustls", "openssl"].map(|library| told(library, get(&server, "a.test", &old)));
    assert_eq!((&rustls["status"], &openssl["status"]), (&0.into(), &1.into()));
    let words = "the root that the certificates lead to has expired";
    assert_eq!(openssl["hops"][0]["tls"]["refusal"], words);

    // rustls looks at the server's certificate before anybody does: of one that it does not take, nothing more is told.
    let strange = Extension::new(oid::MEANINGLESS, true, &[5, 0]);
    let strange = Leaf::builder(&["a.test"]).extension(strange).issued_by(&root);
    let [rustls, openssl] = each(site(Server::builder(), "a.test", &strange, &[]).start());
    let words = "a certificate has a critical extension that is not understood";
    assert_eq!([rustls, openssl], [(1, words.to_owned()), (1, words.to_owned())]);

    // OpenSSL breaks off where anything that is sent is no certificate; webpki leaves it out.
    let leaf = root.leaf("a.test");
    let mut chain = leaf.chain(&[]);
    chain.push(garbage::sequence_of_noise(300));
    let server = Server::builder().site("a.test", leaf.key(), chain, |_| Response::ok("hello"));
    let [rustls, openssl] = each(server.start());
    assert_eq!((rustls.0, openssl.0), (0, 1));
}

/// What mbedTLS judges differently from rustls.
#[cfg(feature = "mbedtls")]
#[test]
fn what_mbedtls_itself_judges_differently() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let each_from = |server: Server, store: &PathBuf| {
        ["rustls", "mbedtls"].map(|library| {
            let report = told(library, get(&server, "a.test", store));
            let refusal = report["hops"][0]["tls"]["refusal"].as_str().unwrap_or_default();
            (report["status"].as_i64().unwrap(), refusal.to_owned())
        })
    };
    let each = |server: Server| each_from(server, &store);

    // It knows no TLS 1.3.
    let server = hello(Server::builder(), "a.test", &root).tls13_only();
    let [rustls, mbedtls] = each(server.start());
    assert_eq!((rustls.0, mbedtls), (0, (1, String::new())));

    // It does not say that a signature is what is wrong.
    let twin = Ca::root("Lab Root A");
    let [rustls, mbedtls] = each(site(Server::builder(), "a.test", &twin.leaf("a.test"), &[]).start());
    assert!(
        rustls.1.starts_with("a signature in the chain does not fit"),
        "{rustls:?}"
    );
    assert!(
        mbedtls
            .1
            .contains(" of the names asked for, but no valid path leads there"),
        "{mbedtls:?}"
    );

    // It takes the certificate of a CA for a server's.
    let ca = BasicConstraints::Ca { path_length: None };
    let ca = Leaf::builder(&["a.test"]).basic_constraints(ca).issued_by(&root);
    let [rustls, mbedtls] = each(site(Server::builder(), "a.test", &ca, &[]).start());
    assert_eq!(
        rustls,
        (1, "the certificate is that of a CA, not of a server".to_owned())
    );
    assert_eq!(mbedtls, (0, String::new()));

    // It minds the dates of roots.
    let expired = Ca::builder("Lab Root B").validity(now() - 2 * A_DAY, now() - HOUR);
    let expired = expired.self_signed();
    let old = bundled(&lab, &expired.pem(), "--webroot", VERSION_1);
    let server = site(Server::builder(), "a.test", &expired.leaf("a.test"), &[]).start();
    let [rustls, mbedtls] = each_from(server, &old);
    assert_eq!((rustls.0, mbedtls.0), (0, 1), "{mbedtls:?}");

    // It breaks off where it cannot read a certificate, as one with a critical extension that it does not know.
    let constrained = Ca::builder("Lab CA A1").name_constraints(&["good.test"], &[]);
    let constrained = constrained.issued_by(&root);
    let leaf = constrained.leaf("a.test");
    let [rustls, mbedtls] = each(site(Server::builder(), "a.test", &leaf, &[&constrained]).start());
    let words = "a CA in the chain is not allowed to issue for a name in the certificate";
    assert_eq!((rustls, mbedtls), ((1, words.to_owned()), (1, String::new())));

    // It looks for an issuer only among the certificates that come after the one that it issued.
    let above = root.intermediate("Lab CA A1");
    let issuing = above.intermediate("Lab CA A2");
    let leaf = issuing.leaf("a.test");
    let [rustls, mbedtls] = each(site(Server::builder(), "a.test", &leaf, &[&above, &issuing]).start());
    assert_eq!((rustls.0, mbedtls.0), (0, 1), "{mbedtls:?}");
}

#[test]
fn verbose_names_the_library() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = bundled(&lab, &root.pem(), "--blob", VERSION_1);
    let server = hello_server("a.test", &root);
    for library in LIBRARIES {
        let mut get = get(&server, "a.test", &store);
        let got = run(get.args(["-v", "--tls", library])).ends_with(0);
        let version = if *library == "mbedtls" {
            "TLSv1.2"
        } else {
            "TLSv1.3"
        };
        got.says(&format!(", {version} by {library}, h2\n"))
            .says("*   trusted under: CN=Lab Root A\n");
    }
}

#[test]
fn version_says_which_libraries_are_built_in() {
    let version = run_line("--version").ends_with(0).stdout;
    let (first, second) = version.split_once('\n').unwrap();
    assert_eq!(first, format!("jit-trust {}", env!("CARGO_PKG_VERSION")));
    assert!(second.starts_with("TLS: rustls"), "{version}");
    let openssl = second.contains(", openssl (OpenSSL 3.");
    assert_eq!(openssl, cfg!(feature = "openssl"), "{version}");
    let mbedtls = second.contains(", mbedtls (Mbed TLS 2.28)");
    assert_eq!(mbedtls, cfg!(feature = "mbedtls"), "{version}");
    assert_eq!(run_line("-V").ends_with(0).stdout, format!("{first}\n"));
}

#[test]
fn a_library_that_is_not_built_in_is_bad_usage_that_says_how_to_get_it() {
    run_line("get --tls nonsense https://a.test/")
        .ends_with(2)
        .says("[possible values: rustls, openssl, mbedtls]");
    for (library, is_built_in) in [
        ("openssl", cfg!(feature = "openssl")),
        ("mbedtls", cfg!(feature = "mbedtls")),
    ] {
        if !is_built_in {
            run_line(&format!("get --tls {library} https://a.test/"))
                .ends_with(2)
                .says("this jit-trust was built without it; `cargo install")
                .says(&format!("--features {library}`"));
        }
    }
}
