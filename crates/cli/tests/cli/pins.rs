//! Hosts that trust CAs of their own: `--pin`.

use jit_trust_lab::pki::Ca;

use crate::remote::Remote;
use crate::support::{hello_server, jit_trust, run, run_line};

#[test]
fn a_pinned_host_trusts_its_cas_and_no_store_is_asked() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root, &other]);
    let (own, wrong) = (
        remote.write("own.pem", root.pem()),
        remote.write("wrong.pem", other.pem()),
    );
    let server = hello_server("a.test", &root);
    for pattern in ["a.test", "A.Test", "*.test"] {
        let get = |ca: &std::path::Path| {
            let mut get = remote.get(&server.url("a.test", "/"), "-v");
            run(get.arg("--pin").arg(format!("{pattern}={}", ca.display())))
        };
        let got = get(&own).ends_with(0);
        assert_eq!(got.stdout, "hello");
        got.says("*   roots selected: 1 out of 1 in the CAs that a.test is pinned to\n");
        get(&wrong).ends_with(1).says(
            "not trusted: no root in the CAs that a.test is pinned to named \"CN=Lab Root A\" (asked for by the \
             certificate of \"CN=Lab Issuing CA\")\n",
        );
    }
    assert_eq!(remote.server.connections(), 0);
}

#[test]
fn a_pin_is_for_its_host_alone() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&root]);
    let wrong = remote.write("wrong.pem", other.pem());
    let server = hello_server("a.test", &root);
    for (asked, pattern) in ["b.test", "test", "*.a.test", "*.b.test"].into_iter().enumerate() {
        let mut get = remote.get(&server.url("a.test", "/"), "");
        run(get.arg("--pin").arg(format!("{pattern}={}", wrong.display()))).ends_with(0);
        assert_eq!(remote.asked(), asked + 1);
    }
}

#[test]
fn of_several_pins_the_nearest_counts_and_those_of_one_host_add_up() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&Ca::root("Lab Root C")]);
    let (own, wrong) = (
        remote.write("own.pem", root.pem()),
        remote.write("wrong.pem", other.pem()),
    );
    let (own, wrong) = (own.display(), wrong.display());
    let chain = remote.write("chain.pem", root.leaf("a.test").pem());
    for (pins, status) in [
        (format!("--pin a.test={own} --pin *.test={wrong}"), 0),
        (format!("--pin a.test={wrong} --pin *.test={own}"), 1),
        (format!("--pin a.test={wrong} --pin a.test={own}"), 0),
    ] {
        let mut verify = jit_trust(["verify", "--host", "a.test"]);
        run(verify.args(pins.split_whitespace()).arg(&chain)).ends_with(status);
    }
}

#[test]
fn a_pin_that_cannot_be_one_is_refused() {
    let remote = Remote::of(&[&Ca::root("Lab Root C")]);
    let (ca, garbage) = (remote.path("ca.pem"), remote.write("garbage.pem", "garbage"));
    let (ca, garbage) = (ca.display(), garbage.display());
    for (pin, what) in [
        ("a.test".to_owned(), "expected HOST=CA.pem"),
        (format!("={ca}"), "expected HOST=CA.pem"),
        ("a.test=".to_owned(), "expected HOST=CA.pem"),
        (
            format!("a.test:443={ca}"),
            "--pin: a.test:443: expected a host, or *. and a domain",
        ),
        (format!("*={ca}"), "--pin: *: expected a host"),
        ("a.test=/nonexistent".to_owned(), "/nonexistent: cannot read"),
        (format!("a.test={garbage}"), "garbage.pem: expected certificates"),
    ] {
        run_line(&format!("get https://a.test/ --pin {pin}"))
            .ends_with(2)
            .says(what);
    }
}
