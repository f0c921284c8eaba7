//! `jit-trust cache`, and the file of `--cache`: which roots served which host.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use comfy_table::{Table, presets};
use jit_trust::{CachedHost, HostCache, HostCacheError, Trust};
use jit_trust_file::OwnFile;
use serde::Serialize;

use crate::exit::{Failure, causes};
use crate::shown::{counted, shown};
use crate::terminal::{print, print_json, warning};
use crate::words::joined;

/// Look into a file of --cache, or empty it
///
/// Such a file remembers which roots served which host, and the newest generation seen of each store. It is a hint and
/// decides nothing.
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
    let cache = look_into(file)?;
    if generations {
        // Without hosts and generations there is nothing left to keep in it.
        let opened = OwnFile::open(file).map_err(Failure::failed)?;
        return opened.map_or(Ok(()), OwnFile::remove).map_err(Failure::failed);
    }
    cache.clear();
    cache.flush().map_err(|error| match error {
        HostCacheError::Write { error, .. } => Failure::writing_file(file, &error),
        error => Failure::failed(causes(&error)),
    })
}

/// Opens the file of `--cache`, or the place where it will be. That it cannot be used is said and disturbs nothing.
pub(crate) fn open(file: &Path) -> Option<HostCache> {
    match HostCache::builder().file(file).build() {
        Ok(cache) => {
            cache.notes().iter().for_each(warn);
            Some(cache)
        }
        Err(error) => {
            warn(&error);
            None
        }
    }
}

/// Writes what was learnt, if there is a file for it.
pub(crate) fn keep(trust: &Trust) {
    if let Some(Err(error)) = trust.host_cache().map(HostCache::flush) {
        warn(&error);
    }
}

fn warn(error: &HostCacheError) {
    warning(format_args!("--cache: {}", causes(error)));
}

/// Opens a file to look into, which has to be there and whole.
fn look_into(file: &Path) -> Result<HostCache, Failure> {
    fs::metadata(file).map_err(|error| Failure::reading(file, &error))?;
    let cache = HostCache::builder().file(file).build();
    let cache = cache.map_err(|error| not_looked_into(file, &error))?;
    match cache.notes().first() {
        Some(error) => Err(not_looked_into(file, error)),
        None => Ok(cache),
    }
}

/// The library's own words are for programs that go on without the file.
fn not_looked_into(file: &Path, error: &HostCacheError) -> Failure {
    let what = match error {
        HostCacheError::Read { error, .. } | HostCacheError::Directory { error, .. } => {
            return Failure::reading(file, error);
        }
        HostCacheError::Damaged { expected, .. } => {
            format!("no file of --cache, or a damaged one: expected {expected}")
        }
        HostCacheError::NotACache { .. } => "no file of --cache".to_owned(),
        HostCacheError::TooLarge { limit, .. } => {
            format!("no file of --cache: expected at most {limit} bytes")
        }
        HostCacheError::NotAFile { .. } => "expected a regular file".to_owned(),
        HostCacheError::IsALink { .. } => "a link, which is not followed: expected a regular file".to_owned(),
        HostCacheError::Foreign { owner, .. } => {
            format!("belongs to another user (uid {owner}): expected a file of yours")
        }
        HostCacheError::OthersMayWrite { .. } => {
            "others may write to it: expected a file that only you may write to".to_owned()
        }
        error => causes(error),
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
