//! The command `jit-trust`: make, look into and use just-in-time trust stores.
//!
//! `args` is the one description of the command line; the help, the man page and the completions are made of it.
//! Each command is one module. Those that reach the network share `http`, which knows nothing of what they show.

#![forbid(unsafe_code)]

mod args;
mod bundle;
mod cache;
mod certificates;
mod compat;
mod diff;
mod exit;
mod explain;
mod find;
mod generate;
mod get;
mod http;
mod label;
mod markup;
mod mozilla_latest;
mod questions;
mod runtime;
mod serve;
mod show;
mod shown;
mod store;
mod terminal;
mod time;
mod trust;
mod verify;

use std::process::ExitCode;

use clap::Parser;

use args::{Args, Command};
use exit::Failure;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.message().inspect(|message| terminal::error(message));
            failure.exit_code()
        }
    }
}

fn run(args: Args) -> Result<(), Failure> {
    if let Some(what) = args.generate {
        return generate::run(what);
    }
    match args.command {
        Some(Command::Get(args)) => get::run(&args),
        Some(Command::Verify(args)) => verify::run(&args),
        Some(Command::Explain(args)) => explain::run(&args),
        Some(Command::Bundle(args)) => bundle::run(&args),
        Some(Command::Show(args)) => show::run(&args),
        Some(Command::Find(args)) => find::run(&args),
        Some(Command::Diff(args)) => diff::run(&args),
        Some(Command::Cache(args)) => cache::run(&args),
        Some(Command::Serve(args)) => serve::run(&args),
        Some(Command::Compat(args)) => compat::run(&args),
        None => Err(Failure::bad_input("expected a command; try jit-trust --help")),
    }
}
