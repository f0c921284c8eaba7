//! `bundle`: every flow from lists of roots to stores, and none from bad input.

use std::path::Path;

use jit_trust_bundle::{Input, Policy, read};
use jit_trust_lab::pki::{BasicConstraints, Ca, Extension, Leaf, SubjectKeyId};

use crate::lists::ccadb;
use crate::support::{Lab, Run, jit_trust, run, run_line, shared_data};

fn bundle(input: &Path, output: &Path, options: &str) -> Run {
    let mut command = jit_trust(["bundle"]);
    run(command
        .arg(input)
        .arg("--blob")
        .arg(output)
        .args(options.split_whitespace()))
}

#[test]
fn every_output_is_written_and_reported() {
    let mozilla = read(&[Input::Mozilla], Policy::Strict).unwrap();
    for (options, version, holds) in [
        ("", 2, "anchors"),
        ("--names", 2, "anchors, with names"),
        (
            "--names --certificates",
            2,
            "anchors, with names and certificates",
        ),
        ("--blob-version 2 --certificates", 2, "anchors, with certificates"),
        ("--blob-version 1", 1, "certificates"),
    ] {
        let contents = format!("version {version}, {} {holds}", mozilla.roots().len());
        let lab = Lab::trusting(&[]);
        let (blob, webroot, array) = (lab.path("out.tblb"), lab.path("webroot"), lab.path("out.inc"));
        let mut command = jit_trust(["bundle", "mozilla", "--generated-at", "1777593600", "--blob"]);
        command
            .arg(&blob)
            .arg("--webroot")
            .arg(&webroot)
            .arg("--c-array")
            .arg(&array)
            .args(options.split_whitespace());
        let made = run(&mut command)
            .ends_with(0)
            .says("generation 1777593600, 2026-05-01T00:00:00Z");
        let bytes = std::fs::read(&blob).unwrap();
        for part in [
            &format!("out.tblb: trust blob, {contents}; {} bytes\n", bytes.len()),
            &format!(" files; trust blobs, {contents}\n"),
            &format!(
                "out.inc: C array of {} bytes: trust blob, {contents}\n",
                bytes.len()
            ),
            "webroot: webroot, ",
            "expire within 3 years: ",
            "expire within 10 years, but not within 3: ",
            " days left: ",
        ] {
            assert!(made.stderr.contains(part), "{part} in {made:?}");
        }
        // The compiled-in list has the conditions, and only version 1 loses them.
        assert!(!made.stderr.contains("this form carries no"), "{made:?}");
        assert_eq!(
            made.stderr.contains("which version 1 cannot hold"),
            version == 1,
            "{made:?}"
        );
        assert_eq!(made.stdout, "");
        assert_eq!(bytes[..6], [b'T', b'B', b'L', b'B', 0, version]);
        assert_eq!(std::fs::read(webroot.join("bundle.tblb")).unwrap(), bytes);
        let array = std::fs::read_to_string(&array).unwrap();
        assert!(array.starts_with(&format!("0x54, 0x42, 0x4c, 0x42, 0x00, 0x0{version}, ")));

        // The same input and time give the same bytes, and so does a store that was made of them.
        for input in [Path::new("mozilla"), &blob, &webroot] {
            let again = lab.path("again.tblb");
            bundle(input, &again, &format!("--generated-at 1777593600 {options}")).ends_with(0);
            assert_eq!(std::fs::read(again).unwrap(), bytes, "{}", input.display());
        }
        let mut command = jit_trust(["bundle", "mozilla", "--blob"]);
        let again = lab.path("epoch.tblb");
        command.arg(&again).args(options.split_whitespace());
        run(command.env("SOURCE_DATE_EPOCH", "1777593600")).ends_with(0);
        assert_eq!(std::fs::read(again).unwrap(), bytes);
    }
}

#[test]
fn several_inputs_become_one_list_and_duplicates_are_reported() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let (pem, der, blob) = (
        lab.write("a.pem", root.pem()),
        lab.write("a.der", root.der()),
        lab.path("out.tblb"),
    );
    let mut command = jit_trust(["bundle"]);
    let made = run(command.arg(&pem).arg(&der).arg("--blob").arg(&blob))
        .ends_with(0)
        .says("1 certificate, ");
    assert!(
        made.stderr.contains("a.der: certificate 1: the same root as at"),
        "{made:?}"
    );
}

#[test]
fn conditions_that_version_1_cannot_hold_are_named_and_version_2_holds_them_in_53_000_bytes() {
    let Some(certdata) = shared_data("certdata.txt") else {
        return;
    };
    let lab = Lab::trusting(&[]);
    let output = lab.path("out.tblb");
    bundle(&certdata, &output, "--blob-version 1")
        .ends_with(0)
        .says("121 certificates")
        .says("3 roots carry a distrust-after date, which version 1 cannot hold")
        .says("1 root carries imposed name constraints, which version 1 cannot hold");
    let made = bundle(&certdata, &output, "")
        .ends_with(0)
        .says("121 certificates");
    assert!(!made.stderr.contains("cannot hold"), "{made:?}");
    assert!(std::fs::metadata(output).unwrap().len() <= 53_000);
}

#[test]
fn of_each_input_that_carries_no_conditions_it_is_said() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[]);
    let pem = lab.write("lab.pem", root.pem());
    let report = lab.write(
        "report.csv",
        format!(
            "Trust Bits,Distrust for TLS After Date,Mozilla Applied Constraints,PEM Info\nWebsites,,,\"'{}'\"\n",
            root.pem().trim_end()
        ),
    );
    let output = lab.path("out.tblb");
    let notes = |inputs: &[&Path]| {
        let mut command = jit_trust(["bundle", "--blob"]);
        let made = run(command.arg(&output).args(inputs)).ends_with(0).stderr;
        let notes = made.lines().filter(|line| line.contains("this form carries no"));
        notes.map(str::to_owned).collect::<Vec<_>>()
    };
    let other = lab.write("other.der", Ca::root("Lab Root B").der());
    let note = |input: &Path| {
        format!(
            "note: {}: this form carries no distrust-after dates and no imposed name constraints, which Mozilla's list \
             has for some roots; certdata.txt, CCADB's report and trust blobs of version 2 carry them",
            input.display()
        )
    };
    assert_eq!(notes(&[&pem, &other]), [note(&pem), note(&other)]);
    assert_eq!(notes(&[&report, &pem, Path::new("mozilla")]), [note(&pem)]);
    assert_eq!(notes(&[&report, Path::new("mozilla")]), [""; 0]);
}

#[test]
fn a_report_that_cannot_say_conditions_gets_a_warning() {
    let lab = Lab::trusting(&[]);
    let output = lab.path("out.tblb");
    let full = ccadb(&[(&Ca::root("Lab Root A"), "", "")]);
    for column in ["Distrust for TLS After Date", "Mozilla Applied Constraints"] {
        let report = lab.write("report.csv", full.replace(column, "Other"));
        let warned = bundle(&report, &output, "--quiet").ends_with(0);
        assert_eq!(
            warned.stderr,
            format!(
                "jit-trust: warning: {}: no column \"{column}\": its conditions, if there are any, are not known\n",
                report.display()
            )
        );
    }
    let report = lab.write("report.csv", &full);
    assert_eq!(bundle(&report, &output, "--quiet").ends_with(0).stderr, "");
}

#[test]
fn an_anchor_that_cannot_be_judged_whole_goes_from_blob_to_blob() {
    // A CA's, with a path length that is not in its shortest form.
    let odd = Extension::new("2.5.29.19", true, b"\x30\x07\x01\x01\xff\x02\x02\x00\x01");
    let root = Ca::builder("Lab Root A").basic_constraints(BasicConstraints::Absent);
    let lab = Lab::trusting(&[]);
    let pem = lab.write("odd.pem", root.extension(odd).self_signed().pem());
    let (first, second) = (lab.path("first.tblb"), lab.path("second.tblb"));
    bundle(&pem, &first, "--generated-at 1").ends_with(0);
    bundle(&first, &second, "--generated-at 1").ends_with(0);
    assert_eq!(std::fs::read(first).unwrap(), std::fs::read(second).unwrap());
}

#[test]
fn an_older_store_replaces_a_newer_one_only_by_force() {
    for (newer_version, older_version) in [("1", "1"), ("2", "2"), ("1", "2"), ("2", "1")] {
        let lab = Lab::trusting(&[]);
        let (blob, webroot) = (lab.path("out.tblb"), lab.path("webroot"));
        for output in [("--blob", &blob), ("--webroot", &webroot)] {
            let bundle = |generation: &str, version: &str, more: &[&str]| {
                let mut command = jit_trust(["bundle", "mozilla", "--generated-at", generation, output.0]);
                run(command.arg(output.1).args(["--blob-version", version]).args(more))
            };
            bundle("1777593600", newer_version, &[]).ends_with(0);
            bundle("1777593600", newer_version, &[]).ends_with(0);
            let refused = bundle("86400", older_version, &[])
                .ends_with(1)
                .says("2026-05-01T00:00:00Z")
                .says("1970-01-02T00:00:00Z")
                .says("--force");
            assert_eq!(refused.stderr.matches("not replaced").count(), 1);
            bundle("86400", older_version, &["--force"]).ends_with(0);
            bundle("86401", newer_version, &[]).ends_with(0);
        }
    }
}

#[test]
fn optional_sections_and_version_1_exclude_each_other() {
    let lab = Lab::trusting(&[]);
    for option in ["--names", "--certificates"] {
        let output = lab.path("out.tblb");
        bundle(
            Path::new("mozilla"),
            &output,
            &format!("--blob-version 1 {option}"),
        )
        .ends_with(2)
        .says_one_line()
        .says(&format!("{option} and --blob-version 1: expected one of them"))
        .says("version 1 always holds the whole certificates");
        assert!(!output.exists());
    }
}

#[test]
fn what_some_roots_lack_is_warned_about_and_what_all_lack_is_refused() {
    let root = Ca::builder("Lab Root A")
        .subject_key_id(SubjectKeyId::Bytes(vec![0xab; 4]))
        .self_signed();
    let lab = Lab::trusting(&[]);
    let pem = lab.write("root.pem", root.pem());
    let (bare, output) = (lab.path("bare.tblb"), lab.path("out.tblb"));
    bundle(&pem, &bare, "").ends_with(0);
    for (options, what) in [
        ("--names", "names"),
        ("--certificates", "certificates"),
        ("--names --certificates", "names"),
    ] {
        bundle(&bare, &output, options)
            .ends_with(2)
            .says_one_line()
            .says(&format!(
                "--{what}: {} holds no {what}: expected an input with {what}\n",
                bare.display()
            ));
        assert!(!output.exists());
    }
    let other = lab.write("other.pem", Ca::root("Lab Root B").pem());
    let mut command = jit_trust(["bundle", "--names", "--certificates", "--blob"]);
    run(command.arg(&output).arg(&bare).arg(&other))
        .ends_with(0)
        .says("2 anchors; of 1 the certificate, ")
        .says("trust blob, version 2, 2 anchors, with names of 1 of 2 and certificates of 1 of 2; ")
        .says("warning: --names: no input holds the names of 1 root; the first is SKID ABABABAB")
        .says(
            "warning: --certificates: no input holds the certificates of 1 root; the first is SKID ABABABAB",
        );
    // The certificate that another input has is taken with the anchor.
    let mut command = jit_trust(["bundle", "--names", "--certificates", "--blob"]);
    let made = run(command.arg(&output).arg(&bare).arg(&pem))
        .ends_with(0)
        .says("1 certificate, ");
    assert!(!made.stderr.contains("warning"), "{made:?}");

    let output = lab.path("version-1.tblb");
    bundle(&bare, &output, "--blob-version 1")
        .ends_with(2)
        .says_one_line()
        .says("--certificates");
    let webroot = lab.path("webroot");
    bundle(&bare, &output, &format!("--webroot {}", webroot.display()))
        .ends_with(2)
        .says_one_line()
        .says("--certificates");
    assert!(!output.exists() && !webroot.exists());
}

/// A shell's `>` and `>>` decide what becomes of what is in the file.
#[cfg(unix)]
#[test]
fn what_stands_in_the_file_behind_stdout_stays() {
    let lab = Lab::trusting(&[]);
    let blob = lab.path("out.tblb");
    bundle(Path::new("mozilla"), &blob, "--generated-at 1").ends_with(0);
    let blob = std::fs::read(blob).unwrap();
    for (redirection, expected) in [
        (">", [b"head", &blob[..], b"tail"].concat()),
        (">>", [b"old ", b"head", &blob[..], b"tail"].concat()),
    ] {
        for path in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
            if !Path::new(path).exists() {
                continue;
            }
            let output = lab.write("redirected", "old ");
            let mut shell = std::process::Command::new("sh");
            shell.arg("-c").arg(format!(
                "(printf head; \"$0\" bundle mozilla --generated-at 1 --blob {path} && printf tail) {redirection} \
                 \"$1\""
            ));
            run(shell.arg(env!("CARGO_BIN_EXE_jit-trust")).arg(&output)).ends_with(0);
            assert!(std::fs::read(output).unwrap() == expected, "{redirection} {path}");
        }
    }
    let output = lab.write("descriptor", "old ");
    let mut shell = std::process::Command::new("sh");
    shell
        .arg("-c")
        .arg("\"$0\" bundle mozilla --generated-at 1 --blob /dev/fd/3 3>> \"$1\"");
    run(shell.arg(env!("CARGO_BIN_EXE_jit-trust")).arg(&output)).ends_with(0);
    assert!(std::fs::read(output).unwrap() == [b"old ", &blob[..]].concat());
}

#[test]
fn an_invalid_certificate_stops_it_or_is_left_out_and_listed() {
    let (root, leaf) = (Ca::root("Lab Root A"), Leaf::builder(&["a.test"]).self_signed());
    let lab = Lab::trusting(&[]);
    let broken = "-----BEGIN CERTIFICATE-----\nMAAA\n-----END CERTIFICATE-----\n";
    for (name, invalid, reason) in [
        ("broken.pem", broken.to_owned(), "not a certificate"),
        ("leaf.pem", leaf.pem(), "says that it is not a CA"),
    ] {
        let input = lab.write(name, root.pem() + &invalid);
        let output = lab.path("out.tblb");
        bundle(&input, &output, "")
            .ends_with(2)
            .says_one_line()
            .says(&format!("{name}: certificate 2"))
            .says(reason);
        assert!(!output.exists());
        let skipped = bundle(&input, &output, "--skip-invalid")
            .ends_with(0)
            .says("1 certificate, ")
            .says(reason);
        assert!(skipped.stderr.contains("left out"), "{skipped:?}");
        std::fs::remove_file(output).unwrap();
    }
}

#[test]
fn bad_input_leaves_no_output() {
    let lab = Lab::trusting(&[]);
    let blob = std::fs::read(lab.store()).unwrap();
    let output = lab.path("out.tblb");
    for (name, content, reason) in [
        ("truncated", blob[..1000].to_vec(), "truncated trust blob"),
        ("empty", Vec::new(), "empty"),
        (
            "nothing.pem",
            b"-----BEGIN X-----\nAAAA\n-----END X-----\n".to_vec(),
            "expected",
        ),
        ("something", b"neither of these".to_vec(), "not recognised"),
    ] {
        let input = lab.write(name, content);
        bundle(&input, &output, "")
            .ends_with(2)
            .says_one_line()
            .says(&format!("/{name}"))
            .says(reason);
    }
    bundle(&lab.path("missing"), &output, "")
        .ends_with(2)
        .says_one_line()
        .says("/missing");
    let directory = lab.path("directory");
    std::fs::create_dir(&directory).unwrap();
    bundle(&directory, &output, "").ends_with(2).says_one_line();
    assert!(!output.exists());
}

#[test]
fn bad_usage_is_refused() {
    for arguments in [
        "bundle",
        "bundle mozilla",
        "bundle --blob /nonexistent/out.tblb",
        "bundle mozilla --blob /nonexistent/out.tblb --copy",
        "bundle mozilla --blob /nonexistent/out.tblb --generated-at -1",
        "bundle mozilla --blob /nonexistent/out.tblb --generated-at 4294967296",
        "bundle mozilla --blob /nonexistent/out.tblb --blob-version 0",
        "bundle mozilla --blob /nonexistent/out.tblb --blob-version 3",
        "bundle mozilla:latest --blob /nonexistent/out.tblb --mozilla-url http://a.test/",
    ] {
        run_line(arguments).ends_with(2);
    }
}

#[test]
fn two_outputs_in_one_place_are_refused_before_anything_is_written() {
    let lab = Lab::trusting(&[]);
    let there = lab.write("there", "as it was");
    std::fs::create_dir(lab.path("webroot")).unwrap();
    for (arguments, which) in [
        ("--blob new --c-array new", "--blob and --c-array"),
        ("--blob new --c-array ./new", "--blob and --c-array"),
        ("--blob there --c-array webroot/../there", "--blob and --c-array"),
        ("--blob - --c-array /dev/stdout", "--blob and --c-array"),
        ("--blob new --webroot new/", "--blob and --webroot"),
        ("--c-array new --webroot new", "--c-array and --webroot"),
        ("--blob webroot/new --webroot webroot", "--blob and --webroot"),
    ] {
        let mut command = jit_trust(["bundle", "mozilla"]);
        command
            .args(arguments.split_whitespace())
            .current_dir(lab.path("."));
        let refused = run(&mut command)
            .ends_with(2)
            .says_one_line()
            .says(&format!("{which}: both are to be written to "));
        assert_eq!(refused.stdout, "");
        assert!(!lab.path("new").exists() && !lab.path("webroot/new").exists());
    }
    assert_eq!(std::fs::read(there).unwrap(), b"as it was");
}

#[cfg(unix)]
#[test]
fn a_hyphen_is_stdout_for_a_file_and_nothing_for_a_webroot() {
    let lab = Lab::trusting(&[]);
    for (option, is_it) in [
        ("--blob", "/dev/stdout: trust blob, "),
        ("--c-array", "/dev/stdout: C array of "),
    ] {
        let mut command = jit_trust(["bundle", "mozilla", option, "-"]);
        let made = run(command.current_dir(lab.path("."))).ends_with(0).says(is_it);
        assert!(
            made.stdout.starts_with("TBLB") || made.stdout.starts_with("0x54, 0x42"),
            "{made:?}"
        );
    }
    let mut command = jit_trust(["bundle", "mozilla", "--webroot", "-"]);
    run(command.current_dir(lab.path(".")))
        .ends_with(2)
        .says("stdout is no directory");
    assert!(!lab.path("-").exists());
}

#[test]
fn quiet_says_only_warnings_and_errors() {
    let lab = Lab::trusting(&[]);
    let root = Ca::root("Lab Root A");
    let (pem, output) = (lab.write("root.pem", root.pem()), lab.path("out.tblb"));
    for options in ["-q", "--quiet"] {
        assert_eq!(bundle(&pem, &output, options).ends_with(0).stderr, "");
        assert_eq!(
            bundle(Path::new("mozilla"), &output, options).ends_with(0).stderr,
            ""
        );
    }
    let version_1 = lab.path("version-1.tblb");
    let warned = bundle(Path::new("mozilla"), &version_1, "-q --blob-version 1").ends_with(0);
    assert!(
        warned.stderr.contains("which version 1 cannot hold"),
        "{warned:?}"
    );
    assert!(
        warned
            .stderr
            .lines()
            .all(|line| line.starts_with("jit-trust: warning: ")),
        "{warned:?}"
    );
    bundle(&pem, &output, "-q --generated-at 1")
        .ends_with(1)
        .says_one_line()
        .says("--force");
}

#[test]
fn of_an_output_that_fails_the_reason_comes_last_and_after_few_lines() {
    let lab = Lab::trusting(&[]);
    let blob = lab.path("out.tblb");
    let failed = bundle(Path::new("mozilla"), &blob, "--c-array /nonexistent/out.inc").ends_with(1);
    let lines: Vec<&str> = failed.stderr.lines().collect();
    let [written, reason] = lines.as_slice() else {
        panic!("{failed:#?}");
    };
    assert!(written.contains("out.tblb: trust blob, version 2, "), "{written}");
    assert!(reason.starts_with("jit-trust: /nonexistent: cannot "), "{reason}");
    assert!(blob.exists());
}

#[test]
fn an_output_that_cannot_be_written_is_named() {
    run_line("bundle mozilla --blob /nonexistent/out.tblb")
        .ends_with(1)
        .says("/nonexistent");
    let lab = Lab::trusting(&[]);
    let directory = lab.path(".");
    bundle(Path::new("mozilla"), &directory, "").ends_with(1);
}

#[test]
fn what_does_not_fit_into_a_blob_is_named() {
    let root = Ca::builder("Long")
        .subject_key_id(SubjectKeyId::Bytes(vec![1; 300]))
        .self_signed();
    let lab = Lab::trusting(&[]);
    let input = lab.write("long.pem", root.pem());
    bundle(&input, &lab.path("out.tblb"), "")
        .ends_with(2)
        .says("CN=Long");
}
