//! What `get` tells about itself: `--verbose` for people, `--json` for programs.

use jit_trust_lab::pki::{Ca, Leaf, SubjectKeyId, garbage};
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use serde_json::Value;

use crate::support::{Lab, run, run_to};

/// A server with two hops, under a root whose key identifier is the same in every run.
fn lab_and_server() -> (Lab, Server) {
    let key_id = SubjectKeyId::Bytes(vec![0xab; 20]);
    let root = Ca::builder("Lab Root A").subject_key_id(key_id).self_signed();
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf("a.test");
    let server = Server::builder()
        .site(
            "a.test",
            leaf.key(),
            leaf.chain(&[&issuing]),
            |request| match request.path.as_str() {
                "/" => Response::redirect(302, "/there"),
                _ => Response::ok("hello"),
            },
        )
        .start();
    (Lab::trusting(&[&root]), server)
}

/// The text with what differs between runs replaced.
fn normalised(text: &str, lab: &Lab, server: &Server) -> String {
    let text = text.replace(&lab.store().to_string_lossy().into_owned(), "STORE");
    text.replace(&format!(":{}", server.port()), ":PORT")
}

/// A report, its times checked for being numbers and then made the same.
fn without_times(mut report: Value) -> Value {
    for hop in report["hops"].as_array_mut().unwrap() {
        for (_, time) in hop["times_us"].as_object_mut().unwrap() {
            assert!(time.is_null() || time.is_u64(), "{time}");
            if time.is_u64() {
                *time = "TIME".into();
            }
        }
    }
    report
}

#[test]
fn the_json_report_has_the_documented_form() {
    let (lab, server) = lab_and_server();
    let got = run(&mut lab.get(&server.url("a.test", "/"), "--json")).ends_with(0);
    assert_eq!(got.stderr, "");
    let report = without_times(serde_json::from_str(&normalised(&got.stdout, &lab, &server)).unwrap());
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn the_json_report_of_a_failure_has_it_too() {
    let (_, server) = lab_and_server();
    let lab = Lab::trusting(&[]);
    let got = run(&mut lab.get(&server.url("a.test", "/"), "--json")).ends_with(1);
    let report = without_times(serde_json::from_str(&normalised(&got.stdout, &lab, &server)).unwrap());
    assert_eq!(
        normalised(&got.stderr, &lab, &server),
        format!("jit-trust: {}\n", report["error"].as_str().unwrap())
    );
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn the_json_report_goes_beside_a_body_in_a_file() {
    let (lab, server) = lab_and_server();
    let body = lab.path("body");
    let got = run(lab.get(&server.url("a.test", "/"), "--json").arg("-o").arg(&body)).ends_with(0);
    let report: Value = serde_json::from_str(&got.stdout).unwrap();
    assert_eq!(
        (report["ok"].as_bool(), report["hops"][1]["body_len"].as_u64()),
        (Some(true), Some(5))
    );
    assert_eq!(std::fs::read(body).unwrap(), b"hello");
}

#[test]
fn verbose_shows_what_happened_on_each_hop() {
    let (lab, server) = lab_and_server();
    let got = run(&mut lab.get(&server.url("a.test", "/"), "-v")).ends_with(0);
    assert_eq!(got.stdout, "hello");
    let said: Vec<String> = normalised(&got.stderr, &lab, &server)
        .lines()
        .map(|line| match line.split_once(" ms") {
            // Of the times, their names.
            Some(_) => line
                .split(", ")
                .map(|stage| stage.rsplitn(3, ' ').nth(2).unwrap())
                .collect::<Vec<_>>()
                .join(", "),
            None => line.to_owned(),
        })
        .collect();
    insta::assert_snapshot!(said.join("\n"));
}

#[test]
fn a_failure_is_explained_by_what_happened_until_then() {
    let (_, server) = lab_and_server();
    let lab = Lab::trusting(&[]);
    run(&mut lab.get(&server.url("a.test", "/"), "-v"))
        .ends_with(1)
        .says("*   certificates sent: 2")
        .says("*   roots selected: 0 out of")
        .says("*   NOT TRUSTED: no root in");
}

#[test]
fn a_server_without_the_key_of_its_certificate_is_not_called_trusted() {
    let root = Ca::root("Lab Root A");
    let (leaf, other) = (root.leaf("a.test"), root.leaf("b.test"));
    let lab = Lab::trusting(&[&root]);
    for version in [ServerBuilder::tls12_only, ServerBuilder::tls13_only] {
        let server =
            Server::builder().site("a.test", other.key(), leaf.chain(&[]), |_| Response::ok("secret"));
        let server = version(server).start();
        for options in ["-v --json", "-v --json -k"] {
            let got = run(&mut lab.get(&server.url("a.test", "/"), options)).ends_with(1);
            assert!(!got.stderr.contains("trusted under"), "{got:?}");
            assert!(!got.stderr.contains("accepted"), "{got:?}");
            let tls = &serde_json::from_str::<Value>(&got.stdout).unwrap()["hops"][0]["tls"];
            assert_eq!(tls["verified"], false);
            assert_eq!(tls["version"], Value::Null);
            assert_eq!(
                tls["refusal"],
                "the server does not have the private key of its certificate"
            );
        }
    }
}

#[test]
fn with_insecure_the_report_says_whether_the_store_trusts_the_server() {
    let (lab, server) = lab_and_server();
    for (lab, verified) in [(lab, true), (Lab::trusting(&[]), false)] {
        let got = run(&mut lab.get(&server.url("a.test", "/"), "-k --json")).ends_with(0);
        let report: Value = serde_json::from_str(&got.stdout).unwrap();
        assert_eq!(report["hops"][0]["tls"]["verified"], verified);
    }
}

#[test]
fn certificates_that_cannot_be_read_are_counted_apart() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    let mut chain = leaf.chain(&[]);
    chain.push(garbage::sequence_of_noise(300));
    let lab = Lab::trusting(&[&root]);
    let server = Server::builder()
        .site("a.test", leaf.key(), chain, |_| Response::ok("hello"))
        .start();
    run(&mut lab.get(&server.url("a.test", "/"), "-v"))
        .ends_with(0)
        .says("certificates sent: 1, and 1 that cannot be read");
    let got = run(&mut lab.get(&server.url("a.test", "/"), "--json")).ends_with(0);
    let report: Value = serde_json::from_str(&got.stdout).unwrap();
    let tls = &report["hops"][0]["tls"];
    assert_eq!(tls["sent"].as_array().unwrap().len(), 1);
    assert_eq!(tls["unreadable"], 1);
}

#[test]
fn a_certificate_of_version_1_is_named_in_words_and_not_accepted_by_insecure() {
    let leaf = Leaf::builder(&["a.test"]).version_1().self_signed();
    let lab = Lab::trusting(&[]);
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    let got = run(&mut lab.get(&server.url("a.test", "/"), "-v -k"))
        .ends_with(1)
        .says("TLS handshake: a certificate is X.509 version 1 or 2, which TLS servers must not use");
    assert!(!got.stderr.contains("accepted"), "{got:?}");
    assert!(!got.stderr.contains("UnsupportedCertVersion"), "{got:?}");
}

#[cfg(unix)]
#[test]
fn a_failure_is_one_also_when_nobody_reads_the_report() {
    let lab = Lab::trusting(&[]);
    let mut get = lab.get("https://a.test:1/", "--json");
    let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(reader);
    run_to(get.stdout(std::os::fd::OwnedFd::from(writer)))
        .ends_with(1)
        .says("connecting");
}
