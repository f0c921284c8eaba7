//! `jit-trust show`.

use std::path::PathBuf;

use clap::Args;

/// List the certificates of a store
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust show mozilla
  jit-trust show trust.tblb --json

Exit status: 0 when listed; 1 when the list could not be written; 2 for bad usage or a STORE that
cannot be read.")]
pub(crate) struct ShowArgs {
    /// A trust blob, a PEM file, a webroot directory, or `mozilla`
    pub(crate) store: PathBuf,

    /// Print one JSON array, with an object for each certificate
    #[arg(long)]
    pub(crate) json: bool,
}
