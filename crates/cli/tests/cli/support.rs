//! What the tests share: the program to run, and a store for the lab's roots.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use jit_trust_bundle::{BlobOptions, Input, Policy, encode_blob, read};
use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Response, Server, ServerBuilder};
use tempfile::TempDir;

/// How a run of the program ended.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Run {
    /// The run, which must have ended with this status.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{self:#?}");
        assert!(!self.stderr.contains("panicked"), "{self:#?}");
        self
    }

    /// The run, which must have said this on stderr.
    #[track_caller]
    pub(crate) fn says(self, part: &str) -> Self {
        assert!(self.stderr.contains(part), "no {part:?} in {self:#?}");
        self
    }

    /// The run, which must have said one line, of the command's own form.
    #[track_caller]
    pub(crate) fn says_one_line(self) -> Self {
        assert_eq!(self.stderr.lines().count(), 1, "{self:#?}");
        assert!(self.stderr.starts_with("jit-trust: "), "{self:#?}");
        self
    }
}

/// The program, in an environment that no user of this machine has changed.
pub(crate) fn jit_trust<S: AsRef<OsStr>>(args: impl IntoIterator<Item = S>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_jit-trust"));
    for variable in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        command.env_remove(variable).env_remove(variable.to_uppercase());
    }
    command
        .env_remove("SOURCE_DATE_EPOCH")
        .env_remove("XDG_CACHE_HOME")
        .env_remove("COLUMNS")
        .env_remove("CLICOLOR_FORCE")
        .env_remove("NO_COLOR")
        .env("HOME", "/nonexistent")
        .stdin(Stdio::null())
        .args(args);
    command
}

pub(crate) fn run(command: &mut Command) -> Run {
    let started = Instant::now();
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    Run {
        status: status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8(stderr).unwrap(),
        took: started.elapsed(),
    }
}

/// The same with SIGHUP as it is by default, or ignored: the program that runs the tests may have it ignored.
#[cfg(target_os = "linux")]
pub(crate) fn with_hang_up(command: &Command, disposition: &str) -> Command {
    let mut changed = Command::new("env");
    changed
        .arg(format!("--{disposition}-signal=HUP"))
        .arg(command.get_program())
        .args(command.get_args())
        .stdin(Stdio::null());
    for (variable, value) in command.get_envs() {
        match value {
            Some(value) => changed.env(variable, value),
            None => changed.env_remove(variable),
        };
    }
    changed
}

/// A pipe to a program that has ended.
pub(crate) fn closed_pipe() -> Stdio {
    let mut reader = Command::new("true").stdin(Stdio::piped()).spawn().unwrap();
    let pipe = reader.stdin.take().unwrap();
    reader.wait().unwrap();
    pipe.into()
}

/// Runs the program, whose stdout is given to it already.
pub(crate) fn run_to(command: &mut Command) -> Run {
    let started = Instant::now();
    let running = command.stderr(Stdio::piped()).spawn().unwrap();
    let ended = running.wait_with_output().unwrap();
    Run {
        status: ended.status.code().unwrap_or(-1),
        stdout: String::new(),
        stderr: String::from_utf8(ended.stderr).unwrap(),
        took: started.elapsed(),
    }
}

/// Runs the program with these arguments, separated by spaces.
pub(crate) fn run_line(line: &str) -> Run {
    run(&mut jit_trust(line.split_whitespace()))
}

/// A directory with a store that holds Mozilla's roots and some of the lab's.
pub(crate) struct Lab {
    directory: TempDir,
}

impl Lab {
    pub(crate) fn trusting(roots: &[&Ca]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let pem: String = roots.iter().map(|root| root.pem()).collect();
        let mut inputs = vec![Input::Mozilla];
        if !pem.is_empty() {
            inputs.push(Input::Bytes {
                name: "lab".to_owned(),
                bytes: pem.into_bytes(),
            });
        }
        let list = read(&inputs, Policy::Strict).unwrap();
        let blob = encode_blob(list.roots(), 1, BlobOptions::default()).unwrap();
        std::fs::write(directory.path().join("trust.tblb"), blob.bytes).unwrap();
        Self { directory }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn store(&self) -> PathBuf {
        self.path("trust.tblb")
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    /// `get` with more options, of a URL whose host is on loopback.
    pub(crate) fn get(&self, url: &str, options: &str) -> Command {
        let mut command = jit_trust(["get", url, "--trust"]);
        command.arg(self.store()).args(options.split_whitespace());
        let port = url.rsplit_once(':').unwrap().1.split('/').next().unwrap();
        command.arg("--resolve").arg(format!("*:{port}:127.0.0.1"));
        command
    }
}

/// A site that answers `hello`, with a straight chain.
pub(crate) fn hello(server: ServerBuilder, name: &str, root: &Ca) -> ServerBuilder {
    let issuing = root.intermediate("Lab Issuing CA");
    let leaf = issuing.leaf(name);
    site(server, name, &leaf, &[&issuing])
}

/// A site that answers `hello`, with this chain.
pub(crate) fn site(server: ServerBuilder, name: &str, leaf: &Leaf, cas: &[&Ca]) -> ServerBuilder {
    server.site(name, leaf.key(), leaf.chain(cas), |_| Response::ok("hello"))
}

pub(crate) fn hello_server(name: &str, root: &Ca) -> Server {
    hello(Server::builder(), name, root).start()
}

/// A file that is published elsewhere and not copied into this project. Without `CI` in the environment its absence
/// skips a test; with it, it fails.
pub(crate) fn shared_data(name: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/data")
        .join(name);
    if path.exists() {
        return Some(path);
    }
    assert!(std::env::var_os("CI").is_none(), "{} is missing", path.display());
    eprintln!("skipped: {} is missing", path.display());
    None
}
