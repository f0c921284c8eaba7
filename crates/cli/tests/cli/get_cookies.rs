//! Cookies: kept from hop to hop, and sent where they belong and nowhere else.

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Request, Response, Server, ServerBuilder, Version};

use crate::support::{Lab, Run, run};

/// A server that answers by `handler` for each of these names.
fn answering(
    root: &Ca,
    names: &[&str],
    handler: impl Fn(&Request) -> Response + Send + Sync + Clone + 'static,
) -> Server {
    let with_site = |server: ServerBuilder, name: &&str| {
        let leaf = root.leaf(name);
        server.site(name, leaf.key(), leaf.chain(&[]), handler.clone())
    };
    names.iter().fold(Server::builder(), with_site).start()
}

/// `/` of the first name sets these cookies and redirects to the second name, whose `/there` answers.
fn setting(root: &Ca, names: [&'static str; 2], fields: &[&'static str]) -> Server {
    let fields = fields.to_vec();
    answering(root, &names, move |request| match request.path.as_str() {
        "/" => fields.iter().fold(
            Response::redirect(302, &request.url(names[1], "/there")),
            |response, field| response.header("set-cookie", field),
        ),
        _ => Response::ok("there"),
    })
}

/// The `Cookie` of the last request, which was for `/there`.
#[track_caller]
fn sent(server: &Server) -> Option<String> {
    let requests = server.requests_seen();
    let last = requests.last().unwrap();
    assert!(last.path.ends_with("/there"), "{last:?}");
    let fields: Vec<&str> = last
        .headers
        .iter()
        .filter(|(name, _)| name == "cookie")
        .map(|(_, value)| value.as_str())
        .collect();
    assert!(fields.len() <= 1, "{last:?}");
    fields.first().map(|field| (*field).to_owned())
}

/// What is sent to the second host for the cookies that the first has set.
#[track_caller]
fn sent_after(names: [&'static str; 2], fields: &[&'static str]) -> Option<String> {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = setting(&root, names, fields);
    let got = run(&mut lab.get(&server.url(names[0], "/"), "")).ends_with(0);
    assert_eq!((got.stdout.as_str(), got.stderr.as_str()), ("there", ""));
    sent(&server)
}

const SAME: [&str; 2] = ["a.test", "a.test"];
const OTHER: [&str; 2] = ["a.test", "b.test"];
const TO_WWW: [&str; 2] = ["a.test", "www.a.test"];

/// Redirects to itself until the cookie that it sets comes back.
fn demanding(request: &Request) -> Response {
    if request.cookie("seen") == Some("yes") {
        return Response::ok("welcome");
    }
    Response::redirect(302, &request.path).header("set-cookie", "seen=yes; Path=/; Secure; HttpOnly")
}

#[test]
fn a_site_that_redirects_to_itself_until_its_cookie_comes_back_is_got() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, &["a.test"], demanding);
    for (option, version) in [("--http1.1", Version::Http1), ("--http2", Version::Http2)] {
        let before = server.requests();
        let got = run(&mut lab.get(&server.url("a.test", "/in?x=1"), option)).ends_with(0);
        assert_eq!((got.stdout.as_str(), got.stderr.as_str()), ("welcome", ""));
        assert_eq!(server.requests() - before, 2, "{option}");
        assert_eq!(server.requests_seen().last().unwrap().version, version);
    }
    assert_eq!(server.connections(), 2);
}

#[test]
fn without_cookies_such_a_site_ends_in_the_limit_of_redirects() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, &["a.test"], demanding);
    for option in ["--http1.1", "--http2"] {
        run(lab
            .get(&server.url("a.test", "/"), option)
            .args(["-H", "Cookie:"]))
        .ends_with(1)
        .says_one_line()
        .says("more than 50 redirects");
    }
    assert_eq!(server.requests(), 2 * 51);
}

#[test]
fn a_cookie_is_kept_for_the_host_that_has_set_it() {
    assert_eq!(
        sent_after(SAME, &["c=1", "d=\"2 3\"; SameSite=Strict"]).unwrap(),
        "c=1; d=\"2 3\""
    );
    assert_eq!(sent_after(OTHER, &["c=1"]), None);
    assert_eq!(sent_after(TO_WWW, &["c=1"]), None);
}

#[test]
fn no_cookie_outlives_the_run() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = setting(&root, SAME, &["c=1; Max-Age=3600"]);
    run(&mut lab.get(&server.url("a.test", "/"), "")).ends_with(0);
    assert_eq!(sent(&server).unwrap(), "c=1");
    run(&mut lab.get(&server.url("a.test", "/there"), "")).ends_with(0);
    assert_eq!(sent(&server), None);
}

#[test]
fn a_cookie_of_a_domain_goes_to_the_hosts_below_it() {
    assert_eq!(sent_after(TO_WWW, &["c=1; Domain=a.test"]).unwrap(), "c=1");
    assert_eq!(sent_after(TO_WWW, &["c=1; Domain=.A.TEST"]).unwrap(), "c=1");
    assert_eq!(
        sent_after(["www.a.test", "a.test"], &["c=1; Domain=a.test"]).unwrap(),
        "c=1"
    );
    assert_eq!(
        sent_after(["www.a.test", "w3.a.test"], &["c=1; Domain=a.test"]).unwrap(),
        "c=1"
    );
    assert_eq!(sent_after(OTHER, &["c=1; Domain=a.test"]), None);
}

#[test]
fn no_host_sets_a_cookie_for_another_or_for_a_public_suffix() {
    assert_eq!(sent_after(OTHER, &["c=1; Domain=b.test"]), None);
    assert_eq!(sent_after(TO_WWW, &["c=1; Domain=www.a.test"]), None);
    assert_eq!(sent_after(OTHER, &["c=1; Domain=test"]), None);
    let british = ["www.a.co.uk", "www.b.co.uk"];
    for field in ["c=1; Domain=co.uk", "c=1; Domain=.Co.Uk", "c=1; Domain=uk"] {
        assert_eq!(sent_after(british, &[field]), None, "{field}");
    }
    assert_eq!(
        sent_after(["www.a.co.uk", "a.co.uk"], &["c=1; Domain=a.co.uk"]).unwrap(),
        "c=1"
    );
}

#[test]
fn an_expired_cookie_is_not_sent_and_takes_its_predecessor_along() {
    let past = "c=1; Expires=Wed, 21 Oct 2015 07:28:00 GMT";
    assert_eq!(sent_after(SAME, &[past]), None);
    assert_eq!(sent_after(SAME, &["c=1; Max-Age=-1"]), None);
    assert_eq!(sent_after(SAME, &["c=1", "d=1", "c=; Max-Age=0"]).unwrap(), "d=1");
    assert_eq!(sent_after(SAME, &["c=1", "d=1", past]).unwrap(), "d=1");
    assert_eq!(sent_after(SAME, &["c=1", "c=2"]).unwrap(), "c=2");
    // Max-Age counts for more.
    let both = "c=1; Max-Age=60; Expires=Wed, 21 Oct 2015 07:28:00 GMT";
    assert_eq!(sent_after(SAME, &[both]).unwrap(), "c=1");
}

#[test]
fn a_cookie_of_a_path_stays_below_it() {
    assert_eq!(
        sent_after(
            SAME,
            &[
                "a=1; Path=/",
                "b=1; Path=/there",
                "c=1; Path=/the",
                "d=1; Path=/there/"
            ]
        )
        .unwrap(),
        "b=1; a=1"
    );
}

#[test]
fn a_secure_cookie_stays_within_https() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let to = Server::builder().plain(|_| Response::ok("there")).start();
    let target = to.url("a.test", "/there");
    let from = answering(&root, &["a.test"], move |_| {
        Response::redirect(302, &target)
            .header("set-cookie", "c=1; Secure")
            .header("set-cookie", "d=1")
    });
    let mut command = lab.get(&from.url("a.test", "/"), "--allow-downgrade");
    command.args(["--resolve", &format!("*:{}:127.0.0.1", to.port())]);
    run(&mut command).ends_with(0);
    // Another port of the same host: cookies know none (RFC 6265 section 8.5).
    assert_eq!(sent(&to).unwrap(), "d=1");
}

#[test]
fn huge_and_unreadable_cookies_are_ignored() {
    let huge: &'static str = format!("huge={}", "x".repeat(5000)).leak();
    let long_path: &'static str = format!("p=1; Path=/{}", "x".repeat(9000)).leak();
    let garbage = [
        huge,
        long_path,
        "",
        ";",
        "=",
        "=value",
        "no pair at all",
        "; Domain=a.test",
        "__Host-c=1",
        "é=é; Domain=; Path=é; Expires=é; Max-Age=é",
        "last=1",
    ];
    assert_eq!(sent_after(SAME, &garbage).unwrap(), "é=é; last=1");
}

#[test]
fn a_server_that_sets_many_cookies_gets_its_last_fifty() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, &["a.test"], |request| match request.path.as_str() {
        "/" => (0..90).fold(Response::redirect(302, "/there"), |response, number| {
            response.header("set-cookie", &format!("c{number}=1"))
        }),
        _ => Response::ok("there"),
    });
    run(&mut lab.get(&server.url("a.test", "/"), "")).ends_with(0);
    let sent = sent(&server).unwrap();
    assert_eq!(sent.split("; ").count(), 50);
    assert!(sent.starts_with("c40=1; c41=1"), "{sent}");
}

#[test]
fn cookies_of_the_user_go_to_the_first_host_and_a_newer_one_replaces_them() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let own = ["-b", "c=0; e=5", "--cookie", "f=6;"];
    for (names, field, expected) in [
        (SAME, "d=1", Some("d=1; c=0; e=5; f=6")),
        (SAME, "c=1", Some("c=1; e=5; f=6")),
        (SAME, "c=1; Domain=b.test", Some("c=0; e=5; f=6")),
        (OTHER, "d=1", None),
    ] {
        let server = setting(&root, names, &[field]);
        run(lab.get(&server.url(names[0], "/"), "").args(own)).ends_with(0);
        let first = &server.requests_seen()[0];
        assert_eq!(first.header("cookie"), Some("c=0; e=5; f=6"));
        assert_eq!(sent(&server).as_deref(), expected, "{names:?} {field}");
    }
    // As with curl, a field of --header takes the place of --cookie.
    let server = setting(&root, SAME, &["d=1"]);
    run(lab.get(&server.url("a.test", "/"), "-H Cookie:h=7").args(own)).ends_with(0);
    assert_eq!(server.requests_seen()[0].header("cookie"), Some("h=7"));
    assert_eq!(sent(&server).unwrap(), "d=1; h=7");
}

#[test]
fn a_cookie_that_cannot_be_sent_is_bad_usage_and_not_shown() {
    let lab = Lab::trusting(&[]);
    for (cookie, expected) in [
        (
            "cookies.txt",
            "expected NAME=VALUE; files of cookies are not read",
        ),
        ("", "expected NAME=VALUE"),
        (
            "secret=1\r\nX-Evil: 1",
            "expected text without control characters",
        ),
    ] {
        let failed = run(lab.get("https://a.test:1/", "").args(["-b", cookie]));
        let failed = failed.ends_with(2).says(expected);
        assert!(!failed.stderr.contains("secret"), "{failed:?}");
    }
}

#[test]
fn verbose_names_cookies_and_never_shows_their_values() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let fields = [
        "sid=hidden1; Secure",
        "theme=hidden2",
        "old=; Max-Age=0",
        "evil\u{202e}=hidden3; Domain=test",
        "hidden4",
    ];
    let server = setting(&root, SAME, &fields);
    let url = server.url("a.test", "/");
    let got: Run = run(lab.get(&url, "-v --json").args(["-b", "own=hidden5"]))
        .ends_with(0)
        .says("*   cookies kept: sid, theme\n")
        .says("*   cookies deleted: old\n")
        .says("*   cookie evil\\u{202e} ignored: its Domain is a public suffix, which many sites share\n")
        .says("*   cookie ignored: not of the form NAME=VALUE in UTF-8\n")
        .says("*   cookies sent: sid, theme\n");
    assert_eq!(got.stderr.matches("cookies sent").count(), 1, "{got:?}");
    assert!(
        !got.stderr.contains("hidden") && !got.stdout.contains("hidden"),
        "{got:?}"
    );
}

#[test]
fn an_update_of_mozillas_list_has_no_cookies() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = answering(&root, &["a.test"], |request| match request.path.as_str() {
        "/" => Response::redirect(302, "/there").header("set-cookie", "c=1"),
        _ => Response::status(404),
    });
    let url = server.url("a.test", "/");
    let mut bundle = crate::support::jit_trust(["bundle", "mozilla:latest", "--mozilla-url", &url]);
    bundle.arg("--blob").arg(lab.path("new.tblb"));
    bundle.arg("--trust").arg(lab.store());
    bundle.args(["--resolve", &format!("a.test:{}:127.0.0.1", server.port())]);
    run(&mut bundle).ends_with(1).says("404");
    assert_eq!(sent(&server), None);
}
