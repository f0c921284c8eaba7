//! A process that makes its first verified connection: what it costs with trust just in time, and with roots loaded, for
//! each TLS library but rustls, in one run.
//!
//! `cargo bench -p jit-trust --all-features --bench libraries` prints a table in Markdown. The clients are this program,
//! started again: what is timed is a process as a whole, from its start to its end. The heap is what malloc took from the
//! system, to the page (`peak`), and what was in use in the end (`kept`), after one connection and after 1,000 to 100
//! hosts.

mod client;
mod mbedtls;
mod openssl;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use jit_trust_core::{Certificate, Entry, v2};
use jit_trust_lab::pki::{Ca, pem};
use jit_trust_lab::server::{Response, Server};
use webpki_root_certs::TLS_SERVER_ROOT_CERTS;

const ROUNDS: usize = 41;
const CONNECTIONS: usize = 1_000;
const HOSTS: usize = 100;
/// Debian's list.
const SYSTEM: &str = "/etc/ssl/certs/ca-certificates.crt";

const LIBRARIES: [&str; 2] = ["openssl", "mbedtls"];

/// The ways to trust that are compared: how a client is told, and what it is called.
const WAYS: [(&str, &str); 4] = [
    ("one", "the one right root"),
    ("just-in-time", "just in time, from a blob file"),
    ("all", "every root, from a file"),
    ("directory", "a directory of roots, by hash"),
];

/// Whether a library has this way to trust.
fn has(library: &str, way: &str) -> bool {
    library == "openssl" || way != "directory"
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(place) = arguments.iter().position(|argument| argument == "client") {
        let [library, way, file, address, connections] = &arguments[place + 1..] else {
            panic!("a library, a way to trust, its file, an address, a number");
        };
        let connect = match &**library {
            "openssl" => openssl::client(way, Path::new(file)),
            "mbedtls" => mbedtls::client(way, Path::new(file)),
            _ => panic!("no such library"),
        };
        client::run(&connect, address, connections.parse().expect("a number"));
        return;
    }
    let root = Ca::root("Bench Root");
    let ca = root.intermediate("Bench CA");
    let leaf = ca.leaf("*.bench.test");
    let chain = leaf.chain(&[&ca]);
    let server = Server::builder()
        .default_site(leaf.key(), chain, |_| Response::ok(""))
        .start();
    let files = Files::make(&root);
    println!(
        "| library | trust | first connection | to the one right root | peak heap | kept | after {CONNECTIONS} |"
    );
    println!("|---|---|---|---|---|---|---|");
    for library in LIBRARIES {
        table(library, &server, &files);
    }
}

/// What clients trust by, in files.
struct Files {
    directory: tempfile::TempDir,
}

impl Files {
    fn make(root: &Ca) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let path = directory.path();
        let root = root.der();
        let all = || TLS_SERVER_ROOT_CERTS.iter().chain([&root]);
        let roots = all().map(|der| Certificate::from_der(der).expect("a root"));
        let entries: Vec<Entry<'_>> = roots.map(Entry::from_certificate).collect();
        let blob = v2::to_vec(&entries, v2::Options::default(), 7).expect("a list that fits");
        let write =
            |name: &str, bytes: &[u8]| std::fs::write(path.join(name), bytes).expect("a temporary file");
        write("just-in-time", &blob);
        let own = pem(&[&root]);
        write("one", own.as_bytes());
        let system = std::fs::read_to_string(SYSTEM).expect("Debian's package ca-certificates");
        write("all", format!("{system}{own}").as_bytes());
        let by_hash = path.join("directory");
        std::fs::create_dir(&by_hash).expect("a temporary directory");
        openssl::write_by_hash(&by_hash, all());
        Self { directory }
    }

    fn of(&self, way: &str) -> PathBuf {
        self.directory.path().join(way)
    }
}

/// What one process came to.
struct Run {
    milliseconds: f64,
    peak: usize,
    kept: usize,
}

fn table(library: &str, server: &Server, files: &Files) {
    let ways: Vec<_> = WAYS.iter().filter(|(way, _)| has(library, way)).collect();
    let before = server.connections();
    let mut rounds: Vec<Vec<Run>> = Vec::new();
    for _ in 0..ROUNDS {
        let of_round = ways
            .iter()
            .map(|(way, _)| start(library, way, &files.of(way), server.addr(), 1, false));
        rounds.push(of_round.collect());
    }
    assert_eq!(
        server.connections() - before,
        ROUNDS * ways.len(),
        "one connection each, as the server counts them"
    );
    for (place, (way, called)) in ways.iter().enumerate() {
        let counted = |connections| start(library, way, &files.of(way), server.addr(), connections, true);
        let (first, after) = (counted(1), counted(CONNECTIONS));
        let time = median(rounds.iter().map(|round| round[place].milliseconds));
        let ratio = median(
            rounds
                .iter()
                .map(|round| round[place].milliseconds / round[0].milliseconds),
        );
        println!(
            "| {library} | {called} | {time:.1} ms | {ratio:.2} | {} | {} | {} |",
            kilobytes(first.peak),
            kilobytes(first.kept),
            kilobytes(after.kept)
        );
    }
}

/// Starts a client, and waits for its end. Where its heap is to be counted, malloc keeps nothing for later that is free,
/// and the heap grows by pages, is all in one place, and never shrinks.
fn start(
    library: &str,
    way: &str,
    file: &Path,
    address: SocketAddr,
    connections: usize,
    is_counted: bool,
) -> Run {
    let mut client = Command::new(std::env::current_exe().expect("this program"));
    client
        .args(["client", library, way])
        .arg(file)
        .args([address.to_string(), connections.to_string()]);
    if is_counted {
        client.env(
            "GLIBC_TUNABLES",
            "glibc.malloc.tcache_count=0:glibc.malloc.mxfast=0:glibc.malloc.top_pad=0:\
             glibc.malloc.trim_threshold=1000000000:glibc.malloc.mmap_threshold=30000000",
        );
    }
    let started = Instant::now();
    let output = client.output().expect("a process");
    let milliseconds = started.elapsed().as_secs_f64() * 1e3;
    let (said, complained) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(output.status.success(), "{library} {way}: {complained}");
    let mut numbers = said
        .split_whitespace()
        .map(|number| number.parse().expect("a number"));
    let mut next = || numbers.next().expect("two numbers");
    Run {
        milliseconds,
        peak: next(),
        kept: next(),
    }
}

fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut samples: Vec<_> = samples.collect();
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}

#[expect(clippy::cast_precision_loss, reason = "to show")]
fn kilobytes(bytes: usize) -> String {
    format!("{:.1} KB", bytes as f64 / 1e3)
}
