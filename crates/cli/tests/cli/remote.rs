//! A webroot on a server, for commands that ask it.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Fault, Request, Response, Server};
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{Run, jit_trust, run};

/// A webroot that `jit-trust bundle` made, a server for `localhost` that has it, and the CA that issued the server's certificate.
pub(crate) struct Remote {
    directory: TempDir,
    pub(crate) server: Server,
}

impl Remote {
    /// With these roots, of generation 1.
    pub(crate) fn of(roots: &[&Ca]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let webroot = directory.path().join("webroot");
        let remote = Self::serving(directory, move |request| file_in(&webroot, request));
        remote.bundle(&pem_of(roots), 1);
        remote
    }

    /// One whose server answers as a test says.
    pub(crate) fn answering(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        Self::serving(tempfile::tempdir().unwrap(), answer)
    }

    /// One whose server does this to every client.
    pub(crate) fn with_fault(fault: Fault) -> Self {
        let (ca, directory) = (Ca::root("Store CA"), tempfile::tempdir().unwrap());
        std::fs::write(directory.path().join("ca.pem"), ca.pem()).unwrap();
        let server = Server::builder().fault(fault).start();
        Self { directory, server }
    }

    fn serving(directory: TempDir, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> Self {
        let ca = Ca::root("Store CA");
        std::fs::write(directory.path().join("ca.pem"), ca.pem()).unwrap();
        let leaf = ca.leaf("localhost");
        let server = Server::builder().site("localhost", leaf.key(), leaf.chain(&[]), answer);
        Self {
            directory,
            server: server.start(),
        }
    }

    /// Replaces the webroot by one of this list.
    pub(crate) fn bundle(&self, list: &str, generation: u32) {
        self.bundle_with(list, generation, "");
    }

    /// The same, with more options.
    pub(crate) fn bundle_with(&self, list: &str, generation: u32, options: &str) {
        let path = self.write("list", list);
        let mut bundle = jit_trust(["bundle"]);
        bundle.arg(path).arg("--webroot").arg(self.path("webroot"));
        bundle.args(["--force", "--quiet", "--generated-at", &generation.to_string()]);
        bundle.args(options.split_whitespace());
        run(&mut bundle).ends_with(0);
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub(crate) fn url(&self) -> String {
        format!("https://localhost:{}", self.server.port())
    }

    /// How many requests reached it, answered or not.
    pub(crate) fn asked(&self) -> usize {
        self.server.requests_seen().len()
    }

    /// `command`, trusting by it.
    pub(crate) fn trusted_by<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command
            .args(["--trust", &self.url(), "--trust-ca"])
            .arg(self.path("ca.pem"))
    }

    /// `get` of a URL whose host is on loopback, trusting by it.
    pub(crate) fn get(&self, url: &str, options: &str) -> Command {
        let mut command = jit_trust(["get", url]);
        command.args(options.split_whitespace());
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        command.arg("--resolve").arg(format!("*:{port}:127.0.0.1"));
        self.trusted_by(&mut command);
        command
    }

    /// `verify` of this chain for `a.test`, trusting by it.
    pub(crate) fn verify(&self, leaf: &Leaf, cas: &[&Ca]) -> Command {
        let chain = self.write("chain.pem", jit_trust_lab::pki::pem(&leaf.chain(cas)));
        let mut command = jit_trust(["verify", "--host", "a.test"]);
        self.trusted_by(command.arg(chain));
        command
    }
}

fn file_in(webroot: &Path, request: &Request) -> Response {
    let path = request.path.split('?').next().unwrap_or_default();
    match std::fs::read(webroot.join(path.trim_start_matches('/'))) {
        Ok(file) => Response::ok(file),
        Err(_) => Response::status(404),
    }
}

pub(crate) fn pem_of(roots: &[&Ca]) -> String {
    roots.iter().map(|root| root.pem()).collect()
}

/// A port where nobody is.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// What `get --json` says of TLS in each hop.
pub(crate) fn tls_of_hops(got: &Run) -> Vec<Value> {
    let report: Value = serde_json::from_str(&got.stdout).unwrap();
    let hops = report["hops"].as_array().unwrap().iter();
    hops.map(|hop| hop["tls"].clone()).collect()
}
