//! Where the body goes, and what is left when it does not get there.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

use crate::support::{Lab, hello_server, run, run_to, with_hang_up};

fn serving(root: &Ca, response: impl Fn() -> Response + Send + Sync + 'static) -> Server {
    let leaf = root.leaf("a.test");
    Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), move |_| response())
        .start()
}

/// What is in the directory beside the store.
fn files(lab: &Lab) -> Vec<String> {
    let directory = std::fs::read_dir(lab.path(".")).unwrap();
    let names = directory.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name != "trust.tblb").collect()
}

fn output(lab: &Lab, server: &Server, path: &Path, options: &str) -> std::process::Command {
    let mut command = lab.get(&server.url("a.test", "/"), options);
    command.arg("-o").arg(path);
    command
}

#[test]
fn a_file_gets_the_body_and_stdout_nothing() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let path = lab.path("body");
    let got = run(&mut output(&lab, &server, &path, "")).ends_with(0);
    assert_eq!((got.stdout.as_str(), got.stderr.as_str()), ("", ""));
    assert_eq!(std::fs::read(&path).unwrap(), b"hello");
    assert_eq!(files(&lab), ["body"]);
    let dash = run(&mut output(&lab, &server, Path::new("-"), "")).ends_with(0);
    assert_eq!(dash.stdout, "hello");
}

#[cfg(unix)]
#[test]
fn a_replaced_file_keeps_its_permissions_and_a_link_stays_one() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let (file, link) = (lab.write("file", "before"), lab.path("link"));
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("file", &link).unwrap();
    run(&mut output(&lab, &server, &link, "")).ends_with(0);
    assert!(link.is_symlink());
    assert_eq!(std::fs::read(&file).unwrap(), b"hello");
    assert_eq!(std::fs::metadata(&file).unwrap().mode() & 0o777, 0o640);
}

#[test]
fn a_body_that_breaks_off_leaves_nothing_new() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || Response::ok("x".repeat(50_000)).cut_after(20_000));
    for option in ["--http1.1", "--http2"] {
        let fresh = lab.path("fresh");
        run(&mut output(&lab, &server, &fresh, option))
            .ends_with(1)
            .says_one_line()
            .says("reading the body: ");
        assert_eq!(files(&lab), Vec::<String>::new());
        let old = lab.write("old", "before");
        run(&mut output(&lab, &server, &old, option)).ends_with(1);
        assert_eq!(std::fs::read(&old).unwrap(), b"before");
        std::fs::remove_file(old).unwrap();
    }
}

#[test]
fn fail_turns_a_status_into_a_failure_without_a_body() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || Response::status(404).body("not here"));
    let url = server.url("a.test", "/");
    assert_eq!(run(&mut lab.get(&url, "")).ends_with(0).stdout, "not here");
    let failed = run(&mut lab.get(&url, "-f"))
        .ends_with(1)
        .says("the server answered 404 Not Found");
    assert_eq!(failed.stdout, "");
    let path = lab.path("body");
    run(&mut output(&lab, &server, &path, "--fail")).ends_with(1);
    assert!(!path.exists());
}

#[test]
fn outputs_that_cannot_be_written_are_named() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let nowhere = lab.path("no/such/directory");
    run(&mut output(&lab, &server, &nowhere, ""))
        .ends_with(1)
        .says_one_line()
        .says("no/such: cannot create a file in it: No such file or directory (os error 2)\n");
    run(&mut output(&lab, &server, &lab.path("newdir/"), ""))
        .ends_with(1)
        .says_one_line()
        .says("newdir/: a directory: expected a file");
    let directory = lab.path(".");
    run(&mut output(&lab, &server, &directory, ""))
        .ends_with(1)
        .says_one_line();
    assert_eq!(
        server.connections(),
        0,
        "it is found out before anything is asked for"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn devices_are_written_to_and_a_full_one_is_an_error() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    run(&mut output(&lab, &server, Path::new("/dev/null"), "")).ends_with(0);
    assert!(
        Path::new("/dev/null")
            .metadata()
            .is_ok_and(|device| !device.is_file())
    );
    run(&mut output(&lab, &server, Path::new("/dev/full"), ""))
        .ends_with(1)
        .says("/dev/full: cannot write");
    let mut get = lab.get(&server.url("a.test", "/"), "");
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let ended = get
        .stdout(full)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
        .wait_with_output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        String::from_utf8(ended.stderr)
            .unwrap()
            .contains("stdout: cannot write")
    );
}

#[test]
fn a_reader_that_has_seen_enough_ends_it_quietly() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || Response::ok("x".repeat(4 << 20)));
    let mut get = lab.get(&server.url("a.test", "/"), "");
    let mut running = get.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0];
    running.stdout.take().unwrap().read_exact(&mut first).unwrap();
    let ended = running.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr.as_slice()), (Some(0), &[][..]));
}

/// Sends a signal, by the shell's own `kill`: a small system need not have a program of that name.
#[cfg(unix)]
fn signal(running: &std::process::Child, name: &str) {
    let mut shell = std::process::Command::new("sh");
    let kill = shell.args(["-c", "kill -s \"$0\" \"$1\"", name, &running.id().to_string()]);
    assert!(kill.status().unwrap().success());
}

#[cfg(unix)]
#[test]
fn a_signal_removes_what_was_begun() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || {
        Response::ok("x".repeat(50_000)).chunked(1000, Duration::from_millis(100))
    });
    for (name, status) in [("INT", 130), ("TERM", 143)] {
        let requests = server.requests();
        let running = output(&lab, &server, &lab.path("body"), "")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        while server.requests() == requests {
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&running, name);
        let ended = running.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(status), "{ended:?}");
        assert_eq!(files(&lab), Vec::<String>::new());
    }
}

#[test]
fn header_fields_are_added_replaced_and_left_out() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    for option in ["--http1.1", "--http2"] {
        let options =
            format!("{option} -H X-A:1 -H X-A:2 -H Accept: -H User-Agent:me -H X-Empty; -H Host:b.test");
        run(&mut lab.get(&server.url("a.test", "/"), &options)).ends_with(0);
        let seen = server.requests_seen().pop().unwrap();
        let values = |name: &str| {
            let fields = seen.headers.iter().filter(|(field, _)| field == name);
            fields.map(|(_, value)| value.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(values("x-a"), ["1", "2"]);
        assert_eq!(values("accept"), Vec::<&str>::new());
        assert_eq!(values("user-agent"), ["me"]);
        assert_eq!(values("x-empty"), [""]);
        assert_eq!(seen.authority, "b.test", "{option}");
        assert_eq!(seen.server_name.as_deref(), Some("a.test"));
    }
}

#[cfg(unix)]
fn fifo(lab: &Lab) -> std::path::PathBuf {
    let fifo = lab.path("fifo");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    fifo
}

#[cfg(unix)]
#[test]
fn a_pipe_that_is_closed_too_early_is_a_failure() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || Response::ok("x".repeat(4 << 20)));
    let fifo = fifo(&lab);
    let reader = std::thread::spawn({
        let fifo = fifo.clone();
        move || std::fs::File::open(fifo).unwrap().read_exact(&mut [0]).unwrap()
    });
    let got = run(&mut output(&lab, &server, &fifo, "--json"))
        .ends_with(1)
        .says("fifo: cannot write");
    assert!(got.stdout.contains("fifo: cannot write"), "{got:?}");
    reader.join().unwrap();
}

#[cfg(unix)]
#[test]
fn a_pipe_that_nobody_empties_does_not_hold_up_the_end() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || Response::ok("x".repeat(4 << 20)));
    let fifo = fifo(&lab);
    // Held open for both, so that no end of it waits for the other.
    let _held = std::fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&fifo)
        .unwrap();
    run(&mut output(&lab, &server, &fifo, "-m 0.5"))
        .ends_with(1)
        .says("timed out; --max-time");
    let running = output(&lab, &server, &fifo, "-m 30").spawn().unwrap();
    while server.requests() < 2 {
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    signal(&running, "TERM");
    assert_eq!(running.wait_with_output().unwrap().status.code(), Some(143));
}

#[cfg(target_os = "linux")]
#[test]
fn what_the_shell_has_opened_is_written_through() {
    use std::fs::OpenOptions;
    use std::os::unix::fs::MetadataExt;

    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    for name in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let path = lab.write("log", "before ");
        let inode = path.metadata().unwrap().ino();
        let appending = OpenOptions::new().append(true).open(&path).unwrap();
        run_to(output(&lab, &server, Path::new(name), "").stdout(appending)).ends_with(0);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "before hello", "{name}");
        assert_eq!(path.metadata().unwrap().ino(), inode, "{name}");
    }
}

#[cfg(unix)]
#[test]
fn what_a_link_would_lead_to_is_created() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = hello_server("a.test", &root);
    let link = lab.path("link");
    std::os::unix::fs::symlink("file", &link).unwrap();
    run(&mut output(&lab, &server, &link, "")).ends_with(0);
    assert!(link.is_symlink());
    assert_eq!(std::fs::read(lab.path("file")).unwrap(), b"hello");
}

#[cfg(target_os = "linux")]
#[test]
fn a_hang_up_removes_what_was_begun_and_is_ignored_under_nohup() {
    let root = Ca::root("Lab Root A");
    let lab = Lab::trusting(&[&root]);
    let server = serving(&root, || {
        Response::ok("x".repeat(10_000)).chunked(1000, Duration::from_millis(100))
    });
    for (disposition, status) in [("default", 129), ("ignore", 0)] {
        let requests = server.requests();
        let mut get = with_hang_up(&output(&lab, &server, &lab.path("body"), ""), disposition);
        let running = get.spawn().unwrap();
        while server.requests() == requests {
            std::thread::sleep(Duration::from_millis(5));
        }
        signal(&running, "HUP");
        assert_eq!(running.wait_with_output().unwrap().status.code(), Some(status));
        assert_eq!(lab.path("body").exists(), status == 0);
        assert!(files(&lab).iter().all(|name| name == "body"));
    }
}
