//! `--cache` and `jit-trust cache`: which roots served which host, and how new a store was.

use std::path::{Path, PathBuf};
use std::process::Command;

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Fault, Server};
use serde_json::Value;

use crate::remote::{Remote, pem_of, tls_of_hops};
use crate::support::{Run, hello_server, jit_trust, run};

fn with_cache<'c>(command: &'c mut Command, file: &Path) -> &'c mut Command {
    command.arg("--cache").arg(file)
}

fn cache(line: &str, file: &Path) -> Run {
    run(jit_trust(["cache"]).args(line.split_whitespace()).arg(file))
}

/// The names of the hosts that the file has.
fn hosts(file: &Path) -> Vec<String> {
    let shown = cache("show --json", file).ends_with(0);
    let report: Value = serde_json::from_str(&shown.stdout).unwrap();
    let hosts = report["hosts"].as_array().unwrap().iter();
    hosts
        .map(|host| host["host"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn a_host_that_is_remembered_is_asked_for_ahead_at_one_connection() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    let get = |options: &str| {
        let mut get = remote.get(&server.url("a.test", "/"), options);
        run(with_cache(&mut get, &file)).ends_with(0)
    };
    let ahead = "*   host in the cache: asked ahead for the root that served it\n";
    let cold = get("-v");
    assert!(!cold.stderr.contains(ahead), "{cold:#?}");
    assert_eq!((remote.asked(), server.connections()), (1, 1));
    get("-v").says(ahead).says("*   trusted under: CN=Lab Root A\n");
    assert_eq!((remote.asked(), remote.server.connections()), (2, 2));
    assert_eq!(server.connections(), 2);
    let tls = &tls_of_hops(&get("--json"))[0];
    assert_eq!(tls["asked_ahead"], 1);
    let queries = tls["queries"].as_array().unwrap();
    assert_eq!(queries.len(), 1);
    assert!(
        ["found", "at-hand"].contains(&queries[0]["outcome"].as_str().unwrap()),
        "{tls:#}"
    );
    assert_eq!((remote.asked(), server.connections()), (3, 3));
}

#[test]
fn to_ask_ahead_is_to_ask_before_the_host_has_sent_anything() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file)).ends_with(0);
    let silent = Server::builder().fault(Fault::Silence).start();
    let mut get = remote.get(&silent.url("a.test", "/"), "--max-time 3 -v");
    run(with_cache(&mut get, &file))
        .ends_with(1)
        .says("asked ahead for the root");
    assert_eq!(remote.asked(), 2);
}

#[test]
fn a_host_is_remembered_by_its_name_without_the_port_and_only_when_it_was_trusted() {
    let (root, other) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    for url in [
        server.url("A.Test", "/"),
        hello_server("b.test", &other).url("b.test", "/"),
    ] {
        run(with_cache(&mut remote.get(&url, ""), &file));
    }
    assert_eq!(hosts(&file), ["a.test"]);
}

#[test]
fn verify_remembers_too() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let file = remote.path("hosts");
    run(with_cache(&mut remote.verify(&root.leaf("a.test"), &[]), &file)).ends_with(0);
    assert_eq!(hosts(&file), ["a.test"]);
}

#[test]
fn a_root_that_is_remembered_and_gone_costs_a_question_and_no_trust() {
    let (old, new) = (Ca::root("Lab Root A"), Ca::root("Lab Root B"));
    let remote = Remote::of(&[&old, &new]);
    let file = remote.path("hosts");
    let get = |root: &Ca| {
        let server = hello_server("a.test", root);
        run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file))
    };
    get(&old).ends_with(0);
    get(&new).ends_with(0);
    remote.bundle(&pem_of(&[&new]), 2);
    get(&new).ends_with(0);
    get(&old).ends_with(1).says("not trusted: no root in ");
}

#[test]
fn show_has_each_host_with_its_key_and_the_time_that_is_left() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file)).ends_with(0);
    let path = remote.server.requests_seen()[0].path.clone();
    let key = path.trim_start_matches('/');
    let shown = cache("show", &file).ends_with(0);
    let lines: Vec<Vec<&str>> = shown
        .stdout
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines[0], ["host", "left", "root", "asked", "for", "by"]);
    assert_eq!(lines[1], ["a.test", "60", "min", key]);
    assert_eq!(lines[2], ["1", "host"]);

    let report: Value = serde_json::from_str(&cache("show --json", &file).stdout).unwrap();
    let host = &report["hosts"][0];
    assert_eq!(
        (&host["host"], &host["keys"]),
        (&"a.test".into(), &serde_json::json!([key]))
    );
    let (age, left) = (
        host["age_s"].as_u64().unwrap(),
        host["time_left_s"].as_u64().unwrap(),
    );
    assert!((3599..=3600).contains(&(age + left)) && age < 60, "{report:#}");
}

#[test]
fn clear_forgets_the_hosts_and_an_empty_cache_is_one() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    let get = || {
        run(with_cache(
            &mut remote.get(&server.url("a.test", "/"), "-v"),
            &file,
        ))
        .ends_with(0)
    };
    get();
    let cleared = cache("clear", &file).ends_with(0);
    assert_eq!((cleared.stdout, cleared.stderr), (String::new(), String::new()));
    assert_eq!(hosts(&file), [""; 0]);
    assert!(cache("show", &file).ends_with(0).stdout.ends_with("0 hosts\n"));
    assert!(!get().stderr.contains("asked ahead"));
}

#[test]
fn a_store_that_is_older_than_before_is_refused_until_the_user_insists() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    let get = || run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file));
    remote.bundle(&root.pem(), 7);
    get().ends_with(0);
    remote.bundle(&root.pem(), 6);
    let refused = format!(
        "the response is of generation 6, older than 7, which was seen before: either a cache on the way is out of date, \
         or an old store has replaced a new one; if that is meant to be, `jit-trust cache clear \
         --generations {}` has the older one taken",
        file.display()
    );
    let before = remote.asked();
    get().ends_with(1).says_one_line().says(&refused);
    // Not only a cache on the way had the older one.
    let asked = remote.server.requests_seen().split_off(before);
    assert!(
        asked
            .iter()
            .any(|request| request.path.ends_with(".tblb?newest=7")),
        "{asked:?}"
    );
    let verified = run(with_cache(&mut remote.verify(&root.leaf("a.test"), &[]), &file));
    verified.ends_with(2).says_one_line().says(&refused);

    cache("clear", &file).ends_with(0);
    get().ends_with(1).says(&refused);
    cache("clear --generations", &file).ends_with(0);
    get().ends_with(0);
    remote.bundle(&root.pem(), 5);
    get().ends_with(1).says("older than 6");
}

#[test]
fn a_store_that_was_made_tomorrow_by_our_clock_is_used_and_locks_its_successor_out_for_a_day_at_most() {
    const DAY: u32 = 24 * 60 * 60;
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    let now = u32::try_from(jit_trust_lab::pki::now()).unwrap();
    let get = || run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file));
    let verify = || run(with_cache(&mut remote.verify(&root.leaf("a.test"), &[]), &file));
    remote.bundle(&root.pem(), now + 2 * DAY);
    get().ends_with(0);
    verify().ends_with(0);
    // Not yet, and in two hours.
    remote.bundle(&root.pem(), now + DAY - 3600);
    verify()
        .ends_with(2)
        .says("which was seen before")
        .says("cache clear --generations");
    remote.bundle(&root.pem(), now + DAY + 3600);
    verify().ends_with(0);
    get().ends_with(0);
}

#[test]
fn a_store_is_the_same_under_another_spelling_of_its_url() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let file = remote.path("hosts");
    let (ca, port) = (remote.path("ca.pem"), remote.server.port());
    let chain = remote.write(
        "chain.pem",
        jit_trust_lab::pki::pem(&root.leaf("a.test").chain(&[])),
    );
    let verify = |url: &str| {
        let mut verify = jit_trust(["verify", "--host", "a.test", "--trust", url, "--trust-ca"]);
        run(with_cache(verify.arg(&ca).arg(&chain), &file))
    };
    remote.bundle(&root.pem(), 7);
    verify(&format!("https://LOCALHOST:{port}/./")).ends_with(0);
    remote.bundle(&root.pem(), 6);
    for url in [
        "https://localhost:PORT",
        "https://LocalHost:0PORT/x/../",
        "https://localhost:PORT/%2E",
    ] {
        verify(&url.replace("PORT", &port.to_string()))
            .ends_with(2)
            .says("older than 7");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_is_a_warning_and_replaced() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let file = remote.path("hosts");
    let leaf = root.leaf("a.test");
    run(with_cache(&mut remote.verify(&leaf, &[]), &file)).ends_with(0);
    let whole = std::fs::read(&file).unwrap();
    // Another store, so that nothing is learnt and each run is a short one.
    let (ca, chain) = (remote.write("root.pem", root.pem()), remote.path("chain.pem"));
    for len in 0..whole.len() {
        std::fs::write(&file, &whole[..len]).unwrap();
        let mut verify = jit_trust(["verify", "--host", "a.test", "--trust"]);
        run(with_cache(verify.arg(&ca).arg(&chain), &file))
            .ends_with(0)
            .says_one_line()
            .says("jit-trust: warning: --cache: ")
            .says("/hosts: not a host cache, or a damaged one: expected ");
        cache("show", &file)
            .ends_with(2)
            .says_one_line()
            .says("/hosts: no file of --cache, or a damaged one: ");
    }
    cache("clear", &file).ends_with(2).says_one_line();
    cache("clear --generations", &file).ends_with(2).says_one_line();
    run(with_cache(&mut remote.verify(&leaf, &[]), &file))
        .ends_with(0)
        .says("warning: ");
    assert_eq!(hosts(&file), ["a.test"]);
}

#[test]
fn a_cache_that_cannot_be_kept_disturbs_no_transfer() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let (directory, missing) = (remote.path("webroot"), remote.path("missing/hosts"));
    for (file, what) in [
        (
            directory.as_path(),
            "webroot: a directory: expected a file; or name another for the host cache",
        ),
        (missing.as_path(), "create this directory for the host cache"),
        (Path::new("/dev/null"), "/dev/null: expected a regular file"),
        #[cfg(target_os = "linux")]
        (
            Path::new("/proc/self/hosts"),
            "make the file and its directory writable",
        ),
    ] {
        let got = run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), file)).ends_with(0);
        assert_eq!(got.stdout, "hello");
        got.says_one_line()
            .says("jit-trust: warning: --cache: ")
            .says(what);
    }
    cache("show", &missing)
        .ends_with(2)
        .says("missing/hosts: cannot read: ");
    cache("show", &directory)
        .ends_with(2)
        .says("webroot: a directory: expected a file\n");
    cache("clear", &missing)
        .ends_with(2)
        .says("missing/hosts: cannot read: ");
    cache("clear --generations", &missing)
        .ends_with(2)
        .says("missing/hosts: cannot read: ");
    for file in [&directory, Path::new("/dev/null")] {
        assert!(
            !generations(file).exists(),
            "nothing is begun beside what is no file"
        );
    }
}

/// The file of the generations beside that of `--cache`.
fn generations(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".generations");
    name.into()
}

#[test]
fn generations_that_cannot_be_read_are_an_error_that_says_what_to_do_before_anything_is_connected_to() {
    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    let get = || run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file));
    get().ends_with(0);
    let guard = generations(&file);
    let (good, connections) = (std::fs::read(&guard).unwrap(), server.connections());
    let mut flipped = good.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for bytes in [&b""[..], &good[..good.len() - 1], &flipped] {
        std::fs::write(&guard, bytes).unwrap();
        get()
            .ends_with(2)
            .says_one_line()
            .says("hosts.generations: not a rollback guard, or a damaged one: expected ")
            .says("restore it, or remove it");
        assert_eq!(std::fs::read(&guard).unwrap(), bytes);
    }
    std::fs::write(&guard, "<html>").unwrap();
    for refused in [get(), cache("clear --generations", &file)] {
        refused
            .ends_with(2)
            .says_one_line()
            .says("hosts.generations: no file of a rollback guard, and left as it is");
    }
    std::fs::remove_file(&guard).unwrap();
    std::fs::create_dir(&guard).unwrap();
    get()
        .ends_with(2)
        .says("hosts.generations: a directory: expected a file");
    assert_eq!(server.connections(), connections);

    // Clearing is a way on, also where only that file is there.
    std::fs::remove_dir(&guard).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::write(&guard, flipped).unwrap();
    cache("clear --generations", &file).ends_with(0);
    assert!(!guard.exists());
    get().ends_with(0);
}

/// Another user could delete the file, and so have an older store taken.
#[cfg(unix)]
#[test]
fn generations_in_a_directory_that_others_may_write_to_are_an_error_before_anything_is_connected_to() {
    use std::os::unix::fs::PermissionsExt;

    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let shared = remote.path("shared");
    std::fs::create_dir(&shared).unwrap();
    let set_mode = |mode| std::fs::set_permissions(&shared, std::fs::Permissions::from_mode(mode)).unwrap();
    let get = || {
        run(with_cache(
            &mut remote.get(&server.url("a.test", "/"), ""),
            &shared.join("hosts"),
        ))
    };
    for mode in [0o777, 0o775] {
        set_mode(mode);
        get()
            .ends_with(2)
            .says_one_line()
            .says("shared: refused: other users may write to this directory")
            .says("(chmod go-w)")
            .says("or name another for the rollback guard");
        assert_eq!((server.connections(), remote.asked()), (0, 0));
    }
    for mode in [0o1777, 0o755] {
        set_mode(mode);
        get().ends_with(0);
        assert!(generations(&shared.join("hosts")).exists());
    }
}

#[test]
fn processes_that_run_at_once_share_the_files_and_none_of_them_fails() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let file = remote.path("hosts");
    let mut verify = remote.verify(&root.leaf("a.test"), &[]);
    let args: Vec<_> = with_cache(&mut verify, &file)
        .get_args()
        .map(ToOwned::to_owned)
        .collect();
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                let said = run(&mut jit_trust(&args)).ends_with(0).stderr;
                assert_eq!(said, "");
            });
        }
    });
    assert_eq!(hosts(&file), ["a.test"]);
    assert!(generations(&file).exists());
}

#[test]
fn what_was_kept_before_counts_also_where_there_is_no_file_of_hosts_any_more() {
    let root = Ca::root("Lab Root A");
    let remote = Remote::of(&[&root]);
    let file = remote.path("hosts");
    let verify = || run(with_cache(&mut remote.verify(&root.leaf("a.test"), &[]), &file));
    remote.bundle(&root.pem(), 7);
    verify().ends_with(0);
    remote.bundle(&root.pem(), 6);
    std::fs::remove_file(&file).unwrap();
    verify().ends_with(2).says("older than 7");
    std::fs::create_dir(&file).unwrap();
    verify().ends_with(2).says("older than 7");
}

/// Nobody else should learn which hosts were visited.
#[cfg(unix)]
#[test]
fn the_file_is_for_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let root = Ca::root("Lab Root A");
    let (remote, server) = (Remote::of(&[&root]), hello_server("a.test", &root));
    let file = remote.path("hosts");
    run(with_cache(&mut remote.get(&server.url("a.test", "/"), ""), &file)).ends_with(0);
    for file in [&generations(&file), &file] {
        assert_eq!(
            std::fs::metadata(file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}
