//! `serve`: a webroot over HTTPS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::{Duration, Instant};

use hyper::Version;
use jit_trust_core::TrustBlob;
use jit_trust_lab::pki::{Ca, Key, KeyKind, pem};
use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::client::{Client, PROTOCOLS, block_on};
use crate::served::{Served, path_of_none};
use crate::support::{Run, jit_trust, run, with_hang_up};

/// The command, serving.
pub(crate) struct Serving {
    pub(crate) child: Child,
    pub(crate) stderr: BufReader<ChildStderr>,
    /// What was said before it listened.
    pub(crate) warnings: Vec<String>,
    pub(crate) client: Client,
}

impl Serving {
    pub(crate) fn start(served: &Served, options: &str) -> Self {
        Self::by(served, &mut command(served, options))
    }

    pub(crate) fn by(served: &Served, command: &mut Command) -> Self {
        let mut child = command
            .stderr(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut warnings = Vec::new();
        let addr = loop {
            let mut line = String::new();
            stderr.read_line(&mut line).unwrap();
            let addr = line
                .strip_prefix("listening on https://")
                .and_then(|rest| rest.strip_suffix("/\n"));
            if let Some(addr) = addr {
                break addr.parse().unwrap();
            }
            assert!(line.contains("warning: "), "{line:?}");
            warnings.push(line);
        };
        let root = served.root.clone();
        Self {
            child,
            stderr,
            warnings,
            client: Client { addr, root },
        }
    }

    /// Sends a signal; gives the exit status, if there is one, and what was said after the first line.
    pub(crate) fn end_by(mut self, signal: Signal) -> (Option<i32>, String) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap();
        let mut said = String::new();
        self.stderr.read_to_string(&mut said).unwrap();
        (self.child.wait().unwrap().code(), said)
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn command(served: &Served, options: &str) -> std::process::Command {
    let mut command = jit_trust(["serve", "--listen", "127.0.0.1:0", "--cert"]);
    command.arg(served.path("chain.pem"));
    command.arg("--key").arg(served.path("key.pem"));
    command.args(options.split_whitespace()).arg(served.webroot());
    command
}

#[test]
fn every_file_is_served_in_both_versions_of_http_with_its_type() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let certificate = "application/pkix-cert";
    let mut files: Vec<_> = [
        ("by-subject", "application/octet-stream"),
        ("by-skid", certificate),
        ("by-iss", certificate),
        ("der", certificate),
    ]
    .map(|(folder, content_type)| (served.file_in(folder), content_type))
    .into();
    for (name, content_type) in [
        ("index.json", "application/json"),
        ("bundle.tblb", "application/octet-stream"),
    ] {
        let content = std::fs::read(served.webroot().join(name)).unwrap();
        files.push(((format!("/{name}"), content), content_type));
    }
    for protocol in PROTOCOLS {
        for ((path, content), content_type) in &files {
            let got = serving.client.get(protocol, path);
            assert_eq!((got.status, &got.body[..]), (200, &content[..]), "{path}");
            assert_eq!(got.header("content-type"), *content_type, "{path}");
            assert_eq!(got.header("cache-control"), "public, max-age=300");
            assert_eq!(got.header("content-length"), content.len().to_string());
            assert_eq!(got.version == Version::HTTP_2, protocol == "h2");

            let head = serving.client.ask(protocol, "HEAD", path, &[]);
            assert_eq!((head.status, head.body.len()), (200, 0));
            assert_eq!(head.header("content-length"), content.len().to_string());
            assert_eq!(head.header("etag"), got.header("etag"));
        }
    }
}

#[test]
fn what_a_client_has_already_is_not_sent_again() {
    let served = Served::new();
    let serving = Serving::start(&served, "--max-age 30");
    let (path, _) = served.file_in("by-subject");
    for protocol in PROTOCOLS {
        let etag = serving.client.get(protocol, &path).header("etag").to_owned();
        for known in [
            etag.clone(),
            format!("W/{etag}"),
            format!("\"a\", {etag}"),
            "*".into(),
        ] {
            let got = serving
                .client
                .ask(protocol, "GET", &path, &[("if-none-match", &known)]);
            assert_eq!((got.status, got.body.len()), (304, 0), "{known}");
            assert_eq!(got.header("etag"), etag);
            assert_eq!(got.header("cache-control"), "public, max-age=30");
        }
        let other = serving
            .client
            .ask(protocol, "GET", &path, &[("if-none-match", "\"a\"")]);
        assert_eq!(other.status, 200);
    }
}

#[test]
fn what_the_webroot_does_not_have_is_not_there_and_that_is_believed_a_minute() {
    let served = Served::new();
    std::fs::write(served.path("secret"), "secret").unwrap();
    std::fs::write(served.webroot().join("secret"), "secret").unwrap();
    let serving = Serving::start(&served, "");
    for protocol in PROTOCOLS {
        for path in [
            path_of_none().as_str(),
            "/",
            "/by-subject/",
            "/by-subject",
            "/secret",
            "/../secret",
            "/by-subject/../../secret",
            "/%2e%2e/secret",
            "/by-skid/..%2f..%2fsecret",
            "//secret",
            "/index.json%00",
        ] {
            let got = serving.client.get(protocol, path);
            assert_eq!((got.status, got.body.len()), (404, 0), "{path}");
            assert_eq!(got.header("cache-control"), "public, max-age=60");
        }
    }
}

#[test]
fn only_get_and_head_are_answered() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let (path, _) = served.file_in("by-subject");
    for protocol in PROTOCOLS {
        for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
            let got = serving.client.ask(protocol, method, &path, &[]);
            assert_eq!(got.status, 405, "{method}");
            assert_eq!(got.header("allow"), "GET, HEAD");
            assert_eq!(got.header("cache-control"), "no-store");
        }
    }
}

#[test]
fn what_is_asked_with_a_query_is_the_same_and_kept_by_no_cache() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let (path, content) = served.file_in("by-subject");
    let got = serving.client.get("h2", &format!("{path}?newest=1795242330"));
    assert_eq!((got.status, &got.body[..]), (200, &content[..]));
    assert_eq!(got.header("cache-control"), "no-store");
}

#[test]
fn a_webroot_that_is_replaced_serves_the_next_request_and_one_that_is_gone_denies_nothing() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let (path, before) = served.file_in("by-subject");
    let etag = serving.client.get("h2", &path).header("etag").to_owned();
    served.write_generation(2);
    let known = [("if-none-match", etag.as_str())];
    let after = serving.client.ask("h2", "GET", &path, &known);
    assert_eq!(after.status, 200);
    assert_ne!(&after.body[..], &before[..]);

    std::fs::rename(served.webroot(), served.path("aside")).unwrap();
    for path in [path.as_str(), &path_of_none()] {
        let gone = serving.client.get("h2", path);
        assert_eq!(gone.status, 503);
        assert_eq!(gone.header("cache-control"), "no-store");
    }
    std::fs::rename(served.path("aside"), served.webroot()).unwrap();
    assert_eq!(serving.client.get("h2", &path).status, 200);
}

#[test]
fn an_answer_is_of_one_generation_and_never_missing_while_the_webroot_is_replaced() {
    use std::sync::atomic::{AtomicBool, Ordering};

    let served = Served::new();
    let serving = Serving::start(&served, "");
    let (path, _) = served.file_in("by-subject");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let asking = scope.spawn(|| {
            let mut newest = 0;
            while !done.load(Ordering::Relaxed) {
                for path in [path.as_str(), "/bundle.tblb"] {
                    let got = serving.client.get("h2", path);
                    assert_eq!(got.status, 200);
                    let generation = TrustBlob::open(&got.body).unwrap().generation();
                    assert!(generation >= newest, "{generation} after {newest}");
                    newest = generation;
                }
            }
        });
        (2..12).for_each(|generation| served.write_generation(generation));
        done.store(true, Ordering::Relaxed);
        asking.join().unwrap();
    });
    let got = serving.client.get("h2", &path);
    assert_eq!(TrustBlob::open(&got.body).unwrap().generation(), 11);
    assert!(served.webroot().is_symlink());
}

#[test]
fn verbose_says_a_line_for_a_request_and_for_a_handshake_that_fails() {
    let served = Served::new();
    let serving = Serving::start(&served, "-v");
    let (path, content) = served.file_in("by-subject");
    serving.client.get("h2", &path);
    serving.client.get("http/1.1", "/%1b%5b2J");
    let mut plain = TcpStream::connect(serving.client.addr).unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
    let mut alert = Vec::new();
    let _ = plain.read_to_end(&mut alert);
    assert!(!alert.starts_with(b"HTTP"), "{alert:?}");
    let (status, said) = serving.end_by(Signal::TERM);
    assert_eq!(status, Some(0));
    assert!(
        said.contains(&format!(" HTTP/2.0 GET {path} 200 {}\n", content.len())),
        "{said}"
    );
    assert!(said.contains(" HTTP/1.1 GET /%1b%5b2J 404 0\n"), "{said}");
    assert!(said.contains(" TLS handshake: "), "{said}");
    assert_eq!(said.lines().count(), 3, "{said}");
}

#[test]
fn without_verbose_nothing_is_said() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    serving.client.get("h2", "/");
    assert_eq!(serving.end_by(Signal::INT), (Some(0), String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn signals_end_it_soon_also_with_clients_that_do_nothing() {
    let served = Served::new();
    for (signal, status) in [(Signal::INT, 0), (Signal::TERM, 0), (Signal::HUP, 129)] {
        let serving = Serving::by(&served, &mut with_hang_up(&command(&served, ""), "default"));
        let silent = TcpStream::connect(serving.client.addr).unwrap();
        let (status_then, took) = block_on(async {
            let idle = [
                serving.client.connect(&["h2"]).await,
                serving.client.connect(&["http/1.1"]).await,
            ];
            let started = Instant::now();
            let (status, _) = serving.end_by(signal);
            drop(idle);
            (status, started.elapsed())
        });
        assert_eq!(status_then, Some(status), "{signal:?}");
        assert!(took < Duration::from_secs(30), "{took:?}");
        drop(silent);
    }
}

#[test]
fn a_client_that_sends_no_request_is_not_waited_for_without_end() {
    let served = Served::new();
    let serving = Serving::start(&served, "");
    let mut silent = TcpStream::connect(serving.client.addr).unwrap();
    silent.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let started = Instant::now();
    block_on(async {
        let mut slow = serving.client.connect(&["http/1.1"]).await;
        slow.write_all(b"GET / HTTP/1.1\r\nHost: local").await.unwrap();
        let mut rest = Vec::new();
        // However it is ended, it is.
        let _ = slow.read_to_end(&mut rest).await;
        assert!(!rest.starts_with(b"HTTP/1.1 200"));
    });
    assert_eq!(silent.read(&mut [0]).unwrap_or(0), 0);
    assert!(started.elapsed() < Duration::from_secs(50));
}

#[test]
fn what_cannot_be_served_is_refused_with_what_to_do() {
    let served = Served::new();
    let other = Ca::root("Lab Root B").leaf("localhost");
    std::fs::write(served.path("other.pem"), other.key().private_pem()).unwrap();
    std::fs::write(served.path("empty"), "").unwrap();
    std::fs::create_dir(served.path("directory")).unwrap();
    let refused = |change: &str, name: &str| -> Run {
        let mut arguments = vec![
            ("--cert", served.path("chain.pem")),
            ("--key", served.path("key.pem")),
            ("", served.webroot()),
        ];
        for (option, path) in &mut arguments {
            if *option == change {
                *path = served.path(name);
            }
        }
        let mut command = jit_trust(["serve", "--listen", "127.0.0.1:0"]);
        for (option, path) in &arguments {
            if !option.is_empty() {
                command.arg(option);
            }
            command.arg(path);
        }
        run(&mut command).ends_with(2).says_one_line()
    };
    refused("--cert", "none").says("none: cannot read: No such file");
    refused("--cert", "empty").says("expected certificates in PEM or DER");
    refused("--cert", "key.pem");
    refused("--key", "none").says("none: cannot read: No such file");
    refused("--key", "empty").says("expected a private key in PEM");
    refused("--key", "chain.pem").says("expected a private key in PEM");
    refused("--key", "other.pem").says("its first certificate is not for the key in");
    refused("", "none").says("none: cannot read: No such file");
    refused("", "key.pem").says("cannot read: Not a directory");
    refused("", "directory").says("; `jit-trust bundle mozilla --webroot DIR` makes one");

    let backwards = [Ca::root("Lab Root A").der(), other.der()];
    std::fs::write(served.path("backwards.pem"), pem(&backwards)).unwrap();
    refused("--cert", "backwards.pem").says("expected the server's own certificate first");
}

#[test]
fn an_address_is_an_ip_address_and_a_port_that_is_free() {
    let served = Served::new();
    for addr in ["8443", "localhost:8443", "http://127.0.0.1:80"] {
        run(command(&served, "--max-age 1").args(["--listen", addr])).ends_with(2);
    }
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = taken.local_addr().unwrap().to_string();
    let mut command = jit_trust(["serve", "--listen", &addr, "--cert"]);
    command
        .arg(served.path("chain.pem"))
        .arg("--key")
        .arg(served.path("key.pem"));
    run(command.arg(served.webroot()))
        .ends_with(1)
        .says_one_line()
        .says(&format!("{addr}: cannot listen: "));
}

#[test]
fn keys_of_every_kind_are_taken() {
    let served = Served::new();
    for kind in [KeyKind::EcdsaP384, KeyKind::Ed25519, KeyKind::Rsa2048] {
        let key = Key::generate(kind);
        let leaf = jit_trust_lab::pki::Leaf::builder(&["localhost"])
            .key(&key)
            .issued_by(&served.root);
        std::fs::write(served.path("chain.pem"), pem(&leaf.chain(&[]))).unwrap();
        std::fs::write(served.path("key.pem"), key.private_pem()).unwrap();
        let serving = Serving::start(&served, "");
        assert_eq!(serving.client.get("h2", "/index.json").status, 200, "{kind:?}");
    }
}
