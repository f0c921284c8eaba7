//! Whatever a server sends along, `get` reaches it in one connection.

use jit_trust_lab::pki::{AuthorityKeyId, Ca, KeyKind, Leaf, SubjectKeyId, garbage};
use jit_trust_lab::server::{Response, Server, Version};
use pki_types::CertificateDer;

use crate::support::{Lab, run};

/// Gets `hello` over either protocol, in one connection each.
#[track_caller]
fn is_reached(lab: &Lab, server: &Server, name: &str) {
    for (option, version) in [("--http1.1", Version::Http1), ("--http2", Version::Http2)] {
        let before = server.connections();
        let got = run(&mut lab.get(&server.url(name, "/"), option)).ends_with(0);
        assert_eq!(got.stdout, "hello", "{option}");
        assert_eq!(server.connections() - before, 1, "{option}");
        assert_eq!(server.requests_seen().last().unwrap().version, version);
    }
}

fn is_reached_with_chain(root: &Ca, leaf: &Leaf, chain: Vec<CertificateDer<'static>>) {
    let lab = Lab::trusting(&[root]);
    let server = Server::builder()
        .site("a.test", leaf.key(), chain, |_| Response::ok("hello"))
        .start();
    is_reached(&lab, &server, "a.test");
}

struct Pki {
    root: Ca,
    upper: Ca,
    issuing: Ca,
    leaf: Leaf,
}

fn pki() -> Pki {
    let root = Ca::root("Lab Root A");
    let upper = root.intermediate("Lab CA A1");
    let issuing = upper.intermediate("Lab CA A2");
    let leaf = issuing.leaf("a.test");
    Pki {
        root,
        upper,
        issuing,
        leaf,
    }
}

#[test]
fn a_straight_chain() {
    let pki = pki();
    is_reached_with_chain(&pki.root, &pki.leaf, pki.leaf.chain(&[&pki.issuing, &pki.upper]));
}

#[test]
fn the_root_sent_along() {
    let pki = pki();
    is_reached_with_chain(
        &pki.root,
        &pki.leaf,
        pki.leaf.chain(&[&pki.issuing, &pki.upper, &pki.root]),
    );
}

#[test]
fn a_wrong_order() {
    let pki = pki();
    is_reached_with_chain(
        &pki.root,
        &pki.leaf,
        pki.leaf.chain(&[&pki.root, &pki.upper, &pki.issuing]),
    );
}

#[test]
fn duplicates() {
    let pki = pki();
    let twice = pki
        .leaf
        .chain(&[&pki.issuing, &pki.issuing, &pki.upper, &pki.upper]);
    is_reached_with_chain(&pki.root, &pki.leaf, twice);
}

#[test]
fn unrelated_certificates() {
    let pki = pki();
    let (other, another) = (Ca::root("Elsewhere"), Ca::root("Nowhere"));
    let chain = pki.leaf.chain(&[&other, &pki.issuing, &another, &pki.upper]);
    is_reached_with_chain(&pki.root, &pki.leaf, chain);
}

#[test]
fn a_cross_signed_pair_under_either_root() {
    let (old, new) = (Ca::root("Old Root"), Ca::root("New Root"));
    let cross = old.cross_sign(&new);
    let leaf = new.leaf("a.test");
    is_reached_with_chain(&old, &leaf, leaf.chain(&[&cross]));
    is_reached_with_chain(&new, &leaf, leaf.chain(&[&cross]));
}

#[test]
fn an_extra_certificate_that_cannot_be_read() {
    let pki = pki();
    let mut chain = pki.leaf.chain(&[&pki.issuing, &pki.upper]);
    chain.insert(1, garbage::sequence_of_noise(300));
    is_reached_with_chain(&pki.root, &pki.leaf, chain);
}

#[test]
fn a_loop() {
    let pki = pki();
    let back = pki.issuing.cross_sign(&pki.upper);
    is_reached_with_chain(
        &pki.root,
        &pki.leaf,
        pki.leaf.chain(&[&pki.issuing, &back, &pki.upper]),
    );
}

#[test]
fn no_authority_key_identifiers() {
    let root = Ca::root("Lab Root A");
    let issuing = Ca::builder("Lab CA A1")
        .authority_key_id(AuthorityKeyId::Absent)
        .issued_by(&root);
    let leaf = Leaf::builder(&["a.test"])
        .authority_key_id(AuthorityKeyId::Absent)
        .issued_by(&issuing);
    is_reached_with_chain(&root, &leaf, leaf.chain(&[&issuing]));
}

#[test]
fn no_subject_key_identifiers() {
    let root = Ca::builder("Lab Root A")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let issuing = Ca::builder("Lab CA A1")
        .subject_key_id(SubjectKeyId::Absent)
        .issued_by(&root);
    let leaf = issuing.leaf("a.test");
    is_reached_with_chain(&root, &leaf, leaf.chain(&[&issuing]));
}

#[test]
fn keys_of_different_kinds() {
    let root = Ca::builder("Lab Root A").key_kind(KeyKind::Rsa2048).self_signed();
    let issuing = Ca::builder("Lab CA A1")
        .key_kind(KeyKind::EcdsaP384)
        .issued_by(&root);
    let leaf = Leaf::builder(&["a.test"])
        .key_kind(KeyKind::EcdsaP256)
        .issued_by(&issuing);
    is_reached_with_chain(&root, &leaf, leaf.chain(&[&issuing]));
}

#[test]
fn a_wildcard() {
    let pki = pki();
    let leaf = pki.issuing.leaf("*.a.test");
    let lab = Lab::trusting(&[&pki.root]);
    let server = Server::builder()
        .default_site(leaf.key(), leaf.chain(&[&pki.issuing, &pki.upper]), |_| {
            Response::ok("hello")
        })
        .start();
    is_reached(&lab, &server, "www.a.test");
    run(&mut lab.get(&server.url("a.test", "/"), ""))
        .ends_with(1)
        .says("for *.a.test, not for a.test");
}

#[test]
fn an_ip_address() {
    let pki = pki();
    let leaf = pki.issuing.leaf("127.0.0.1");
    let lab = Lab::trusting(&[&pki.root]);
    let server = Server::builder()
        .default_site(leaf.key(), leaf.chain(&[&pki.issuing, &pki.upper]), |_| {
            Response::ok("hello")
        })
        .start();
    is_reached(&lab, &server, "127.0.0.1");
}

#[test]
fn every_form_of_store_reaches_it() {
    let pki = pki();
    let lab = Lab::trusting(&[&pki.root]);
    let server = Server::builder()
        .site(
            "a.test",
            pki.leaf.key(),
            pki.leaf.chain(&[&pki.issuing, &pki.upper]),
            |_| Response::ok("hello"),
        )
        .start();
    let pem = lab.write("roots.pem", pki.root.pem());
    let der = lab.write("root.der", pki.root.der());
    let roots = lab.path("roots");
    std::fs::create_dir(&roots).unwrap();
    std::fs::write(roots.join("a.pem"), pki.root.pem()).unwrap();
    let webroot = lab.path("webroot");
    let made = run(crate::support::jit_trust(["bundle"])
        .arg(&pem)
        .arg("--webroot")
        .arg(&webroot));
    made.ends_with(0);
    for store in [pem, der, roots, webroot] {
        // The last --trust counts no more than the first: one is allowed.
        let mut get = crate::support::jit_trust(["get", &server.url("a.test", "/"), "--trust"]);
        get.arg(&store)
            .args(["--resolve", &format!("a.test:{}:127.0.0.1", server.port())]);
        assert_eq!(run(&mut get).ends_with(0).stdout, "hello", "{}", store.display());
    }
    let mut mozilla = crate::support::jit_trust(["get", &server.url("a.test", "/")]);
    mozilla.args(["--resolve", &format!("a.test:{}:127.0.0.1", server.port())]);
    run(&mut mozilla)
        .ends_with(1)
        .says_one_line()
        .says("not trusted: no root in mozilla named \"CN=Lab Root A\" (asked for by the certificate of \"CN=Lab CA A1\")");
    assert_eq!(server.requests(), 4);
}

#[test]
fn addresses_and_names_beyond_ascii_are_found_where_the_user_says() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    for (host, in_certificate) in [
        ("127.0.0.9", "127.0.0.9"),
        ("[::1]", "::1"),
        ("bücher.test", "xn--bcher-kva.test"),
    ] {
        let leaf = root.leaf(in_certificate);
        let server = Server::builder()
            .default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
            .start();
        let port = server.port();
        let mut get = crate::support::jit_trust(["get", &format!("https://{host}:{port}/"), "--trust"]);
        get.arg(lab.store())
            .args(["--resolve", &format!("{host}:{port}:127.0.0.1")]);
        assert_eq!(run(&mut get).ends_with(0).stdout, "hello", "{host}");
    }
}

#[test]
fn long_header_fields_are_read_over_either_protocol() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| {
            Response::ok("hello").header("x-long", "x".repeat(20_000).as_str())
        })
        .start();
    is_reached(&Lab::trusting(&[&root]), &server, "a.test");
}
