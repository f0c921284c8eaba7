//! `jit-trust show`: what a store holds.

use std::path::PathBuf;

use clap::Args;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use jit_trust::Entry;
use jit_trust_bundle::{Fingerprint, NameConstraints, Record, Root};

use crate::exit::Failure;
use crate::shown::shown;
use crate::terminal::{print, print_json, say};
use crate::{store, time};

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

pub(crate) fn run(args: &ShowArgs) -> Result<(), Failure> {
    let list = store::read(&args.store)?;
    if args.json {
        let records: Vec<Record> = list.roots().iter().map(Record::of).collect();
        return print_json(&records);
    }
    let name = || shown(args.store.to_string_lossy()).to_string();
    if list.roots().is_empty() {
        say(format_args!("note: there is no root in {}", name()));
        return Ok(());
    }
    if store::holds_no_names(&list) {
        store::say_that_it_holds_no_names(&name());
    }
    print(table(list.roots().iter()))
}

/// One column of the table: its title, what a root has there, and what stands there for a root that has nothing.
struct Column {
    title: &'static str,
    cell: fn(&Entry<'_>) -> Option<String>,
    missing: &'static str,
}

impl Column {
    const fn new(title: &'static str, cell: fn(&Entry<'_>) -> Option<String>) -> Self {
        let missing = "-";
        Self { title, cell, missing }
    }
}

const COLUMNS: [Column; 7] = [
    Column::new("bytes", |root| {
        Some(root.certificate()?.as_der().len().to_string())
    }),
    Column::new("not before", |root| time::day_of_certificate(root.not_before()?)),
    Column::new("not after", |root| time::day_of_certificate(root.not_after()?)),
    Column::new("distrust after", |root| {
        root.distrust_after().map(time::last_moment)
    }),
    Column::new("SKID", |root| Some(root.subject_key_id()?.to_string())),
    Column::new("subject", |root| Some(subject(root))),
    Column {
        title: "name constraints",
        cell: |root| Some(NameConstraints::of(root.name_constraints()?).to_string()),
        // Few roots have some, and the other lines end before.
        missing: "",
    },
];

/// The roots as a table, a line each. A column in which no root has anything is left out.
pub(crate) fn table<'a>(roots: impl Iterator<Item = &'a Root> + Clone) -> String {
    let mut table = Table::new();
    table.load_preset(NOTHING);
    let columns = COLUMNS.iter().filter(|column| {
        let mut cells = roots.clone().map(|root| (column.cell)(&root.entry()));
        cells.any(|cell| cell.is_some())
    });
    let columns: Vec<&Column> = columns.collect();
    table.set_header(columns.iter().map(|column| column.title));
    for root in roots {
        let root = root.entry();
        let cells = columns
            .iter()
            .map(|column| (column.cell)(&root).unwrap_or_else(|| column.missing.to_owned()));
        table.add_row(cells);
    }
    let bytes = columns.iter().position(|column| column.title == "bytes");
    if let Some(bytes) = bytes.and_then(|index| table.column_mut(index)) {
        bytes.set_cell_alignment(CellAlignment::Right);
    }
    table
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect()
}

/// The root's name; without one, the start of what tells it from others in every form of a store.
fn subject(root: &Entry<'_>) -> String {
    const SHOWN_DIGITS: usize = 16;
    if let Some(subject) = root.subject() {
        return subject.to_string();
    }
    let key = Fingerprint::from(root.spki_sha256()).to_string();
    format!("(no name; key {}…)", key.get(..SHOWN_DIGITS).unwrap_or(&key))
}
