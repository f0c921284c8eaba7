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

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::args::{TrustBy, value};
use crate::exit::Failure;
use crate::http::{Library, Override};
use crate::shown::counted;
use crate::terminal::{ReportFile, print_coloured, warning};
use crate::{cache, store, time};
use against::{Against, OtherRoots};
use attempt::{Asking, Version};
use facts::{Report, Summary};
use survey::Survey;

/// Ask many sites, over HTTP/1.1 and HTTP/2, and say of each whether it is trusted, and if not, why
///
/// LIST has one host a line, or HOST:PORT; what follows a `#` is a comment. Without LIST the 156 sites are asked that
/// libwebsockets' JIT trust was tried with. Each is asked for `/`, and redirects are followed as by `get`, cookies kept.
/// Any answer will do, such as 403. Where a host does not answer at all, the same with `www.` is asked too, and counts
/// if that one does.
///
/// Over HTTP/2, HTTP/1.1 is offered behind it: a server without HTTP/2 is judged, too, and named as such.
///
/// Ctrl-C ends it early, with what there is by then. The variables http_proxy, HTTPS_PROXY, ALL_PROXY and NO_PROXY name
/// proxies, as for `get`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  jit-trust compat
  jit-trust compat --format html -o report.html
  jit-trust compat hosts.txt --trust trust.tblb --format json
  jit-trust compat hosts.txt --http2 --against webpki-roots

Exit status: 0 when every site is trusted, whatever it answers; 1 when one is not, or could not be
asked, or the output could not be written; 2 for bad usage, or a LIST or STORE that cannot be
read; 129, 130 or 143 when ended by SIGHUP, Ctrl-C or SIGTERM.")]
pub(crate) struct CompatArgs {
    /// The hosts, one a line; `-` is stdin; without it, the 156 of libwebsockets' table
    #[arg(value_name = "LIST")]
    pub(crate) list: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) trust: TrustBy,

    /// Make TLS connections with this library, of those that the command was built with
    #[arg(long, value_name = "LIBRARY", default_value = Library::NAMES[0], value_parser = value::tls_library())]
    pub(crate) tls: Library,

    /// Ask over HTTP/1.1 only
    #[arg(long = "http1.1", conflicts_with = "http2")]
    pub(crate) http1: bool,

    /// Ask over HTTP/2 only
    #[arg(long)]
    pub(crate) http2: bool,

    /// How many to ask at once
    #[arg(short, long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub(crate) jobs: u16,

    /// Seconds that a site may take over one version of HTTP, redirects included; as long again with `www.`
    ///
    /// When these have passed, and none of sixteen hosts could be reached, the others have a second for each connection,
    /// until one can be.
    #[arg(short, long, value_name = "S", default_value = "15", value_parser = some_seconds)]
    pub(crate) timeout: Duration,

    /// The form of the report
    #[arg(short, long, value_name = "FORM", default_value = "table")]
    pub(crate) format: Format,

    /// Write the report to FILE, which appears whole or not at all; `-` is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,

    /// Have the same certificates judged with every root of another list loaded, and mark where that differs
    ///
    /// By `webpki-roots`, Mozilla's list as it is compiled into many Rust programs, and by `native`, the system's, webpki
    /// judges; by `openssl` OpenSSL does, with the roots that it loads by itself. There is no second connection.
    #[arg(long, value_name = "ROOTS", value_parser = value::built_in(OtherRoots::NAMES, OtherRoots::named))]
    pub(crate) against: Option<OtherRoots>,

    /// Connect to ADDR for HOST and PORT, instead of asking DNS; HOST may be `*`; may be repeated
    #[arg(long, value_name = "HOST:PORT:ADDR")]
    pub(crate) resolve: Vec<Override>,
}

/// The form of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A line for each site and version, for people; root and redirects where the terminal is wide
    Table,
    /// A line for each site, beside the reference's columns
    Markdown,
    /// Everything, for programs
    Json,
    /// A page for browsers, sortable
    Html,
}

/// Seconds, more than none.
fn some_seconds(text: &str) -> Result<Duration, String> {
    match value::seconds(text)? {
        Duration::ZERO => Err("expected more than 0 seconds".to_owned()),
        some => Ok(some),
    }
}

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
    let (store_name, trust) = (asking.store.name.clone(), asking.store.policy.clone());
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
    // What is written where the user says has the same width everywhere, and no colours.
    let width = table::terminal_width().filter(|_| args.output.is_none());
    let text = in_form(&report, args.format, width)?;
    let said = match file {
        Some(file) => file.write(&text),
        None => print_coloured(&text),
    };
    let end = match survey.signal {
        Some(number) => Err(Failure::Signal(number)),
        None => verdict(&survey, &summary),
    };
    // The exit status is that of the survey, though the report is not read.
    match said {
        Err(Failure::StdoutClosed) if end.is_err() => end,
        Ok(()) => end,
        failure => failure,
    }
}

/// Whether every site is trusted, or else in a line how many are not.
fn verdict(survey: &Survey, summary: &Summary) -> Result<(), Failure> {
    if summary.trusted == summary.asked {
        return Ok(());
    }
    if let Some(detail) = survey.none_was_reached() {
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

/// The text; a table is made to fit this many columns of a terminal, and coloured.
fn in_form(report: &Report<'_>, format: Format, width: Option<u16>) -> Result<String, Failure> {
    match format {
        Format::Table => Ok(table::text(report, width)),
        Format::Markdown => Ok(markdown::text(report)),
        Format::Json => json::text(report),
        Format::Html => Ok(html::text(report)),
    }
}
