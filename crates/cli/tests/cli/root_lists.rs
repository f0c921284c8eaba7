//! Root lists as people have them: what a list says of trust is kept to, text is text, and what cannot be read is named.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use jit_trust_bundle::{Input, Policy, Root, read};
use jit_trust_lab::pki::{Ca, Leaf, pem};

use crate::lists::{DAY, ccadb};
use crate::support::{Lab, Run, jit_trust, run};

fn verify(chain: &Path, option: &str, value: impl AsRef<std::ffi::OsStr>) -> Run {
    let mut command = jit_trust(["verify", "--host", "a.test", option]);
    run(command.arg(value).arg(chain))
}

/// A block of p11-kit's list.
fn block(attributes: &str, root: &Ca) -> String {
    format!(
        "[p11-kit-object-v1]\nlabel: \"A root\"\n{attributes}\n{}\n",
        root.pem()
    )
}

#[test]
fn what_p11_kit_says_of_a_root_decides_in_every_command() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let others = block("trusted: true", &Ca::root("Lab Root B"));
    for (attributes, status) in [
        ("trusted: true", 0),
        ("trusted: false", 1),
        ("x-distrusted: true", 1),
        ("trusted: true\nnss-server-distrust-after: \"241130235959Z\"", 1),
    ] {
        let list = lab.write("ca-bundle.trust.p11-kit", block(attributes, &root) + &others);
        verify(&chain, "--trust", &list).ends_with(status);
        let blob = lab.path("out.tblb");
        let mut bundle = jit_trust(["bundle", "--force", "--blob"]);
        run(bundle.arg(&blob).arg(&list)).ends_with(0);
        verify(&chain, "--trust", &blob).ends_with(status);
        let shown = run(jit_trust(["show"]).arg(&list)).ends_with(0).stdout;
        assert_eq!(
            shown.contains("Lab Root A"),
            attributes.starts_with("trusted: true")
        );
        let pin = format!("a.test={}", list.display());
        verify(&chain, "--pin", pin)
            .ends_with(2)
            .says_one_line()
            .says("p11-kit's list, which says of each certificate whether it is trusted");
    }
}

#[test]
fn a_root_that_one_input_distrusts_goes_into_no_blob() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let system = block("x-distrusted: true", &root) + &block("trusted: true", &other);
    let system = lab.write("sys.p11", system);
    let bare = lab.write("root.pem", root.pem());
    let blob = lab.path("out.tblb");
    for inputs in [[&system, &bare], [&bare, &system]] {
        let bundle = |options: &[&str]| {
            let mut bundle = jit_trust(["bundle", "--force", "--blob"]);
            run(bundle.arg(&blob).args(options).args(inputs))
        };
        bundle(&[])
            .ends_with(2)
            .says("root.pem: certificate 1, line 1: CN=Lab Root A is distrusted at ")
            .says("sys.p11: line 1, which binds the whole list");
        bundle(&["--skip-invalid"])
            .ends_with(0)
            .says("root.pem: certificate 1, line 1: CN=Lab Root A is distrusted at ");
        verify(&chain, "--trust", &blob).ends_with(1);
    }
}

#[test]
fn what_s_client_prints_is_a_chain_whatever_the_site_is_called() {
    let root = Ca::root("Front End Certificate Authority");
    let issuing = root.intermediate("-----BEGIN CERTIFICATE-----");
    let leaf = issuing.leaf("a.test");
    let lab = Lab::trusting(&[]);
    let printed = format!(
        "CONNECTED(00000003)\n---\nCertificate chain\n 0 s:CN = a.test\n   i:CN = -----BEGIN CERTIFICATE-----\n{}\
         1 s:CN = -----BEGIN CERTIFICATE-----\n   i:CN = Front End Certificate Authority\n{}---\nServer certificate\n\
         subject=CN = a.test\n\nissuer=CN = -----BEGIN CERTIFICATE-----\n\n---\nNo client certificate CA names sent\n\
         ---\nSSL handshake has read 1500 bytes\n",
        leaf.pem(),
        issuing.pem()
    );
    let trusted = format!(
        "subject=CN = Front End Certificate Authority\n# BEGIN company root certificate\n{}# end of certificate list\n",
        root.pem()
    );
    let (chain, store) = (lab.write("chain.txt", &printed), lab.write("root.txt", trusted));
    verify(&chain, "--trust", &store).ends_with(0);
    verify(&chain, "--pin", format!("a.test={}", store.display())).ends_with(0);
    let mut find = jit_trust(["find", "--issuer-of"]);
    run(find.arg(&chain).arg(&store)).ends_with(0);
    let mut explain = jit_trust(["explain", "--host", "a.test", "--trust"]);
    run(explain.arg(&store).arg(&chain)).ends_with(0);
    let mut piped = jit_trust(["verify", "--host", "a.test", "-", "--trust"]);
    let piped = piped.arg(&store).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut running = piped.spawn().unwrap();
    running
        .stdin
        .take()
        .unwrap()
        .write_all(printed.as_bytes())
        .unwrap();
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn why_nothing_is_left_is_told_by_every_command() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let trailing = [root.der().as_ref(), b"\n"].concat();
    let key_store = b"\xfe\xed\xfe\xed\0\0\0\x02".to_vec();
    for (content, reason) in [
        (
            trailing.clone(),
            "not a certificate: expected nothing behind the certificate at byte ",
        ),
        (
            pem(&[trailing]).into_bytes(),
            "certificate 1, line 1: not a certificate: expected ",
        ),
        (key_store, "a Java key store; make PEM of it: keytool -list -rfc "),
        (
            root.key().private_pem().into_bytes(),
            "no certificate, but a private key; ",
        ),
    ] {
        let store = lab.write("store", content);
        verify(&chain, "--trust", &store)
            .ends_with(2)
            .says_one_line()
            .says(reason);
        run(jit_trust(["show"]).arg(&store))
            .ends_with(2)
            .says_one_line()
            .says(reason);
        let mut bundle = jit_trust(["bundle", "--skip-invalid", "--blob"]);
        run(bundle.arg(lab.path("out.tblb")).arg(&store))
            .ends_with(2)
            .says_one_line()
            .says(reason);
    }
}

#[test]
fn a_pinned_certificate_that_is_no_ca_gets_the_warning_of_a_store() {
    let leaf = Leaf::builder(&["a.test"]).issued_by(&Ca::root("Lab Root A"));
    let lab = Lab::trusting(&[]);
    let file = lab.write("leaf.pem", leaf.pem());
    let warning = "says that it is not a CA; taken anyway\n";
    verify(&file, "--trust", &file)
        .says("jit-trust: warning: ")
        .says(warning);
    verify(&file, "--pin", format!("a.test={}", file.display()))
        .says(&format!(
            "jit-trust: warning: {}: certificate 1: ",
            file.display()
        ))
        .says(warning);
    let ca = Ca::root("Lab Root B");
    let (chain, ca) = (
        lab.write("b.pem", ca.leaf("a.test").pem()),
        lab.write("ca.pem", ca.pem()),
    );
    let trusted = verify(&chain, "--pin", format!("a.test={}", ca.display())).ends_with(0);
    assert_eq!(trusted.stderr, "");
}

#[test]
fn a_revocation_list_beside_a_root_is_not_passed_over_in_silence() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let list = "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n";
    let store = lab.write("root.pem", root.pem() + list);
    verify(&chain, "--trust", &store)
        .ends_with(0)
        .says("a section X509 CRL is not a certificate; passed over; revocation is not checked");
}

/// A root of the list compiled in.
fn of_mozilla(is_it: impl Fn(&&Root) -> bool) -> Root {
    let all = read(&[Input::Mozilla], Policy::Strict).unwrap();
    all.roots().iter().find(is_it).unwrap().clone()
}

#[test]
fn bare_certificates_are_used_without_a_word_unless_mozilla_has_a_condition_for_one() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let plain = of_mozilla(|root| root.conditions().is_empty());
    let dated = of_mozilla(|root| root.conditions().distrust_after.is_some());
    let constrained = of_mozilla(|root| root.conditions().name_constraints.is_some());
    let of = |roots: &[&Root]| {
        let ders = roots.iter().map(|root| root.der().unwrap());
        root.pem() + &pem(&ders.collect::<Vec<_>>())
    };

    let company = lab.write("company.pem", of(&[&plain]));
    assert_eq!(verify(&chain, "--trust", &company).ends_with(0).stderr, "");

    let bundle = lab.write("bundle.pem", of(&[&plain, &dated, &constrained]));
    let warned = verify(&chain, "--trust", &bundle)
        .ends_with(0)
        .says(&format!("Mozilla trusts {} only for certificates issued up to 20", dated.label()))
        .says(&format!(
            "Mozilla trusts {} only for certificates for some names (permitted dns:.tr); this form cannot say so",
            constrained.label()
        ));
    assert_eq!(warned.stderr.lines().count(), 2, "{warned:?}");
    // To look into, it is what it is.
    assert_eq!(run(jit_trust(["show"]).arg(&bundle)).ends_with(0).stderr, "");
    // A list made of it loses the conditions, and one with Mozilla's beside it does not.
    let blob = lab.path("out.tblb");
    let mut alone = jit_trust(["bundle", "-q", "--blob"]);
    let alone = run(alone.arg(&blob).arg(&bundle)).ends_with(0);
    assert_eq!(alone.stderr.matches("warning: ").count(), 2, "{alone:?}");
    let mut beside = jit_trust(["bundle", "-q", "--force", "mozilla", "--blob"]);
    let beside = run(beside.arg(&blob).arg(&bundle)).ends_with(0);
    assert_eq!(beside.stderr, "");
    assert_eq!(verify(&chain, "--trust", &blob).ends_with(0).stderr, "");
}

#[test]
fn stores_that_carry_no_conditions_say_so_when_they_are_used() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let list = lab.write("list.csv", ccadb(&[(&root, "", "")]));
    for (version, lines) in [("1", 1), ("2", 0)] {
        let (blob, webroot) = (lab.path(&format!("{version}.tblb")), lab.path(version));
        let mut bundle = jit_trust(["bundle", "--blob-version", version, "--blob"]);
        run(bundle.arg(&blob).arg("--webroot").arg(&webroot).arg(&list)).ends_with(0);
        for store in [blob, webroot] {
            let used = verify(&chain, "--trust", &store).ends_with(0);
            assert_eq!(used.stderr.lines().count(), lines, "{used:?}");
            if lines > 0 {
                used.says(&format!(
                    "jit-trust: warning: {}: this form carries no distrust-after dates and no imposed name constraints",
                    store.display()
                ));
            }
        }
    }
}

#[test]
fn constraints_that_a_copy_of_the_key_does_not_have_are_warned_about() {
    let constrained = Ca::root("Lab Root A");
    let plain = constrained.reissue().self_signed();
    let lab = Lab::trusting(&[]);
    let rows = [(&constrained, "", "*.good.test"), (&plain, "", "")];
    let list = lab.write("list.csv", ccadb(&rows));
    let warning =
        "CN=Lab Root A has no imposed name constraints, but CN=Lab Root A, with the same key, has some at ";
    let mut bundle = jit_trust(["bundle", "-q", "--blob"]);
    let made = run(bundle.arg(lab.path("out.tblb")).arg(&list))
        .ends_with(0)
        .says(warning);
    assert!(!made.stderr.contains("distrust-after"), "{made:?}");
    run(jit_trust(["show"]).arg(&list)).ends_with(0).says(warning);
    let both = lab.write(
        "both.csv",
        ccadb(&[(&constrained, DAY, "*.good.test"), (&plain, "", "")]),
    );
    run(jit_trust(["show"]).arg(&both))
        .ends_with(0)
        .says(warning)
        .says("CN=Lab Root A has no distrust-after date, but ");
}

#[test]
fn an_address_as_a_dns_name_is_said_to_be_that() {
    use jit_trust_lab::pki::Extension;
    use jit_trust_lab::pki::der::{context_primitive, sequence};

    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let store = lab.write("root.pem", root.pem());
    let leaf = |name: &str| {
        let names = sequence(&[&context_primitive(2, name.as_bytes())]);
        let names = Extension::new("2.5.29.17", false, &names);
        Leaf::builder(&[]).extension(names).issued_by(&root)
    };
    let verify = |leaf: &Leaf, host: &str| {
        let chain = lab.write("chain.pem", leaf.pem());
        let mut command = jit_trust(["verify", "--host", host, "--trust"]);
        run(command.arg(&store).arg(chain)).ends_with(1).says_one_line()
    };
    for (name, host) in [("192.0.2.1", "192.0.2.1"), ("2001:DB8::1", "2001:db8::1")] {
        verify(&leaf(name), host).says(&format!(
            "the certificate has the address {host} as a DNS name (dNSName), and addresses are not looked for there: \
             expected it as an address (iPAddress"
        ));
    }
    verify(&leaf("192.0.2.2"), "192.0.2.1").says("the certificate is for 192.0.2.2, not for 192.0.2.1");
    verify(&leaf(&"a.".repeat(30_000)), "192.0.2.1");
    let long = verify(&leaf(&format!("{}.test", "a".repeat(60_000))), "a.test");
    assert!(long.stderr.len() < 2000, "{}", long.stderr.len());
}
