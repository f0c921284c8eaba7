//! `explain`: each kind of chain as text, as a picture and as JSON.

use std::path::Path;

use jit_trust_lab::pki::{
    Attribute, AuthorityKeyId, Ca, Leaf, Name, StringType, SubjectKeyId, der, garbage, pem,
};
use jit_trust_lab::server::{Fault, Response, Server};
use pki_types::CertificateDer;
use serde_json::Value;

use crate::lists::{DAY, LAST_SECOND, ccadb};
use crate::support::{Lab, Run, jit_trust, run, site};

/// 2099-12-31T23:59:59Z.
const LONG_AFTER: i64 = 4_102_444_799;

/// A chain, the store that it is judged by, and what is to come of it.
struct Case {
    name: &'static str,
    chain: Vec<CertificateDer<'static>>,
    /// A file of roots in any form.
    store: String,
    status: i32,
}

fn case(name: &'static str, status: i32, chain: Vec<CertificateDer<'static>>, roots: &[&Ca]) -> Case {
    Case {
        name,
        chain,
        store: roots.iter().map(|root| root.pem()).collect(),
        status,
    }
}

/// Every kind of chain that the lab can make.
fn cases() -> Vec<Case> {
    let root = Ca::root("Lab Root A");
    let upper = root.intermediate("Lab CA A1");
    let issuing = upper.intermediate("Lab CA A2");
    let leaf = issuing.leaf("a.test");
    let other = Ca::root("Lab Root B");
    let mut cases = vec![
        case("straight", 0, leaf.chain(&[&issuing, &upper]), &[&root, &other]),
        case(
            "root_sent_along",
            0,
            leaf.chain(&[&issuing, &upper, &root]),
            &[&root],
        ),
        case("wrong_order", 0, leaf.chain(&[&upper, &issuing]), &[&root]),
        case(
            "duplicates",
            0,
            leaf.chain(&[&issuing, &issuing, &upper, &upper]),
            &[&root],
        ),
        case(
            "unrelated",
            0,
            leaf.chain(&[&Ca::root("Elsewhere"), &issuing, &upper]),
            &[&root],
        ),
        case("missing_intermediate", 1, leaf.chain(&[]), &[&root]),
        case("root_in_place_of_intermediate", 1, leaf.chain(&[&root]), &[&root]),
        case(
            "untrusted_root",
            1,
            leaf.chain(&[&issuing, &upper, &root]),
            &[&other],
        ),
        case(
            "another_host",
            1,
            issuing.leaf("b.test").chain(&[&issuing, &upper]),
            &[&root],
        ),
    ];

    let expired = Leaf::builder(&["a.test"])
        .validity(1_700_000_000, 1_710_000_000)
        .issued_by(&issuing);
    cases.push(case(
        "expired_leaf",
        1,
        expired.chain(&[&issuing, &upper]),
        &[&root],
    ));

    let (old, new) = (Ca::root("Old Root"), Ca::root("New Root"));
    let cross = old.cross_sign(&new);
    let ca = new.intermediate("Lab CA");
    cases.push(case(
        "cross_signed",
        0,
        ca.leaf("a.test").chain(&[&ca, &cross]),
        &[&old],
    ));
    cases.push(case(
        "cross_signed_both_known",
        0,
        ca.leaf("a.test").chain(&[&ca, &cross]),
        &[&old, &new],
    ));

    let [first, second, third] = ["Root One", "Root Two", "Root Three"].map(Ca::root);
    let one = first.intermediate("Shared CA");
    let (two, three) = (second.cross_sign(&one), third.cross_sign(&one));
    let shared = one.leaf("a.test").chain(&[&one, &two, &three]);
    cases.push(case("cross_signed_three_ways", 0, shared, &[&second, &third]));

    let lying = Leaf::builder(&["a.test"])
        .authority_key_id(AuthorityKeyId::KeyId(vec![0xee; 20]))
        .issued_by(&issuing);
    cases.push(case(
        "lying_key_identifier",
        0,
        lying.chain(&[&issuing, &upper]),
        &[&root],
    ));

    let back = issuing.cross_sign(&upper);
    cases.push(case("loop", 0, leaf.chain(&[&issuing, &back, &upper]), &[&root]));
    cases.push(case(
        "loop_without_end",
        1,
        leaf.chain(&[&issuing, &back]),
        &[&other],
    ));

    let mut unreadable = leaf.chain(&[&issuing, &upper]);
    unreadable.insert(1, garbage::sequence_of_noise(300));
    cases.push(case("garbage", 0, unreadable, &[&root]));

    let key_id = SubjectKeyId::Bytes(root.subject_key_id().unwrap().to_vec());
    let copy = Ca::builder("Lab Root A").subject_key_id(key_id).self_signed();
    let by_copy = copy.intermediate("Lab CA A1");
    let copied = by_copy.leaf("a.test").chain(&[&by_copy, &copy]);
    cases.push(case("copy_of_a_root", 1, copied, &[&root]));

    let own = Leaf::builder(&["a.test"]).self_signed();
    cases.push(case("signed_by_itself", 1, own.chain(&[]), &[&root]));

    let forged = Leaf::builder(&["a.test"]).forged().issued_by(&issuing);
    cases.push(case("forged", 1, forged.chain(&[&issuing, &upper]), &[&root]));

    let (from, to) = (LAST_SECOND + 24 * 60 * 60, LONG_AFTER);
    let late = Leaf::builder(&["a.test"]).validity(from, to).issued_by(&issuing);
    cases.push(Case {
        name: "dated_root",
        chain: late.chain(&[&issuing, &upper]),
        store: ccadb(&[(&root, DAY, "")]),
        status: 1,
    });
    cases.push(Case {
        name: "imposed_constraints",
        chain: leaf.chain(&[&issuing, &upper]),
        store: ccadb(&[(&root, "", "*.good.test")]),
        status: 1,
    });

    // A bit of everything, as servers with a history send it.
    let (renewed, elsewhere) = (upper.cross_sign(&issuing), Ca::root("Elsewhere"));
    let twin = Ca::root("Lab CA A1");
    let mut messy = leaf.chain(&[
        &root,
        &back,
        &issuing,
        &renewed,
        &twin,
        &upper,
        &other.cross_sign(&upper),
        &issuing,
        &elsewhere.intermediate("Elsewhere CA"),
        &new.cross_sign(&root),
    ]);
    messy.push(garbage::sequence_of_noise(100));
    cases.push(case("messy", 0, messy, &[&root, &other, &twin]));
    cases
}

/// Explains it from a file, in a directory whose name is not part of what is said.
fn explain(case: &Case, format: &str) -> Run {
    let lab = Lab::trusting(&[]);
    lab.write("chain.pem", pem(&case.chain));
    lab.write("roots.pem", &case.store);
    let mut command = jit_trust(["explain", "chain.pem", "--host", "a.test", "--trust", "roots.pem"]);
    run(command.args(["--format", format]).current_dir(lab.path("")))
}

/// The text with digits of dates, and key identifiers, replaced by as many characters: they differ from run to run.
fn normalised(text: &str) -> String {
    let mut normal = String::new();
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_alphanumeric() || "…-:.".contains(character) {
            word.push(character);
            continue;
        }
        normal.push_str(&normalised_word(&word));
        word.clear();
        normal.push(character);
    }
    normal.pop();
    normal
}

fn normalised_word(word: &str) -> String {
    let digits = word.chars().filter(char::is_ascii_digit).count();
    let is_date = digits >= 8 && word.get(4..5) == Some("-") && word.get(7..8) == Some("-");
    let is_hex = word.chars().count() >= 12 && word.chars().all(|c| "0123456789ABCDEF….".contains(c));
    let replaced = |character: char| match character {
        digit if is_date && digit.is_ascii_digit() => '0',
        digit if is_hex && digit.is_ascii_hexdigit() => 'K',
        other => other,
    };
    word.chars().map(replaced).collect()
}

/// The lengths of certificates differ with their signatures.
fn without_lengths(mut report: Value) -> Value {
    for sent in report["sent"].as_array_mut().unwrap() {
        assert!(sent["der_len"].is_u64());
        sent["der_len"] = "LEN".into();
    }
    report["memory"]["certificates_len"] = "LEN".into();
    report
}

/// The last words are about lengths that differ from run to run.
fn without_certificate_lengths(text: &str) -> String {
    let Some(at) = text.rfind(", or").or_else(|| text.rfind(",\n  or")) else {
        return text.to_owned();
    };
    let (before, rest) = text.split_at(at);
    let mut is_before = true;
    let digits = |c: char| {
        is_before &= !c.is_ascii_alphabetic() || "or".contains(c);
        if is_before && c.is_ascii_digit() { '0' } else { c }
    };
    format!("{before}{}", rest.chars().map(digits).collect::<String>())
}

#[test]
fn every_kind_of_chain_as_text() {
    for case in cases() {
        let explained = explain(&case, "text").ends_with(case.status);
        assert_eq!(explained.stderr, "", "{}", case.name);
        assert!(!explained.stdout.contains('\u{1b}'));
        assert_fits(&explained.stdout);
        let text = without_certificate_lengths(&normalised(&explained.stdout));
        insta::assert_snapshot!(format!("text_{}", case.name), text);
    }
}

#[test]
fn every_kind_of_chain_as_json() {
    for case in cases() {
        let explained = explain(&case, "json").ends_with(case.status);
        let report = without_lengths(serde_json::from_str(&normalised(&explained.stdout)).unwrap());
        assert_eq!(report["trusted"], case.status == 0, "{}", case.name);
        let text = serde_json::to_string_pretty(&report).unwrap();
        insta::assert_snapshot!(format!("json_{}", case.name), text);
    }
}

#[test]
fn every_kind_of_chain_as_a_picture() {
    for case in cases() {
        let explained = explain(&case, "svg").ends_with(case.status);
        assert_is_a_safe_picture(&explained.stdout);
        if let Some(directory) = std::env::var_os("EXPLAIN_PICTURES") {
            std::fs::write(
                Path::new(&directory).join(format!("{}.svg", case.name)),
                &explained.stdout,
            )
            .unwrap();
        }
        let text = without_certificate_lengths(&normalised(&explained.stdout));
        insta::assert_snapshot!(format!("svg_{}", case.name), text);
    }
}

/// Columns as a terminal may count them at most.
fn assert_fits(text: &str) {
    let wide = |c: char| usize::from(u32::from(c) >= 0x2e80);
    for line in text.lines() {
        let columns: usize = line.chars().map(|c| 1 + wide(c)).sum();
        assert!(columns <= 80, "{columns}: {line}");
    }
}

fn assert_is_a_safe_picture(svg: &str) {
    let document = roxmltree::Document::parse(svg).unwrap();
    assert_eq!(document.root_element().tag_name().name(), "svg");
    for element in document.descendants().filter(roxmltree::Node::is_element) {
        assert!(!["script", "foreignObject", "image", "a", "use"].contains(&element.tag_name().name()));
        for attribute in element.attributes() {
            assert!(
                !attribute.name().starts_with("on") && attribute.name() != "href",
                "{attribute:?}"
            );
        }
    }
}

/// A chain whose names do what names can do.
fn hostile() -> Case {
    let names = [
        "]]></text><script>alert(1)</script><!-- & \"'".to_owned(),
        "\u{1b}[2J\u{202e}\u{0}\u{7}\n\r\t\u{ffff}".to_owned(),
        "x".repeat(20_000),
        "根証明書認証局".repeat(500),
        "e\u{301}\u{302}\u{303}".repeat(2000),
        "שלום عربى 😀🏳️‍🌈 ".repeat(30),
        "a b c ".repeat(500),
        String::new(),
    ];
    let named = |text: &str| {
        let attribute = |oid| Attribute::new(oid, StringType::Utf8, text);
        Name::of(&[attribute("2.5.4.10"), attribute("2.5.4.3")])
    };
    let root = Ca::builder(named(&names[0])).self_signed();
    let mut cas = vec![root.clone()];
    for name in &names[1..6] {
        let ca = Ca::builder(named(name)).issued_by(cas.last().unwrap());
        cas.push(ca);
    }
    let key_id = AuthorityKeyId::KeyId(vec![0xee; 5000]);
    let leaf = Leaf::builder(&["b.test"]).subject(named(&names[6]));
    let leaf = leaf.authority_key_id(key_id).issued_by(cas.last().unwrap());
    cas.push(Ca::builder(named(&names[7])).self_signed());
    let sent: Vec<&Ca> = cas.iter().skip(1).rev().collect();
    case("hostile", 1, leaf.chain(&sent), &[&root])
}

#[test]
fn hostile_names_stay_in_their_place() {
    for store in [hostile().store, Ca::root("Other").pem()] {
        let case = Case { store, ..hostile() };
        let text = explain(&case, "text").ends_with(1).stdout;
        assert_fits(&text);
        assert!(text.lines().count() < 200, "{text}");
        assert!(!text.chars().any(|c| c.is_control() && c != '\n'), "{text:?}");
        let svg = explain(&case, "svg").ends_with(1).stdout;
        assert_is_a_safe_picture(&svg);
        assert!(svg.len() < 60_000, "{}", svg.len());
        let json: Value = serde_json::from_str(&explain(&case, "json").ends_with(1).stdout).unwrap();
        assert_eq!(json["sent"].as_array().unwrap().len(), case.chain.len());
    }
}

/// The certificate with its algorithm, ecdsa-with-SHA256, replaced by one that nobody knows.
fn with_unknown_algorithm(certificate: &CertificateDer<'_>) -> CertificateDer<'static> {
    let known = der::object_identifier("1.2.840.10045.4.3.2");
    let mut bytes = certificate.to_vec();
    for at in 0..bytes.len() - known.len() {
        if bytes[at..].starts_with(&known) {
            bytes[at + known.len() - 1] = 0x7f;
        }
    }
    bytes.into()
}

#[test]
fn many_certificates_are_bounded_work() {
    let root = Ca::root("Root");
    let same: Vec<Ca> = (0..40).map(|_| root.intermediate("Same")).collect();
    let leaf = same[0].leaf("a.test");
    let wide = leaf.chain(&same.iter().collect::<Vec<_>>());
    let mut line = vec![Ca::root("CA 0")];
    for number in 1..70 {
        line.push(line[number - 1].intermediate(format!("CA {number}").as_str()));
    }
    let deep = line
        .last()
        .unwrap()
        .leaf("a.test")
        .chain(&line.iter().rev().collect::<Vec<_>>());
    // Which has issued which cannot be told, and each way up comes back to where it was.
    let twins: Vec<_> = (0..30)
        .map(|_| Ca::root("Same"))
        .map(|ca| with_unknown_algorithm(&ca.der()))
        .collect();
    let lost = with_unknown_algorithm(&Ca::root("Same").leaf("a.test").der());
    let tangled = [vec![lost], twins].concat();
    for (chain, status) in [(wide, 0), (deep, 1), (tangled, 1)] {
        let case = case("many", status, chain, &[&root]);
        for format in ["text", "svg", "json"] {
            let explained = explain(&case, format).ends_with(status);
            assert!(explained.took.as_secs() < 30, "{:?}", explained.took);
            match format {
                "text" => assert_fits(&explained.stdout),
                "svg" => assert_is_a_safe_picture(&explained.stdout),
                _ => {}
            }
        }
    }
}

#[test]
fn the_verdict_is_that_of_verify() {
    // The reason says as of when it is.
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let now = now.as_secs().to_string();
    for case in cases() {
        let lab = Lab::trusting(&[]);
        lab.write("chain.pem", pem(&case.chain));
        lab.write("roots.pem", &case.store);
        let judged_by = |command: &str| {
            let mut command = jit_trust([command, "chain.pem", "--host", "a.test", "--trust", "roots.pem"]);
            command.args(["--at", &now]).current_dir(lab.path(""));
            command
        };
        let verified = run(&mut judged_by("verify")).ends_with(case.status);
        let explained = run(judged_by("explain").args(["--format", "json"])).ends_with(case.status);
        assert_eq!(explained.stderr, verified.stderr, "{}", case.name);
    }
}

#[test]
fn a_file_gets_what_stdout_would_and_nothing_where_nothing_was_found_out() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    lab.write("chain.pem", pem(&root.leaf("a.test").chain(&[])));
    let explain = |subject: &str, form: &str, options: &[&str]| {
        let mut command = jit_trust([
            "explain",
            subject,
            "--format",
            form,
            "--at",
            "1780000000",
            "--trust",
        ]);
        run(command.arg(lab.store()).args(options).current_dir(lab.path("")))
    };
    for form in ["text", "svg", "json"] {
        let printed = explain("chain.pem", form, &[]).ends_with(1);
        let written = explain("chain.pem", form, &["-o", "report"]).ends_with(1);
        assert_eq!(written.stdout, "");
        let report = std::fs::read_to_string(lab.path("report")).unwrap();
        assert_eq!(report, printed.stdout, "{form}");
        written.says("not trusted: ");
        std::fs::remove_file(lab.path("report")).unwrap();
    }
    // Nobody listens there.
    explain("127.0.0.1:1", "svg", &["-o", "report"]).ends_with(2);
    assert!(!lab.path("report").exists());
}

/// Explains a server on loopback.
fn explain_server(lab: &Lab, server: &Server, options: &str) -> Run {
    let mut command = jit_trust(["explain", &server.url("a.test", "/"), "--trust"]);
    command.arg(lab.store()).args(options.split_whitespace());
    run(command.args(["--resolve", &format!("*:{}:127.0.0.1", server.port())]))
}

#[test]
fn a_server_is_explained_and_asked_for_nothing_whether_it_is_trusted_or_not() {
    let root = Ca::root("Lab Root A");
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf("a.test");
    let server = site(Server::builder(), "a.test", &leaf, &[&issuing]).start();
    for (roots, status, verdict) in [
        (&[&root][..], 0, "trusted under CN=Lab Root A"),
        (&[], 1, "not trusted"),
    ] {
        let lab = Lab::trusting(roots);
        let before = server.connections();
        let explained = explain_server(&lab, &server, "").ends_with(status);
        assert!(explained.stdout.contains(verdict), "{explained:?}");
        assert!(
            explained.stdout.contains("TLSv1.3: 2 certificates sent"),
            "{explained:?}"
        );
        assert_eq!(server.connections() - before, 1);
    }
    assert!(server.requests_seen().is_empty());
}

#[test]
fn a_host_and_its_port_are_enough() {
    let root = Ca::root("Lab Root A");
    let leaf = root.leaf("127.0.0.1");
    let server = Server::builder().default_site(leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"));
    let server = server.start();
    let lab = Lab::trusting(&[&root]);
    let mut command = jit_trust(["explain", &format!("127.0.0.1:{}", server.port()), "--trust"]);
    run(command.arg(lab.store())).ends_with(0);
}

#[test]
fn a_server_that_is_not_reached_is_told_from_one_that_is_refused() {
    let lab = Lab::trusting(&[]);
    for fault in [
        Fault::CloseAfterAccept,
        Fault::CloseAfterClientHello,
        Fault::GarbageServerHello,
    ] {
        let root = Ca::root("Lab Root A");
        let server = site(Server::builder(), "a.test", &root.leaf("a.test"), &[])
            .fault(fault)
            .start();
        explain_server(&lab, &server, "")
            .ends_with(2)
            .says_one_line()
            .says("TLS handshake");
    }
    let root = Ca::root("Lab Root A");
    let server = site(Server::builder(), "a.test", &root.leaf("a.test"), &[])
        .fault(Fault::Silence)
        .start();
    explain_server(&lab, &server, "--connect-timeout 0.5")
        .ends_with(2)
        .says_one_line()
        .says("TLS handshake: timed out; --connect-timeout gives it more time");
    explain_server(&lab, &server, "--max-time 0.5")
        .ends_with(2)
        .says("--max-time gives it more time");
}

#[test]
fn bad_input_is_told_from_a_refusal() {
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Lab Root A").leaf("a.test").pem());
    lab.write("text.pem", "no certificate");
    for arguments in [
        &["explain"][..],
        &["explain", "http://a.test/"],
        &["explain", "missing.pem"],
        &["explain", "text.pem"],
        &["explain", "chain.pem", "--format", "png"],
        &["explain", "chain.pem", "--trust", "/nonexistent"],
        &["explain", "a.test", "--host", "b.test"],
    ] {
        run(jit_trust(arguments).current_dir(lab.path(""))).ends_with(2);
    }
    let mut unchecked = jit_trust(["explain"]);
    let explained = run(unchecked.arg(&chain)).ends_with(1);
    assert!(explained.stdout.contains("No --host was given"), "{explained:?}");
}

#[test]
fn colours_are_for_terminals() {
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Lab Root A").leaf("a.test").pem());
    let mut forced = jit_trust(["explain"]);
    let coloured = run(forced.arg(&chain).env("CLICOLOR_FORCE", "1"))
        .ends_with(1)
        .stdout;
    assert!(coloured.contains("\u{1b}[31m"), "{coloured:?}");
    let mut picture = jit_trust(["explain", "--format", "svg"]);
    let picture = run(picture.arg(&chain).env("CLICOLOR_FORCE", "1"))
        .ends_with(1)
        .stdout;
    assert!(!picture.contains('\u{1b}'));
}

#[test]
fn a_root_from_a_server_is_part_of_it() {
    let root = Ca::root("Lab Root A");
    let issuing = root.intermediate("Lab CA A1");
    let lab = Lab::trusting(&[]);
    let (pem_file, webroot) = (lab.write("root.pem", root.pem()), lab.path("webroot"));
    run(jit_trust(["bundle"]).arg(pem_file).arg("--webroot").arg(&webroot)).ends_with(0);
    let store_ca = Ca::root("Store CA");
    let store_leaf = store_ca.leaf("localhost");
    let site_of_store = Server::builder().site(
        "localhost",
        store_leaf.key(),
        store_leaf.chain(&[]),
        move |request| match std::fs::read(webroot.join(request.path.trim_start_matches('/'))) {
            Ok(bytes) => Response::ok(bytes),
            Err(_) => Response::status(404),
        },
    );
    let store = site_of_store.start();
    let authority = lab.write("store-ca.pem", store_ca.pem());
    let chain = lab.write("chain.pem", issuing.leaf("a.test").pem() + &issuing.pem());
    let mut command = jit_trust(["explain", "--host", "a.test", "--format", "json", "--trust"]);
    let command = command
        .arg(format!("https://localhost:{}/", store.port()))
        .arg("--trust-ca")
        .arg(authority)
        .arg(chain);
    let report: Value = serde_json::from_str(&run(command).ends_with(0).stdout).unwrap();
    assert_eq!(report["root"], "A1");
    assert_eq!(report["anchors"][0]["state"], "used");
    assert_eq!(report["queries"][0]["outcome"], "found");
    assert!(report["memory"].is_null());
}
