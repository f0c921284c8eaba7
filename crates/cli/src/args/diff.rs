//! `jit-trust diff`.

use std::path::PathBuf;

use clap::Args;

/// Say which roots a new store adds, removes or trusts under other conditions than an old one
///
/// Stores of any form are compared. Roots are told apart by their keys; a root that both have has changed when its
/// name, its certificate or its conditions have.
///
/// Each difference is a line that begins with `+` (added), `-` (removed) or `~` (changed).
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust diff trust.tblb mozilla
  jit-trust diff old.tblb new.tblb --json

Exit status: 0 when the stores are equal; 1 when they differ; 2 for bad usage, a store that cannot
be read, or output that could not be written.")]
pub(crate) struct DiffArgs {
    /// A trust blob, a PEM file, a webroot directory, or `mozilla`
    pub(crate) old: PathBuf,

    /// The store to compare it with
    pub(crate) new: PathBuf,

    /// Print one JSON object, with what was added, removed and changed
    #[arg(long)]
    pub(crate) json: bool,
}
