//! `mozilla:latest`: CCADB's report over HTTPS, trusted by the list in force.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Request, Response, Server};

use crate::lists::{DAY, ccadb};
use crate::support::{Lab, Run, jit_trust, run};

/// CCADB's report of these roots.
fn report(roots: &[Ca]) -> String {
    let header = "\"Owner\",\"SHA-256 Fingerprint\",\"Trust Bits\",\"Distrust for TLS After Date\",\
                  \"Mozilla Applied Constraints\",\"PEM Info\"\n";
    let rows = roots.iter().map(|root| {
        let sha256 = jit_trust_bundle::Fingerprint::of(&root.der());
        format!(
            "\"Lab\",\"{sha256}\",\"Websites;Email\",\"\",\"\",\"'{}'\"\n",
            root.pem().trim_end()
        )
    });
    header.to_owned() + &rows.collect::<String>()
}

/// Ten roots in force, the first of which the server's certificate is issued by.
struct Mirror {
    lab: Lab,
    server: Server,
    roots: Vec<Ca>,
}

impl Mirror {
    fn answering(handler: impl Fn(&Request, &[Ca]) -> Response + Send + Sync + 'static) -> Self {
        let roots: Vec<Ca> = (0..10)
            .map(|number| Ca::root(format!("Lab Root {number}").as_str()))
            .collect();
        let lab = Lab::trusting(&[]);
        lab.write("in-force.pem", roots.iter().map(Ca::pem).collect::<String>());
        let leaf = roots[0].leaf("mirror.test");
        let served = roots.clone();
        let server = Server::builder()
            .site("mirror.test", leaf.key(), leaf.chain(&[]), move |request| {
                handler(request, &served)
            })
            .start();
        Self { lab, server, roots }
    }

    fn url(&self) -> String {
        self.server.url("mirror.test", "/report")
    }

    fn bundle(&self, options: &str) -> Run {
        let mut command = jit_trust(["bundle", "mozilla:latest", "--mozilla-url"]);
        command.arg(self.url());
        command.args([
            "--resolve",
            &format!("mirror.test:{}:127.0.0.1", self.server.port()),
        ]);
        command.arg("--blob").arg(self.lab.path("latest.tblb"));
        command.env("XDG_CACHE_HOME", self.lab.path("cache"));
        command.args(options.split_whitespace());
        if !options.contains("--trust") {
            command.arg("--trust").arg(self.lab.path("in-force.pem"));
        }
        run(&mut command)
    }
}

#[test]
fn a_report_is_fetched_once_and_then_only_asked_about() {
    let mirror = Mirror::answering(|request, roots| match request.header("if-none-match") {
        Some("\"one\"") => Response::status(304),
        _ => Response::ok(report(roots)).header("etag", "\"one\""),
    });
    mirror
        .bundle("--generated-at 1")
        .ends_with(0)
        .says("trusted under CN=Lab Root 0")
        .says("10 certificates");
    let blob = std::fs::read(mirror.lab.path("latest.tblb")).unwrap();
    mirror
        .bundle("--generated-at 1")
        .ends_with(0)
        .says("not changed since it was fetched last");
    assert_eq!(std::fs::read(mirror.lab.path("latest.tblb")).unwrap(), blob);
    assert_eq!(mirror.server.connections(), 2);
    assert_eq!(
        mirror.server.requests_seen()[1].header("if-none-match"),
        Some("\"one\"")
    );

    // A damaged cache is not asked about.
    let cached = mirror.lab.path("cache/jit-trust/mozilla-latest");
    let mut bytes = std::fs::read(&cached).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&cached, bytes).unwrap();
    mirror.bundle("").ends_with(0).says("trusted under");
    assert_eq!(mirror.server.requests_seen()[2].header("if-none-match"), None);

    assert_eq!(mirror.bundle("--quiet").ends_with(0).stderr, "");
}

#[test]
fn a_list_that_lost_more_than_a_fifth_is_refused_unless_forced() {
    let shrunk = Arc::new(AtomicBool::new(false));
    let mirror = Mirror::answering({
        let shrunk = shrunk.clone();
        move |_, roots| {
            let kept = if shrunk.load(Ordering::SeqCst) { 7 } else { 8 };
            Response::ok(report(&roots[..kept]))
        }
    });
    mirror.bundle("").ends_with(0).says("8 certificates");
    shrunk.store(true, Ordering::SeqCst);
    let before = std::fs::read(mirror.lab.path("latest.tblb")).unwrap();
    mirror
        .bundle("")
        .ends_with(1)
        .says("lacks 3 of the 10 roots in force")
        .says("--force");
    // The same with a list in force that knows neither names nor certificates.
    let in_force = mirror.lab.path("in-force.tblb");
    let mut bundle = jit_trust(["bundle", "--blob"]);
    run(bundle.arg(&in_force).arg(mirror.lab.path("in-force.pem"))).ends_with(0);
    mirror
        .bundle(&format!("--trust {}", in_force.display()))
        .ends_with(1)
        .says("lacks 3 of the 10 roots in force");
    assert_eq!(std::fs::read(mirror.lab.path("latest.tblb")).unwrap(), before);
    mirror
        .bundle("--force")
        .ends_with(0)
        .says("warning:")
        .says("7 certificates");
}

/// A report from which a column was cut, or a date or constraint taken, must not make trust wider unnoticed.
#[test]
fn a_report_that_does_not_say_conditions_is_refused_unless_forced() {
    for column in ["Distrust for TLS After Date", "Mozilla Applied Constraints"] {
        let mirror = Mirror::answering(move |_, roots| Response::ok(report(roots).replace(column, "Other")));
        let missing = format!("no column \"{column}\": its conditions, if there are any, are not known");
        mirror
            .bundle("")
            .ends_with(1)
            .says(&missing)
            .says("; --force takes it all the same");
        assert!(!mirror.lab.path("latest.tblb").exists());
        let forced = mirror.bundle("--force").ends_with(0);
        assert_eq!(
            forced
                .stderr
                .matches(&format!("warning: {}", mirror.url()))
                .count(),
            1,
            "{forced:?}"
        );
        forced.says(&missing);
    }
}

#[test]
fn a_report_that_lifts_conditions_is_refused_unless_forced() {
    let mirror = Mirror::answering(|_, roots| Response::ok(report(roots)));
    let in_force = mirror.lab.write("in-force.csv", {
        let rows = mirror.roots.iter().zip(0..).map(|(root, number)| match number {
            1 => (root, DAY, ""),
            2 => (root, "", "*.good.test"),
            _ => (root, "", ""),
        });
        ccadb(&rows.collect::<Vec<_>>())
    });
    let lifted = "the new list lifts the distrust-after date of CN=Lab Root 1: expected what is in force, or stricter; \
                  the new list lifts the name constraints of CN=Lab Root 2: expected what is in force, or stricter; ";
    // The same with a list in force that knows neither names nor certificates.
    let blob = mirror.lab.path("in-force.tblb");
    run(jit_trust(["bundle", "--blob"]).arg(&blob).arg(&in_force)).ends_with(0);
    for in_force in [&in_force, &blob] {
        let trust = format!("--trust {}", in_force.display());
        mirror
            .bundle(&trust)
            .ends_with(1)
            .says(&format!("{lifted}--force takes it all the same"));
        assert!(!mirror.lab.path("latest.tblb").exists());
        mirror
            .bundle(&format!("{trust} --force"))
            .ends_with(0)
            .says(&format!("{lifted}taken because of --force"));
        std::fs::remove_file(mirror.lab.path("latest.tblb")).unwrap();
    }
}

#[test]
fn a_server_that_the_list_in_force_does_not_trust_is_refused() {
    let mirror = Mirror::answering(|_, roots| Response::ok(report(roots)));
    mirror
        .bundle("--trust mozilla")
        .ends_with(1)
        .says_one_line()
        .says("not trusted: no root in mozilla");
    assert_eq!(mirror.server.requests_seen().len(), 0);
    assert!(!mirror.lab.path("latest.tblb").exists());
}

#[test]
fn answers_that_are_no_report_are_refused() {
    let mirror = Mirror::answering(|_, _| Response::ok(vec![b'x'; (16 << 20) + 1]));
    mirror
        .bundle("")
        .ends_with(1)
        .says_one_line()
        .says("too large: expected at most 16777216 bytes");
    let mirror = Mirror::answering(|_, _| Response::status(500).body("oops"));
    mirror
        .bundle("")
        .ends_with(1)
        .says_one_line()
        .says("the server answered 500");
    let mirror = Mirror::answering(|_, _| Response::status(304));
    mirror.bundle("").ends_with(1).says_one_line().says("304");
    let mirror = Mirror::answering(|_, _| Response::ok("<html>maintenance</html>"));
    mirror.bundle("").ends_with(1).says("a page in HTML; ");
    let mirror = Mirror::answering(|_, roots| Response::ok(report(roots)).cut_after(3000));
    mirror
        .bundle("")
        .ends_with(1)
        .says_one_line()
        .says("reading the body");
    let mirror = Mirror::answering(|_, _| Response::redirect(302, "http://mirror.test/report"));
    mirror
        .bundle("")
        .ends_with(1)
        .says_one_line()
        .says("not encrypted");
    assert!(!mirror.lab.path("latest.tblb").exists());
}

#[test]
fn a_list_in_another_form_is_not_taken_for_the_report() {
    let mirror = Mirror::answering(|_, roots| Response::ok(roots.iter().map(Ca::pem).collect::<String>()));
    mirror
        .bundle("")
        .ends_with(1)
        .says("expected CCADB's report as CSV with PEM");
    assert!(!mirror.lab.path("latest.tblb").exists());
}

#[cfg(unix)]
#[test]
fn a_cache_that_others_can_write_or_that_is_no_file_is_not_used() {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    let mirror = Mirror::answering(|request, roots| match request.header("if-none-match") {
        Some("\"one\"") => Response::status(304),
        _ => Response::ok(report(roots)).header("etag", "\"one\""),
    });
    let cached = mirror.lab.path("cache/jit-trust/mozilla-latest");
    let fetches_anew = || mirror.bundle("").ends_with(0).says("trusted under");
    fetches_anew();
    fs::set_permissions(&cached, fs::Permissions::from_mode(0o666)).unwrap();
    fetches_anew();
    fs::set_permissions(&cached, fs::Permissions::from_mode(0o644)).unwrap();
    mirror
        .bundle("")
        .ends_with(0)
        .says("not changed since it was fetched last");

    let elsewhere = mirror.lab.path("elsewhere");
    fs::rename(&cached, &elsewhere).unwrap();
    let kept = fs::read(&elsewhere).unwrap();
    symlink(&elsewhere, &cached).unwrap();
    fetches_anew();
    assert!(!cached.is_symlink(), "replaced, and not followed");
    assert_eq!(fs::read(&elsewhere).unwrap(), kept);
    assert_eq!(fs::metadata(&cached).unwrap().permissions().mode() & 0o777, 0o600);

    // Another user's is neither used nor replaced, nor is what lies behind another user's link.
    for path in [&cached, &mirror.lab.path("cache/jit-trust")] {
        if path.is_dir() {
            fs::rename(path, mirror.lab.path("theirs")).unwrap();
            fs::set_permissions(mirror.lab.path("cache"), fs::Permissions::from_mode(0o1777)).unwrap();
            symlink(mirror.lab.path("theirs"), path).unwrap();
        }
        if std::os::unix::fs::lchown(path, Some(65534), Some(65534)).is_err() {
            return eprintln!("skipped: this user cannot give files away");
        }
        fetches_anew()
            .says("belongs to another user (uid 65534)")
            .says("the report is not kept");
        std::os::unix::fs::lchown(path, Some(0), Some(0)).unwrap();
    }
    fs::remove_file(mirror.lab.path("cache/jit-trust")).unwrap();
    fs::rename(mirror.lab.path("theirs"), mirror.lab.path("cache/jit-trust")).unwrap();
    fs::remove_file(&cached).unwrap();
    fs::create_dir(&cached).unwrap();
    fetches_anew().says("the report is not kept");
}

#[test]
fn a_mirror_with_a_password_is_refused_because_it_would_not_be_sent() {
    let mut command = jit_trust(["bundle", "mozilla:latest", "--blob", "x", "--mozilla-url"]);
    command.arg("https://user:secret@mirror.test/");
    run(&mut command)
        .ends_with(2)
        .says("expected no user and password");
}
