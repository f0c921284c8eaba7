//! `jit-trust bundle`: lists of roots in, stores out, and a report of what happened.

mod args;
mod mozilla_latest;

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::{Path, PathBuf};

use jit_trust_bundle::{
    BlobOptions, BlobVersion, EncodedBlob, Expiry, Input, KeyEntries, NoteKind, OutputError, Replace, Root,
    RootList, Source, Summary, c_array, certificates_of, encode_blob, generation, read, write_blob,
    write_webroot,
};
use jit_trust_file::write_file;

use crate::exit::Failure;
use crate::shown::{counted, joined, shown};
use crate::terminal::{say, warning};
use crate::time;
pub(crate) use args::BundleArgs;

pub(crate) fn run(args: &BundleArgs) -> Result<(), Failure> {
    let options = args.blob_options()?;
    check_that_outputs_are_apart(args)?;
    let generation = generation(args.generated_at.as_deref()).map_err(Failure::bad_input)?;
    let list = read(&inputs(args)?, args.policy())?;
    check_that_sections_have_content(&list, options)?;
    let blob = encode_blob(list.roots(), generation, options).map_err(Failure::bad_input)?;
    if args.webroot.is_some() {
        certificates_of(list.roots()).map_err(Failure::bad_input)?;
    }

    let mut outputs = Report::default();
    let written = write_outputs(args, &list, &blob, options, &mut outputs);
    // Why something could not be written is not to be looked for below a long report.
    report_input(&list, generation).print(args.quiet || written.is_err());
    outputs.print(args.quiet);
    written?;

    let mut rest = Report::default();
    rest.warn_all(&blob.lost);
    report_missing(list.roots(), options, &mut rest);
    report_bare_inputs(list.sources(), &mut rest);
    rest.print(args.quiet);
    Ok(())
}

/// What is to be said when it is known how things went: lines, and whether each is a warning.
#[derive(Default)]
struct Report(Vec<(bool, String)>);

impl Report {
    fn say(&mut self, line: impl Display) {
        self.0.push((false, line.to_string()));
    }

    fn warn(&mut self, line: impl Display) {
        self.0.push((true, line.to_string()));
    }

    fn warn_all<L: Display>(&mut self, lines: impl IntoIterator<Item = L>) {
        lines.into_iter().for_each(|line| self.warn(line));
    }

    fn print(&self, only_warnings: bool) {
        for (is_warning, line) in &self.0 {
            match is_warning {
                true => warning(line),
                false if only_warnings => {}
                false => say(line),
            }
        }
    }
}

/// Of two outputs in one place, the second would take the place of the first, or stand in its way.
fn check_that_outputs_are_apart(args: &BundleArgs) -> Result<(), Failure> {
    let outputs = [
        ("--blob", &args.blob),
        ("--c-array", &args.c_array),
        ("--webroot", &args.webroot),
    ];
    let mut earlier: Vec<(&str, PathBuf)> = Vec::new();
    for (option, path) in outputs {
        let Some(path) = path else { continue };
        let place = place_of(path);
        let is_in_the_way = |(_, other): &&(&str, PathBuf)| match option {
            "--webroot" => other.starts_with(&place),
            _ => *other == place,
        };
        if let Some((other, _)) = earlier.iter().find(is_in_the_way) {
            return Err(Failure::bad_input(format!(
                "{other} and {option}: both are to be written to {}: expected a path of its own for each",
                shown(path.to_string_lossy())
            )));
        }
        earlier.push((option, place));
    }
    Ok(())
}

/// Where a path leads, as far as that is there.
fn place_of(path: &Path) -> PathBuf {
    let in_its_directory = || {
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        let directory = directory.unwrap_or(Path::new(".")).canonicalize().ok()?;
        Some(directory.join(path.file_name()?))
    };
    let place = path.canonicalize().ok().or_else(in_its_directory);
    place.unwrap_or_else(|| path.to_owned())
}

/// Refuses an option that nothing in the list could be written for.
fn check_that_sections_have_content(list: &RootList, options: BlobOptions) -> Result<(), Failure> {
    for section in Section::wanted(options) {
        if section.count(list.roots()) == 0 {
            let Section { option, what, .. } = section;
            let hold = match list.sources() {
                [_] => "holds",
                _ => "hold",
            };
            return Err(Failure::bad_input(format!(
                "{option}: {} {hold} no {what}: expected an input with {what}",
                names(list.sources())
            )));
        }
    }
    Ok(())
}

/// A section that a blob of version 2 has if it is wanted.
struct Section {
    option: &'static str,
    what: &'static str,
    is_known: fn(&Root) -> bool,
}

impl Section {
    const NAMES: Self = Self {
        option: "--names",
        what: "names",
        is_known: |root| root.subject().is_some(),
    };
    const CERTIFICATES: Self = Self {
        option: "--certificates",
        what: "certificates",
        is_known: |root| root.der().is_some(),
    };

    fn wanted(options: BlobOptions) -> impl Iterator<Item = Self> {
        let names = options.names.then_some(Self::NAMES);
        let certificates = options.certificates.then_some(Self::CERTIFICATES);
        names.into_iter().chain(certificates)
    }

    /// For how many of these roots there is something to write.
    fn count(&self, roots: &[Root]) -> usize {
        roots.iter().filter(|root| (self.is_known)(root)).count()
    }
}

/// Writes all outputs, and reports those that were written, also when one could not be.
fn write_outputs(
    args: &BundleArgs,
    list: &RootList,
    blob: &EncodedBlob,
    options: BlobOptions,
    report: &mut Report,
) -> Result<(), Failure> {
    let replace = match args.force {
        true => Replace::Always,
        false => Replace::UnlessNewer,
    };
    let contents = contents(list.roots(), options);
    let name = |path: &Path| shown(path.to_string_lossy()).to_string();
    let len = blob.bytes.len();
    if let Some(path) = &args.blob {
        write_blob(path, blob, replace).map_err(not_written)?;
        let name = name(path);
        report.say(format_args!("{name}: trust blob, {contents}; {len} bytes"));
    }
    if let Some(path) = &args.c_array {
        write_file(path, c_array(&blob.bytes).as_bytes()).map_err(Failure::failed)?;
        let name = name(path);
        report.say(format_args!(
            "{name}: C array of {len} bytes: trust blob, {contents}"
        ));
    }
    if let Some(path) = &args.webroot {
        let entries = match args.copy {
            true => KeyEntries::Copies,
            false => KeyEntries::Links,
        };
        let webroot = write_webroot(path, list.roots(), blob.generation, options, entries, replace);
        let webroot = webroot.map_err(not_written)?;
        let (name, files) = (name(path), webroot.files);
        report.say(format_args!(
            "{name}: webroot, {files} files; trust blobs, {contents}"
        ));
        report.warn_all(webroot.unreachable);
        report.warn_all(webroot.left_behind);
    }
    Ok(())
}

fn not_written(error: OutputError) -> Failure {
    match error {
        OutputError::Older { .. } | OutputError::UnknownVersion { .. } => {
            Failure::failed(format!("{error}; --force replaces it all the same"))
        }
        error => Failure::failed(error),
    }
}

fn inputs(args: &BundleArgs) -> Result<Vec<Input>, Failure> {
    let inputs = args.inputs.iter().map(|name| {
        if name == OsStr::new("mozilla:latest") {
            mozilla_latest::fetch(args)
        } else {
            Ok(Input::named(name))
        }
    });
    inputs.collect()
}

fn report_input(list: &RootList, generation: u32) -> Report {
    let mut report = Report::default();
    let now = time::now().unwrap_or(generation.into());
    let summary = Summary::of(list.roots(), now);
    for note in list.notes() {
        match &note.kind {
            // Said at the end, where it is not missed.
            NoteKind::CarriesNoConditions => {}
            NoteKind::DatedElsewhere { .. }
            | NoteKind::ConstrainedElsewhere { .. }
            | NoteKind::ConditionsOfMozilla { .. }
            | NoteKind::MissingColumn { .. } => report.warn(note),
            NoteKind::PassedOver(passed_over) if passed_over.may_hold_certificates() => report.warn(note),
            _ => report.say(note),
        }
    }
    for left_out in list.left_out() {
        report.warn(format_args!("{left_out}; left out"));
    }
    report.say(format_args!(
        "{}; generation {generation}, {}",
        totals(&summary),
        time::moment(generation.into())
    ));
    for subject in &summary.unreadable_dates {
        report.warn(format_args!("{subject}: its date of expiry cannot be read"));
    }
    let soon = summary.expiring_within(3);
    let later = summary.expiring_within(10).get(soon.len()..).unwrap_or_default();
    report_expiries("within 3 years", soon, &mut report);
    report_expiries("within 10 years, but not within 3", later, &mut report);
    report
}

fn totals(summary: &Summary) -> String {
    let Summary {
        roots,
        certificates,
        der_len,
        ..
    } = summary;
    match certificates {
        0 => format!("{} without certificates", counted(*roots, "anchor")),
        all if all == roots => format!("{}, {der_len} bytes in DER", counted(*all, "certificate")),
        _ => format!(
            "{}; of {certificates} the certificate, {der_len} bytes in DER",
            counted(*roots, "anchor")
        ),
    }
}

fn report_expiries(when: &str, expiries: &[Expiry], report: &mut Report) {
    report.say(format_args!("expire {when}: {}", expiries.len()));
    let widths = expiries.iter().map(|expiry| expiry.days_left.to_string().len());
    let width = widths.max().unwrap_or_default();
    for expiry in expiries {
        report.say(format_args!(
            "  {:>width$} days left: {}",
            expiry.days_left, expiry.name
        ));
    }
}

/// What a trust blob of these roots holds.
fn contents(roots: &[Root], options: BlobOptions) -> String {
    let what = match options.version {
        BlobVersion::V1 => "certificate",
        _ => "anchor",
    };
    let sections = Section::wanted(options).map(|section| match section.count(roots) {
        all if all == roots.len() => section.what.to_owned(),
        some => format!("{} of {some} of {}", section.what, roots.len()),
    });
    let sections = joined(sections, " and ");
    let with = if sections.is_empty() { "" } else { ", with " };
    format!(
        "version {}, {}{with}{sections}",
        options.version,
        counted(roots.len(), what)
    )
}

/// Says of which roots no input has what the blobs were to hold.
fn report_missing(roots: &[Root], options: BlobOptions, report: &mut Report) {
    for Section {
        option,
        what,
        is_known,
    } in Section::wanted(options)
    {
        let mut without = roots.iter().filter(|root| !is_known(root));
        if let Some(first) = without.next() {
            report.warn(format_args!(
                "{option}: no input holds the {what} of {}; the first is {}",
                counted(1 + without.count(), "root"),
                first.label()
            ));
        }
    }
}

/// Says of which inputs Mozilla's conditions are not known, whatever others say of other roots.
fn report_bare_inputs(sources: &[Source], report: &mut Report) {
    for source in sources.iter().filter(|source| !source.carries_conditions()) {
        report.say(format_args!(
            "note: {}: {}",
            shown(source.name.as_str()),
            NoteKind::CarriesNoConditions
        ));
    }
}

fn names(sources: &[Source]) -> String {
    joined(sources.iter().map(|source| shown(source.name.as_str())), ", ")
}
