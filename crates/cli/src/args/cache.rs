//! `jit-trust cache`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
