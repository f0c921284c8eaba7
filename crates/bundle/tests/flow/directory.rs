//! Directories of certificates.

use std::fs;

use jit_trust_bundle::{Input, Policy, read};

use crate::fixture::*;

#[test]
fn files_are_read_in_the_order_of_their_names() {
    let directory = tempfile::tempdir().unwrap();
    let roots = roots(4);
    fs::write(directory.path().join("b.der"), der_of(&roots[2])).unwrap();
    fs::write(directory.path().join("c"), pem_of(&roots[3..])).unwrap();
    fs::write(directory.path().join("a.crt"), pem_of(&roots[..2])).unwrap();
    assert_eq!(read_path(directory.path()).unwrap().roots(), roots);
}

#[test]
fn anything_else_in_it_is_an_error_or_listed() {
    let directory = tempfile::tempdir().unwrap();
    let roots = roots(1);
    fs::write(directory.path().join("root.pem"), pem_of(&roots)).unwrap();
    fs::write(directory.path().join("README"), "read me").unwrap();
    fs::create_dir(directory.path().join("more")).unwrap();
    let error = refusal(read_path(directory.path()));
    let readme = directory.path().join("README");
    assert_eq!(
        error,
        format!(
            "{}: not recognised: in a directory, expected only PEM and DER files",
            readme.display()
        )
    );
    let list = read(&[Input::Path(directory.path().to_owned())], Policy::SkipInvalid).unwrap();
    assert_eq!(list.roots(), roots);
    let left_out: Vec<_> = list.left_out().iter().map(ToString::to_string).collect();
    assert_eq!(left_out[0], error);
    assert!(left_out[1].ends_with("more: a directory in a directory: expected only PEM and DER files"));
}

#[test]
fn a_broken_certificate_is_named_with_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("broken.pem");
    fs::write(&path, pem_of(&roots(2)).replacen("MII", "M!I", 1)).unwrap();
    let error = refusal(read_path(directory.path()));
    assert_eq!(
        error,
        format!("{}: certificate 1, line 2: expected Base64", path.display())
    );
}

#[test]
fn an_empty_directory_is_said_to_have_no_certificate() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().display();
    for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
        let error = refusal(read(&[Input::Path(directory.path().to_owned())], policy));
        let expected = format!("{path}: no certificate in it: expected PEM or DER files");
        assert_eq!(error, expected);
    }
    // What was left out was there.
    fs::write(directory.path().join("README"), "read me").unwrap();
    let error = refusal(read(
        &[Input::Path(directory.path().to_owned())],
        Policy::SkipInvalid,
    ));
    assert!(error.starts_with(&format!("{path}: no root left")), "{error}");
}

#[cfg(unix)]
#[test]
fn a_directory_without_rights_is_named() {
    use std::os::unix::fs::PermissionsExt;

    let directory = tempfile::tempdir().unwrap();
    let closed = directory.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read_dir(&closed).is_ok() {
        eprintln!("skipped: this user has all rights");
        return;
    }
    let error = refusal(read_path(&closed));
    assert!(
        error.starts_with(&format!("{}: cannot read: ", closed.display())),
        "{error}"
    );
}
