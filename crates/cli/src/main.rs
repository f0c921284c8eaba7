//! The command `jit-trust`: make, look into and use just-in-time trust stores.
//!
//! Each command is one module, which begins with its arguments; `args` has those that several share. The help, the man page
//! and the completions are made of these descriptions. Commands that reach the network share `http`, which knows nothing of
//! what they show.

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
mod lookups;
mod markup;
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

use clap::{CommandFactory, Parser, Subcommand};

use exit::Failure;
use generate::Generate;
use http::Library;
use shown::joined;

/// Trust every public CA, hold none of them in memory
///
/// A TLS client normally loads more than a hundred root certificates to use one of them. jit-trust looks up just the
/// roots that a server's certificates ask for, inside the handshake, in a store that stays where it is.
///
/// STORE is a trust blob, a PEM file, a webroot directory, or `mozilla`, the list that is compiled in.
#[derive(Debug, Parser)]
#[command(
    name = "jit-trust",
    version,
    long_version = version(),
    arg_required_else_help = true,
    args_conflicts_with_subcommands = true,
    override_usage = "jit-trust <COMMAND>",
    after_help = "\
Examples:
  jit-trust get https://www.rust-lang.org/            a page, trusted by Mozilla's list
  jit-trust bundle mozilla --blob trust.tblb          Mozilla's list as a file of one's own
  jit-trust get --trust trust.tblb -v https://www.rust-lang.org/

Exit status: 0 when it worked, 1 when it did not or the answer is no, 2 for bad usage or input."
)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,

    /// Write the man page or a shell's completions to stdout
    #[arg(long, hide = true, value_name = "WHAT")]
    generate: Option<Generate>,
}

/// The version, and the TLS libraries that the command was built with.
fn version() -> String {
    let libraries = Library::NAMES.into_iter().filter_map(Library::named);
    let libraries = joined(libraries.map(Library::description), ", ");
    format!("{}\nTLS: {libraries}", env!("CARGO_PKG_VERSION"))
}

#[derive(Debug, Subcommand)]
enum Command {
    Get(get::GetArgs),
    Verify(verify::VerifyArgs),
    Explain(explain::ExplainArgs),
    Bundle(bundle::BundleArgs),
    Show(show::ShowArgs),
    Find(find::FindArgs),
    Diff(diff::DiffArgs),
    Cache(cache::CacheArgs),
    Serve(serve::ServeArgs),
    Compat(compat::CompatArgs),
}

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
        return generate::run(what, Args::command());
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_description_contradicts_itself_nowhere() {
        super::Args::command().debug_assert();
    }
}
