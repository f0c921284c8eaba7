//! `deploy/nginx.conf`, in a real nginx.

use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::Server;

use crate::client::{Client, PROTOCOLS};
use crate::served::{Served, path_of_none};
use crate::support::{hello_server, jit_trust, run};

/// A running nginx, without its master process: that one would give up rights that the test's user may not have.
struct Nginx {
    process: Child,
    client: Client,
}

impl Nginx {
    /// `None` where there is no nginx. With `CI` in the environment that fails.
    fn start(served: &Served) -> Option<Self> {
        let program = program()?;
        // Somebody else may be given the port before nginx has it.
        let started = (0..5).find_map(|_| Self::start_at(free_addr(), &program, served));
        Some(started.expect("one of five free ports stays free"))
    }

    /// `None` where the port has been taken.
    fn start_at(addr: SocketAddr, program: &Path, served: &Served) -> Option<Self> {
        let site = site(served, addr.port());
        fs::write(served.path("site.conf"), site).unwrap();
        fs::write(served.path("main.conf"), main()).unwrap();
        let nginx = |arguments: &[&str]| {
            let mut command = Command::new(program);
            command.arg("-p").arg(served.path("")).args(["-e", "error.log"]);
            command.args(["-c", "main.conf"]).args(arguments);
            command
        };
        let tested = nginx(&["-t"]).output().unwrap();
        let said = String::from_utf8_lossy(&tested.stderr).into_owned();
        assert!(tested.status.success(), "{said}");
        // Later versions have another directive for HTTP/2.
        let mut warnings = said.lines().filter(|line| line.contains("[warn]"));
        assert!(warnings.all(|warning| warning.contains("http2")), "{said}");

        let mut started = nginx(&[]);
        let root = served.root.clone();
        // Written once it listens; the test of the configuration may have left one.
        let listens = served.path("nginx.pid");
        let _ = fs::remove_file(&listens);
        let mut nginx = Self {
            process: started.stdin(Stdio::null()).spawn().unwrap(),
            client: Client { addr, root },
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        while fs::read(&listens).unwrap_or_default().is_empty() {
            if nginx.process.try_wait().unwrap().is_some() {
                let said = fs::read_to_string(served.path("error.log")).unwrap_or_default();
                assert!(said.contains("Address already in use"), "{said}");
                return None;
            }
            assert!(Instant::now() < deadline, "nginx does not listen");
            std::thread::sleep(Duration::from_millis(10));
        }
        Some(nginx)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        // Where it is on Debian, which is not in the path of ordinary users.
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join("nginx"))
        .find(|program| program.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "nginx is missing");
        eprintln!("skipped: nginx is missing");
    }
    found
}

/// A port that nobody has.
fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

/// What Debian's own `/etc/nginx/nginx.conf` would be to the site's file, in a directory of the test's.
fn main() -> String {
    let temporary: String = ["client_body", "proxy", "fastcgi", "scgi", "uwsgi"]
        .map(|what| format!("{what}_temp_path temporary;\n"))
        .concat();
    format!(
        "daemon off;\nmaster_process off;\npid nginx.pid;\n\
         events {{ }}\nhttp {{\naccess_log off;\n{temporary}include site.conf;\n}}\n"
    )
}

/// The configuration as it is published, with the lines marked `yours` changed and no other.
fn site(served: &Served, port: u16) -> String {
    let published = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/nginx.conf");
    let published = fs::read_to_string(published).unwrap();
    let path = |name: &str| served.path(name).display().to_string();
    let mut yours = vec![
        (
            "listen 443 ssl http2;",
            format!("listen 127.0.0.1:{port} ssl http2;"),
        ),
        ("listen [::]:443 ssl http2;", String::new()),
        ("server_name trust.example.com;", "server_name localhost;".into()),
        (
            "ssl_certificate /etc/nginx/trust/chain.pem;",
            format!("ssl_certificate {};", path("chain.pem")),
        ),
        (
            "ssl_certificate_key /etc/nginx/trust/key.pem;",
            format!("ssl_certificate_key {};", path("key.pem")),
        ),
        ("root /srv/trust;", format!("root {};", path("webroot"))),
        (
            "access_log /var/log/nginx/jit-trust.log jit_trust;",
            format!("access_log {} jit_trust;", path("access.log")),
        ),
    ];
    let lines = published.lines().map(|line| {
        let Some((directive, _)) = line.split_once("# yours") else {
            return line.to_owned();
        };
        let place = yours.iter().position(|(theirs, _)| *theirs == directive.trim());
        let place = place.unwrap_or_else(|| panic!("a line that the test does not know: {line}"));
        yours.remove(place).1
    });
    let lines: Vec<String> = lines.collect();
    assert!(yours.is_empty(), "not in the file: {yours:?}");
    lines.join("\n")
}

#[test]
fn the_published_configuration_serves_a_webroot_in_both_versions_of_http() {
    let served = Served::new();
    let Some(nginx) = Nginx::start(&served) else {
        return;
    };
    let certificate = "application/pkix-cert";
    for protocol in PROTOCOLS {
        for (folder, content_type) in [
            ("by-subject", "application/octet-stream"),
            ("by-skid", certificate),
            ("by-iss", certificate),
            ("der", certificate),
        ] {
            let (path, content) = served.file_in(folder);
            let got = nginx.client.get(protocol, &path);
            assert_eq!((got.status, &got.body[..]), (200, &content[..]), "{path}");
            assert_eq!(got.version == hyper::Version::HTTP_2, protocol == "h2");
            assert_eq!(got.header("content-type"), content_type, "{path}");
            assert_eq!(got.header("cache-control"), "public, max-age=300");

            let known = [("if-none-match", got.header("etag"))];
            let again = nginx.client.ask(protocol, "GET", &path, &known);
            assert_eq!((again.status, again.body.len()), (304, 0));
            assert_eq!(again.header("cache-control"), "public, max-age=300");
            let head = nginx.client.ask(protocol, "HEAD", &path, &[]);
            assert_eq!((head.status, head.body.len()), (200, 0));

            let newest = format!("{path}?newest=1795242330");
            let past_caches = nginx.client.get(protocol, &newest);
            assert_eq!(past_caches.body, got.body);
            assert_eq!(past_caches.header("cache-control"), "no-store");
        }
        let index = nginx.client.get(protocol, "/index.json");
        assert_eq!(
            (index.status, index.header("content-type")),
            (200, "application/json")
        );
        assert_eq!(nginx.client.get(protocol, "/bundle.tblb").status, 200);
    }
}

#[test]
fn the_published_configuration_serves_nothing_else() {
    let served = Served::new();
    fs::write(served.webroot().join("secret"), "secret").unwrap();
    fs::write(served.path("secret"), "secret").unwrap();
    let Some(nginx) = Nginx::start(&served) else {
        return;
    };
    let (path, _) = served.file_in("by-subject");
    for protocol in PROTOCOLS {
        for absent in [
            path_of_none().as_str(),
            "/",
            "/by-subject/",
            "/by-subject",
            "/secret",
        ] {
            let got = nginx.client.get(protocol, absent);
            assert_eq!(got.status, 404, "{absent}");
            assert_eq!(got.header("cache-control"), "public, max-age=60");
        }
        for outside in ["/../secret", "/by-skid/..%2f..%2fsecret", "/%2e%2e/secret"] {
            let got = nginx.client.get(protocol, outside);
            assert!([400, 404].contains(&got.status), "{outside}: {got:?}");
        }
        for method in ["POST", "PUT", "DELETE"] {
            let got = nginx.client.ask(protocol, method, &path, &[]);
            assert_eq!(got.status, 405, "{method}");
            assert_eq!(got.header("allow"), "GET, HEAD");
            assert_eq!(got.header("cache-control"), "no-store");
        }
    }
}

#[test]
fn the_published_configuration_denies_nothing_while_there_is_no_webroot() {
    let served = Served::new();
    let Some(nginx) = Nginx::start(&served) else {
        return;
    };
    let (path, before) = served.file_in("by-subject");
    fs::rename(served.webroot(), served.path("aside")).unwrap();
    for path in [path.as_str(), &path_of_none()] {
        let gone = nginx.client.get("h2", path);
        assert_eq!(gone.status, 503);
        assert_eq!(gone.header("cache-control"), "no-store");
    }
    fs::rename(served.path("aside"), served.webroot()).unwrap();
    served.write_generation(2);
    let after = nginx.client.get("h2", &path);
    assert_eq!(after.status, 200);
    assert_ne!(&after.body[..], &before[..]);
}

/// The lines that `get -v` says, without what differs from run to run.
fn steps(said: &str, nginx: &Nginx, site: &Server) -> Vec<String> {
    let millis = |line: &str| {
        let words = line.split(' ').map(|word| match word.parse::<f64>() {
            Ok(_) if word.contains('.') => "N",
            _ => word,
        });
        words.collect::<Vec<_>>().join(" ")
    };
    let said = said.replace(&format!(":{}", nginx.client.addr.port()), ":STORE");
    let said = said.replace(&format!(":{}", site.port()), ":SITE");
    said.lines().map(millis).collect()
}

#[test]
fn a_device_asks_the_published_configuration_once_when_cold_and_ahead_when_warm() {
    let served = Served::new();
    let site_root = Ca::root("Site Root");
    fs::write(served.path("site.pem"), site_root.pem()).unwrap();
    let mut bundle = jit_trust(["bundle", "mozilla"]);
    bundle
        .arg(served.path("site.pem"))
        .arg("--webroot")
        .arg(served.webroot());
    run(&mut bundle).ends_with(0);
    let Some(nginx) = Nginx::start(&served) else {
        return;
    };
    let site = hello_server("www.test", &site_root);
    fs::write(served.path("store-ca.pem"), served.root.pem()).unwrap();
    let store = format!("https://localhost:{}", nginx.client.addr.port());
    let get = || {
        let mut get = jit_trust(["get", "-v", "--trust", &store, "--trust-ca"]);
        get.arg(served.path("store-ca.pem"))
            .arg("--cache")
            .arg(served.path("hosts"));
        get.args(["--resolve", &format!("*:{}:127.0.0.1", site.port())]);
        let got = run(get.arg(site.url("www.test", "/"))).ends_with(0);
        println!("{}", got.stderr);
        steps(&got.stderr, &nginx, &site)
    };
    let asked = || {
        fs::read_to_string(served.path("access.log"))
            .unwrap()
            .lines()
            .count()
    };

    let cold = get();
    let key = cold[5]
        .split(' ')
        .find(|word| word.starts_with("by-subject/"))
        .unwrap()
        .to_owned();
    let key = key.trim_end_matches(':');
    let question = format!("*   asked https://localhost:STORE for {key}");
    let after = [
        "*   roots selected: 1 in https://localhost:STORE",
        "*   trusted under: CN=Site Root",
        "*   status 200, 5 bytes",
        "*   resolve N ms, connect N ms, TLS N ms, selecting N ms, validating N ms, first byte N ms, total N ms",
    ];
    let before = [
        "*   1 connection to 127.0.0.1:SITE, TLSv1.3 by rustls, h2",
        "*   certificates sent: 2",
        "*     CN=www.test (issuer: CN=Lab Issuing CA)",
        "*     CN=Lab Issuing CA (issuer: CN=Site Root)",
    ];
    let hop = "* hop 1: https://www.test:SITE/";
    let found = format!("{question}: 1 root, after N ms");
    assert_eq!(
        cold,
        [&[hop], &before[..], &[found.as_str()], &after[..]].concat()
    );
    assert_eq!((asked(), site.connections()), (1, 1));

    let warm = get();
    let ahead = "*   host in the cache: asked ahead for the root that served it";
    // The answer may have come before the site's certificates, or after.
    let cached = format!("{question}: 1 root, cached");
    let found = if warm.contains(&cached) { cached } else { found };
    assert_eq!(
        warm,
        [&[hop, ahead], &before[..], &[found.as_str()], &after[..]].concat()
    );
    assert_eq!((asked(), site.connections()), (2, 2));
    let logged = fs::read_to_string(served.path("access.log")).unwrap();
    assert_eq!(
        logged.matches(&format!(" HTTP/2.0 GET /{key} 200 ")).count(),
        2,
        "{logged}"
    );
}

#[test]
fn the_published_configuration_logs_no_address() {
    let served = Served::new();
    let Some(nginx) = Nginx::start(&served) else {
        return;
    };
    let (path, _) = served.file_in("by-subject");
    nginx.client.get("h2", &path);
    nginx.client.get("h2", &path_of_none());
    let deadline = Instant::now() + Duration::from_secs(30);
    let logged = loop {
        let logged = fs::read_to_string(served.path("access.log")).unwrap();
        if logged.lines().count() == 2 || Instant::now() > deadline {
            break logged;
        }
        std::thread::sleep(Duration::from_millis(10));
    };
    assert!(logged.contains(&format!(" HTTP/2.0 GET {path} 200 ")), "{logged}");
    let errors = fs::read_to_string(served.path("error.log")).unwrap_or_default();
    assert_eq!(
        (logged.contains("127.0.0.1"), errors.as_str()),
        (false, ""),
        "{logged}"
    );
}
