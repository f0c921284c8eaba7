//! What just-in-time trust does, shown without the internet.
//!
//! Mozilla's list and two roots of the lab become a trust blob; servers on loopback present chains of several kinds,
//! and the real `jit-trust get` reaches each. Every command is printed before it runs, and after it what the server
//! counted. The last server's root is not in the store, so that it must be refused.
//!
//! `scripts/demo` builds the command and runs this.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use jit_trust_lab::pki::{Ca, Leaf, garbage, pem};
use jit_trust_lab::server::{Response, Server};
use pki_types::CertificateDer;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("demo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let shell = Shell::new(directory.path())?;
    let lab = Lab::new();
    std::fs::write(directory.path().join("lab-roots.pem"), lab.roots_pem())?;

    println!("Mozilla's list and two roots of a private web PKI become one trust blob:");
    shell.jit_trust(
        &["bundle", "mozilla", "lab-roots.pem", "--blob", "trust.tblb"],
        true,
    )?;

    for visit in lab.visits() {
        let server = lab.serve(&visit);
        println!("\n{}:", visit.what);
        shell.get(&server, &visit)?;
        println!("# the server counted {}", connections(server.connections()));
        if server.connections() != 1 {
            return Err("expected one connection".into());
        }
    }
    println!("\nFor a live site:\n\n    jit-trust get -v https://www.rust-lang.org/");
    Ok(())
}

fn connections(count: usize) -> String {
    if count == 1 {
        "1 connection".into()
    } else {
        format!("{count} connections")
    }
}

/// Runs the command in a directory of its own and shows what it does.
struct Shell<'a> {
    jit_trust: PathBuf,
    directory: &'a Path,
}

impl<'a> Shell<'a> {
    fn new(directory: &'a Path) -> Result<Self, Box<dyn Error>> {
        let examples = std::env::current_exe()?;
        let profile = examples
            .ancestors()
            .nth(2)
            .ok_or("not run from target/*/examples")?;
        let jit_trust = profile.join(format!("jit-trust{}", std::env::consts::EXE_SUFFIX));
        if !jit_trust.exists() {
            return Err(format!(
                "{}: missing; run scripts/demo, which builds it",
                jit_trust.display()
            )
            .into());
        }
        Ok(Self { jit_trust, directory })
    }

    fn jit_trust(&self, arguments: &[&str], succeeds: bool) -> Result<(), Box<dyn Error>> {
        println!("$ jit-trust {}", arguments.join(" "));
        let mut command = Command::new(&self.jit_trust);
        let command = command.args(arguments).current_dir(self.directory);
        for proxy in [
            "http_proxy",
            "https_proxy",
            "HTTPS_PROXY",
            "all_proxy",
            "ALL_PROXY",
        ] {
            command.env_remove(proxy);
        }
        let status = command.status()?;
        if status.success() == succeeds {
            Ok(())
        } else {
            Err(format!("unexpected {status}").into())
        }
    }

    fn get(&self, server: &Server, visit: &Visit) -> Result<(), Box<dyn Error>> {
        let resolve = format!("{}:{}:127.0.0.1", visit.host, server.port());
        let url = server.url(visit.host, "/");
        let mut arguments = vec!["get", "-v", "--trust", "trust.tblb", "--resolve", &resolve];
        arguments.extend(visit.option);
        arguments.push(&url);
        self.jit_trust(&arguments, visit.is_trusted)
    }
}

/// A server to be reached, and what it sends.
struct Visit {
    what: &'static str,
    host: &'static str,
    option: Option<&'static str>,
    leaf: Leaf,
    chain: Vec<CertificateDer<'static>>,
    is_trusted: bool,
}

/// The private web PKI: a root, an older one that has signed it too, and one that nobody trusts.
struct Lab {
    root: Ca,
    older: Ca,
    cross: Ca,
    ca: Ca,
    unknown: Ca,
}

impl Lab {
    fn new() -> Self {
        let (root, older) = (Ca::root("Lab Root"), Ca::root("Older Lab Root"));
        // A root that is in no store, but that the older one has signed.
        let newest = Ca::root("Newest Lab Root");
        Self {
            cross: older.cross_sign(&newest),
            ca: newest.intermediate("Lab CA"),
            unknown: Ca::root("Unknown Root"),
            root,
            older,
        }
    }

    fn roots_pem(&self) -> String {
        pem(&[self.root.der(), self.older.der()])
    }

    fn visits(&self) -> Vec<Visit> {
        let straight = self.root.intermediate("Straight CA");
        let visit = |what, host, chain: fn(&Self, &Leaf, &Ca) -> Vec<CertificateDer<'static>>| {
            let leaf = straight.leaf(host);
            Visit {
                what,
                host,
                option: None,
                chain: chain(self, &leaf, &straight),
                leaf,
                is_trusted: true,
            }
        };
        let crossed = self.ca.leaf("cross-signed.test");
        let unknown = self.unknown.leaf("unknown.test");
        vec![
            visit(
                "A chain as it should be, over HTTP/2",
                "straight.test",
                |_, leaf, ca| leaf.chain(&[ca]),
            ),
            Visit {
                option: Some("--http1.1"),
                ..visit(
                    "The root sent along, over HTTP/1.1",
                    "root-sent.test",
                    |lab, leaf, ca| leaf.chain(&[ca, &lab.root]),
                )
            },
            visit(
                "Wrong order, duplicates, an unrelated certificate and an unreadable one",
                "untidy.test",
                |lab, leaf, ca| {
                    let mut chain = leaf.chain(&[&lab.root, &lab.unknown, ca, ca]);
                    chain.push(garbage::sequence_of_noise(100));
                    chain
                },
            ),
            Visit {
                what: "A new root that only an older one, cross-signing it, makes trusted",
                host: "cross-signed.test",
                option: None,
                chain: crossed.chain(&[&self.ca, &self.cross]),
                leaf: crossed,
                is_trusted: true,
            },
            Visit {
                what: "A root that is not in the store: refused",
                host: "unknown.test",
                option: None,
                chain: unknown.chain(&[&self.unknown]),
                leaf: unknown,
                is_trusted: false,
            },
        ]
    }

    fn serve(&self, visit: &Visit) -> Server {
        let body = format!("Hello from {}.\n", visit.host);
        let site = move |_: &_| Response::ok(body.clone());
        Server::builder()
            .site(visit.host, visit.leaf.key(), visit.chain.clone(), site)
            .start()
    }
}
