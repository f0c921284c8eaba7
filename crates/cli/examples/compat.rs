//! How long `jit-trust compat` takes over the 156 sites, played on loopback, and how much memory: printed as a table in
//! Markdown.
//!
//! `scripts/compat` builds the command and runs this. Options are handed on to the command, but `--format`, `--output` and
//! `--timeout`, which are given here.

use std::error::Error;
use std::fs::read_to_string;
use std::process::{Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use jit_trust_lab::internet::Internet;

/// How often the memory is looked at.
const TICK: Duration = Duration::from_millis(5);

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("compat: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn Error>> {
    let internet = Internet::builder().start();
    let proxy = internet.proxy();
    let directory = tempfile::tempdir()?;
    let store = directory.path().join("lab.tblb");
    std::fs::write(&store, internet.trust_blob())?;
    let examples = std::env::current_exe()?;
    let profile = examples
        .ancestors()
        .nth(2)
        .ok_or("not run from target/*/examples")?;

    let started = Instant::now();
    let mut running = Command::new(profile.join(format!("jit-trust{}", std::env::consts::EXE_SUFFIX)))
        .args(["compat", "--timeout", "8", "--format", "json", "--output"])
        .arg(directory.path().join("report.json"))
        .arg("--trust")
        .arg(&store)
        .args(std::env::args_os().skip(1))
        .env("https_proxy", proxy.url())
        .env_remove("NO_PROXY")
        .env_remove("no_proxy")
        .spawn()?;
    let mut most = None;
    let status = loop {
        most = most.max(allocated(running.id()));
        match running.try_wait()? {
            Some(status) => break status,
            None => sleep(TICK),
        }
    };
    let took = started.elapsed();

    let report: serde_json::Value =
        serde_json::from_str(&read_to_string(directory.path().join("report.json"))?)?;
    let count = |key: &str| report["summary"][key].clone();
    println!("| sites | asked | trusted | answered | connections | seconds | memory, stacks included, KiB |");
    println!("|---|---|---|---|---|---|---|");
    println!(
        "| {} | {} | {} | {} | {} | {:.1} | {} |",
        count("sites"),
        count("asked"),
        count("trusted"),
        count("answered"),
        internet.connections(),
        took.as_secs_f64(),
        most.map_or_else(|| "not known here".to_owned(), |most| most.to_string()),
    );
    match status.success() {
        true => Ok(()),
        false => Err(format!("jit-trust ended with {status}").into()),
    }
}

/// What a process has allocated, in KiB, its stacks included; on Linux only.
fn allocated(process: u32) -> Option<u64> {
    let status = read_to_string(format!("/proc/{process}/status")).ok()?;
    let anonymous = status.lines().find_map(|line| line.strip_prefix("RssAnon:"))?;
    anonymous.trim().strip_suffix(" kB")?.parse().ok()
}
