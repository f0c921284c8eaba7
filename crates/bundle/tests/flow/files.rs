//! Blobs and webroots are written whole or not at all.

use std::fs;
use std::path::Path;

use jit_trust_bundle::{BlobOptions, BlobVersion, Replace, encode_blob, write_blob};

use crate::fixture::{GENERATION, roots};

#[test]
fn a_blob_of_a_newer_generation_is_replaced_only_when_a_user_insists() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    let blob_of = |generation| encode_blob(&roots(1), generation, BlobOptions::default()).unwrap();
    let (old, new) = (blob_of(GENERATION - 1), blob_of(GENERATION));
    for (existing, replaced_by) in [(None, &new), (Some(&new), &new), (Some(&old), &new)] {
        if let Some(existing) = existing {
            fs::write(&path, &existing.bytes).unwrap();
        }
        write_blob(&path, replaced_by, Replace::UnlessNewer).unwrap();
        assert_eq!(fs::read(&path).unwrap(), replaced_by.bytes);
    }
    let error = write_blob(&path, &old, Replace::UnlessNewer).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "{}: not replaced: it was made at 2026-05-01T00:00:00Z (1777593600), and the new one is of \
             2026-04-30T23:59:59Z (1777593599): expected no older one",
            path.display()
        )
    );
    assert_eq!(fs::read(&path).unwrap(), new.bytes);
    write_blob(&path, &old, Replace::Always).unwrap();
    assert_eq!(fs::read(&path).unwrap(), old.bytes);

    // Of what is no blob, or a damaged one, nothing is known.
    for other in [&b"text"[..], b"", &new.bytes[..new.bytes.len() - 1]] {
        fs::write(&path, other).unwrap();
        write_blob(&path, &old, Replace::UnlessNewer).unwrap();
        assert_eq!(fs::read(&path).unwrap(), old.bytes);
    }
}

#[test]
fn a_blob_of_a_version_that_is_not_known_is_replaced_only_when_a_user_insists() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("roots.tblb");
    let new = encode_blob(&roots(1), GENERATION, BlobOptions::default()).unwrap();
    let mut unknown = new.bytes.clone();
    unknown[5] = 99;
    fs::write(&path, &unknown).unwrap();
    let error = write_blob(&path, &new, Replace::UnlessNewer).unwrap_err();
    assert!(
        error.to_string().contains("a trust blob of version 99"),
        "{error}"
    );
    assert_eq!(fs::read(&path).unwrap(), unknown);
    write_blob(&path, &new, Replace::Always).unwrap();
    assert_eq!(fs::read(&path).unwrap(), new.bytes);
}

#[test]
fn a_blob_of_one_version_does_not_replace_a_newer_one_of_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("blob");
    let of = |version, generation| {
        let options = BlobOptions::default().with_version(version);
        encode_blob(&roots(1), generation, options).unwrap()
    };
    for (found, new) in [
        (BlobVersion::V1, BlobVersion::V2),
        (BlobVersion::V2, BlobVersion::V1),
    ] {
        write_blob(&path, &of(found, GENERATION), Replace::Always).unwrap();
        let error = write_blob(&path, &of(new, GENERATION - 1), Replace::UnlessNewer).unwrap_err();
        assert!(error.to_string().contains("expected no older one"), "{error}");
        write_blob(&path, &of(new, GENERATION), Replace::UnlessNewer).unwrap();
        assert_eq!(fs::read(&path).unwrap(), of(new, GENERATION).bytes);
    }
}

#[cfg(unix)]
mod unix {
    use std::process::Command;

    use super::*;

    /// Set in the process that runs into the limit.
    const LIMITED: &str = "JIT_TRUST_TEST_WRITES_WITHIN_A_LIMIT";

    #[test]
    fn a_webroot_that_runs_out_of_room_leaves_the_old_one_and_no_other() {
        use jit_trust_bundle::{KeyEntries, write_webroot};

        if let Some(path) = std::env::var_os(LIMITED) {
            let written = write_webroot(
                path.as_ref(),
                &roots(100),
                GENERATION,
                BlobOptions::default(),
                KeyEntries::Links,
                Replace::UnlessNewer,
            );
            assert!(written.unwrap_err().to_string().contains(": cannot write: "));
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("webroot");
        write_webroot(
            &path,
            &roots(1),
            GENERATION,
            BlobOptions::default(),
            KeyEntries::Links,
            Replace::UnlessNewer,
        )
        .unwrap();
        let index = fs::read(path.join("index.json")).unwrap();
        assert!(within_a_limit(
            "a_webroot_that_runs_out_of_room_leaves_the_old_one_and_no_other",
            LIMITED,
            &path
        ));
        assert_eq!(fs::read(path.join("index.json")).unwrap(), index);
        assert_eq!(
            fs::read_dir(directory.path()).unwrap().count(),
            2,
            "the link and what it leads to"
        );
    }

    /// Runs one of these tests in a process whose files may have a few kilobytes only.
    fn within_a_limit(test: &str, variable: &str, path: &Path) -> bool {
        Command::new("sh")
            .args(["-c", "ulimit -f 16 && trap '' XFSZ && exec \"$0\" --exact \"$1\""])
            .arg(std::env::current_exe().unwrap())
            .arg(format!("files::unix::{test}"))
            .env(variable, path)
            .output()
            .is_ok_and(|output| {
                let ran = String::from_utf8_lossy(&output.stdout).contains("1 passed");
                output.status.success() && ran
            })
    }
}
