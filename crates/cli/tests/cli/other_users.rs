//! Another user of the machine, who may create files where a privileged one writes: each test has that user do it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

use crate::remote::Remote;
use crate::support::{Lab, hello_server, jit_trust, run};

const OTHER: u32 = 65534;

/// Has the other user run a program. Only root can; other users' tests of this are skipped.
fn other_user(program: &str, args: &[&Path]) -> bool {
    let mut command = Command::new("setpriv");
    let id = OTHER.to_string();
    command.args([
        &format!("--reuid={id}"),
        &format!("--regid={id}"),
        "--clear-groups",
    ]);
    command.arg(program).args(args).status().unwrap().success()
}

fn is_root(base: &Path) -> bool {
    let is_root = fs::metadata(base).unwrap().uid() == 0;
    if !is_root {
        eprintln!("skipped: this user cannot run anything as another one");
    }
    is_root
}

/// A directory that both users may create files in, and a program of the first one's with the set-user-ID bit.
fn shared(base: &Path, mode: u32) -> (PathBuf, PathBuf) {
    fs::set_permissions(base, Permissions::from_mode(0o755)).unwrap();
    let (directory, program) = (base.join("shared"), base.join("program"));
    fs::create_dir(&directory).unwrap();
    fs::set_permissions(&directory, Permissions::from_mode(mode)).unwrap();
    fs::write(&program, "program").unwrap();
    fs::set_permissions(&program, Permissions::from_mode(0o4755)).unwrap();
    (directory, program)
}

fn is_as_it_was(program: &Path) {
    assert_eq!(fs::read_to_string(program).unwrap(), "program");
    assert_eq!(fs::metadata(program).unwrap().mode() & 0o7777, 0o4755);
}

#[test]
fn a_link_that_is_put_in_the_files_place_while_the_body_comes_gets_nothing() {
    for (mode, is_there_before) in [(0o777, false), (0o1777, false), (0o777, true)] {
        let root = Ca::root("Lab Root A");
        let lab = Lab::trusting(&[&root]);
        if !is_root(&lab.path(".")) {
            return;
        }
        let (directory, program) = shared(&lab.path("."), mode);
        let path = directory.join("x");
        if is_there_before {
            fs::write(&path, "before").unwrap();
        }
        // The request has been made, so the file is begun; the body waits for the attack.
        let attack = {
            let (path, program) = (path.clone(), program.clone());
            move || {
                assert!(!is_there_before || other_user("rm", &["-f".as_ref(), &path]));
                assert!(other_user("ln", &["-s".as_ref(), &program, &path]));
                Response::ok("hostile")
            }
        };
        let leaf = root.leaf("a.test");
        let server = Server::builder()
            .site("a.test", leaf.key(), leaf.chain(&[]), move |_| attack())
            .start();
        run(lab.get(&server.url("a.test", "/"), "").arg("-o").arg(&path))
            .ends_with(1)
            .says_one_line()
            .says("shared/x: not written: another program created, replaced or removed it in the meantime");
        is_as_it_was(&program);
        assert_eq!(fs::symlink_metadata(&path).unwrap().uid(), OTHER);
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 1, "nothing is left");
    }
}

#[test]
fn what_is_replaced_lends_its_owners_rights_no_longer() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let (directory, program) = shared(&lab.path("."), 0o755);
    let link = directory.join("own");
    symlink(&program, &link).unwrap();
    run(lab.get(&server.url("a.test", "/"), "").arg("-o").arg(&link)).ends_with(0);
    assert!(link.is_symlink());
    assert_eq!(fs::read(&program).unwrap(), b"hello");
    assert_eq!(fs::metadata(&program).unwrap().mode() & 0o7777, 0o755);
}

/// Every command that writes what a user names, by the option that names it.
fn writers(lab: &Lab, server: &Server) -> Vec<(&'static str, Command)> {
    let (roots, list) = (lab.path("roots.pem"), lab.write("list.txt", "a.test\n"));
    let bundle = || {
        let mut command = jit_trust(["bundle", "--generated-at", "1"]);
        command.arg(&roots);
        command
    };
    let mut explain = jit_trust(["explain", "--host", "a.test", "--trust"]);
    explain.arg(&roots).arg(&roots);
    let mut compat = jit_trust(["compat", "--trust"]);
    compat.arg(&roots).arg(list);
    vec![
        ("--output", lab.get(&server.url("a.test", "/"), "")),
        ("--output", explain),
        ("--output", compat),
        ("--blob", bundle()),
        ("--c-array", bundle()),
        ("--webroot", bundle()),
    ]
}

#[test]
fn no_command_writes_through_a_link_that_another_user_has_planted_in_a_shared_directory() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    if !is_root(&lab.path(".")) {
        return;
    }
    lab.write("roots.pem", root.pem());
    let server = hello_server("a.test", &root);
    let (directory, program) = shared(&lab.path("."), 0o1777);
    let (link, folder) = (directory.join("x"), directory.join("folder"));
    assert!(other_user("ln", &["-s".as_ref(), &program, &link]));
    assert!(other_user("ln", &["-s".as_ref(), &lab.path("."), &folder]));
    for (option, command) in writers(&lab, &server) {
        for (path, name) in [(link.clone(), "x"), (folder.join("new"), "folder")] {
            let mut command = with_args_of(&command);
            run(command.arg(option).arg(&path))
                .ends_with(1)
                .says_one_line()
                .says(&format!(
                    "shared/{name}: refused: this link belongs to another user (uid 65534)"
                ));
        }
    }
    is_as_it_was(&program);
    assert_eq!(
        server.connections(),
        0,
        "it is found out before anything is asked for"
    );
    assert!(!lab.path("new").exists());
}

fn with_args_of(command: &Command) -> Command {
    let mut same = jit_trust(command.get_args());
    same.current_dir("/");
    same
}

#[test]
fn a_file_or_pipe_that_another_user_has_planted_in_a_sticky_directory_gets_nothing() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    if !is_root(&lab.path(".")) {
        return;
    }
    let server = hello_server("a.test", &root);
    let (directory, _) = shared(&lab.path("."), 0o1777);
    let (file, pipe) = (directory.join("file"), directory.join("pipe"));
    assert!(other_user("touch", &[&file]));
    assert!(other_user("mkfifo", &[&pipe]));
    let _held = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    for (path, what) in [(&file, "file"), (&pipe, "pipe or device")] {
        run(lab.get(&server.url("a.test", "/"), "").arg("-o").arg(path))
            .ends_with(1)
            .says_one_line()
            .says(&format!(
                "refused: this {what} belongs to another user (uid 65534)"
            ));
    }
    assert_eq!(fs::metadata(&file).unwrap().len(), 0);
    assert_eq!(server.connections(), 0);
}

#[test]
fn a_host_cache_of_another_user_is_neither_used_nor_replaced() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    if !is_root(&remote.path(".")) {
        return;
    }
    let server = hello_server("a.test", &root);
    let (directory, program) = shared(&remote.path("."), 0o1777);
    let (file, link) = (directory.join("hosts"), directory.join("link"));
    // A good one, made by the program itself; then it is the other user's.
    let get = |cache: &Path| {
        let mut get = remote.get(&server.url("a.test", "/"), "");
        run(get.arg("--cache").arg(cache)).ends_with(0)
    };
    let shown = |cache: &Path| run(jit_trust(["cache", "show"]).arg(cache));
    get(&file);
    let copy = remote.write("copy", fs::read(&file).unwrap());
    fs::set_permissions(&copy, Permissions::from_mode(0o644)).unwrap();
    fs::remove_file(&file).unwrap();
    assert!(other_user("cp", &[&copy, &file]));
    assert!(other_user("ln", &["-s".as_ref(), &program, &link]));

    for (path, what) in [(&file, "file"), (&link, "link")] {
        let got = get(path).says_one_line().says(&format!(
            "this {what} belongs to another user (uid 65534) and others may have put it there: remove it, or name a file"
        ));
        assert_eq!(got.stdout, "hello");
        assert_eq!(fs::symlink_metadata(path).unwrap().uid(), OTHER);
        shown(path)
            .ends_with(2)
            .says_one_line()
            .says("belongs to another user (uid 65534)");
        for options in [&["cache", "clear"][..], &["cache", "clear", "--generations"]] {
            run(jit_trust(options).arg(path)).ends_with(2);
        }
    }
    assert_eq!(fs::read(&file).unwrap(), fs::read(&copy).unwrap());
    is_as_it_was(&program);

    // Generations of another user's are an error: what was seen cannot be told.
    let (hosts, guard) = (directory.join("new"), directory.join("new.generations"));
    assert!(other_user("touch", &[&guard]));
    let before = server.connections();
    let mut get = remote.get(&server.url("a.test", "/"), "");
    run(get.arg("--cache").arg(&hosts))
        .ends_with(2)
        .says_one_line()
        .says("new.generations: refused: this file belongs to another user (uid 65534)");
    assert_eq!(server.connections(), before);
    assert_eq!(fs::metadata(&guard).unwrap().len(), 0);
}

#[test]
fn a_host_cache_that_others_may_write_to_begins_anew_and_a_link_is_not_followed() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let server = hello_server("a.test", &root);
    let (file, link) = (remote.path("hosts"), remote.path("link"));
    let get = |cache: &Path| {
        let mut get = remote.get(&server.url("a.test", "/"), "");
        run(get.arg("--cache").arg(cache)).ends_with(0)
    };
    get(&file);
    let kept = fs::read(&file).unwrap();
    symlink(&file, &link).unwrap();
    let shown = |cache: &Path| run(jit_trust(["cache", "show"]).arg(cache));
    shown(&link).ends_with(2).says("a link: expected a regular file");
    for mode in [0o620, 0o602] {
        fs::set_permissions(&file, Permissions::from_mode(mode)).unwrap();
        shown(&file).ends_with(2).says("others may write to it");
    }
    get(&link)
        .says_one_line()
        .says("a link: expected a regular file; the host cache begins anew");
    assert_eq!(fs::read(&file).unwrap(), kept);
    get(&file)
        .says_one_line()
        .says("others may write to it: expected a file that only its user");
}
