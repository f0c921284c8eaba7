//! Redirects: each hop is trusted on its own, and what is private stays where it was meant for.

use std::time::Duration;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Request, Response, Server};

use crate::support::{Lab, hello, run};

/// A site that answers by `handler`.
fn answering(
    root: &Ca,
    name: &str,
    handler: impl Fn(&Request) -> Response + Send + Sync + 'static,
) -> Server {
    let leaf = root.leaf(name);
    Server::builder()
        .site(name, leaf.key(), leaf.chain(&[]), handler)
        .start()
}

/// `get` that finds both servers on loopback.
fn get(lab: &Lab, from: &Server, url: &str, to: &Server, options: &str) -> std::process::Command {
    let mut command = lab.get(url, options);
    command.args(["--resolve", &format!("*:{}:127.0.0.1", to.port())]);
    command.args(["--resolve", &format!("*:{}:127.0.0.1", from.port())]);
    command
}

#[test]
fn each_hop_is_trusted_under_its_own_root() {
    let (a, b) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let to = hello(Server::builder(), "b.test", &b).start();
    let target = to.url("b.test", "/there?x=1#fragment");
    let from = answering(&a, "a.test", move |_| Response::redirect(302, &target));
    let url = from.url("a.test", "/");
    let both = Lab::trusting(&[&a, &b]);
    assert_eq!(
        run(&mut get(&both, &from, &url, &to, "")).ends_with(0).stdout,
        "hello"
    );
    assert_eq!((from.connections(), to.connections()), (1, 1));
    assert_eq!(to.requests_seen()[0].path, "/there?x=1");
    run(&mut get(&Lab::trusting(&[&a]), &from, &url, &to, ""))
        .ends_with(1)
        .says(&format!("https://b.test:{}: not trusted: no root in", to.port()));
    assert_eq!(to.requests_seen().len(), 1);
}

#[test]
fn a_relative_redirect_uses_the_connection_again() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, "a.test", |request| match request.path.as_str() {
        "/one/" => Response::redirect(301, "../two").body("moved"),
        "/two" => Response::redirect(307, "?three"),
        _ => Response::ok("there"),
    });
    for option in ["--http1.1", "--http2"] {
        let before = server.connections();
        let got = run(&mut lab.get(&server.url("a.test", "/one/"), option)).ends_with(0);
        assert_eq!(got.stdout, "there");
        assert_eq!(server.connections() - before, 1, "{option}");
        assert_eq!(server.requests_seen().last().unwrap().path, "/two?three");
    }
}

#[test]
fn a_connection_that_was_closed_meanwhile_is_made_anew() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, "a.test", |request| match request.path.as_str() {
        "/" => Response::redirect(302, "/there").header("connection", "close"),
        _ => Response::ok("there"),
    });
    let got = run(&mut lab.get(&server.url("a.test", "/"), "--http1.1")).ends_with(0);
    assert_eq!(got.stdout, "there");
    assert_eq!(server.connections(), 2);
}

#[test]
fn a_loop_ends_after_as_many_redirects_as_were_allowed() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, "a.test", |_| Response::redirect(302, "/"));
    let url = server.url("a.test", "/");
    run(&mut lab.get(&url, ""))
        .ends_with(1)
        .says_one_line()
        .says("more than 50 redirects");
    assert_eq!(server.requests(), 51);
    run(&mut lab.get(&url, "--max-redirs 2"))
        .ends_with(1)
        .says("more than 2 redirects");
    assert_eq!(server.requests(), 51 + 3);
    run(&mut lab.get(&url, "--max-redirs 0")).ends_with(1);
    assert_eq!(server.requests(), 51 + 3 + 1);
}

#[test]
fn from_https_to_http_only_where_the_user_allows_it() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let to = Server::builder().plain(|_| Response::ok("in the clear")).start();
    let target = to.url("a.test", "/");
    let from = answering(&root, "a.test", {
        let target = target.clone();
        move |request| match request.path.as_str() {
            "/" => Response::redirect(302, "/second"),
            _ => Response::redirect(302, &target),
        }
    });
    let url = from.url("a.test", "/");
    run(&mut get(&lab, &from, &url, &to, ""))
        .ends_with(1)
        .says_one_line()
        .says(&format!(
            "{url}second: redirects to {target}, which is not encrypted; --allow-downgrade follows it"
        ));
    assert_eq!(to.connections(), 0);
    let got = run(&mut get(&lab, &from, &url, &to, "--allow-downgrade")).ends_with(0);
    assert_eq!(got.stdout, "in the clear");
}

#[test]
fn from_http_to_https_and_nowhere_else() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let to = hello(Server::builder(), "a.test", &root).start();
    let target = to.url("a.test", "/");
    let from = Server::builder()
        .plain(move |_| Response::redirect(301, &target))
        .start();
    let got = run(&mut get(&lab, &from, &from.url("a.test", "/"), &to, "")).ends_with(0);
    assert_eq!(got.stdout, "hello");
    let file = Server::builder()
        .plain(|_| Response::redirect(301, "file:///etc/passwd"))
        .start();
    run(&mut lab.get(&file.url("a.test", "/"), ""))
        .ends_with(1)
        .says("expected https or http");
}

const PRIVATE: &str = "-u me:secret -H Cookie:c=1 -H Proxy-Authorization:p -H X-Public:yes";

#[track_caller]
fn has_private_headers(request: &Request, expected: bool) {
    let authorization = request.header("authorization");
    assert_eq!(
        authorization,
        expected.then_some("Basic bWU6c2VjcmV0"),
        "{request:?}"
    );
    assert_eq!(request.header("cookie"), expected.then_some("c=1"), "{request:?}");
    assert_eq!(
        request.header("proxy-authorization"),
        expected.then_some("p"),
        "{request:?}"
    );
    assert_eq!(request.header("x-public"), Some("yes"), "{request:?}");
}

#[test]
fn credentials_stay_with_the_first_scheme_host_and_port() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    // Another host and port, then back to where they came from.
    let to = answering(&root, "b.test", |request| {
        Response::redirect(
            302,
            &request.header("x-back").unwrap_or_default().replace('_', ":"),
        )
    });
    let other_port = to.url("b.test", "/");
    let from = answering(&root, "a.test", move |request| match request.path.as_str() {
        "/" => Response::redirect(302, "/again"),
        "/again" => Response::redirect(302, &other_port),
        _ => Response::ok("back"),
    });
    let back = from.url("a.test", "/back").replace(':', "_");
    let mut command = get(&lab, &from, &from.url("a.test", "/"), &to, PRIVATE);
    let got = run(command.args(["-H", &format!("X-Back: {back}")])).ends_with(0);
    assert_eq!(got.stdout, "back");
    for request in from.requests_seen() {
        has_private_headers(&request, true);
    }
    has_private_headers(&to.requests_seen()[0], false);
}

#[test]
fn credentials_do_not_go_to_another_port_or_scheme_of_the_same_host() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let other_port = hello(Server::builder(), "a.test", &root).start();
    let plain = Server::builder().plain(|_| Response::ok("hello")).start();
    for to in [&other_port, &plain] {
        let target = to.url("a.test", "/").replace("//", "//evil:evil@");
        let from = answering(&root, "a.test", move |_| Response::redirect(302, &target));
        let options = format!("--allow-downgrade {PRIVATE}");
        let url = from.url("a.test", "/");
        run(&mut get(&lab, &from, &url, to, &options)).ends_with(0);
        has_private_headers(&from.requests_seen()[0], true);
        has_private_headers(&to.requests_seen()[0], false);
    }
}

#[test]
fn credentials_of_the_url_are_sent_and_never_shown() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello(Server::builder(), "a.test", &root).start();
    let url = server.url("a.test", "/").replace("//", "//me:secret@");
    let got = run(&mut lab.get(&url, "-v --json")).ends_with(0);
    assert_eq!(
        server.requests_seen()[0].header("authorization"),
        Some("Basic bWU6c2VjcmV0")
    );
    assert!(
        !got.stdout.contains("secret") && !got.stderr.contains("secret"),
        "{got:?}"
    );
}

#[test]
fn insecure_is_for_the_first_host_only() {
    let (known, unknown) = (Ca::root("Lab Root A"), Ca::root("Unknown"));
    let lab = Lab::trusting(&[&known]);
    let to = hello(Server::builder(), "b.test", &unknown).start();
    let target = to.url("b.test", "/");
    let from = answering(&unknown, "a.test", move |request| match request.path.as_str() {
        "/same" => Response::redirect(302, "/ok"),
        "/ok" => Response::ok("unverified"),
        _ => Response::redirect(302, &target),
    });
    let same = from.url("a.test", "/same");
    run(&mut lab.get(&same, "")).ends_with(1);
    assert_eq!(run(&mut lab.get(&same, "-k")).ends_with(0).stdout, "unverified");
    run(&mut lab.get(&same, "-k -v"))
        .ends_with(0)
        .says("NOT TRUSTED, accepted by --insecure: no root in");
    run(&mut get(&lab, &from, &from.url("a.test", "/"), &to, "-k"))
        .ends_with(1)
        .says(&format!("https://b.test:{}: not trusted", to.port()));
    assert_eq!(to.requests_seen().len(), 0);
}

#[test]
fn only_get_gives_hints_at_its_own_options() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    for (to, reason) in [("http://a.test/", "which is not encrypted"), ("/", "more than")] {
        let server = answering(&root, "a.test", move |_| Response::redirect(302, to));
        let url = server.url("a.test", "/");
        run(&mut lab.get(&url, "")).ends_with(1).says(reason).says("; --");
        let mut bundle = crate::support::jit_trust(["bundle", "mozilla:latest", "--mozilla-url", &url]);
        bundle
            .arg("--blob")
            .arg(lab.path("new.tblb"))
            .arg("--trust")
            .arg(lab.store());
        bundle.args(["--resolve", &format!("a.test:{}:127.0.0.1", server.port())]);
        let failed = run(&mut bundle).ends_with(1).says(reason);
        assert!(!failed.stderr.contains("--"), "{failed:?}");
    }
}

#[test]
fn a_redirect_whose_body_does_not_end_is_followed_all_the_same() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, "a.test", |request| match request.path.as_str() {
        "/" => Response::redirect(302, "/there")
            .body("x".repeat(100))
            .chunked(1, Duration::from_secs(1)),
        _ => Response::ok("hello"),
    });
    for option in ["--http1.1", "--http2"] {
        let got = run(&mut lab.get(&server.url("a.test", "/"), option)).ends_with(0);
        assert_eq!(got.stdout, "hello");
        assert!(got.took < Duration::from_secs(30), "{got:?}");
    }
}

#[test]
fn where_a_redirect_leads_is_shown_cut() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let path = "x".repeat(30_000);
    for target in [
        format!("http://b.test/{path}"),
        format!("ftp://b.test/{path}"),
        format!("http://[{path}"),
    ] {
        let server = answering(&root, "a.test", move |_| Response::redirect(302, &target));
        let refused = run(&mut lab.get(&server.url("a.test", "/"), "--http1.1 -v"));
        let refused = refused.ends_with(1).says("redirects to ").says("xxx…");
        assert!(
            refused.stderr.lines().all(|line| line.len() < 3000),
            "{}",
            refused.stderr.len()
        );
    }
}
