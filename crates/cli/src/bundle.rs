//! `jit-trust bundle`: lists of roots in, stores out, and a report of what happened.

use std::ffi::OsStr;
use std::path::Path;

use jit_trust_bundle::{
    Expiry, Input, KeyEntries, LostConditions, NoteKind, OutputError, Replace, RootList, Source, Summary,
    c_array, encode_blob, generation, read, rfc3339, write_blob, write_file, write_webroot,
};

use crate::args::BundleArgs;
use crate::exit::Failure;
use crate::mozilla_latest;
use crate::shown::shown;
use crate::terminal::{say, warning};
use crate::time;

pub(crate) fn run(args: &BundleArgs) -> Result<(), Failure> {
    let generation = generation(args.generated_at.as_deref()).map_err(Failure::bad_input)?;
    let list = read(&inputs(args)?, args.policy())?;
    let blob = encode_blob(list.roots(), generation).map_err(Failure::bad_input)?;
    report_input(&list, generation);

    let replace = if args.force {
        Replace::Always
    } else {
        Replace::UnlessNewer
    };
    let mut lost = Vec::new();
    if let Some(path) = &args.blob {
        write_blob(path, &blob, replace).map_err(not_written)?;
        report_output(
            path,
            format_args!("trust blob, version 1, {} bytes", blob.bytes.len()),
        );
        lost.clone_from(&blob.lost);
    }
    if let Some(path) = &args.c_array {
        write_file(path, c_array(&blob.bytes).as_bytes()).map_err(not_written)?;
        report_output(path, format_args!("C array of {} bytes", blob.bytes.len()));
        lost.clone_from(&blob.lost);
    }
    if let Some(path) = &args.webroot {
        let entries = if args.copy {
            KeyEntries::Copies
        } else {
            KeyEntries::Links
        };
        let webroot = write_webroot(path, list.roots(), generation, entries, replace).map_err(not_written)?;
        report_output(path, format_args!("webroot, {} files", webroot.files));
        webroot.unreachable.iter().for_each(warning);
        webroot.left_behind.iter().for_each(warning);
        lost = webroot.lost;
    }
    lost.iter().for_each(|lost: &LostConditions| warning(lost));
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
    for note in notes.filter(|note| note.kind != NoteKind::CarriesNoConditions) {
        say(note);
    }
    for left_out in list.left_out() {
        warning(format_args!("{left_out}; left out"));
    }
    let made_at = rfc3339(generation.into()).unwrap_or_default();
    say(format_args!(
        "{} certificates, {} bytes in DER; generation {generation}, {made_at}",
        summary.certificates, summary.der_len
    ));
    for subject in &summary.unreadable_dates {
        warning(format_args!("{subject}: its date of expiry cannot be read"));
    }
    let soon = summary.expiring_within(3);
    let later = summary.expiring_within(10).get(soon.len()..).unwrap_or_default();
    report_expiries("within 3 years", soon);
    report_expiries("within 10 years, but not within 3", later);
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

/// Says, where no input could, that Mozilla's conditions are not known.
fn report_bare_inputs(sources: &[Source]) {
    if sources.iter().any(|source| source.form.carries_conditions()) {
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
