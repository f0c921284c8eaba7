//! The verdict on chains in files, real ones and the lab's.

use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use jit_trust_lab::pki::{Ca, Leaf, SubjectKeyId, pem};

use crate::support::{Lab, Run, jit_trust, run, shared_data};

fn verify(chain: &Path, host: &str, store: &Path, at: &str) -> Run {
    let mut command = jit_trust(["verify", "--host", host]);
    run(command.arg("--trust").arg(store).args(["--at", at]).arg(chain))
}

/// A real chain, a time when it was valid, and an hour after its leaf expired.
struct Real {
    file: &'static str,
    host: &'static str,
    valid: &'static str,
    too_late: &'static str,
    root: &'static str,
}

const REAL: [Real; 2] = [
    Real {
        file: "chains/aws.amazon.com.pem",
        host: "aws.amazon.com",
        valid: "2026-01-01T00:00:00Z",
        too_late: "2026-10-18T00:59:59Z",
        root: "CN=Amazon Root CA 1",
    },
    Real {
        file: "chains/letsencrypt.org.pem",
        host: "letsencrypt.org",
        valid: "2026-04-01T00:00:00Z",
        too_late: "2026-06-07T00:00:00Z",
        root: "O=Internet Security Research Group",
    },
];

#[test]
fn real_chains_are_judged_as_they_should_be() {
    let (Some(certdata), Some(_)) = (shared_data("certdata.txt"), shared_data("chains")) else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let blob = directory.path().join("certdata.tblb");
    let bundled = run(jit_trust(["bundle"]).arg(certdata).arg("--blob").arg(&blob)).ends_with(0);
    assert!(bundled.stderr.contains("121 certificates"), "{bundled:?}");

    for real in REAL {
        let chain = shared_data(real.file).unwrap();
        for store in [Path::new("mozilla"), &blob] {
            let trusted = verify(&chain, real.host, store, real.valid).ends_with(0);
            assert!(trusted.stdout.contains(real.root), "{trusted:?}");
            verify(&chain, real.host, store, real.too_late)
                .ends_with(1)
                .says("expired at 2026-");
            verify(&chain, "example.com", store, real.valid)
                .ends_with(1)
                .says("not for example.com");
        }
        let without = directory.path().join("without.pem");
        let issuers = run(jit_trust(["find", "mozilla", "--pem", "--issuer-of"]).arg(&chain)).ends_with(0);
        std::fs::write(&without, all_but(&issuers.stdout)).unwrap();
        verify(&chain, real.host, &without, real.valid)
            .ends_with(1)
            .says("no root in");
    }
}

/// Mozilla's list in PEM, without these.
fn all_but(removed: &str) -> String {
    let all = jit_trust_bundle::read(
        &[jit_trust_bundle::Input::Mozilla],
        jit_trust_bundle::Policy::Strict,
    )
    .unwrap();
    let all = all.roots().iter().map(|root| pem(&[root.der().unwrap()]));
    all.filter(|root| !removed.contains(root.as_str())).collect()
}

#[test]
fn a_chain_is_read_from_a_file_or_stdin_and_the_host_may_be_an_address() {
    let root = Ca::root("Lab Root A");
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf_for(&["a.test", "192.0.2.1", "2001:db8::1"]);
    let lab = Lab::trusting(&[&root]);
    let chain = format!("Some text\n{}{}", leaf.pem(), issuing.pem());
    let file = lab.write("chain.pem", &chain);
    for host in ["a.test", "192.0.2.1", "2001:db8::1", "[2001:db8::1]"] {
        let mut command = jit_trust(["verify", "--host", host, "--trust"]);
        let trusted = run(command.arg(lab.store()).arg(&file)).ends_with(0);
        assert!(
            trusted.stdout.contains("trusted under CN=Lab Root A"),
            "{trusted:?}"
        );
    }
    let mut command = jit_trust(["verify", "--host", "a.test", "-", "--trust"]);
    let command = command
        .arg(lab.store())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    let mut running = command.spawn().unwrap();
    running.stdin.take().unwrap().write_all(chain.as_bytes()).unwrap();
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(0));
}

#[test]
fn a_refusal_says_which_certificate_and_which_root() {
    let root = Ca::root("Lab Root A");
    let issuing = root.intermediate("Lab CA A1");
    let leaf = issuing.leaf("a.test");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", leaf.pem() + &issuing.pem());
    let mut command = jit_trust(["verify", "--host", "a.test"]);
    run(command.arg(&chain)).ends_with(1).says_one_line().says(
        "no root in mozilla named \"CN=Lab Root A\" (asked for by the certificate of \"CN=Lab CA A1\")",
    );
    // A root of the right name that has not signed it.
    let twin = lab.write("twin.pem", Ca::root("Lab Root A").pem());
    let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
    run(command.arg(twin).arg(&chain)).ends_with(1).says_one_line();
    let forged = Leaf::builder(&["a.test"]).forged().issued_by(&root);
    let chain = lab.write("forged.pem", forged.pem());
    let own = lab.write("root.pem", root.pem());
    let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
    run(command.arg(own).arg(&chain))
        .ends_with(1)
        .says("a signature in the chain does not fit");
}

#[test]
fn input_that_cannot_be_read_is_told_from_a_refusal() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let leaf = root.leaf("a.test");
    let good = lab.write("good.pem", leaf.pem());
    let now = "2026-01-01T00:00:00Z";
    let store = lab.store();
    for (name, content) in [
        ("empty", String::new()),
        ("text", "no certificate".to_owned()),
        ("key", leaf.key().private_pem()),
        ("damaged", leaf.pem().replace("MII", "M!I")),
        ("cut", leaf.pem()[..200].to_owned()),
        (
            "not-der",
            "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned(),
        ),
    ] {
        let path = lab.write(name, content);
        verify(&path, "a.test", &store, now)
            .ends_with(2)
            .says_one_line()
            .says(&format!("/{name}: "));
    }
    let mut command = jit_trust(["verify", "--host", "a.test", "-"]);
    run(&mut command)
        .ends_with(2)
        .says_one_line()
        .says("-: nothing was read: expected certificates in PEM or DER");
    verify(&lab.path("missing"), "a.test", &store, now)
        .ends_with(2)
        .says("/missing: cannot read");
    verify(&lab.path("."), "a.test", &store, now).ends_with(2);
    verify(&good, "a.test", Path::new("/nonexistent"), now)
        .ends_with(2)
        .says("/nonexistent: cannot read");
    verify(&good, "not a host", &store, now).ends_with(2);
    verify(&good, "a.test", &store, "yesterday").ends_with(2);
}

#[test]
fn a_store_that_cannot_answer_is_told_from_a_refusal() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let (pem, webroot) = (lab.write("root.pem", root.pem()), lab.path("webroot"));
    run(jit_trust(["bundle"]).arg(pem).arg("--webroot").arg(&webroot)).ends_with(0);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
    let command = command.arg(&webroot).arg(&chain);
    run(command).ends_with(0);
    let entry = std::fs::read_dir(webroot.join("by-subject"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(entry, "damaged").unwrap();
    run(command)
        .ends_with(2)
        .says_one_line()
        .says("the store cannot answer: ");
}

#[test]
fn a_chain_with_a_broken_certificate_is_refused_with_its_place() {
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test");
    let directory = tempfile::tempdir().unwrap();
    let chain = directory.path().join("chain.pem");
    let broken = pem(&leaf.chain(&[&root]));
    let second = broken.rfind("-----BEGIN").unwrap() + 40;
    let broken = format!("{}!{}", &broken[..second], &broken[second + 1..]);
    std::fs::write(&chain, broken).unwrap();
    let refused = run(jit_trust(["verify", "--host", "a.test"]).arg(&chain)).ends_with(2);
    refused
        .says_one_line()
        .says("chain.pem: certificate 2, line ")
        .says("expected Base64");
}

#[test]
fn of_more_roots_of_one_name_than_a_store_may_hold_the_first_are_trusted() {
    let twins: Vec<Ca> = (0..10).map(|_| Ca::root("Twin")).collect();
    let lab = Lab::trusting(&[]);
    for (count, trusted, status) in [(8, 7, 0), (10, 7, 0), (10, 8, 1), (10, 9, 1)] {
        let chain = lab.write("chain.pem", twins[trusted].leaf("a.test").pem());
        let roots: String = twins.iter().take(count).map(Ca::pem).collect();
        let store = lab.write("twins.pem", roots);
        let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
        let ended = run(command.arg(&store).arg(&chain)).ends_with(status);
        let warnings = (8..count).map(|index| {
            format!(
                "jit-trust: warning: {}: certificate {index} is one too many under its name: a store holds at most 8 \
                 (CN=Twin); left out\n",
                store.display()
            )
        });
        assert!(
            ended.stderr.starts_with(&warnings.collect::<String>()),
            "{ended:?}"
        );
        assert_eq!(ended.stderr.matches("left out").count(), count - 8, "{ended:?}");
    }
}

#[test]
fn a_root_that_does_not_fit_is_left_out_of_a_store_with_a_warning() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let long_key_id = Ca::builder("Long").subject_key_id(SubjectKeyId::Bytes(vec![1; 256]));
    let long_serial = Ca::builder("Long").serial(&[1; 256]);
    for long in [long_key_id, long_serial] {
        let long = long.self_signed().pem();
        let verify = |store: &Path| {
            let mut command = jit_trust(["verify", "--host", "a.test", "--trust"]);
            run(command.arg(store).arg(&chain))
        };
        let left_out = "anchor 0 has a part that is too long for a trust blob of version 2";
        verify(&lab.write("some.pem", format!("{long}{}", root.pem())))
            .ends_with(0)
            .says(left_out)
            .says("(CN=Long); left out\n");
        verify(&lab.write("none.pem", long))
            .ends_with(2)
            .says(left_out)
            .says("none.pem: there is no root in it: expected at least one");
    }
}
