//! `compat` where there is no network, no list, or no end of redirects.

use std::net::TcpListener;

use jit_trust_lab::internet::REFERENCE;
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

use crate::compat::json;
use crate::support::{Lab, jit_trust, run};

/// A port that nobody listens on.
fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

#[test]
fn without_a_network_every_site_has_its_row_and_nobody_waits() {
    let lab = Lab::trusting(&[]);
    let port = closed_port();
    let hosts: String = REFERENCE
        .iter()
        .map(|row| format!("{}:{port}\n", row.host))
        .collect();
    let list = lab.write("list", hosts);
    let mut command = jit_trust(["compat", "--format", "json", "--resolve"]);
    command.arg(format!("*:{port}:127.0.0.1")).arg(&list);
    let got = run(&mut command)
        .ends_with(1)
        .says("no site could be reached: is there a network, and a way through the proxy if there is one? The first: ");
    let report = json(&got.stdout);
    assert_eq!(report["sites"].as_array().unwrap().len(), 156);
    assert_eq!(report["summary"]["diagnoses"]["unreachable"], 312);
    assert_eq!(report["sites"][3]["asked"][1]["fault"], "network");
}

#[test]
fn where_nothing_comes_back_the_time_is_bounded() {
    // A proxy that takes connections and says nothing.
    let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut command = jit_trust(["compat", "--format", "json", "--timeout", "2", "--jobs", "200"]);
    command.env("https_proxy", format!("http://{}", proxy.local_addr().unwrap()));
    let got = run(&mut command).ends_with(1);
    let report = json(&got.stdout);
    assert_eq!(report["summary"]["unknown"], 312);
    assert_eq!(report["summary"]["diagnoses"]["proxy"], 312);
    let last = &report["sites"][155]["asked"][0];
    let detail = last["detail"].as_str().unwrap();
    assert!(
        detail.ends_with("timed out after 1 s; no more was given, since no site could be reached before"),
        "{detail}"
    );
}

#[test]
fn what_is_not_a_list_is_refused() {
    let lab = Lab::trusting(&[]);
    let list = |text: &[u8]| lab.write("list", text);
    for (text, what) in [
        (&b""[..], "expected hosts, one a line; there are none"),
        (b"# nothing\n\n", "there are none"),
        (
            b"a.test\nhttps://b.test/\n",
            "line 2: \"https://b.test/\": expected a host alone, such as example.com",
        ),
        (b"a b\n", "line 1"),
        (b"*.a.test\n", "line 1"),
        (b"1,a.test\n", "line 1"),
        (b"\x1b[2J\n", "line 1: \"\\u{1b}[2J\""),
        (b"\xff\n", "expected text in UTF-8"),
    ] {
        let list = list(text);
        let mut command = jit_trust(["compat".as_ref(), list.as_os_str()]);
        run(&mut command).ends_with(2).says_one_line().says(what);
    }
    for line in [
        "compat /nonexistent",
        "compat --jobs 0",
        "compat --timeout 0",
        "compat --http1.1 --http2",
        "compat --against curl",
    ] {
        run(&mut jit_trust(line.split(' '))).ends_with(2);
    }
}

#[test]
fn redirects_without_end_are_told_from_a_cookie_that_nobody_may_keep() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let names = ["loop.test", "cookie.test", "plain.test"];
    let mut server = Server::builder();
    for name in names {
        let leaf = root.leaf(name);
        server = server.site(name, leaf.key(), leaf.chain(&[]), move |_| match name {
            "loop.test" => Response::redirect(302, "/"),
            "cookie.test" => Response::redirect(302, "/").header("set-cookie", "a=b; Domain=other.test"),
            _ => Response::redirect(302, "http://plain.test/"),
        });
    }
    let server = server.start();
    let port = server.port();
    let list = lab.write("list", names.map(|name| format!("{name}:{port}")).join("\n"));
    let mut command = jit_trust(["compat", "--http2", "--format", "json", "--trust"]);
    command
        .arg(lab.store())
        .arg("--resolve")
        .arg(format!("*:{port}:127.0.0.1"));
    let got = run(command.arg(list)).ends_with(0);
    let report = json(&got.stdout);
    let expected = ["redirect-loop", "needs-cookie", "redirect-to-http"];
    for (number, diagnosis) in expected.into_iter().enumerate() {
        let asked = &report["sites"][number]["asked"][0];
        assert_eq!(asked["diagnosis"], diagnosis, "{asked:#}");
        assert_eq!(
            (&asked["fault"], &asked["connections"]),
            (&"server".into(), &1.into())
        );
    }
}
