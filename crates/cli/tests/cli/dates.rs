//! Certificates whose dates lie before 1970 or cannot be read.

use std::path::PathBuf;

use jit_trust_lab::pki::{Ca, Leaf, now, pem};
use serde_json::Value;

use crate::support::{Lab, jit_trust, run};

/// 2045-01-01T00:00:00Z.
const YEAR_2045: i64 = 2_366_841_600;

/// The certificate with these bytes, which occur once, in the place of those.
fn replaced(der: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let at = der.windows(old.len()).position(|window| window == old).unwrap();
    [&der[..at], new, &der[at + old.len()..]].concat()
}

fn shown(lab: &Lab, store: &[u8]) -> Value {
    let path = lab.write("shown", store);
    let json = run(jit_trust(["show", "--json"]).arg(path)).ends_with(0).stdout;
    let mut records: Vec<Value> = serde_json::from_str(&json).unwrap();
    records.remove(0)
}

#[test]
fn of_two_dates_the_readable_one_is_shown() {
    let lab = Lab::trusting(&[]);
    let start = "1970-01-01T00:00:00Z";
    let root = Ca::builder("Early").validity(-3600, YEAR_2045).self_signed();
    let early = shown(&lab, &root.der());
    assert_eq!(
        (&early["not_before"], &early["not_after"]),
        (&start.into(), &"2045-01-01T00:00:00Z".into())
    );
    let root = Ca::builder("Long ago").validity(-3_000_000_000, -1).self_signed();
    let long_ago = shown(&lab, &root.der());
    assert_eq!(
        (&long_ago["not_before"], &long_ago["not_after"]),
        (&start.into(), &start.into())
    );
    let root = Ca::builder("Damaged").validity(0, YEAR_2045).self_signed().der();
    let no_start = shown(&lab, &replaced(&root, b"700101000000Z", b"701301000000Z"));
    assert_eq!(
        (&no_start["not_before"], &no_start["not_after"]),
        (&Value::Null, &"2045-01-01T00:00:00Z".into())
    );
    let no_end = shown(&lab, &replaced(&root, b"450101000000Z", b"451301000000Z"));
    assert_eq!(
        (&no_end["not_before"], &no_end["not_after"]),
        (&start.into(), &Value::Null)
    );
    let root = Ca::builder("For ever").validity(0, 253_402_300_799).self_signed();
    let for_ever = shown(&lab, &root.der());
    assert_eq!(for_ever["not_after"], "9999-12-31T23:59:59Z");
}

#[test]
fn the_expiry_of_a_root_from_before_1970_is_reported_and_its_day_not_made_up() {
    let lab = Lab::trusting(&[]);
    let root = Ca::builder("Early").validity(-3600, YEAR_2045).self_signed();
    let (store, blob) = (lab.write("root.pem", root.pem()), lab.path("out.tblb"));
    let bundled = run(jit_trust(["bundle"]).arg(&store).arg("--blob").arg(&blob)).ends_with(0);
    assert!(!bundled.stderr.contains("cannot be read"), "{bundled:#?}");
    for store in [&store, &blob] {
        let shown = run(jit_trust(["show"]).arg(store)).ends_with(0).stdout;
        assert!(shown.contains("1970 or before  2045-01-01"), "{shown}");
    }
}

fn verify(lab: &Lab, root: &Ca, chain: &str) -> (i32, String) {
    let (store, chain) = (lab.write("root.pem", root.pem()), lab.write("chain.pem", chain));
    let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
    let run = run(command.arg(store).arg(chain));
    (run.status, run.stderr)
}

/// webpki does not look at the dates of a root, and OpenSSL takes such a one.
#[test]
fn a_root_from_before_1970_is_trusted() {
    let lab = Lab::trusting(&[]);
    let root = Ca::builder("Early").validity(-3600, YEAR_2045).self_signed();
    assert_eq!(
        verify(&lab, &root, &root.leaf("a.test").pem()),
        (0, String::new())
    );
}

#[test]
fn why_a_date_of_a_servers_certificate_is_not_accepted_is_said() {
    let lab = Lab::trusting(&[]);
    let root = Ca::root("Lab Root");
    let leaf = |from, to| {
        Leaf::builder(&["a.test"])
            .subject("x")
            .validity(from, to)
            .issued_by(&root)
    };
    let damaged = |old: &[u8], new: &[u8]| {
        let der = leaf(0, YEAR_2045).der();
        pem(&[replaced(&der, old, new)])
    };
    for (chain, expected) in [
        (
            leaf(-3600, YEAR_2045).pem(),
            "its notBefore lies before 1970, and such a date is not accepted",
        ),
        (
            leaf(-3_000_000_000, -1).pem(),
            "it expired before 1970, and such a date is not accepted",
        ),
        (
            damaged(b"700101000000Z", b"701301000000Z"),
            "its notBefore cannot be read",
        ),
        (
            damaged(b"450101000000Z", b"451301000000Z"),
            "its notAfter cannot be read",
        ),
    ] {
        let (status, said) = verify(&lab, &root, &chain);
        assert_eq!(status, 1);
        assert!(
            said.ends_with(&format!("not trusted: the certificate of \"CN=x\": {expected}\n")),
            "{said}"
        );
        let mut explain = jit_trust(["explain", "--host", "a.test", "--trust"]);
        let paths: [PathBuf; 2] = [lab.path("root.pem"), lab.path("chain.pem")];
        let explained = run(explain.arg(&paths[0]).arg(&paths[1])).ends_with(1);
        assert!(explained.stdout.contains(expected), "{explained:#?}");
    }
    // One of 1970 itself is like any other.
    assert_eq!(verify(&lab, &root, &leaf(0, now() + 1_000_000).pem()).0, 0);
}
