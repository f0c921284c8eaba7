//! `jit-trust diff`: what a new store has that an old one has not.

use std::path::{Path, PathBuf};

use clap::Args;
use jit_trust_bundle::{Changed, Diff, Field, NoteKind, Record, RootList, Source};
use serde::Serialize;

use crate::exit::Failure;
use crate::shown::{counted, joined, part, shown};
use crate::store;
use crate::terminal::{GREEN, RED, RESET, YELLOW, print_coloured, print_json, say};
use crate::time::moment;

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

pub(crate) fn run(args: &DiffArgs) -> Result<(), Failure> {
    let (old, new) = (Side::read(&args.old)?, Side::read(&args.new)?);
    let diff = Diff::between(&old.list, &new.list);
    let printed = if args.json {
        print_json(&Report {
            old: &old,
            new: &new,
            diff: &diff,
        })
    } else {
        report_sides(&old, &new);
        report_nameless(&old, &new, &diff);
        print_coloured(&lines(&diff))
    };
    match printed {
        Err(Failure::Failed(reason)) => Err(Failure::Trouble(reason)),
        // Differences that are not read are differences all the same.
        Ok(()) | Err(Failure::StdoutClosed) if !diff.is_empty() => Err(Failure::Differ),
        printed => printed,
    }
}

/// One of the two stores.
#[derive(Serialize)]
struct Side {
    store: String,
    generation: Option<u32>,
    roots: usize,
    carries_conditions: bool,
    #[serde(skip)]
    list: RootList,
}

impl Side {
    fn read(path: &Path) -> Result<Self, Failure> {
        let list = store::read(path)?;
        Ok(Self {
            store: shown(path.to_string_lossy()).to_string(),
            generation: store::generation(path, &list),
            roots: list.roots().len(),
            carries_conditions: list.sources().iter().any(Source::carries_conditions),
            list,
        })
    }
}

/// Says what is compared, and where the one cannot say what the other does.
fn report_sides(old: &Side, new: &Side) {
    for (which, side) in [("old", old), ("new", new)] {
        let generation = part(side.generation, |generation| {
            format!("; generation {generation}, {}", moment(generation.into()))
        });
        say(format_args!(
            "{which}: {}: {}{generation}",
            side.store,
            counted(side.roots, "root")
        ));
    }
    for (side, other) in [(old, new), (new, old)] {
        if !side.carries_conditions && other.carries_conditions {
            let lost = NoteKind::CarriesNoConditions;
            say(format_args!("note: {}: {lost}", side.store));
        }
    }
}

/// Says which store holds no names, where a line has to do without one.
fn report_nameless(old: &Side, new: &Side, diff: &Diff) {
    let is_nameless = |root: &Record| root.subject.is_none();
    let in_both = |changed: &Changed| is_nameless(&changed.old) && is_nameless(&changed.new);
    for (side, roots) in [(old, &diff.removed), (new, &diff.added)] {
        let lacks_names = roots.iter().any(is_nameless) || diff.changed.iter().any(in_both);
        if lacks_names && store::holds_no_names(&side.list) {
            store::say_that_it_holds_no_names(&side.store);
        }
    }
}

/// The differences, a line each.
fn lines(diff: &Diff) -> String {
    let line = |colour, sign, words| format!("{colour}{sign} {words}{RESET}\n");
    let removed = diff.removed.iter().map(|root| line(RED, '-', described(root)));
    let changed = diff
        .changed
        .iter()
        .map(|changed| line(YELLOW, '~', changes(changed)));
    let added = diff.added.iter().map(|root| line(GREEN, '+', described(root)));
    removed.chain(changed).chain(added).collect()
}

/// The name of a root; where it is not known, its key identifier or the hash of its key.
fn name(root: &Record) -> String {
    match (&root.subject, &root.skid) {
        (Some(subject), _) => subject.clone(),
        (None, Some(skid)) => format!("(no name; SKID {skid})"),
        (None, None) => format!("(no name; key {})", root.spki_sha256),
    }
}

/// A root with the conditions of its trust.
fn described(root: &Record) -> String {
    let conditions = [Field::DistrustAfter, Field::NameConstraints]
        .into_iter()
        .filter_map(|field| Some(format!("; {} {}", title(field), field.value_in(root)?)));
    name(root) + &conditions.collect::<String>()
}

fn changes(changed: &Changed) -> String {
    let fields = changed.fields.iter().map(|field| change(*field, changed));
    // The old list may be one without names.
    let called = if changed.new.subject.is_some() {
        &changed.new
    } else {
        &changed.old
    };
    format!("{}: {}", name(called), joined(fields, "; "))
}

/// What was there and what is: `distrust after 2024-11-30T23:59:59Z -> none`.
fn change(field: Field, changed: &Changed) -> String {
    let values = [&changed.old, &changed.new].map(|record| field.value_in(record));
    if values == [None, None] {
        // The lists do not have it, and still what they have shows that it is another.
        return format!("{} changed", title(field));
    }
    let [old, new] = values.map(|value| value.unwrap_or_else(|| missing(field).to_owned()));
    if old == new {
        return format!("{} {old}, now encoded otherwise", title(field));
    }
    format!("{} {old} -> {new}", title(field))
}

fn title(field: Field) -> &'static str {
    match field {
        Field::Skid => "SKID",
        Field::Sha256 => "certificate",
        Field::NotBefore => "not before",
        Field::NotAfter => "not after",
        Field::DistrustAfter => "distrust after",
        Field::NameConstraints => "name constraints",
        field => field.name(),
    }
}

/// What it means that a record says nothing.
fn missing(field: Field) -> &'static str {
    match field {
        Field::Subject | Field::Sha256 => "not known",
        Field::NotBefore | Field::NotAfter => "not readable",
        _ => "none",
    }
}

/// `--json`. `docs/json.md` promises its form.
#[derive(Serialize)]
struct Report<'a> {
    old: &'a Side,
    new: &'a Side,
    #[serde(flatten)]
    diff: &'a Diff,
}
