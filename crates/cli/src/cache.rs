//! `jit-trust cache`, and the files of `--cache`: which roots served which host, and the generations that were seen.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use jit_trust::{CachedHost, HostCache, RollbackGuard, StateFileError, StateFileFault, TrustPolicy};
use jit_trust_file::{FileError, OwnFile};
use serde::Serialize;

use crate::exit::Failure;
use crate::shown::{counted, joined, shown};
use crate::terminal::{print, print_json, warning};

/// Look into a file of --cache, or empty it
///
/// Such a file remembers which roots served which host. It is a hint and decides nothing. FILE.generations, beside it,
/// remembers the newest generation seen of each store, of which none that is older is taken.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust cache show hosts
  jit-trust cache clear hosts

Exit status: 0 when it worked; 1 when the result could not be written; 2 for bad usage or a file
that cannot be read, is none of --cache, or is damaged.")]
pub(crate) struct CacheArgs {
    #[command(subcommand)]
    pub(crate) command: CacheCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum CacheCommand {
    /// Print which hosts are remembered, what served them, and for how long that is remembered still
    Show {
        /// The file
        file: PathBuf,
        /// Print it in JSON
        #[arg(long)]
        json: bool,
    },
    /// Forget all hosts; the newest generations stay, so that no older store is taken
    Clear {
        /// The file
        file: PathBuf,
        /// Forget the newest generations, too, and take an older store: what was withdrawn since is trusted again
        #[arg(long)]
        generations: bool,
    },
}

pub(crate) fn run(args: &CacheArgs) -> Result<(), Failure> {
    match &args.command {
        CacheCommand::Show { file, json } => show(&look_into(file)?, *json),
        CacheCommand::Clear { file, generations } => clear(file, *generations),
    }
}

fn clear(file: &Path, generations: bool) -> Result<(), Failure> {
    let guard = guard_of(file);
    if generations {
        // Each of the two files may be there without the other.
        let has_hosts = file.symlink_metadata().is_ok();
        if has_hosts || guard.symlink_metadata().is_err() {
            look_into(file)?;
        }
        match RollbackGuard::open(&guard).map_err(|error| (is_to_be_removed(&error), error)) {
            Ok(_) | Err((true, _)) => {}
            Err((false, error)) => return Err(not_opened(&error)),
        }
        return [file, &guard].into_iter().try_for_each(remove);
    }
    let cache = look_into(file)?;
    cache.clear();
    cache.flush().map_err(|error| match &error.fault {
        StateFileFault::Write(cause) => match &**cause {
            FileError::Io { error, .. } => Failure::writing_file(file, error),
            cause => Failure::failed(shown(cause.to_string())),
        },
        _ => Failure::failed(shown(error.to_string())),
    })
}

/// Whether a file is a rollback guard's, whatever may be wrong with it.
fn is_to_be_removed(error: &StateFileError) -> bool {
    matches!(
        error.fault,
        StateFileFault::Damaged(_) | StateFileFault::OthersMayWrite
    )
}

fn remove(file: &Path) -> Result<(), Failure> {
    let opened = OwnFile::open(file).map_err(Failure::failed)?;
    opened.map_or(Ok(()), OwnFile::remove).map_err(Failure::failed)
}

/// The file of the generations, beside the file of `--cache`.
fn guard_of(file: &Path) -> PathBuf {
    let mut guard = file.as_os_str().to_owned();
    guard.push(".generations");
    guard.into()
}

/// Opens the file of `--cache` and that of the generations, or the places where they will be. That there can be no cache
/// is said and disturbs nothing. Generations that cannot be read are an error: without them, an older store would be
/// taken.
pub(crate) fn open(file: &Path) -> Result<(Option<HostCache>, Option<RollbackGuard>), Failure> {
    let cache = HostCache::builder().file(file).build();
    match &cache {
        Ok(cache) => cache.last_error().iter().for_each(warn),
        Err(error) => warn(error),
    }
    let guard = match RollbackGuard::open(guard_of(file)) {
        Ok(guard) => Some(guard),
        Err(error) if cache.is_err() && is_without_directory(&error) => None,
        Err(error) => return Err(not_opened(&error)),
    };
    let (cache, is_no_file) = match cache {
        Ok(cache) => (Some(cache), false),
        Err(error) => (None, is_no_file(&error)),
    };
    // Nothing is begun beside what is no file, such as /dev/null. What was kept before counts.
    let guard = guard.filter(|guard| !is_no_file || !guard.generations().is_empty());
    Ok((cache, guard))
}

/// What is wrong with a file that cannot be opened.
fn cause(error: &StateFileError) -> Option<&FileError> {
    match &error.fault {
        StateFileFault::Read(cause) => Some(cause),
        _ => None,
    }
}

/// Whether there is no directory for a file, so that it cannot be there.
fn is_without_directory(error: &StateFileError) -> bool {
    let io = cause(error).and_then(|cause| match cause {
        FileError::Io { error, .. } => Some(error.kind()),
        _ => None,
    });
    matches!(io, Some(ErrorKind::NotFound | ErrorKind::NotADirectory))
}

/// Whether there is something in a file's place that is no regular file.
fn is_no_file(error: &StateFileError) -> bool {
    matches!(
        cause(error),
        Some(FileError::NotAFile { .. } | FileError::IsADirectory { .. })
    )
}

/// Writes what was learnt, if there are files for it.
pub(crate) fn keep(policy: &TrustPolicy) {
    let (generations, hosts) = (
        policy.rollback_guard().flush(),
        policy.host_cache().map_or(Ok(()), HostCache::flush),
    );
    // Where neither can be written, that is for the same reason.
    if let Err(error) = generations.and(hosts) {
        warn(&error);
    }
}

fn warn(error: &StateFileError) {
    warning(format_args!("--cache: {}", shown(error.to_string())));
}

fn not_opened(error: &StateFileError) -> Failure {
    Failure::bad_input(format!("--cache: {}", shown(error.to_string())))
}

/// Opens a file to look into, which has to be there and whole.
fn look_into(file: &Path) -> Result<HostCache, Failure> {
    fs::metadata(file).map_err(|error| Failure::reading(file, &error))?;
    let cache = HostCache::builder().file(file).build();
    let cache = cache.map_err(|error| not_looked_into(file, &error))?;
    match cache.last_error() {
        Some(error) => Err(not_looked_into(file, &error)),
        None => Ok(cache),
    }
}

/// The library's own words are for a program that goes on without the file.
fn not_looked_into(file: &Path, error: &StateFileError) -> Failure {
    let what = match &error.fault {
        StateFileFault::Read(cause) => return Failure::bad_input(shown(cause.to_string())),
        StateFileFault::Damaged(expected) => {
            format!("no file of --cache, or a damaged one: expected {expected}")
        }
        StateFileFault::NotOurs => "no file of --cache".to_owned(),
        StateFileFault::OthersMayWrite => {
            "others may write to it: expected a file that only you may write to".to_owned()
        }
        _ => return Failure::bad_input(shown(error.to_string())),
    };
    let what = format!("{}: {what}", file.to_string_lossy());
    Failure::bad_input(shown(what))
}

#[derive(Serialize)]
struct Report {
    hosts: Vec<HostReport>,
}

#[derive(Serialize)]
struct HostReport {
    host: String,
    /// As paths in a webroot.
    keys: Vec<String>,
    age_s: u64,
    time_left_s: u64,
}

impl HostReport {
    fn of(cached: &CachedHost) -> Self {
        Self {
            host: cached.host.clone(),
            keys: cached.keys.iter().map(ToString::to_string).collect(),
            age_s: cached.age.as_secs(),
            time_left_s: cached.time_left.as_secs(),
        }
    }
}

fn show(cache: &HostCache, json: bool) -> Result<(), Failure> {
    let hosts = cache.hosts();
    if json {
        let hosts = hosts.iter().map(HostReport::of).collect();
        return print_json(&Report { hosts });
    }
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_header(["host", "left", "root asked for by"]);
    for cached in &hosts {
        let host = shown(cached.host.as_str()).to_string();
        table.add_row([host, minutes(cached.time_left), joined(&cached.keys, "\n")]);
    }
    let count = counted(hosts.len(), "host");
    print(format!("{}\n{count}\n", table.trim_fmt()))
}

fn minutes(left: Duration) -> String {
    format!("{} min", left.as_secs().div_ceil(60))
}
