//! What a new store has that an old one has not.

use std::path::{Path, PathBuf};

use jit_trust_lab::pki::{Attribute, Ca, Name, StringType, SubjectKeyId};

use crate::lists::{DAY, ccadb};
use crate::support::{Lab, Run, jit_trust, run, run_line};

fn diff(old: &Path, new: &Path, options: &str) -> Run {
    let mut command = jit_trust(["diff"]);
    run(command.arg(old).arg(new).args(options.split_whitespace()))
}

fn bundle(lab: &Lab, name: &str, input: &Path, options: &str) -> PathBuf {
    let output = lab.path(name);
    let mut command = jit_trust(["bundle", "--generated-at", "1777593600", "--blob"]);
    command.arg(&output).arg(input);
    run(command.args(options.split_whitespace())).ends_with(0);
    output
}

/// Stores that differ in one root added, one removed, and two trusted under other conditions.
struct Stores {
    lab: Lab,
    old: PathBuf,
    new: PathBuf,
}

impl Stores {
    fn new() -> Self {
        let names = [
            "Lab Same",
            "Lab Removed",
            "Lab Dated",
            "Lab Constrained",
            "Lab Added",
        ];
        let [same, removed, dated, constrained, added] = names.map(Ca::root);
        let lab = Lab::trusting(&[]);
        let plain = |root| (root, "", "");
        let old = [&same, &removed, &dated, &constrained].map(plain);
        let new = [
            plain(&added),
            plain(&same),
            (&dated, DAY, ""),
            (&constrained, "", "*.test"),
        ];
        let (old, new) = (
            lab.write("old.csv", ccadb(&old)),
            lab.write("new.csv", ccadb(&new)),
        );
        Self { lab, old, new }
    }
}

#[test]
fn what_was_added_removed_and_changed_is_a_line_each() {
    let stores = Stores::new();
    let expected = "- CN=Lab Removed\n\
                    ~ CN=Lab Dated: distrust after none -> 2024-11-30T23:59:59Z\n\
                    ~ CN=Lab Constrained: name constraints none -> permitted dns:.test\n\
                    + CN=Lab Added\n";
    let differ = diff(&stores.old, &stores.new, "").ends_with(1);
    assert_eq!(differ.stdout, expected);
    assert_eq!(
        differ.stderr,
        format!(
            "old: {}: 4 roots\nnew: {}: 4 roots\n",
            stores.old.display(),
            stores.new.display()
        )
    );

    // A blob without names says as much, with the names that the other store has.
    let old = bundle(&stores.lab, "old.tblb", &stores.old, "--names");
    let new = bundle(&stores.lab, "new.tblb", &stores.new, "");
    let differ = diff(&old, &new, "")
        .ends_with(1)
        .says("old.tblb: 4 roots; generation 1777593600, 2026-05-01T00:00:00Z\n");
    let lines: Vec<&str> = differ.stdout.lines().collect();
    assert_eq!(lines[..3], expected.lines().collect::<Vec<_>>()[..3]);
    assert!(lines[3].starts_with("+ (no name; SKID "), "{lines:?}");

    let back = diff(&stores.new, &stores.old, "").ends_with(1).stdout;
    assert_eq!(
        back,
        "- CN=Lab Added\n\
         ~ CN=Lab Dated: distrust after 2024-11-30T23:59:59Z -> none\n\
         ~ CN=Lab Constrained: name constraints permitted dns:.test -> none\n\
         + CN=Lab Removed\n"
    );
}

#[test]
fn conditions_of_a_root_that_was_added_are_said_with_it() {
    let stores = Stores::new();
    let nothing = stores.lab.write("other.pem", Ca::root("Lab Other").pem());
    let added = diff(&nothing, &stores.new, "").ends_with(1);
    for line in [
        "\n+ CN=Lab Dated; distrust after 2024-11-30T23:59:59Z\n",
        "\n+ CN=Lab Constrained; name constraints permitted dns:.test\n",
    ] {
        assert!(added.stdout.contains(line), "{line} in {added:?}");
    }
    added.says("other.pem: this form carries no distrust-after dates and no imposed name constraints");
}

#[test]
fn what_differs_never_looks_the_same() {
    let lab = Lab::trusting(&[]);
    let ca = Ca::root("Lab Root A");
    let of = |file: &str, subject: Name, domain: String| {
        let root = ca.reissue().subject(subject).serial(&[7]);
        let root = root
            .validity(0, 2_000_000_000)
            .name_constraints(&[&domain], &[])
            .self_signed();
        let pem = lab.write("root.pem", root.pem());
        bundle(&lab, file, &pem, "--names")
    };
    let name = |string_type| Name::of(&[Attribute::new("2.5.4.3", string_type, "Lab Root A")]);
    let domain = |end: char| format!("{}{end}", "a.".repeat(200));
    let old = of("old.tblb", name(StringType::Utf8), domain('a'));
    let new = of("new.tblb", name(StringType::Utf8), domain('b'));
    let differ = diff(&old, &new, "").ends_with(1).stdout;
    let (before, after) = differ.trim_end().split_once(" -> ").unwrap();
    let before = before.strip_prefix("~ CN=Lab Root A: name constraints ").unwrap();
    assert!(before.starts_with("permitted dns:a.a.a.") && before.contains("…sha256:"));
    assert_ne!(before, after);

    let new = of("new.tblb", name(StringType::Printable), domain('a'));
    assert_eq!(
        diff(&old, &new, "").ends_with(1).stdout,
        "~ CN=Lab Root A: subject CN=Lab Root A, now encoded otherwise\n"
    );
}

#[test]
fn stores_of_one_list_are_equal_in_every_form_and_version() {
    let lab = Lab::trusting(&[]);
    let roots = Ca::root("Lab Root A").pem() + &Ca::root("Lab Root B").pem();
    let pem = lab.write("roots.pem", roots);
    let mut stores = vec![pem.clone()];
    for (name, options) in [
        ("1.tblb", "--blob-version 1"),
        ("2.tblb", ""),
        ("2-names.tblb", "--names"),
        ("2-all.tblb", "--names --certificates"),
    ] {
        stores.push(bundle(&lab, name, &pem, options));
    }
    for old in &stores {
        for new in &stores {
            for options in ["", "--json"] {
                let equal = diff(old, new, options).ends_with(0);
                assert_eq!(equal.stdout.is_empty(), options.is_empty(), "{equal:?}");
            }
        }
    }
}

#[test]
fn the_json_form_is_the_documented_one() {
    let key_id = |byte| SubjectKeyId::Bytes(vec![byte; 20]);
    let root = |name: &str, byte| Ca::builder(name).subject_key_id(key_id(byte)).self_signed();
    let (changed, removed) = (root("Lab Changed", 1), root("Lab Removed", 2));
    let lab = Lab::trusting(&[]);
    let old = lab.write("old.csv", ccadb(&[(&changed, "", ""), (&removed, "", "")]));
    let new = lab.write("new.csv", ccadb(&[(&changed, DAY, "*.test")]));
    let (old, new) = (old, bundle(&lab, "new.tblb", &new, ""));
    let differ = diff(&old, &new, "--json").ends_with(1);
    assert_eq!(differ.stderr, "");
    let mut report: serde_json::Value = serde_json::from_str(&differ.stdout).unwrap();
    for (side, name) in [("old", "old.csv"), ("new", "new.tblb")] {
        let store = report[side]["store"].as_str().unwrap();
        assert!(store.ends_with(name), "{store}");
        report[side]["store"] = name.into();
    }
    // Keys and dates differ from run to run.
    for place in ["/removed/0", "/changed/0", "/changed/0/old", "/changed/0/new"] {
        let record = report.pointer_mut(place).unwrap().as_object_mut().unwrap();
        for (key, value) in record {
            if ["sha256", "spki_sha256", "not_before", "not_after", "der_len"].contains(&key.as_str())
                && !value.is_null()
            {
                *value = key.to_uppercase().into();
            }
        }
    }
    insta::assert_snapshot!(serde_json::to_string_pretty(&report).unwrap());
}

#[test]
fn the_generation_of_the_compiled_in_list_is_said_too() {
    let lab = Lab::trusting(&[]);
    let blob = bundle(&lab, "mozilla.tblb", Path::new("mozilla"), "");
    diff(&blob, Path::new("mozilla"), "")
        .ends_with(0)
        .says("mozilla.tblb: ")
        .says("generation 1777593600, 2026-05-01T00:00:00Z\nnew: mozilla: ")
        .says("; generation 1");
    let one = lab.write("one.pem", Ca::root("Lab Root A").pem());
    let differ = diff(&one, &blob, "").ends_with(1);
    assert!(differ.stdout.starts_with("- CN=Lab Root A\n+ "), "{differ:?}");
}

#[test]
fn differences_are_coloured_where_colours_are_wanted() {
    let stores = Stores::new();
    let plain = diff(&stores.old, &stores.new, "").ends_with(1).stdout;
    assert!(!plain.contains('\u{1b}'));
    let mut forced = jit_trust(["diff"]);
    forced
        .arg(&stores.old)
        .arg(&stores.new)
        .env("CLICOLOR_FORCE", "1");
    let coloured = run(&mut forced).ends_with(1).stdout;
    assert!(
        coloured.starts_with("\u{1b}[31m- CN=Lab Removed\u{1b}[0m\n"),
        "{coloured:?}"
    );
}

#[test]
fn bad_input_is_told_from_a_difference() {
    let lab = Lab::trusting(&[]);
    for arguments in [
        "diff",
        "diff mozilla",
        "diff mozilla /nonexistent",
        "diff /nonexistent mozilla",
    ] {
        run_line(arguments).ends_with(2);
    }
    let cut = lab.write("cut.tblb", &std::fs::read(lab.store()).unwrap()[..500]);
    diff(&cut, Path::new("mozilla"), "")
        .ends_with(2)
        .says_one_line()
        .says("cut.tblb: ");
}

#[test]
fn a_store_without_names_is_called_so_where_a_line_lacks_one() {
    let stores = Stores::new();
    let bare = |name: &str, list: &Path| bundle(&stores.lab, name, list, "");
    let (old, new) = (bare("old.tblb", &stores.old), bare("new.tblb", &stores.new));
    let hint = |store: &Path| {
        let name = store.display();
        format!("note: {name} holds no names; `jit-trust bundle --names` makes a blob with them")
    };
    let hints_at = |run: &Run, store: &Path| run.stderr.contains(&hint(store));
    let neither = diff(&old, &new, "").ends_with(1);
    assert!(
        hints_at(&neither, &old) && hints_at(&neither, &new),
        "{neither:?}"
    );
    let one = diff(&stores.old, &new, "").ends_with(1);
    assert!(!hints_at(&one, &stores.old) && hints_at(&one, &new), "{one:?}");
    for name in ["- CN=Lab Removed\n", "~ CN=Lab Dated: ", "+ (no name; SKID "] {
        assert!(one.stdout.contains(name), "{name} in {one:?}");
    }
    let equal = diff(&new, &new, "").ends_with(0);
    assert!(!hints_at(&equal, &new), "{equal:?}");
    assert_eq!(diff(&old, &new, "--json").ends_with(1).stderr, "");
}

#[test]
fn the_json_form_says_which_store_could_say_conditions() {
    let stores = Stores::new();
    let pem = stores.lab.write("other.pem", Ca::root("Lab Other").pem());
    let differ = diff(&pem, &stores.new, "--json").ends_with(1).stdout;
    let report: serde_json::Value = serde_json::from_str(&differ).unwrap();
    assert_eq!(report["old"]["carries_conditions"], false);
    assert_eq!(report["new"]["carries_conditions"], true);
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_told_from_a_difference() {
    let stores = Stores::new();
    for (new, options) in [
        (&stores.new, ""),
        (&stores.new, "--json"),
        (&stores.old, "--json"),
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = jit_trust(["diff"]);
        command.arg(&stores.old).arg(new).args(options.split_whitespace());
        crate::support::run_to(command.stdout(full))
            .ends_with(2)
            .says("stdout: cannot write: ");
    }
}

#[cfg(unix)]
#[test]
fn stores_differ_also_when_nobody_reads_how() {
    let stores = Stores::new();
    let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    drop(reader);
    let mut command = jit_trust(["diff", "--json"]);
    command.arg(&stores.old).arg(&stores.new);
    let ended = crate::support::run_to(command.stdout(std::os::fd::OwnedFd::from(writer))).ends_with(1);
    assert_eq!(ended.stderr, "");
}
