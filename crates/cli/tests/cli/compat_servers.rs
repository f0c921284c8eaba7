//! `compat` with servers that are slow, broken or hostile: what is wrong is the server's, the store's, or a matter of
//! trust.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Fault, Response, Server};
use serde_json::Value;

use crate::compat::json;
use crate::remote::Remote;
use crate::support::{Lab, closed_pipe, jit_trust, run};

/// `compat` over these hosts, each at a port of loopback, with the roots of `lab`.
fn compat(lab: &Lab, hosts: &[(&str, u16)], options: &str) -> Command {
    let list: String = hosts
        .iter()
        .map(|(host, port)| format!("{host}:{port}\n"))
        .collect();
    let mut command = jit_trust(["compat", "--http2", "--trust"]);
    command.arg(lab.store()).args(options.split_whitespace());
    for (host, port) in hosts {
        command
            .arg("--resolve")
            .arg(format!("{host}:{port}:127.0.0.1"))
            .arg("--resolve")
            .arg(format!("www.{host}:{port}:127.0.0.1"));
    }
    command.arg(lab.write("list", list));
    command
}

fn first(text: &str) -> Value {
    json(text)["sites"][0]["asked"][0].clone()
}

/// What is wrong, by whose fault, and the verdict.
fn found(asked: &Value) -> [&str; 3] {
    ["diagnosis", "fault", "verdict"].map(|key| asked[key].as_str().unwrap_or("none"))
}

#[test]
fn a_site_behind_many_that_do_not_answer_is_asked_all_the_same() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let leaf = root.leaf("good.test");
    let server = Server::builder().site("good.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    let server = server.start();
    // It takes connections and says nothing.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let dead: Vec<String> = (0..20).map(|number| format!("dead{number}.test")).collect();
    let dead = dead.iter().map(|host| (host.as_str(), 443));
    let hosts: Vec<_> = dead.chain([("good.test", server.port())]).collect();
    let mut command = compat(&lab, &hosts, "--format json --timeout 2 --jobs 20");
    command
        .env("https_proxy", format!("http://{}", proxy.local_addr().unwrap()))
        .env("NO_PROXY", "good.test");
    let report = json(&run(&mut command).ends_with(1).stdout);
    let asked = |number: usize| &report["sites"][number]["asked"][0];
    assert_eq!(found(asked(20)), ["none", "none", "trusted"]);
    assert_eq!(found(asked(0)), ["proxy", "network", "unknown"]);
}

#[test]
fn a_handshake_that_breaks_off_is_no_verdict_on_the_certificates() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let (leaf, other) = (root.leaf("a.test"), root.leaf("a.test"));
    // It does not hold the key of its certificate.
    let server = Server::builder().site("a.test", other.key(), leaf.chain(&[]), |_| Response::ok(""));
    let server = server.start();
    let mut command = compat(&lab, &[("a.test", server.port())], "--format json");
    let asked = first(&run(&mut command).ends_with(1).stdout);
    assert_eq!(found(&asked), ["handshake-failed", "server", "unknown"]);
}

#[test]
fn a_store_that_does_not_answer_is_not_the_servers_fault() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::with_fault(Fault::Silence);
    let leaf = root.leaf("a.test");
    let server = Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    let server = server.start();
    let list = remote.write("list", format!("a.test:{}\n", server.port()));
    let mut command = jit_trust(["compat", "--http2", "--format", "json", "--timeout", "4"]);
    command.args(["--against", "webpki-roots"]);
    command
        .arg("--resolve")
        .arg(format!("*:{}:127.0.0.1", server.port()));
    let got = run(remote.trusted_by(command.arg(list))).ends_with(1);
    let asked = first(&got.stdout);
    assert_eq!(found(&asked), ["store-failed", "store", "unknown"]);
    assert!(
        asked["detail"].as_str().unwrap().contains("has not answered yet"),
        "{asked:#}"
    );
}

#[test]
fn a_store_that_fails_does_not_differ_from_another_list() {
    let (root, store) = (
        Ca::root("Lab Root A"),
        Remote::with_fault(Fault::CloseAfterAccept),
    );
    let leaf = root.leaf("a.test");
    let server = Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    let server = server.start();
    let list = store.write("list", format!("a.test:{}\n", server.port()));
    let pem = store.write("roots.pem", root.pem());
    let mut command = jit_trust(["compat", "--http2", "--format", "json", "--against", "native"]);
    command.env("SSL_CERT_FILE", pem).arg("--resolve");
    command.arg(format!("*:{}:127.0.0.1", server.port()));
    let got = run(store.trusted_by(command.arg(list))).ends_with(1);
    let asked = first(&got.stdout);
    assert_eq!(found(&asked), ["store-failed", "store", "unknown"]);
    let against = &asked["against"];
    assert_eq!(
        (&against["trusted"], &against["differs"]),
        (&true.into(), &false.into())
    );
}

#[test]
fn redirects_that_take_all_of_the_time_are_a_loop() {
    let root = Ca::root("Lab Root A");
    let (lab, leaf) = (Lab::trusting(&[&root]), root.leaf("a.test"));
    let server = Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| {
        std::thread::sleep(Duration::from_millis(250));
        Response::redirect(302, "/")
    });
    let server = server.start();
    let mut command = compat(&lab, &[("a.test", server.port())], "--format json --timeout 2");
    let asked = first(&run(&mut command).ends_with(0).stdout);
    assert_eq!(found(&asked), ["redirect-loop", "server", "trusted"]);
}

#[test]
fn what_a_server_writes_is_shortened_and_stays_text() {
    let root = Ca::root("<script>alert(1)</script> | Root");
    let (lab, leaf) = (Lab::trusting(&[&root]), root.leaf("a.test"));
    let long = format!("/'&|{}", "x".repeat(12_000));
    let server = Server::builder().site(
        "a.test",
        leaf.key(),
        leaf.chain(&[]),
        move |request| match request.path.as_str() {
            "/" => Response::redirect(302, &long),
            _ => Response::redirect(302, "http://a.test/<img src=x>|"),
        },
    );
    let server = server.start();
    for format in ["html", "markdown", "table", "json"] {
        let mut command = compat(&lab, &[("a.test", server.port())], &format!("--format {format}"));
        let got = run(&mut command).ends_with(0).stdout;
        assert!(got.len() < 8_000, "{format}: {}", got.len());
        match format {
            "html" => {
                assert!(
                    got.contains("&lt;script&gt;alert(1)&lt;/script&gt; | Root"),
                    "{got}"
                );
                assert!(got.contains("&#39;&amp;|xxx"), "{got}");
                assert!(!got.contains("<script>alert") && !got.contains("<img"));
            }
            "markdown" => {
                assert!(
                    got.contains("&lt;script&gt;alert(1)&lt;/script&gt; \\| Root"),
                    "{got}"
                );
                let lines = got.lines().filter(|line| line.starts_with('|'));
                let cells: Vec<usize> = lines
                    .map(|line| line.replace("\\|", "").matches('|').count())
                    .collect();
                // None of the sites is in the reference.
                assert_eq!(cells, [11, 11, 11], "{got}");
            }
            _ => {}
        }
    }
}

#[test]
fn a_user_who_reads_no_report_is_told_the_end_of_it() {
    let lab = Lab::trusting(&[]);
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    let server = Server::builder().site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok(""));
    let server = server.start();
    let mut command = compat(&lab, &[("a.test", server.port())], "--format json");
    let status = command
        .stdout(closed_pipe())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
}

#[test]
fn a_root_that_is_sent_along_is_not_the_intermediate_that_is_missing() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let (issuing, other) = (root.intermediate("Issuing"), root.intermediate("Other"));
    let leaf: Leaf = issuing.leaf("a.test");
    for beside in [&root, &other] {
        let server =
            Server::builder().site("a.test", leaf.key(), leaf.chain(&[beside]), |_| Response::ok(""));
        let server = server.start();
        let mut command = compat(&lab, &[("a.test", server.port())], "--format json");
        let asked = first(&run(&mut command).ends_with(1).stdout);
        assert_eq!(found(&asked), ["missing-intermediate", "trust", "refused"]);
    }
}

#[cfg(feature = "openssl")]
#[test]
fn a_list_without_roots_is_none_to_judge_by() {
    let lab = Lab::trusting(&[]);
    for roots in ["native", "openssl"] {
        let mut command = compat(&lab, &[("a.test", 1)], &format!("--against {roots}"));
        command
            .env("SSL_CERT_FILE", "/nonexistent")
            .env("SSL_CERT_DIR", "/nonexistent");
        run(&mut command)
            .ends_with(2)
            .says(&format!("--against {roots}: the system has no root certificates"));
    }
}
