//! `jit-trust compat`: many sites, each over both versions of HTTP, and what came of it.

mod against;
mod attempt;
mod diagnosis;
mod facts;
mod html;
mod json;
mod list;
mod markdown;
mod reference;
mod survey;
mod table;

pub(crate) use against::OtherRoots;

use crate::args::{CompatArgs, Format};
use crate::exit::Failure;
use crate::shown::counted;
use crate::terminal::{ReportFile, print, print_coloured, warning};
use crate::{cache, store, time};
use against::Against;
use attempt::{Asking, Version};
use facts::{Report, Summary};
use survey::Survey;

pub(crate) fn run(args: &CompatArgs) -> Result<(), Failure> {
    let sites = list::sites(args.list.as_deref())?;
    let versions: &[Version] = match (args.http1, args.http2) {
        (true, _) => &[Version::Http1],
        (_, true) => &[Version::Http2],
        _ => &[Version::Http1, Version::Http2],
    };
    let asking = Asking {
        store: store::open_all(&args.trust)?,
        library: args.tls,
        resolve: args.resolve.clone(),
        timeout: args.timeout,
        against: args.against.map(Against::load).transpose()?,
    };
    let at = time::now().map_or_else(|| "at a time before 1970".to_owned(), time::moment);
    let against = asking.against.as_ref().map(|against| against.name);
    let (store_name, trust) = (asking.store.name.clone(), asking.store.trust.clone());
    let file = ReportFile::create(args.output.as_deref())?;

    let survey = survey::of(&sites, versions, asking, usize::from(args.jobs))?;
    cache::keep(&trust);
    let summary = Summary::of(&survey, versions.len());
    let report = Report {
        sites: &sites,
        survey: &survey,
        summary: &summary,
        store: &store_name,
        against,
        at,
    };
    if survey.signal.is_some() {
        let all = summary.asked.saturating_add(summary.not_asked);
        warning(format_args!("interrupted after {} of {all}", summary.asked));
    }
    let said = match file {
        Some(file) => file.write(&in_form(&report, args.format, None)?),
        None => print_report(&report, args.format, args.output.is_none()),
    };
    let end = match survey.signal {
        Some(number) => Err(Failure::Signal(number)),
        None => verdict(&survey, &summary),
    };
    // Whoever reads no report is told the end of it all the same.
    match said {
        Err(Failure::NobodyReads) if end.is_err() => end,
        Ok(()) => end,
        failure => failure,
    }
}

/// Whether every site is trusted, or else in a line how many are not.
fn verdict(survey: &Survey, summary: &Summary) -> Result<(), Failure> {
    if summary.trusted == summary.asked {
        return Ok(());
    }
    if let Some(detail) = survey.nobody_was_reached() {
        return Err(Failure::failed(format_args!(
            "no site could be reached: is there a network, and a way through the proxy if there is one? The first: {detail}"
        )));
    }
    Err(Failure::failed(format_args!(
        "{} asked: {} not trusted, {} unknown",
        counted(summary.asked, "time"),
        summary.refused,
        summary.unknown
    )))
}

/// The text; a table is made to fit this many columns.
fn in_form(report: &Report<'_>, format: Format, width: Option<u16>) -> Result<String, Failure> {
    match format {
        Format::Table => Ok(table::text(report, width)),
        Format::Markdown => Ok(markdown::text(report)),
        Format::Json => json::text(report),
        Format::Html => Ok(html::text(report)),
    }
}

fn print_report(report: &Report<'_>, format: Format, may_be_terminal: bool) -> Result<(), Failure> {
    let width = table::terminal_width().filter(|_| may_be_terminal);
    let text = in_form(report, format, width)?;
    match (format, width) {
        (Format::Table, Some(_)) => print_coloured(&text),
        _ => print(text),
    }
}
