//! `jit-trust bundle`: lists of roots in, stores out, and a report of what happened.

use std::ffi::OsStr;
use std::path::Path;

use jit_trust_bundle::{
    BlobOptions, BlobVersion, Expiry, Input, KeyEntries, NoteKind, OutputError, Replace, Root, RootList,
    Source, Summary, c_array, certificates_of, encode_blob, generation, read, write_blob, write_file,
    write_webroot,
};

use crate::args::BundleArgs;
use crate::exit::Failure;
use crate::mozilla_latest;
use crate::shown::{counted, shown};
use crate::terminal::{say, warning};
use crate::time;

pub(crate) fn run(args: &BundleArgs) -> Result<(), Failure> {
    let options = args.blob_options()?;
    let generation = generation(args.generated_at.as_deref()).map_err(Failure::bad_input)?;
    let list = read(&inputs(args)?, args.policy())?;
    let blob = encode_blob(list.roots(), generation, options).map_err(Failure::bad_input)?;
    if args.webroot.is_some() {
        certificates_of(list.roots()).map_err(Failure::bad_input)?;
    }
    report_input(&list, generation);

    let replace = if args.force {
        Replace::Always
    } else {
        Replace::UnlessNewer
    };
    let contents = contents(&list, options);
    if let Some(path) = &args.blob {
        write_blob(path, &blob, replace).map_err(not_written)?;
        report_output(
            path,
            format_args!("trust blob, {contents}; {} bytes", blob.bytes.len()),
        );
    }
    if let Some(path) = &args.c_array {
        write_file(path, c_array(&blob.bytes).as_bytes()).map_err(not_written)?;
        report_output(
            path,
            format_args!("C array of {} bytes: trust blob, {contents}", blob.bytes.len()),
        );
    }
    if let Some(path) = &args.webroot {
        let entries = if args.copy {
            KeyEntries::Copies
        } else {
            KeyEntries::Links
        };
        let webroot = write_webroot(path, list.roots(), generation, options, entries, replace);
        let webroot = webroot.map_err(not_written)?;
        report_output(
            path,
            format_args!("webroot, {} files; trust blobs, {contents}", webroot.files),
        );
        webroot.unreachable.iter().for_each(warning);
        webroot.left_behind.iter().for_each(warning);
    }
    blob.lost.iter().for_each(warning);
    report_missing(list.roots(), options);
    report_bare_inputs(list.sources());
    Ok(())
}

fn not_written(error: OutputError) -> Failure {
    match error {
        OutputError::Older { .. } => Failure::failed(format!("{error}; --force replaces it all the same")),
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

fn report_input(list: &RootList, generation: u32) {
    let now = time::now().unwrap_or(generation.into());
    let summary = Summary::of(list.roots(), now);
    let notes = list.notes().iter();
    // What no input says is said once, at the end.
    for note in notes {
        match note.kind {
            NoteKind::CarriesNoConditions => {}
            NoteKind::DatedElsewhere { .. } => warning(note),
            _ => say(note),
        }
    }
    for left_out in list.left_out() {
        warning(format_args!("{left_out}; left out"));
    }
    say(format_args!(
        "{}; generation {generation}, {}",
        totals(&summary),
        time::moment(generation.into())
    ));
    for subject in &summary.unreadable_dates {
        warning(format_args!("{subject}: its date of expiry cannot be read"));
    }
    let soon = summary.expiring_within(3);
    let later = summary.expiring_within(10).get(soon.len()..).unwrap_or_default();
    report_expiries("within 3 years", soon);
    report_expiries("within 10 years, but not within 3", later);
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

fn report_expiries(when: &str, expiries: &[Expiry]) {
    say(format_args!("expire {when}: {}", expiries.len()));
    let width = expiries
        .iter()
        .map(|expiry| expiry.days_left.to_string().len())
        .max()
        .unwrap_or_default();
    for expiry in expiries {
        say(format_args!(
            "  {:>width$} days left: {}",
            expiry.days_left, expiry.name
        ));
    }
}

/// What a trust blob of this list holds.
fn contents(list: &RootList, options: BlobOptions) -> String {
    let what = match options.version {
        BlobVersion::V1 => "certificate",
        _ => "anchor",
    };
    let with = match (options.names, options.certificates) {
        (false, false) => "",
        (true, false) => ", with names",
        (false, true) => ", with certificates",
        (true, true) => ", with names and certificates",
    };
    format!(
        "version {}, {}{with}",
        options.version,
        counted(list.roots().len(), what)
    )
}

/// Says of which roots no input has what the blobs were to hold.
fn report_missing(roots: &[Root], options: BlobOptions) {
    let missing = |option: &str, what: &str, is_missing: fn(&&Root) -> bool| {
        let mut without = roots.iter().filter(is_missing);
        if let Some(first) = without.next() {
            warning(format_args!(
                "{option}: no input holds the {what} of {}; the first is {}",
                counted(1 + without.count(), "root"),
                first.label()
            ));
        }
    };
    if options.names {
        missing("--names", "names", |root| root.subject().is_none());
    }
    if options.certificates {
        missing("--certificates", "certificates", |root| root.der().is_none());
    }
}

/// Says, where no input could, that Mozilla's conditions are not known.
fn report_bare_inputs(sources: &[Source]) {
    if sources.iter().any(Source::carries_conditions) {
        return;
    }
    let names: Vec<String> = sources
        .iter()
        .map(|source| shown(source.name.as_str()).to_string())
        .collect();
    say(format_args!(
        "note: {}: {}",
        names.join(", "),
        NoteKind::CarriesNoConditions
    ));
}

fn report_output(path: &Path, what: impl std::fmt::Display) {
    say(format_args!("{}: {what}", shown(path.to_string_lossy())));
}
