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
    let mut bundle = jit_trust(["bundle", "--certificates"]);
    run(bundle
        .arg(&pem)
        .arg("--blob")
        .arg(&blob)
        .arg("--webroot")
        .arg(&webroot))
    .ends_with(0);
    let version_1 = lab.path("version-1.tblb");
    let mut bundle = jit_trust(["bundle", "--blob-version", "1"]);
    run(bundle.arg(&pem).arg("--blob").arg(&version_1)).ends_with(0);
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
        "distrust_after",
        "name_constraints",
    ];
    assert_eq!(keys.len(), documented.len());
    assert!(documented.iter().all(|key| keys.iter().any(|found| found == key)));
    for store in [&blob, &webroot, &version_1] {
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
    let mut verify = jit_trust(["verify", "--host", "a.test", "--ask-by-key-id", "--trust"]);
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
    run(jit_trust(["bundle", "--names"])
        .arg(&webroot)
        .arg("--blob")
        .arg(&blob))
    .ends_with(0)
    .says("1 certificate, ")
    .says("this form carries no distrust-after dates and no imposed name constraints");
    assert!(
        on("show", &blob, "")
            .ends_with(0)
            .stdout
            .contains("CN=Lab Root A")
    );
}

#[test]
fn what_a_blob_does_not_hold_is_null_and_its_roots_are_told_by_their_keys() {
    let root = Ca::builder("No SKID")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let lab = Lab::trusting(&[]);
    let pem = lab.write("roots.pem", Ca::root("Lab Root A").pem() + &root.pem());
    let known: Vec<Value> = serde_json::from_str(&on("show", &pem, "--json").stdout).unwrap();
    for (options, has_names, has_certificates) in [
        ("", false, false),
        ("--names", true, false),
        ("--certificates", true, true),
        ("--names --certificates", true, true),
    ] {
        let blob = lab.path("roots.tblb");
        let mut bundle = jit_trust(["bundle", "--blob"]);
        run(bundle.arg(&blob).arg(&pem).args(options.split_whitespace())).ends_with(0);
        let json = on("show", &blob, "--json").ends_with(0);
        assert_eq!(json.stderr, "");
        let records: Vec<Value> = serde_json::from_str(&json.stdout).unwrap();
        let table = on("show", &blob, "").ends_with(0);
        assert_eq!(
            table
                .stderr
                .contains("holds no names; `jit-trust bundle --names`"),
            !has_names,
            "{table:?}"
        );
        assert_eq!(table.stdout.contains("bytes"), has_certificates, "{table:?}");
        assert_eq!(records.len(), known.len());
        for ((record, known), line) in records.iter().zip(&known).zip(table.stdout.lines().skip(1)) {
            for (key, value) in known.as_object().unwrap() {
                let is_held = match key.as_str() {
                    "subject" => has_names,
                    "sha256" | "der_len" => has_certificates,
                    _ => true,
                };
                let expected = if is_held { value } else { &Value::Null };
                assert_eq!(&record[key], expected, "{key} with {options}");
            }
            let key = known["spki_sha256"].as_str().unwrap();
            let shown = match has_names {
                true => known["subject"].as_str().unwrap().to_owned(),
                false => format!("(no name; key {}…)", &key[..16]),
            };
            assert!(line.ends_with(&shown), "{line}");
        }
    }
}

#[test]
fn pem_of_a_root_without_certificate_says_what_to_do() {
    let (root, twin) = (Ca::root("Twin"), Ca::root("Twin"));
    let lab = Lab::trusting(&[]);
    let pem = lab.write("roots.pem", root.pem() + &twin.pem());
    let leaf = lab.write("leaf.pem", root.leaf("a.test").pem());
    let blob = lab.path("roots.tblb");
    for (options, called) in [("", "SKID "), ("--names", "CN=Twin; ")] {
        let mut bundle = jit_trust(["bundle", "--blob"]);
        run(bundle.arg(&blob).arg(&pem).args(options.split_whitespace())).ends_with(0);
        let mut find = jit_trust(["find", "--issuer-of"]);
        let found = run(find.arg(&leaf).arg(&blob)).ends_with(0).stdout;
        assert_eq!(found.lines().count(), 3, "{found}");
        let mut find = jit_trust(["find", "--pem", "--issuer-of"]);
        let refused = run(find.arg(&leaf).arg(&blob))
            .ends_with(1)
            .says_one_line()
            .says(&format!("roots.tblb: holds no certificate of {called}"))
            .says("`jit-trust bundle --certificates`");
        assert_eq!(refused.stdout, "");
    }
    for options in ["--certificates", "--blob-version 1"] {
        let mut bundle = jit_trust(["bundle", "--force", "--blob"]);
        run(bundle.arg(&blob).arg(&pem).args(options.split_whitespace())).ends_with(0);
        let mut find = jit_trust(["find", "--pem", "--issuer-of"]);
        let found = run(find.arg(&leaf).arg(&blob)).ends_with(0).stdout;
        assert_eq!(found, root.pem() + &twin.pem());
    }
}

#[test]
fn a_store_that_is_missing_or_empty_is_refused_in_the_same_words_by_every_command() {
    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Lab Root A").leaf("a.test").pem());
    let (missing, empty) = (lab.path("missing"), lab.path("empty"));
    std::fs::create_dir(&empty).unwrap();
    let no_such_file = std::fs::File::open(&missing).unwrap_err();
    for (store, expected) in [
        (&missing, format!("cannot read: {no_such_file}")),
        (
            &empty,
            "no certificate in it: expected PEM or DER files".to_owned(),
        ),
    ] {
        for command in [
            "show STORE",
            "find STORE --skid ab",
            "diff STORE mozilla",
            "diff mozilla STORE",
            "bundle STORE --blob /nonexistent/out.tblb",
            "get --trust STORE https://a.test/",
            "verify --host a.test CHAIN --trust STORE",
        ] {
            let line = command.replace("STORE", store.to_str().unwrap());
            let refused = run_line(&line.replace("CHAIN", chain.to_str().unwrap())).ends_with(2);
            let expected = format!("jit-trust: {}: {expected}\n", store.display());
            assert_eq!(refused.stderr, expected, "{command}");
        }
    }
}

/// Who may not read a file is told so in the same words; root may read all.
#[cfg(unix)]
#[test]
fn a_store_without_rights_is_refused_in_the_same_words_by_every_command() {
    use std::os::unix::fs::PermissionsExt;

    let lab = Lab::trusting(&[]);
    let chain = lab.write("chain.pem", Ca::root("Lab Root A").leaf("a.test").pem());
    let store = lab.store();
    std::fs::set_permissions(&store, std::fs::Permissions::from_mode(0o000)).unwrap();
    let Err(denied) = std::fs::File::open(&store) else {
        eprintln!("skipped: this user has all rights");
        return;
    };
    let mut verify = jit_trust(["verify", "--host", "a.test", "--trust"]);
    for refused in [run(verify.arg(&store).arg(chain)), on("show", &store, "")] {
        let expected = format!("jit-trust: {}: cannot read: {denied}\n", store.display());
        assert_eq!(refused.ends_with(2).stderr, expected);
    }
}

#[test]
fn a_blob_of_a_later_version_is_refused_by_name() {
    let lab = Lab::trusting(&[]);
    let mut blob = std::fs::read(lab.store()).unwrap();
    blob[5] = 3;
    let later = lab.write("later.tblb", blob);
    let chain = lab.write("chain.pem", Ca::root("Lab Root A").leaf("a.test").pem());
    let chain = chain.to_str().unwrap();
    for arguments in [
        "show STORE",
        "find STORE --skid ab",
        "diff STORE mozilla",
        "diff mozilla STORE",
        "bundle STORE --blob /nonexistent/out.tblb",
        "get --trust STORE https://a.test/",
        &format!("verify --host a.test --trust STORE {chain}"),
    ] {
        let line = arguments.replace("STORE", later.to_str().unwrap());
        run_line(&line)
            .ends_with(2)
            .says_one_line()
            .says("later.tblb: ")
            .says("version 3");
    }
}

#[test]
fn mozillas_list_is_shown_whole() {
    let shown = run_line("show mozilla --json").ends_with(0).stdout;
    let records: Vec<Value> = serde_json::from_str(&shown).unwrap();
    for record in &records {
        assert!(
            record["subject"].is_string() && record["sha256"].is_string(),
            "{record}"
        );
    }
    let izenpe = records.iter().find(|record| {
        record["spki_sha256"] == "952c2039c0243eb515dd73d83fc3643184874feb0862a9837731ed9b4742e17a"
    });
    assert_eq!(izenpe.unwrap()["distrust_after"], "2026-04-15T23:59:59Z");
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
        .says("says that it is not a CA");
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
            .says("mozilla: no root named \"CN=Twin\"");
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
