//! Looking into stores.

use jit_trust_lab::pki::{Ca, Leaf, SubjectKeyId, garbage};
use serde_json::Value;

use crate::support::{Lab, Run, jit_trust, run, run_line};

fn on(command: &str, store: &std::path::Path, options: &str) -> Run {
    run(jit_trust([command]).arg(store).args(options.split_whitespace()))
}

#[test]
fn every_form_of_store_shows_the_same_certificates() {
    let roots = [
        Ca::root("Lab Root A"),
        Ca::builder("No SKID")
            .subject_key_id(SubjectKeyId::Absent)
            .self_signed(),
    ];
    let lab = Lab::trusting(&[]);
    let pem = lab.write("roots.pem", roots[0].pem() + &roots[1].pem());
    let (blob, webroot) = (lab.path("roots.tblb"), lab.path("webroot"));
    let mut bundle = jit_trust(["bundle"]);
    run(bundle
        .arg(&pem)
        .arg("--blob")
        .arg(&blob)
        .arg("--webroot")
        .arg(&webroot))
    .ends_with(0);
    let expected = on("show", &pem, "--json").ends_with(0).stdout;
    let records: Vec<Value> = serde_json::from_str(&expected).unwrap();
    assert_eq!(records.len(), 2);
    assert_eq!(records[0]["subject"], "CN=Lab Root A");
    assert_eq!(records[0]["skid"].as_str().unwrap().len(), 40);
    assert_eq!(records[1]["skid"], Value::Null);
    assert_eq!(records[0]["der_len"].as_u64(), Some(roots[0].der().len() as u64));
    let keys: Vec<&String> = records[0].as_object().unwrap().keys().collect();
    let documented = [
        "subject",
        "skid",
        "sha256",
        "spki_sha256",
        "not_before",
        "not_after",
        "der_len",
    ];
    assert_eq!(keys.len(), documented.len());
    assert!(documented.iter().all(|key| keys.iter().any(|found| found == key)));
    for store in [&blob, &webroot] {
        assert_eq!(on("show", store, "--json").ends_with(0).stdout, expected);
        let table = on("show", store, "").ends_with(0).stdout;
        assert_eq!(table.lines().count(), 3, "{table}");
        assert!(
            table.lines().nth(1).unwrap().ends_with("CN=Lab Root A"),
            "{table}"
        );
    }
}

#[test]
fn a_webroot_of_another_tool_is_a_store_for_every_command() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let webroot = lab.path("webroot");
    let skid = {
        let pem = lab.write("root.pem", root.pem());
        let shown = on("show", &pem, "--json").ends_with(0).stdout;
        let records: Vec<Value> = serde_json::from_str(&shown).unwrap();
        records[0]["skid"].as_str().unwrap().to_owned()
    };
    std::fs::create_dir_all(webroot.join("by-skid")).unwrap();
    std::fs::write(webroot.join("by-skid").join(&skid), root.der()).unwrap();
    let chain = lab.write("chain.pem", root.leaf("a.test").pem());
    let mut verify = jit_trust(["verify", "--host", "a.test", "--trust"]);
    run(verify.arg(&webroot).arg(chain)).ends_with(0);
    assert!(
        on("show", &webroot, "")
            .ends_with(0)
            .stdout
            .contains("CN=Lab Root A")
    );
    let found = on("find", &webroot, &format!("--pem --skid {skid}")).ends_with(0);
    assert_eq!(found.stdout, root.pem());
    let blob = lab.path("out.tblb");
    run(jit_trust(["bundle"]).arg(&webroot).arg("--blob").arg(&blob))
        .ends_with(0)
        .says("1 certificates")
        .says("bare certificates say nothing of Mozilla's distrust-after dates");
    assert!(
        on("show", &blob, "")
            .ends_with(0)
            .stdout
            .contains("CN=Lab Root A")
    );
}

#[test]
fn mozillas_list_is_shown_whole() {
    let shown = run_line("show mozilla --json").ends_with(0).stdout;
    let records: Vec<Value> = serde_json::from_str(&shown).unwrap();
    assert_eq!(
        run_line("show mozilla").ends_with(0).stdout.lines().count(),
        records.len() + 1
    );
}

#[test]
fn a_certificate_that_says_it_is_no_ca_gets_a_warning() {
    let lab = Lab::trusting(&[]);
    let store = lab.write("leaf.pem", Leaf::builder(&["a.test"]).self_signed().pem());
    let shown = on("show", &store, "")
        .ends_with(0)
        .says("warning:")
        .says("says that it is no CA");
    assert!(shown.stdout.contains("CN=a.test"));
}

#[test]
fn names_that_would_drive_the_terminal_are_escaped() {
    let lab = Lab::trusting(&[]);
    let store = lab.write("hostile.pem", Ca::root("\u{1b}[2J\u{202e}evil\n").pem());
    for options in ["", "--json"] {
        let shown = on("show", &store, options).ends_with(0).stdout;
        assert!(!shown.replace('\n', "").contains(char::is_control), "{shown:?}");
        assert!(!shown.contains('\u{202e}'), "{shown:?}");
    }
}

#[test]
fn certificates_are_found_by_key_identifier_in_any_notation() {
    let lab = Lab::trusting(&[]);
    let root = Ca::builder("Lab Root A")
        .subject_key_id(SubjectKeyId::Bytes(vec![0xab, 0xcd, 0x01]))
        .self_signed();
    let store = lab.write("roots.pem", root.pem() + &Ca::root("Lab Root B").pem());
    for skid in ["ABCD01", "abcd01", "ab:CD:01"] {
        let found = on("find", &store, &format!("--skid {skid}")).ends_with(0).stdout;
        assert!(
            found.contains("CN=Lab Root A") && !found.contains("Lab Root B"),
            "{found}"
        );
        assert_eq!(
            on("find", &store, &format!("--skid {skid} --pem"))
                .ends_with(0)
                .stdout,
            root.pem()
        );
    }
    on("find", &store, "--skid ABCD").ends_with(1).says_one_line();
}

#[test]
fn issuers_are_found_by_name_and_all_of_them() {
    let (root, twin) = (Ca::root("Twin"), Ca::root("Twin"));
    let lab = Lab::trusting(&[]);
    let store = lab.write(
        "roots.pem",
        root.pem() + &Ca::root("Lab Root B").pem() + &twin.pem(),
    );
    let leaf = root.leaf("a.test");
    for (name, content) in [
        ("leaf.pem", leaf.pem().into_bytes()),
        ("leaf.der", leaf.der().to_vec()),
    ] {
        let given = lab.write(name, content);
        let mut find = jit_trust(["find", "--pem", "--issuer-of"]);
        let found = run(find.arg(&given).arg(&store)).ends_with(0).stdout;
        assert_eq!(found, root.pem() + &twin.pem());
        let mut find = jit_trust(["find", "mozilla", "--issuer-of"]);
        run(find.arg(&given))
            .ends_with(1)
            .says("mozilla: no certificate named \"CN=Twin\"");
    }
}

#[test]
fn bad_usage_and_input_are_told_from_nothing_found() {
    let lab = Lab::trusting(&[]);
    for arguments in [
        "show",
        "show /nonexistent",
        "find mozilla",
        "find mozilla --skid",
        "find mozilla --skid xy",
        "find mozilla --skid abc",
        "find mozilla --skid ab --issuer-of x",
        "find mozilla --issuer-of /nonexistent",
    ] {
        run_line(arguments).ends_with(2);
    }
    let truncated = lab.write("cut.tblb", &std::fs::read(lab.store()).unwrap()[..500]);
    on("show", &truncated, "")
        .ends_with(2)
        .says_one_line()
        .says("cut.tblb: truncated trust blob");
    let noise = lab.write("noise.der", garbage::sequence_of_noise(200));
    let mut find = jit_trust(["find", "mozilla", "--issuer-of"]);
    run(find.arg(noise))
        .ends_with(2)
        .says_one_line()
        .says("noise.der: certificate 1 is not a certificate");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_an_error_and_a_closed_pipe_is_not() {
    use std::process::Stdio;

    for command in [
        "show mozilla",
        "show mozilla --json",
        "--generate man",
        "--generate complete-bash",
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ended = jit_trust(command.split_whitespace())
            .stdout(full)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(ended.status.code(), Some(1), "{command}: {ended:?}");
        let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
        drop(reader);
        let writer = std::os::fd::OwnedFd::from(writer);
        let ended = jit_trust(command.split_whitespace())
            .stdout(writer)
            .stderr(Stdio::piped())
            .output()
            .unwrap();
        assert_eq!(
            (ended.status.code(), ended.stderr),
            (Some(0), Vec::new()),
            "{command}"
        );
    }
}
