//! Every form of a list gives the same blob, and what is no list is refused.

use std::fs;

use jit_trust_bundle::{
    BlobOptions, Form, Input, KeyEntries, MAX_INPUT_LEN, Policy, Replace, read, write_webroot,
};

use crate::fixture::*;

#[test]
fn mozilla_s_list_gives_the_same_blob_in_every_form() {
    let directory = tempfile::tempdir().unwrap();
    let list = read(&[Input::Mozilla], Policy::Strict).unwrap();
    let roots = list.roots();
    assert_eq!(roots.len(), webpki_root_certs::TLS_SERVER_ROOT_CERTS.len());
    let expected = blob_v1(roots);

    let of_files = directory.path().join("files");
    fs::create_dir(&of_files).unwrap();
    for (at, root) in roots.iter().enumerate() {
        let content = match at % 2 {
            0 => der_of(root).to_vec(),
            _ => pem_of(std::slice::from_ref(root)).into_bytes(),
        };
        fs::write(of_files.join(format!("{at:03}")), content).unwrap();
    }
    let webroot = directory.path().join("webroot");
    write_webroot(
        &webroot,
        roots,
        GENERATION,
        BlobOptions::default(),
        KeyEntries::Links,
        Replace::UnlessNewer,
    )
    .unwrap();

    let listed = all_trusted(roots);
    for (input, form) in [
        (content(pem_of(roots)), Form::Pem),
        (content(certdata(&listed)), Form::Certdata),
        (content(ccadb(&listed)), Form::Ccadb),
        (content(expected.clone()), Form::Blob),
        (Input::Path(of_files), Form::Directory),
        (Input::Path(webroot), Form::Webroot),
    ] {
        let list = read(&[input], Policy::Strict).unwrap();
        assert_eq!(list.sources()[0].form, form);
        assert!(blob_v1(list.roots()) == expected, "{form:?}");
    }
}

#[test]
fn one_certificate_in_der_is_a_list() {
    let roots = roots(1);
    let list = read_strictly(der_of(&roots[0]).to_vec()).unwrap();
    assert_eq!((list.roots(), list.sources()[0].form), (&roots[..], Form::Der));
}

#[test]
fn forms_that_carry_no_conditions_say_so() {
    let roots = roots(1);
    let silent = |input: String| read_strictly(input).unwrap().notes().is_empty();
    assert!(!silent(pem_of(&roots)));
    assert!(silent(certdata(&all_trusted(&roots))));
    assert!(silent(ccadb(&all_trusted(&roots))));
}

#[test]
fn what_is_no_list_is_refused_with_what_was_expected() {
    let forms = "expected a PEM, DER, PKCS #7, p11-kit, certdata.txt, CCADB CSV or trust blob";
    assert_eq!(refusal(read_strictly("")), format!("list: empty: {forms}"));
    for text in [
        "hello\n",
        "0123456789",
        "%PDF-1.7",
        "\0\0\0\0",
        "BEGIN CERTIFICATE",
    ] {
        assert_eq!(
            refusal(read_strictly(text)),
            format!("list: not recognised, line 1, byte 0: {forms}")
        );
    }
    let der = der_of(&roots(1)[0]).to_vec();
    let error = refusal(read_strictly(&der[..der.len() - 1]));
    assert!(
        error.starts_with("list: certificate 1: not a certificate: expected "),
        "{error}"
    );
    let mut blob = blob_v1(&roots(3));
    blob.pop();
    let error = refusal(read_strictly(blob));
    assert!(
        error.starts_with("list: truncated trust blob: expected "),
        "{error}"
    );
}

#[test]
fn an_input_that_is_too_long_is_not_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("long");
    fs::File::create(&path)
        .unwrap()
        .set_len(MAX_INPUT_LEN + 1)
        .unwrap();
    let error = refusal(read_path(&path));
    assert_eq!(
        error,
        format!("{}: too long: expected at most 67108864 bytes", path.display())
    );
}

#[cfg(unix)]
#[test]
fn devices_and_pipes_are_not_waited_for() {
    use std::process::Command;

    let directory = tempfile::tempdir().unwrap();
    let pipe = directory.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for path in [pipe.as_path(), "/dev/zero".as_ref()] {
        let error = refusal(read_path(path));
        assert_eq!(
            error,
            format!(
                "{}: a pipe, device or socket: expected a file or directory",
                path.display()
            )
        );
    }
    let error = refusal(read_path(directory.path()));
    assert!(
        error.ends_with("passed over: 1 pipe, device or socket (pipe)"),
        "{error}"
    );
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let error = refusal(read_path("no/such\u{1b}file".as_ref()));
    assert!(error.starts_with(r"no/such\u{1b}file: cannot read: "), "{error}");
}
