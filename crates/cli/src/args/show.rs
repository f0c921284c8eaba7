//! `jit-trust show`.

use std::path::PathBuf;

use clap::Args;

/// List the roots of a store
///
/// A root that is trusted only for certificates issued up to a date has that date under `distrust after`; what it is
/// trusted for, if not for all names, stands behind its subject.
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

    /// Print one JSON array, with an object for each root
    #[arg(long)]
    pub(crate) json: bool,
}
