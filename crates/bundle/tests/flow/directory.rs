//! Directories of certificates.

use std::fs;

use jit_trust_bundle::{Input, MAX_INPUT_LEN, NoteKind, Policy, read};
use jit_trust_lab::pki::{Leaf, pem};

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

/// What a system has in such a directory, and what of it is no certificate.
#[cfg(unix)]
#[test]
fn a_systems_directory_is_read_past_what_is_no_certificate_with_one_line() {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixListener;

    let directory = tempfile::tempdir().unwrap();
    let at = |name: &str| directory.path().join(name);
    let roots = roots(3);
    for (name, root) in ["one.pem", "two.crt"].iter().zip(&roots) {
        fs::write(at(name), pem_of(std::slice::from_ref(root))).unwrap();
    }
    fs::write(at("three.der"), der_of(&roots[2])).unwrap();
    // The same again: as OpenSSL finds them, in one file, and as a copy.
    symlink("one.pem", at("0a0b0c0d.0")).unwrap();
    symlink("two.crt", at("0a0b0c0d.1")).unwrap();
    fs::write(at("ca-certificates.crt"), pem_of(&roots)).unwrap();
    fs::copy(at("one.pem"), at("copy.pem")).unwrap();

    fs::create_dir(at("java")).unwrap();
    fs::write(at("java").join("unread.pem"), "-----BEGIN CERTIFICATE-----").unwrap();
    symlink("../gone.crt", at("gone.pem")).unwrap();
    symlink("circle.1", at("circle.0")).unwrap();
    symlink("circle.0", at("circle.1")).unwrap();
    symlink("one.pem/through-a-file", at("through")).unwrap();
    let _socket = UnixListener::bind(at("socket")).unwrap();
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe.pem"), rustix::fs::Mode::RUSR).unwrap();
    symlink("/dev/zero", at("endless.pem")).unwrap();
    fs::write(at("README"), "see the manual").unwrap();
    fs::write(at("empty"), "").unwrap();
    fs::write(at("0a0b0c0d.signing_policy"), "access_id_CA X509 '/CN=x'").unwrap();
    fs::write(
        at("0a0b0c0d.r0"),
        "-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n",
    )
    .unwrap();
    fs::write(
        at("key.pem"),
        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n",
    )
    .unwrap();
    fs::write(
        at("key.der"),
        [&b"\x30\x82\x01\x00\x02\x01\x00\x30"[..], &[0; 252]].concat(),
    )
    .unwrap();
    fs::write(at("photo"), [0xff, 0xd8, 0xff, 0xe0]).unwrap();
    let not_utf_8 = std::ffi::OsStr::from_bytes(b"caf\xe9");
    fs::write(directory.path().join(not_utf_8), "no certificate").unwrap();
    fs::write(
        at("with-key.pem"),
        format!(
            "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{}",
            pem_of(&roots[..1])
        ),
    )
    .unwrap();

    for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
        let list = read(&[Input::Path(directory.path().to_owned())], policy).unwrap();
        assert_eq!(list.roots().len(), 3);
        assert!(roots.iter().all(|root| list.roots().contains(root)));
        assert!(list.left_out().is_empty());
        let notes = list
            .notes()
            .iter()
            .filter(|note| matches!(note.kind, NoteKind::PassedOver(_)));
        let notes: Vec<_> = notes.map(ToString::to_string).collect();
        let expected = format!(
            "{}: passed over: 1 directory (java), 4 links that lead nowhere (circle.0, …), \
             3 pipes, devices or sockets (endless.pem, …), \
             8 files without a certificate (0a0b0c0d.r0, …), \
             3 PEM sections that are not certificates (0a0b0c0d.r0, …), 7 copies (ca-certificates.crt, …)",
            directory.path().display()
        );
        assert_eq!(notes, [expected]);
        let others = list
            .notes()
            .iter()
            .filter(|note| !matches!(note.kind, NoteKind::PassedOver(_)));
        assert!(
            others
                .into_iter()
                .all(|note| note.kind == NoteKind::CarriesNoConditions)
        );
    }
}

/// An empty file or other content under such a name may be a certificate that was cut off or written over.
#[test]
fn a_file_that_is_not_what_its_name_says_is_counted_apart() {
    for (name, content) in [
        ("a.crt", ""),
        ("a.PEM", "<html>"),
        ("0a0b0c0d.12", "text"),
        ("a.der", "\0"),
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("root.pem"), pem_of(&roots(1))).unwrap();
        fs::write(directory.path().join(name), content).unwrap();
        let list = read_path(directory.path()).unwrap();
        let NoteKind::PassedOver(passed_over) = &list.notes()[1].kind else {
            panic!("{:?}", list.notes());
        };
        assert!(passed_over.may_hold_certificates() && passed_over.count() == 1);
        assert_eq!(
            passed_over.to_string(),
            format!("passed over: 1 file without a certificate that has the name of one ({name})")
        );
    }
}

/// Each of these would change what is trusted, or until when, if it were passed over.
#[test]
fn what_may_be_a_certificate_or_carry_conditions_is_not_passed_over() {
    let roots = roots(2);
    let second = || std::slice::from_ref(&roots[1]);
    let in_utf_16 = |pem: &str, to_bytes: fn(u16) -> [u8; 2]| -> Vec<u8> {
        let units = "\u{feff}".encode_utf16().chain(pem.encode_utf16());
        units.flat_map(to_bytes).collect()
    };
    let pem = pem_of(second());
    let bare_base64: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = der_of(&roots[1]);
    for (damaged, expected) in [
        (pem.replacen("MII", "M!I", 1).into_bytes(), "expected Base64"),
        (
            pem.replace("-----END", "----END").into_bytes(),
            "expected -----END CERTIFICATE-----",
        ),
        (
            pem.replace("-----BEGIN", "----BEGIN").into_bytes(),
            "expected -----BEGIN CERTIFICATE-----",
        ),
        (
            pem.as_bytes()[..pem.len() / 2].to_vec(),
            "expected -----END CERTIFICATE-----",
        ),
        (in_utf_16(&pem, u16::to_le_bytes), "neither PEM nor DER"),
        (in_utf_16(&pem, u16::to_be_bytes), "neither PEM nor DER"),
        (bare_base64.into_bytes(), "neither PEM nor DER"),
        (
            [&b"\x30\x80"[..], &der[4..], b"\0\0"].concat(),
            "neither PEM nor DER",
        ),
        (der[..der.len() - 1].to_vec(), "not a certificate"),
        (blob(second()), "may say more of them than PEM can"),
        (blob_v1(second()), "may say more of them than PEM can"),
        (
            certdata(&all_trusted(second())).into_bytes(),
            "may say more of them than PEM can",
        ),
        (
            ccadb(&all_trusted(second())).into_bytes(),
            "may say more of them than PEM can",
        ),
    ] {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("root.pem"), pem_of(&roots[..1])).unwrap();
        fs::write(directory.path().join("README"), "read me").unwrap();
        let path = directory.path().join("other");
        fs::write(&path, damaged).unwrap();
        let error = refusal(read_path(directory.path()));
        assert!(error.starts_with(&path.display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}");
        // What may be left out by the policy is listed.
        let list = read(&[Input::Path(directory.path().to_owned())], Policy::SkipInvalid).unwrap();
        assert_eq!(list.left_out()[0].to_string(), error);
    }
}

/// Debian's ssl-cert puts a server's certificate there.
#[test]
fn a_certificate_of_no_ca_is_passed_over_where_a_list_is_made() {
    let directory = tempfile::tempdir().unwrap();
    let server = Leaf::builder(&["a.test"]).self_signed();
    fs::write(directory.path().join("root.pem"), pem_of(&roots(1))).unwrap();
    fs::write(directory.path().join("snakeoil.pem"), pem(&[server.der()])).unwrap();
    let list = read_path(directory.path()).unwrap();
    assert_eq!(list.roots(), roots(1));
    assert!(list.notes().iter().any(|note| {
        note.to_string()
            .ends_with("passed over: 1 certificate that says it is not a CA's (snakeoil.pem)")
    }));
    let store = read(&[Input::Path(directory.path().to_owned())], Policy::Store).unwrap();
    assert_eq!(store.roots().len(), 2);
    // Named, it refuses.
    assert!(read_path(&directory.path().join("snakeoil.pem")).is_err());
}

/// Bytes that were never read are no reason to refuse the rest; the work is bounded all the same.
#[test]
fn a_huge_file_is_passed_over_and_many_long_ones_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let sparse = |name: &str, len| {
        let file = fs::File::create(directory.path().join(name)).unwrap();
        file.set_len(len).unwrap();
    };
    fs::write(directory.path().join("root.pem"), pem_of(&roots(1))).unwrap();
    sparse("image", 1 << 40);
    let list = read_path(directory.path()).unwrap();
    assert_eq!(list.roots(), roots(1));
    assert!(
        list.notes()[1]
            .to_string()
            .ends_with("passed over: 1 file longer than any list of roots (image)")
    );
    sparse("a", MAX_INPUT_LEN);
    sparse("b", 1);
    let error = refusal(read_path(directory.path()));
    assert!(
        error.ends_with("too long: expected at most 67108864 bytes"),
        "{error}"
    );
}

/// A certificate is read once, however many names lead to it.
#[cfg(unix)]
#[test]
fn a_directory_of_100_000_names_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let roots = roots(1);
    fs::write(directory.path().join("root.pem"), pem_of(&roots)).unwrap();
    for index in 0..100_000 {
        std::os::unix::fs::symlink("root.pem", directory.path().join(format!("{index:08x}.0"))).unwrap();
    }
    let list = read_path(directory.path()).unwrap();
    assert_eq!(list.roots(), roots);
    assert!(
        list.notes()[1]
            .to_string()
            .ends_with("passed over: 100000 copies (00000001.0, …)"),
        "{}",
        list.notes()[1]
    );
}

/// Files come and go while a directory is read. What stays is always there.
#[cfg(unix)]
#[test]
fn files_that_vanish_meanwhile_do_no_harm() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let directory = tempfile::tempdir().unwrap();
    let roots = roots(2);
    fs::write(directory.path().join("stays.pem"), pem_of(&roots[..1])).unwrap();
    let (goes, pem) = (directory.path().join("goes.pem"), pem_of(&roots[1..]));
    let beside = directory.path().join("goes.new");
    let is_over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                fs::write(&beside, &pem).unwrap();
                fs::rename(&beside, &goes).unwrap();
                fs::remove_file(&goes).unwrap();
                std::os::unix::fs::symlink("nowhere", &goes).unwrap();
                fs::remove_file(&goes).unwrap();
            }
        });
        for _ in 0..500 {
            // Half-written files are refused by this policy, and listed by that.
            let list = read(&[Input::Path(directory.path().to_owned())], Policy::SkipInvalid);
            assert!(list.unwrap().roots().contains(&roots[0]));
        }
        is_over.store(true, Ordering::Relaxed);
    });
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
    // What is there instead is said: it may be what was meant.
    fs::create_dir(directory.path().join("mozilla")).unwrap();
    for policy in [Policy::Strict, Policy::SkipInvalid, Policy::Store] {
        let error = refusal(read(&[Input::Path(directory.path().to_owned())], policy));
        assert_eq!(
            error,
            format!(
                "{path}: no certificate in it: expected PEM or DER files; passed over: 1 directory (mozilla)"
            )
        );
    }
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
