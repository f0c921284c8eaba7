//! `explain`: what it says is wrong with a chain, and what to do about it.

use jit_trust_lab::pki::{BasicConstraints, Ca, Key, KeyKind, Leaf, der, garbage, oid, pem};
use jit_trust_lab::server::Server;
use pki_types::CertificateDer;
use serde_json::Value;

use crate::support::{Lab, closed_pipe, jit_trust, run, run_to, site};

/// The object that `explain` with these options gives of a chain that is not trusted by these roots.
fn refused(chain: &[CertificateDer<'_>], roots: &[&Ca], options: &str) -> Value {
    let lab = Lab::trusting(&[]);
    lab.write("chain.pem", pem(chain));
    lab.write(
        "roots.pem",
        roots.iter().map(|root| root.pem()).collect::<String>(),
    );
    let mut command = jit_trust(["explain", "chain.pem", "--trust", "roots.pem", "--format", "json"]);
    command.args(options.split_whitespace()).current_dir(lab.path(""));
    serde_json::from_str(&run(&mut command).ends_with(1).stdout).unwrap()
}

#[track_caller]
fn assert_says(report: &Value, key: &str, part: &str) {
    let said = report[key].as_str().unwrap();
    assert!(said.contains(part), "no {part:?} in {said:?}");
}

/// The SubjectPublicKeyInfo of an RSA key of 1024 bits, which nobody holds.
fn short_rsa() -> Vec<u8> {
    let modulus = [&[0][..], &[0xc3; 128]].concat();
    let key = der::sequence(&[&der::integer(&modulus), &der::integer(&[1, 0, 1])]);
    let algorithm = der::sequence(&[&der::object_identifier(oid::RSA), &der::tlv(5, &[])]);
    der::sequence(&[&algorithm, &der::bit_string(&key)])
}

/// A CA whose key is RSA of 1024 bits, as its certificate says.
fn short(name: &str) -> Ca {
    let ca = Ca::builder(name).key(&Key::weak_rsa(KeyKind::Rsa2048, 0));
    ca.claiming_key(short_rsa()).self_signed()
}

/// The certificate with its algorithm sha256WithRSAEncryption replaced by another of that family.
fn signed_with(certificate: &CertificateDer<'_>, last: u8) -> CertificateDer<'static> {
    let sha256 = der::object_identifier("1.2.840.113549.1.1.11");
    let mut bytes = certificate.to_vec();
    for at in 0..bytes.len() - sha256.len() {
        if bytes[at..].starts_with(&sha256) {
            bytes[at + sha256.len() - 1] = last;
        }
    }
    bytes.into()
}

#[test]
fn a_key_that_is_too_short_is_said_to_be_so_and_nothing_of_who_has_signed() {
    let root = short("Short Root");
    let report = refused(&root.leaf("a.test").chain(&[&root]), &[&root], "--host a.test");
    assert_says(
        &report,
        "reason",
        "the key of \"CN=Short Root\" is RSA of 1024 bits",
    );
    assert_says(&report, "advice", "RSA of 2048 to 8192 bits");
    for edge in report["edges"].as_array().unwrap() {
        assert_eq!(edge["signature"], "not-checked");
    }
    assert_eq!(report["anchors"][0]["state"], "signer");
    let notes = report["sent"][1]["notes"].to_string();
    assert!(!notes.contains("has not signed"), "{notes}");
    assert!(
        notes.contains("RSA of 1024 bits") && notes.contains("its signature was not checked"),
        "{notes}"
    );
}

#[test]
fn algorithms_that_are_not_accepted_are_named() {
    let root = Ca::builder("Root")
        .key(&Key::weak_rsa(KeyKind::Rsa2048, 0))
        .self_signed();
    for (last, name) in [
        (5, "sha1WithRSAEncryption"),
        (4, "md5WithRSAEncryption"),
        (99, "1.2.840.113549.1.1.99"),
    ] {
        let leaf = signed_with(&root.leaf("a.test").der(), last);
        let report = refused(&[leaf], &[&root], "--host a.test");
        assert_says(
            &report,
            "reason",
            &format!("signed with {name}, which is not accepted"),
        );
        assert_says(&report, "advice", "signed as today");
        assert_eq!(report["edges"][0]["signature"], "not-checked");
    }
}

#[test]
fn certificates_that_cannot_be_read_are_named() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let mut chain = root.intermediate("CA").leaf("a.test").chain(&[&other]);
    chain.insert(1, garbage::sequence_of_noise(100));
    let report = refused(&chain, &[&root], "--host a.test");
    let reason = report["reason"].as_str().unwrap();
    assert!(!reason.contains("BadEncoding"), "{reason}");
    assert_eq!(report["sent"][1]["role"], "unreadable");
}

#[test]
fn a_certificate_that_does_not_come_first_is_said_to_have_to() {
    let root = Ca::root("Root");
    let ca = root.intermediate("CA");
    let chain = [ca.der(), ca.leaf("a.test").der()];
    for options in ["--host a.test", ""] {
        let report = refused(&chain, &[&root], options);
        assert_says(
            &report,
            "advice",
            "Certificate 2 is the server's own, and it has to come first",
        );
        assert_eq!(report["sent"][0]["role"], "own");
    }
    let report = refused(&chain, &[&root], "--host b.test");
    assert!(!report["advice"].to_string().contains("come first"));
}

#[test]
fn a_certificate_of_a_ca_s_that_signs_itself_is_no_server_s() {
    let own = Leaf::builder(&["a.test"]).basic_constraints(BasicConstraints::Ca { path_length: None });
    let report = refused(
        &own.self_signed().chain(&[]),
        &[&Ca::root("Root")],
        "--host a.test",
    );
    assert_says(
        &report,
        "reason",
        "is self-signed and a CA's; a server's certificate must not be a CA's",
    );
    assert_says(&report, "advice", "-addext basicConstraints=critical,CA:FALSE");
    assert_says(&report, "advice", "--pin HOST=FILE");
}

#[test]
fn a_gap_is_seen_behind_a_root_or_another_intermediate() {
    let root = Ca::root("Root");
    let (left_out, wrong) = (root.intermediate("Left Out"), root.intermediate("Wrong"));
    let leaf = left_out.leaf("a.test");
    for chain in [leaf.chain(&[&root]), leaf.chain(&[&wrong])] {
        let report = refused(&chain, &[&root], "--host a.test");
        assert_says(&report, "reason", "no root in roots.pem named \"CN=Left Out\"");
        assert_says(
            &report,
            "reason",
            "the server has left an intermediate certificate out",
        );
        assert_says(
            &report,
            "advice",
            "has left out the certificate of \"CN=Left Out\"",
        );
    }
}

#[test]
fn a_certificate_without_names_needs_some() {
    let root = Ca::root("Root");
    let report = refused(&root.leaf_for(&[]).chain(&[]), &[&root], "--host a.test");
    assert_says(&report, "advice", "subjectAltName");
    assert_says(&report, "advice", "the common name does not count");
    let report = refused(&root.leaf("b.test").chain(&[]), &[&root], "--host a.test");
    assert_says(&report, "advice", "typing error");
}

#[test]
fn the_clock_is_not_blamed_for_a_time_that_was_asked_for() {
    let root = Ca::root("Root");
    let expired = Leaf::builder(&["a.test"]).validity(1_700_000_000, 1_710_000_000);
    let chain = expired.issued_by(&root).chain(&[]);
    let report = refused(&chain, &[&root], "--host a.test");
    assert_says(&report, "advice", "set this machine's clock");
    let report = refused(&chain, &[&root], "--host a.test --at 2026-01-01T00:00:00Z");
    assert!(!report["advice"].to_string().contains("clock"));
}

#[test]
fn the_root_of_a_refused_path_is_said_to_be_where_it_would_end() {
    let root = Ca::root("Root");
    let lab = Lab::trusting(&[&root]);
    let expired = Leaf::builder(&["a.test"]).validity(1_700_000_000, 1_710_000_000);
    let chain = lab.write("chain.pem", expired.issued_by(&root).pem());
    for format in ["text", "svg"] {
        let mut command = jit_trust(["explain", "--format", format, "--trust"]);
        let explained = run(command.arg(lab.store()).arg(&chain)).ends_with(1);
        assert!(
            explained.stdout.contains("the path would end here"),
            "{explained:?}"
        );
        assert!(!explained.stdout.contains("not needed"), "{explained:?}");
    }
}

#[test]
fn names_with_commas_are_shown_whole() {
    let root = Ca::root("Rev Root, Ltd");
    let lab = Lab::trusting(&[&root]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    for format in ["text", "svg"] {
        let mut command = jit_trust(["explain", "--format", format, "--trust"]);
        let explained = run(command.arg(lab.store()).arg(&chain)).ends_with(0);
        assert!(explained.stdout.contains("Rev Root, Ltd"), "{explained:?}");
    }
}

#[test]
fn what_is_for_servers_is_refused_with_a_file() {
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Root").leaf("a.test").pem());
    for (option, value) in [
        ("--resolve", "a.test:443:127.0.0.1"),
        ("--connect-timeout", "300"),
        ("--max-time", "0"),
    ] {
        run(jit_trust(["explain", option, value]).arg(&chain))
            .ends_with(2)
            .says_one_line()
            .says(&format!("{option}: expected with a HOST only"));
    }
    for missing in ["missing.p7b", "missing.txt"] {
        run(&mut jit_trust(["explain", missing]))
            .ends_with(2)
            .says("cannot read");
    }
}

#[test]
fn a_refusal_that_nobody_reads_is_one_all_the_same() {
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Root").leaf("a.test").pem());
    for format in ["text", "svg", "json"] {
        let mut command = jit_trust(["explain", "--format", format]);
        run_to(command.arg(&chain).stdout(closed_pipe())).ends_with(1);
    }
}

#[test]
fn a_server_s_key_that_is_too_short_is_told_from_one_that_it_does_not_hold() {
    let root = Ca::root("Root");
    let leaf = Leaf::builder(&["a.test"]).key(&Key::weak_rsa(KeyKind::Rsa2048, 0));
    let leaf = leaf.claiming_key(short_rsa()).issued_by(&root);
    let lab = Lab::trusting(&[&root]);
    let server = site(Server::builder(), "a.test", &leaf, &[]).start();
    let mut command = jit_trust(["explain", &server.url("a.test", "/"), "--trust"]);
    let resolve = format!("*:{}:127.0.0.1", server.port());
    let explained = run(command.arg(lab.store()).args(["--resolve", &resolve])).ends_with(1);
    assert!(
        explained
            .stdout
            .replace("\n  ", " ")
            .contains("key of the server's certificate is RSA of 1024 bits"),
        "{explained:?}"
    );
}
