//! Webroots.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Form, Input, KeyEntries, Policy, Replace, Root, WrittenWebroot, read,
    write_webroot,
};
use jit_trust_core::TrustBlob;
use jit_trust_lab::pki::{Ca, SubjectKeyId};
use serde_json::{Value, json};

use crate::blob::every_option;
use crate::fixture::*;

fn write(path: &Path, roots: &[Root]) -> WrittenWebroot {
    write_webroot(
        path,
        roots,
        GENERATION,
        BlobOptions::default(),
        KeyEntries::Links,
        Replace::UnlessNewer,
    )
    .unwrap()
}

fn index(webroot: &Path) -> Value {
    serde_json::from_slice(&fs::read(webroot.join("index.json")).unwrap()).unwrap()
}

/// Every file, relative to the webroot.
fn files(webroot: &Path) -> BTreeSet<String> {
    let names = |path: &Path| {
        let entries = fs::read_dir(path)
            .unwrap()
            .map(|entry| entry.unwrap().file_name());
        entries
            .map(|name| name.into_string().unwrap())
            .collect::<Vec<_>>()
    };
    let mut files = BTreeSet::new();
    for name in names(webroot) {
        match webroot.join(&name).is_dir() {
            true => files.extend(
                names(&webroot.join(&name))
                    .iter()
                    .map(|inside| format!("{name}/{inside}")),
            ),
            false => _ = files.insert(name),
        }
    }
    files
}

fn spki_values<'a>(roots: impl Iterator<Item = &'a Root>) -> impl Iterator<Item = &'a [u8]> {
    roots.map(|root| root.entry().spki_value())
}

fn refused(path: &Path, roots: &[Root]) -> String {
    let refused = write_webroot(
        path,
        roots,
        GENERATION,
        BlobOptions::default(),
        KeyEntries::Links,
        Replace::UnlessNewer,
    );
    refused.unwrap_err().to_string()
}

#[test]
fn every_root_is_found_under_each_of_its_keys() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let roots = roots(200);
    write(&webroot, &roots);
    for root in &roots {
        let certificate = certificate_of(root);
        let serial: String = certificate
            .serial()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let by_issuer = format!("by-iss/{}-{serial}", certificate.issuer().hash());
        assert_eq!(fs::read(webroot.join(by_issuer)).unwrap(), der_of(root).as_ref());
        if let Some(key_id) = certificate.subject_key_id() {
            assert_eq!(
                fs::read(webroot.join(format!("by-skid/{key_id}"))).unwrap(),
                der_of(root).as_ref()
            );
        }
        let by_subject = format!("by-subject/{}.tblb", certificate.subject().hash());
        let of_name = fs::read(webroot.join(by_subject)).unwrap();
        let of_name = TrustBlob::open(&of_name).unwrap();
        let expected = roots.iter().filter(|other| other.subject() == root.subject());
        assert!(
            of_name
                .entries()
                .map(|entry| entry.spki_value())
                .eq(spki_values(expected))
        );
        assert_eq!(of_name.generation(), GENERATION);
    }
    assert_eq!(fs::read(webroot.join("bundle.tblb")).unwrap(), blob(&roots));
}

#[test]
fn links_are_relative_and_copies_are_files() {
    let directory = tempfile::tempdir().unwrap();
    let [links, copies] = ["links", "copies"].map(|name| directory.path().join(name));
    let roots = roots(2);
    let written = write(&links, &roots);
    write_webroot(
        &copies,
        &roots,
        GENERATION,
        BlobOptions::default(),
        KeyEntries::Copies,
        Replace::UnlessNewer,
    )
    .unwrap();
    assert_eq!(files(&links), files(&copies));
    assert_eq!(written.files, files(&links).len());
    for file in files(&links) {
        let is_key = file.starts_with("by-skid/") || file.starts_with("by-iss/");
        assert_eq!(links.join(&file).is_symlink(), is_key, "{file}");
        assert!(!copies.join(&file).is_symlink());
        assert_eq!(
            fs::read(links.join(&file)).unwrap(),
            fs::read(copies.join(&file)).unwrap(),
            "{file}"
        );
        if is_key {
            let target = fs::read_link(links.join(&file)).unwrap();
            assert!(target.starts_with("../der"), "{target:?}");
        }
    }
}

#[test]
fn the_index_says_what_the_webroot_holds_and_when_it_was_made() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let root = &roots(1)[0];
    let root = with(root, Some(DISTRUST_AFTER), Some(BELOW_TR));
    let written = write(&webroot, std::slice::from_ref(&root));
    assert!(written.lost.is_empty());
    let certificate = certificate_of(&root);
    let bundle = fs::read(webroot.join("bundle.tblb")).unwrap();
    let serial: String = certificate
        .serial()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let key_id = certificate.subject_key_id().unwrap().to_string();
    let index = index(&webroot);
    assert_eq!(index["format"], "jit-trust webroot");
    assert_eq!(index["version"], 2);
    assert_eq!(index["generation"], GENERATION);
    assert_eq!(index["generated_at"], "2026-05-01T00:00:00Z");
    assert_eq!(index["bundle"]["path"], "bundle.tblb");
    assert_eq!(index["bundle"]["len"], bundle.len());
    assert_eq!(index["bundle"]["version"], 2);
    assert_eq!(index["bundle"]["names"], false);
    assert_eq!(index["bundle"]["certificates"], false);
    let listed = &index["roots"][0];
    assert_eq!(listed["subject"], certificate.subject().to_string());
    assert_eq!(listed["sha256"], sha256_of(&root));
    assert_eq!(listed["spki_sha256"], root.spki_fingerprint().to_string());
    assert_eq!(listed["skid"], key_id);
    assert_eq!(listed["distrust_after"], DISTRUST_AFTER);
    assert_eq!(listed["name_constraints"], "a007300582032e7472");
    assert_eq!(listed["der"], format!("der/{}.der", sha256_of(&root)));
    let by_issuer = format!("by-iss/{}-{serial}", certificate.issuer().hash());
    assert_eq!(listed["keys"], json!([format!("by-skid/{key_id}"), by_issuer]));

    let list = read_path(&webroot).unwrap();
    assert_eq!(list.roots(), [root]);
    assert_eq!(
        (list.sources()[0].form, list.generation()),
        (Form::Webroot, Some(GENERATION))
    );
}

#[test]
fn the_same_list_and_time_give_the_same_files() {
    let directory = tempfile::tempdir().unwrap();
    let [one, other] = ["one", "other"].map(|name| directory.path().join(name));
    let roots = roots(10);
    write(&one, &roots);
    write(&other, &roots);
    assert_eq!(files(&one), files(&other));
    for file in files(&one) {
        assert_eq!(
            fs::read(one.join(&file)).unwrap(),
            fs::read(other.join(&file)).unwrap()
        );
    }
}

#[test]
fn the_first_of_several_under_one_key_gets_it_and_the_index_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let first = Ca::root("Root");
    let second = first.reissue().self_signed();
    let roots = [root_of(&first), root_of(&second)];
    let written = write(&webroot, &roots);
    let key = format!("by-skid/{}", certificate_of(&roots[0]).subject_key_id().unwrap());
    assert_eq!(fs::read(webroot.join(&key)).unwrap(), first.der().as_ref());
    assert_eq!(
        written.unreachable,
        [format!("CN=Root shares {key} with an earlier root")]
    );
    let der = |root: &Root| format!("der/{}.der", sha256_of(root));
    let index = index(&webroot);
    let collision = json!([{ "key": key, "der": der(&roots[0]), "hidden": [der(&roots[1])] }]);
    assert_eq!(index["collisions"], collision);
    assert_eq!(index["roots"][1]["keys"].as_array().unwrap().len(), 1);
    assert_eq!(read_path(&webroot).unwrap().roots(), roots);
}

#[test]
fn keys_that_are_missing_or_too_long_for_a_file_name_are_told() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let without = Ca::builder("Without")
        .subject_key_id(SubjectKeyId::Absent)
        .self_signed();
    let long = Ca::builder("Long")
        .subject_key_id(SubjectKeyId::Bytes(vec![1; 128]))
        .serial(&[1; 96])
        .self_signed();
    let roots = [root_of(&without), root_of(&long)];
    let written = write(&webroot, &roots);
    assert_eq!(
        written.unreachable,
        [
            "CN=Long has no entry in by-skid: its key has 256 characters, too many for a file name",
            "CN=Long has no entry in by-iss: its key has 257 characters, too many for a file name",
        ]
    );
    let der = |root: &Root| format!("der/{}.der", sha256_of(root));
    let without_key = json!([
        { "der": der(&roots[0]), "folder": "by-skid", "reason": "absent" },
        { "der": der(&roots[1]), "folder": "by-skid", "reason": "too-long" },
        { "der": der(&roots[1]), "folder": "by-iss", "reason": "too-long" },
    ]);
    assert_eq!(index(&webroot)["without_key"], without_key);
    assert_eq!(read_path(&webroot).unwrap().roots(), roots);
}

#[test]
fn a_webroot_replaces_an_older_one_whole() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    fs::create_dir(&webroot).unwrap();
    write(&webroot, &roots(3));
    write(&webroot, &roots(1));
    assert_eq!(read_path(&webroot).unwrap().roots(), roots(1));
    assert_eq!(
        files(&webroot)
            .iter()
            .filter(|file| file.starts_with("der/"))
            .count(),
        1
    );
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

#[test]
fn a_directory_with_anything_else_in_it_is_not_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let roots = roots(1);
    fs::create_dir(path("mine")).unwrap();
    fs::write(path("mine/thesis.txt"), "").unwrap();
    let error = refused(&path("mine"), &roots);
    assert_eq!(
        error,
        format!(
            "{}: not replaced: thesis.txt is not part of a webroot: expected a webroot, an empty directory or none",
            path("mine").display()
        )
    );
    for (json, reason) in [("{}", "missing field `format`"), ("{", "EOF while parsing")] {
        fs::write(path("mine/index.json"), json).unwrap();
        let error = refused(&path("mine"), &roots);
        assert!(
            error.contains("mine: not replaced: its index.json is not that of a webroot: expected one as ")
                && error.contains(reason),
            "{error}"
        );
    }
    assert_eq!(files(&path("mine")).len(), 2);

    write(&path("webroot"), &roots);
    for added in [
        "webroot/thesis.txt",
        "webroot/der/thesis.txt",
        "webroot/by-skid/more",
    ] {
        fs::write(path(added), "").unwrap();
        let added = Path::new(added)
            .strip_prefix("webroot")
            .unwrap()
            .display()
            .to_string();
        let error = refused(&path("webroot"), &roots);
        assert!(
            error.contains(&format!("{added} is not part of a webroot")),
            "{error}"
        );
        fs::remove_file(path("webroot").join(added)).unwrap();
    }
    fs::create_dir_all(path("webroot/der/folder")).unwrap();
    assert!(refused(&path("webroot"), &roots).contains("der/folder is not part of a webroot"));

    fs::write(path("file"), "").unwrap();
    assert_eq!(
        refused(&path("file"), &roots),
        format!("{}: a file: expected a directory", path("file").display())
    );
}

#[test]
fn nothing_is_left_behind_when_it_cannot_be_written() {
    let directory = tempfile::tempdir().unwrap();
    let first = Ca::root("One name");
    let too_many: Vec<_> = (0..9).map(|_| root_of(&first.reissue().self_signed())).collect();
    assert!(refused(&directory.path().join("webroot"), &too_many).contains("one too many under its name"));
    assert_eq!(
        refused(&directory.path().join("webroot"), &[]),
        "the list is empty: expected at least one root"
    );
    let error = refused(&directory.path().join("no/webroot"), &roots(1));
    assert!(error.contains("no: cannot create a directory in it: "), "{error}");
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
}

#[test]
fn a_webroot_that_is_not_as_its_index_says_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let roots = roots(2);
    let refused_after = |damage: &dyn Fn()| -> String {
        let _ = fs::remove_file(&webroot);
        write(&webroot, &roots);
        damage();
        refusal(read_path(&webroot))
    };
    let der = format!("der/{}.der", sha256_of(&roots[0]));
    let damaged = |file: &str| {
        format!(
            "{}: damaged webroot: expected {file} as index.json describes it",
            webroot.display()
        )
    };

    let other_der = || fs::write(webroot.join(&der), der_of(&roots[1])).unwrap();
    assert_eq!(refused_after(&other_der), damaged(&der));
    let other_bundle = || fs::write(webroot.join("bundle.tblb"), blob_v1(&roots[..1])).unwrap();
    assert_eq!(refused_after(&other_bundle), damaged("bundle.tblb"));
    let no_der = || fs::remove_file(webroot.join(&der)).unwrap();
    assert!(refused_after(&no_der).contains(": cannot read: "));

    let edit = |edit: &dyn Fn(&mut Value)| {
        let mut index = index(&webroot);
        edit(&mut index);
        fs::write(webroot.join("index.json"), index.to_string()).unwrap();
    };
    let shorter = || edit(&|index| _ = index["roots"].as_array_mut().unwrap().pop());
    assert_eq!(refused_after(&shorter), damaged("bundle.tblb"));
    let reordered = || edit(&|index| index["roots"].as_array_mut().unwrap().reverse());
    assert_eq!(refused_after(&reordered), damaged("bundle.tblb"));
    let newer = || edit(&|index| index["generation"] = json!(GENERATION + 1));
    assert_eq!(refused_after(&newer), damaged("bundle.tblb"));
    let outside = || edit(&|index| index["roots"][0]["der"] = json!("../../etc/passwd"));
    assert_eq!(refused_after(&outside), damaged("../../etc/passwd"));
    let unknown = || edit(&|index| index["version"] = json!(3));
    assert!(
        refused_after(&unknown)
            .ends_with("index.json: damaged: expected the index of a webroot, as write_webroot makes it: version 3, this reader knows versions 1 and 2")
    );

    // Of conditions, the bundle and the index must say the same.
    for (member, value) in [("distrust_after", json!(1)), ("name_constraints", json!("a000"))] {
        let another = || edit(&|index| index["roots"][0][member] = value.clone());
        assert_eq!(refused_after(&another), damaged("bundle.tblb"));
    }
    let no_hex = || edit(&|index| index["roots"][0]["name_constraints"] = json!("x"));
    assert!(refused_after(&no_hex).ends_with("`name_constraints`: expected lower-case hex: x"));
    for (member, value) in [
        ("version", json!(1)),
        ("version", json!(3)),
        ("names", json!(true)),
    ] {
        let another = || edit(&|index| index["bundle"][member] = value.clone());
        assert_eq!(refused_after(&another), damaged("bundle.tblb"));
    }

    for member in ["distrust_after", "name_constraints"] {
        let without = || edit(&|index| _ = index["roots"][0].as_object_mut().unwrap().remove(member));
        let error = refused_after(&without);
        assert!(error.contains(&format!("index.json: damaged: expected the index of a webroot, as write_webroot makes it: missing field `{member}`")), "{error}");
    }
    for damage in ["{}", "", "[1"] {
        let error = refused_after(&|| fs::write(webroot.join("index.json"), damage).unwrap());
        assert!(
            error.contains("index.json: damaged: expected the index of a webroot"),
            "{error}"
        );
    }
    let shorter_bundle = || edit(&|index| index["bundle"]["len"] = json!(1));
    assert_eq!(refused_after(&shorter_bundle), damaged("bundle.tblb"));

    // What clients ask for must lead to the right certificate.
    let by_subject = |at: usize| format!("by-subject/{}.tblb", certificate_of(&roots[at]).subject().hash());
    let other_name = || _ = fs::copy(webroot.join(by_subject(1)), webroot.join(by_subject(0))).unwrap();
    assert_eq!(refused_after(&other_name), damaged(&by_subject(0)));
    let key = format!("by-skid/{}", certificate_of(&roots[0]).subject_key_id().unwrap());
    let other_target = || {
        fs::remove_file(webroot.join(&key)).unwrap();
        fs::write(webroot.join(&key), der_of(&roots[1])).unwrap();
    };
    assert_eq!(refused_after(&other_target), damaged(&key));
    let strange_key = || edit(&|index| index["roots"][0]["keys"][0] = json!("by-skid/00"));
    assert_eq!(refused_after(&strange_key), damaged("by-skid/00"));
}

#[test]
fn a_webroot_of_a_newer_generation_is_replaced_only_when_a_user_insists() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let write_at = |generation, replace| {
        write_webroot(
            &webroot,
            &roots(1),
            generation,
            BlobOptions::default(),
            KeyEntries::Links,
            replace,
        )
    };
    write_at(GENERATION, Replace::UnlessNewer).unwrap();
    write_at(GENERATION, Replace::UnlessNewer).unwrap();
    let error = write_at(GENERATION - 1, Replace::UnlessNewer).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: not replaced: it was made at 2026-05-01T00:00:00Z (1777593600), and the new one is of \
             2026-04-30T23:59:59Z (1777593599): expected no older one",
            webroot.display()
        )
    );
    assert_eq!(index(&webroot)["generation"], GENERATION);
    write_at(GENERATION - 1, Replace::Always).unwrap();
    assert_eq!(index(&webroot)["generation"], GENERATION - 1);
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
}

/// The webroots of other tools have no `index.json`.
#[test]
fn a_webroot_of_another_tool_is_read_as_far_as_it_goes() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let roots = roots(5);
    write_webroot(
        &webroot,
        &roots,
        GENERATION,
        BlobOptions::default().with_version(BlobVersion::V1),
        KeyEntries::Copies,
        Replace::UnlessNewer,
    )
    .unwrap();
    fs::remove_file(webroot.join("index.json")).unwrap();
    let mut by_file_name: Vec<_> = roots.iter().collect();
    by_file_name.sort_by_key(|root| sha256_of(root));
    let read_again = || {
        let list = read_path(&webroot).unwrap();
        assert_eq!(list.sources()[0].form, Form::BareWebroot);
        assert_eq!(list.generation(), None);
        let notes: Vec<_> = list.notes().iter().map(ToString::to_string).collect();
        assert_eq!(notes.len(), 1);
        assert!(
            notes[0].contains("carries no distrust-after dates and no imposed name constraints"),
            "{notes:?}"
        );
        list.roots().to_vec()
    };
    assert!(read_again().iter().eq(by_file_name.iter().copied()));

    fs::remove_dir_all(webroot.join("der")).unwrap();
    let first = fs::read_dir(webroot.join("by-skid"))
        .unwrap()
        .next()
        .unwrap()
        .unwrap();
    fs::copy(first.path(), webroot.join("by-skid/0000")).unwrap();
    let mut by_key_id: Vec<_> = read_again();
    assert_eq!(
        der_of(&by_key_id.remove(0)).as_ref(),
        fs::read(first.path()).unwrap()
    );
    assert_eq!(by_key_id.len(), 4);

    fs::remove_dir_all(webroot.join("by-skid")).unwrap();
    let mut by_subject = read_again();
    by_subject.sort_by_key(Root::fingerprint);
    assert!(by_subject.iter().eq(by_file_name.iter().copied()));

    fs::write(webroot.join("index.json"), "{}").unwrap();
    let error = refusal(read_path(&webroot));
    assert!(
        error.contains("index.json: damaged: expected the index of a webroot"),
        "{error}"
    );
    let store = read(&[Input::Path(webroot.clone())], Policy::Store);
    assert!(store.is_err());
}

#[test]
fn a_webroot_gives_back_its_roots_with_their_conditions_whatever_its_blobs_are() {
    let plain = roots(3);
    let roots = [
        with(&plain[0], Some(DISTRUST_AFTER), None),
        plain[1].clone(),
        with(&plain[2], None, Some(BELOW_TR)),
    ];
    for options in every_option() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let written = write_webroot(
            &webroot,
            &roots,
            GENERATION,
            options,
            KeyEntries::Links,
            Replace::UnlessNewer,
        );
        let losses = if options.version == BlobVersion::V1 { 2 } else { 0 };
        assert_eq!(written.unwrap().lost.len(), losses);
        let list = read_path(&webroot).unwrap();
        assert_eq!(list.roots(), roots);
        assert!(list.notes().is_empty());
        assert_eq!(list.sources()[0].blob_version, Some(options.version));
        let by_subject = format!("by-subject/{}.tblb", roots[0].subject().unwrap().hash());
        for file in ["bundle.tblb", &by_subject] {
            let bytes = fs::read(webroot.join(file)).unwrap();
            let blob = TrustBlob::open(&bytes).unwrap();
            assert_eq!(BlobVersion::of(&blob), options.version);
            let first = blob.entries().next().unwrap();
            let date = (options.version == BlobVersion::V2).then_some(DISTRUST_AFTER);
            assert_eq!(first.distrust_after(), date);
        }
    }
}

#[test]
fn a_store_has_the_conditions_of_the_blobs_that_it_is_asked_for_and_not_those_of_the_index_alone() {
    let plain = roots(3);
    let roots = [
        with(&plain[0], Some(DISTRUST_AFTER), None),
        plain[1].clone(),
        with(&plain[2], None, Some(BELOW_TR)),
    ];
    for (version, enforced) in [(BlobVersion::V1, plain.as_slice()), (BlobVersion::V2, &roots)] {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let options = BlobOptions::default().with_version(version);
        let replace = Replace::UnlessNewer;
        write_webroot(&webroot, &roots, GENERATION, options, KeyEntries::Links, replace).unwrap();
        for (policy, expected) in [
            (Policy::Store, enforced),
            (Policy::Strict, &roots),
            (Policy::SkipInvalid, &roots),
        ] {
            let list = read(&[Input::Path(webroot.clone())], policy).unwrap();
            assert_eq!(list.roots(), expected, "{version} {policy:?}");
            let carries_conditions = expected == roots;
            assert_eq!(list.sources()[0].carries_conditions(), carries_conditions);
            assert_eq!(list.notes().is_empty(), carries_conditions);
        }
    }
}

/// Written before there was a version 2 of the trust blob.
#[test]
fn a_webroot_with_an_index_of_version_1_is_read_and_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let plain = roots(2);
    let roots = [
        with(&plain[0], Some(DISTRUST_AFTER), Some(BELOW_TR)),
        plain[1].clone(),
    ];
    let v1 = BlobOptions::default().with_version(BlobVersion::V1);
    let write = |replace| write_webroot(&webroot, &roots, GENERATION, v1, KeyEntries::Links, replace);
    write(Replace::UnlessNewer).unwrap();
    let mut old = index(&webroot);
    old["version"] = json!(1);
    for member in ["version", "names", "certificates"] {
        old["bundle"].as_object_mut().unwrap().remove(member);
    }
    for (at, domains) in [(0, json!(["*.tr"])), (1, json!([]))] {
        let root = old["roots"][at].as_object_mut().unwrap();
        root.remove("name_constraints");
        root.insert("applied_constraints".to_owned(), domains);
    }
    let rewrite = |index: &Value| fs::write(webroot.join("index.json"), index.to_string()).unwrap();
    rewrite(&old);
    assert_eq!(read_path(&webroot).unwrap().roots(), roots);

    let mut damaged = old.clone();
    damaged["roots"][0]["applied_constraints"] = json!(["somewhere else"]);
    rewrite(&damaged);
    assert!(
        refusal(read_path(&webroot)).contains("applied constraints \"somewhere else\": expected domains")
    );
    damaged["roots"][0]
        .as_object_mut()
        .unwrap()
        .remove("applied_constraints");
    rewrite(&damaged);
    assert!(refusal(read_path(&webroot)).contains("missing field `applied_constraints`"));

    rewrite(&old);
    write(Replace::UnlessNewer).unwrap();
    assert_eq!(index(&webroot)["version"], 2);
}

#[test]
fn an_index_with_constraints_in_the_form_of_another_version_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    write(&webroot, &roots(1));
    let mut mixed = index(&webroot);
    mixed["roots"][0]["applied_constraints"] = json!(["*.tr"]);
    let rewrite = |index: &Value| fs::write(webroot.join("index.json"), index.to_string()).unwrap();
    rewrite(&mixed);
    assert!(
        refusal(read_path(&webroot)).contains("field `applied_constraints`, which version 2 does not have")
    );
    mixed["version"] = json!(1);
    rewrite(&mixed);
    assert!(refusal(read_path(&webroot)).contains("field `name_constraints`, which version 1 does not have"));
}

/// A webroot whose `index.json` was lost: the conditions are in the blobs too.
#[test]
fn conditions_in_the_blobs_of_a_bare_webroot_hold_for_its_certificates() {
    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    let plain = roots(2);
    let roots = [
        with(&plain[0], Some(DISTRUST_AFTER), Some(BELOW_TR)),
        plain[1].clone(),
    ];
    write(&webroot, &roots);
    fs::remove_file(webroot.join("index.json")).unwrap();
    let read_again = || {
        let list = read_path(&webroot).unwrap();
        assert!(list.notes().is_empty(), "{:?}", list.notes());
        let mut read_again = list.roots().to_vec();
        read_again.sort_by_key(|root| root.spki_fingerprint() != roots[0].spki_fingerprint());
        read_again
    };
    assert_eq!(read_again(), roots);
    fs::remove_dir_all(webroot.join("der")).unwrap();
    fs::remove_dir_all(webroot.join("by-skid")).unwrap();
    let without_certificates = read_again();
    assert_eq!(without_certificates[0].conditions(), roots[0].conditions());
    assert!(without_certificates.iter().all(|root| root.der().is_none()));
}

#[cfg(unix)]
mod unix {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    #[test]
    fn a_webroot_is_as_open_as_any_other_directory() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        fs::create_dir(path("ordinary")).unwrap();
        fs::write(path("ordinary/file"), "").unwrap();
        write(&path("webroot"), &roots(1));
        assert_eq!(mode(&path("webroot")), mode(&path("ordinary")));
        assert_eq!(mode(&path("webroot/der")), mode(&path("ordinary")));
        for file in files(&path("webroot")) {
            assert_eq!(mode(&path("webroot").join(file)), mode(&path("ordinary/file")));
        }
        fs::set_permissions(path("webroot"), fs::Permissions::from_mode(0o750)).unwrap();
        write(&path("webroot"), &roots(2));
        assert_eq!(mode(&path("webroot")), 0o750);
    }

    #[test]
    fn a_webroot_keeps_the_owner_and_group_of_the_one_that_it_replaces() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        if std::os::unix::fs::chown(&webroot, Some(1234), Some(5678)).is_err() {
            return eprintln!("skipped: this user cannot give files away");
        }
        fs::set_permissions(&webroot, fs::Permissions::from_mode(0o750)).unwrap();
        write(&webroot, &roots(2));
        assert_eq!(mode(&webroot), 0o750);
        let inside = files(&webroot).into_iter().map(|file| webroot.join(file));
        for path in inside.chain([webroot.clone(), webroot.join("der")]) {
            let metadata = fs::symlink_metadata(&path).unwrap();
            assert_eq!((metadata.uid(), metadata.gid()), (1234, 5678), "{path:?}");
        }
    }

    #[test]
    fn a_pipe_in_the_place_of_the_index_is_not_waited_for() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        fs::remove_file(webroot.join("index.json")).unwrap();
        let made = std::process::Command::new("mkfifo")
            .arg(webroot.join("index.json"))
            .status();
        assert!(made.unwrap().success());
        let error = refused(&webroot, &roots(2));
        assert!(
            error.contains("not replaced: its index.json is not that of a webroot"),
            "{error}"
        );
        assert!(error.contains("a pipe, device or socket"), "{error}");
        let error = refusal(read_path(&webroot));
        assert!(error.contains("index.json: a pipe, device or socket"), "{error}");
    }

    #[test]
    fn a_read_only_webroot_leaves_nothing_behind() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        for read_only in [webroot.join("der"), webroot.join("by-skid")] {
            fs::set_permissions(read_only, fs::Permissions::from_mode(0o500)).unwrap();
        }
        assert_eq!(write(&webroot, &roots(2)).left_behind, None);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 2);
    }

    /// The link that a webroot is, and the directory that it leads to.
    fn link_and_generation(webroot: &Path) -> (PathBuf, PathBuf) {
        let link = fs::read_link(webroot).unwrap();
        let generation = webroot.with_file_name(&link);
        (link, generation)
    }

    fn names_in(directory: &Path) -> usize {
        fs::read_dir(directory).unwrap().count()
    }

    #[test]
    fn a_webroot_is_a_relative_link_to_a_directory_beside_it() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        let (link, first) = link_and_generation(&webroot);
        let number = link
            .to_str()
            .unwrap()
            .strip_prefix("webroot.1777593600-")
            .unwrap();
        assert_eq!(number.len(), 16);
        assert!(number.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert!(first.symlink_metadata().unwrap().is_dir());
        write(&webroot, &roots(1));
        assert_ne!(link_and_generation(&webroot).1, first);
        assert!(!first.exists());
        assert_eq!(names_in(directory.path()), 2);
    }

    #[test]
    fn a_link_that_leads_elsewhere_is_followed_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        write(&path("webroot"), &roots(1));
        let (own, generation) = link_and_generation(&path("webroot"));
        for (name, target) in [
            ("sibling", "elsewhere".into()),
            ("absolute", path("far")),
            ("outside", PathBuf::from("folder/../folder/new")),
            ("another", "webroot".into()),
            ("another-generation", own.clone()),
            // Of this writer's name, but not as it writes them.
            ("dotted", Path::new(".").join("dotted.1-0123456789abcdef")),
            ("upper", "upper.1-0123456789ABCDEF".into()),
            ("short", "short.1-0123456789abcde".into()),
            ("signed", "signed.+1-0123456789abcdef".into()),
            ("large", "large.4294967296-0123456789abcdef".into()),
            ("other", "another.1-0123456789abcdef".into()),
        ] {
            fs::create_dir_all(path("folder")).unwrap();
            symlink(&target, path(name)).unwrap();
            for count in [1, 2] {
                write(&path(name), &roots(count));
                assert_eq!(fs::read_link(path(name)).unwrap(), target, "{name}");
                let place = directory.path().join(&target);
                assert!(place.is_symlink(), "{name}: the webroot is there now");
                assert_eq!(read_path(&place).unwrap().roots().len(), count);
            }
        }
        assert!(generation.is_dir());
    }

    #[test]
    fn a_link_to_what_is_no_webroot_is_refused_and_nothing_changes() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let ours = "webroot.1-0123456789abcdef";
        fs::write(path("file"), "mine").unwrap();
        fs::create_dir(path("mine")).unwrap();
        fs::write(path("mine/thesis.txt"), "mine").unwrap();
        for (target, reason) in [
            (
                path("mine").to_str().unwrap(),
                "thesis.txt is not part of a webroot",
            ),
            ("mine", "thesis.txt is not part of a webroot"),
            ("file", "a file: expected a directory"),
            ("webroot", "too many links"),
        ] {
            symlink(target, path("webroot")).unwrap();
            let error = refused(&path("webroot"), &roots(1));
            assert!(error.contains(reason), "{error}");
            assert_eq!(fs::read_link(path("webroot")).unwrap(), Path::new(target));
            fs::remove_file(path("webroot")).unwrap();
        }
        // Behind a link as this writer makes them, too.
        symlink(ours, path("webroot")).unwrap();
        for make in [
            &|| {
                fs::create_dir(path(ours)).unwrap();
                fs::write(path(ours).join("thesis.txt"), "mine").unwrap();
            },
            &|| {
                fs::rename(path(ours), path("moved")).unwrap();
                fs::write(path(ours), "mine").unwrap();
            },
        ] as [&dyn Fn(); 2]
        {
            make();
            let before = names_in(directory.path());
            let error = refused(&path("webroot"), &roots(1));
            assert!(error.contains("thesis.txt is not part of") || error.contains("a file: expected"));
            assert_eq!(fs::read_link(path("webroot")).unwrap(), Path::new(ours));
            assert_eq!(names_in(directory.path()), before);
        }
        assert_eq!(fs::read(path("moved/thesis.txt")).unwrap(), b"mine");
    }

    #[test]
    fn a_link_whose_directory_is_gone_is_replaced_but_not_by_an_older_webroot() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let newer = format!("webroot.{}-0123456789abcdef", GENERATION + 1);
        symlink(&newer, &webroot).unwrap();
        let error = refused(&webroot, &roots(1));
        assert!(error.contains("not replaced: it was made at "), "{error}");
        assert_eq!(fs::read_link(&webroot).unwrap(), Path::new(&newer));
        // An empty one says no more than its name.
        fs::create_dir(directory.path().join(&newer)).unwrap();
        assert!(refused(&webroot, &roots(1)).contains("not replaced: it was made at "));
        fs::remove_dir(directory.path().join(&newer)).unwrap();

        write(&webroot.with_file_name("first"), &roots(1));
        let (_, generation) = link_and_generation(&webroot.with_file_name("first"));
        fs::remove_dir_all(generation).unwrap();
        write(&webroot.with_file_name("first"), &roots(2));
        let list = read_path(&webroot.with_file_name("first")).unwrap();
        assert_eq!(list.roots().len(), 2);
    }

    #[test]
    fn what_an_interrupted_run_has_left_is_in_nobodys_way_and_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        let webroot = path("webroot");
        write(&webroot, &roots(1));
        let (_, generation) = link_and_generation(&webroot);
        // Before anything was moved, and before the link was.
        fs::create_dir_all(path(".jit-trust-0123456789abcdef/webroot/der")).unwrap();
        fs::create_dir_all(path(".jit-trust-0123456789abcde0")).unwrap();
        let orphan = "webroot.1777593600-0123456789abcdef";
        fs::create_dir(path(orphan)).unwrap();
        symlink(orphan, path(".jit-trust-0123456789abcde0/link")).unwrap();
        // While an old webroot that was a directory itself was moved aside.
        fs::create_dir_all(path(".jit-trust-0123456789abcde1/old")).unwrap();
        write(&webroot, &roots(2));
        assert_eq!(read_path(&webroot).unwrap().roots().len(), 2);
        assert!(!generation.exists());
        assert!(path(orphan).is_dir());
        assert!(path(".jit-trust-0123456789abcdef/webroot/der").is_dir());
        assert_eq!(names_in(directory.path()), 6);
    }

    /// A directory becomes a link; so does one with copies in it, and one that is empty.
    #[test]
    fn a_webroot_that_is_a_directory_itself_becomes_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        let (_, generation) = link_and_generation(&webroot);
        fs::remove_file(&webroot).unwrap();
        fs::rename(generation, &webroot).unwrap();
        fs::set_permissions(&webroot, fs::Permissions::from_mode(0o750)).unwrap();
        write(&webroot, &roots(2));
        assert!(webroot.is_symlink());
        assert_eq!(mode(&webroot), 0o750);
        assert_eq!(read_path(&webroot).unwrap().roots().len(), 2);
        assert_eq!(names_in(directory.path()), 2);
    }

    /// As with `--webroot .`, from inside.
    #[test]
    fn a_generation_that_is_named_itself_is_replaced_and_the_link_to_it_still_leads_to_a_webroot() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        write(&webroot, &roots(1));
        let (link, generation) = link_and_generation(&webroot);
        for count in [2, 1] {
            write(&generation, &roots(count));
            assert_eq!(read_path(&webroot).unwrap().roots().len(), count);
        }
        write(&webroot, &roots(3));
        assert_eq!(fs::read_link(&webroot).unwrap(), link);
        assert_eq!(read_path(&webroot).unwrap().roots().len(), 3);
        assert_eq!(names_in(directory.path()), 3);
    }

    #[test]
    fn of_several_runs_at_once_the_newest_list_stays_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let roots = roots(1);
        let write_at = |generation: u32| {
            let options = BlobOptions::default();
            let replace = Replace::UnlessNewer;
            write_webroot(&webroot, &roots, generation, options, KeyEntries::Links, replace)
        };
        write_at(1).unwrap();
        let newest = std::thread::scope(|scope| {
            let runs: Vec<_> = (2..10)
                .map(|generation| scope.spawn(move || (generation, write_at(generation))))
                .collect();
            let written = runs.into_iter().filter_map(|run| {
                let (generation, written) = run.join().unwrap();
                match written {
                    Ok(written) => assert_eq!(written.left_behind, None),
                    Err(error) => {
                        let error = error.to_string();
                        assert!(error.starts_with(&webroot.display().to_string()), "{error}");
                        return None;
                    }
                }
                Some(generation)
            });
            written.max().unwrap()
        });
        assert_eq!(index(&webroot)["generation"], newest);
        assert_eq!(names_in(directory.path()), 2);
    }

    /// In a directory that everybody may write to, with the sticky bit.
    #[test]
    fn a_directory_that_another_user_has_put_behind_the_link_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let shared = directory.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o1777)).unwrap();
        let webroot = shared.join("webroot");
        write(&webroot, &roots(1));
        let (_, generation) = link_and_generation(&webroot);
        if std::os::unix::fs::chown(&generation, Some(65534), Some(65534)).is_err() {
            return eprintln!("skipped: this user cannot give files away");
        }
        let error = refused(&webroot, &roots(2));
        assert!(
            error.contains("refused: this directory belongs to another user (uid 65534)"),
            "{error}"
        );
        assert_eq!(read_path(&webroot).unwrap().roots().len(), 1);
    }

    /// Whatever happens to the webroot while it is read, what is opened through the link once is of one generation.
    #[test]
    fn a_reader_in_the_middle_of_an_update_sees_one_generation() {
        use std::sync::atomic::{AtomicBool, Ordering};

        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let write_at = |generation: u32| {
            let (options, count) = (
                BlobOptions::default(),
                usize::try_from(generation % 3 + 1).unwrap(),
            );
            let replace = Replace::UnlessNewer;
            write_webroot(
                &webroot,
                &roots(count),
                generation,
                options,
                KeyEntries::Links,
                replace,
            )
            .unwrap();
        };
        write_at(1);
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut whole = 0;
                while !done.load(Ordering::Relaxed) {
                    let (_, opened) = link_and_generation(&webroot);
                    let (Ok(json), Ok(bundle)) = (
                        fs::read(opened.join("index.json")),
                        fs::read(opened.join("bundle.tblb")),
                    ) else {
                        // It is being deleted; the one in force is whole.
                        continue;
                    };
                    let json: Value = serde_json::from_slice(&json).unwrap();
                    let bundle = TrustBlob::open(&bundle).unwrap();
                    assert_eq!(json["generation"], bundle.generation());
                    assert_eq!(json["roots"].as_array().unwrap().len(), bundle.len());
                    whole += 1;
                }
                whole
            });
            (2..20).for_each(write_at);
            done.store(true, Ordering::Relaxed);
            assert!(reader.join().unwrap() > 0);
        });
    }

    #[test]
    fn a_link_to_a_webroot_stays_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name);
        symlink("real", path("link")).unwrap();
        for count in [1, 2] {
            write(&path("link"), &roots(count));
            assert!(path("link").is_symlink());
            assert_eq!(read_path(&path("real")).unwrap().roots().len(), count);
        }
    }
}

#[test]
fn a_reader_finds_the_old_webroot_or_the_new_one_at_every_moment() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let directory = tempfile::tempdir().unwrap();
    let webroot = directory.path().join("webroot");
    write(&webroot, &roots(1));
    let done = AtomicBool::new(false);
    let looks = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut looks = 0;
            while !done.load(Ordering::Relaxed) {
                let bundle = fs::read(webroot.join("bundle.tblb")).expect("there is a webroot");
                assert!((1..=2).contains(&TrustBlob::open(&bundle).unwrap().len()));
                looks += 1;
            }
            looks
        });
        for count in [2, 1, 2, 1, 2] {
            write(&webroot, &roots(count));
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    assert!(looks > 0);
}
