//! What `get` tells about itself: `--verbose` for people, `--json` for programs.

use jit_trust_lab::pki::{Ca, SubjectKeyId};
use jit_trust_lab::server::{Response, Server};
use serde_json::Value;

use crate::support::{Lab, run};

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
