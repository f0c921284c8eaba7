//! The command line, described once: `--help`, the man page and the completions come from here.

mod bundle;
mod cache;
mod compat;
mod diff;
mod explain;
mod find;
mod get;
mod serve;
mod show;
mod trust_by;
mod value;
mod verify;

pub(crate) use bundle::BundleArgs;
pub(crate) use cache::{CacheArgs, CacheCommand};
pub(crate) use compat::{CompatArgs, Format};
pub(crate) use diff::DiffArgs;
pub(crate) use explain::{ExplainArgs, Form, Subject};
pub(crate) use find::FindArgs;
pub(crate) use get::GetArgs;
pub(crate) use serve::ServeArgs;
pub(crate) use show::ShowArgs;
pub(crate) use trust_by::{Pin, TrustBy};
pub(crate) use value::{Cookies, Credentials, Field, Moment};
pub(crate) use verify::VerifyArgs;

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::http::Library;
use crate::label::joined;

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
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Write the man page or a shell's completions to stdout
    #[arg(long, hide = true, value_name = "WHAT")]
    pub(crate) generate: Option<Generate>,
}

/// The version, and the TLS libraries that the command was built with.
fn version() -> String {
    let libraries = Library::NAMES.into_iter().filter_map(Library::named);
    let libraries = joined(libraries.map(Library::description), ", ");
    format!("{}\nTLS: {libraries}", env!("CARGO_PKG_VERSION"))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Get(GetArgs),
    Verify(VerifyArgs),
    Explain(ExplainArgs),
    Bundle(BundleArgs),
    Show(ShowArgs),
    Find(FindArgs),
    Diff(DiffArgs),
    Cache(CacheArgs),
    Serve(ServeArgs),
    Compat(CompatArgs),
}

/// What can be made of the description of the command line.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Generate {
    Man,
    CompleteBash,
    CompleteZsh,
    CompleteFish,
    CompletePowershell,
}

/// The store that a command trusts by.
#[derive(Debug, clap::Args)]
pub(crate) struct Trust {
    /// Trust what STORE holds: a trust blob, a PEM file, a webroot directory, or `mozilla`
    ///
    /// Dates up to which a root is trusted, and name constraints imposed on it, bind where STORE carries them: PEM, and
    /// trust blobs of version 1, alone or in a webroot, cannot.
    #[arg(long, value_name = "STORE", default_value = "mozilla")]
    pub(crate) trust: PathBuf,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_description_contradicts_itself_nowhere() {
        super::Args::command().debug_assert();
    }
}
