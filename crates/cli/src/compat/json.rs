//! The report for programs. `docs/json.md` promises its form.

use serde::Serialize;

use super::against::Comparison;
use super::attempt::{Attempt, Verdict, Version};
use super::diagnosis::{Diagnosis, Fault};
use super::facts::{self, Report, Summary};
use super::list::Site;
use super::reference::Reference;
use super::survey::Asked;
use crate::exit::Failure;
use crate::get::report::HopReport;
use crate::terminal::json;

#[derive(Serialize)]
struct Whole<'a> {
    store: &'a str,
    at: &'a str,
    interrupted: bool,
    summary: &'a Summary,
    sites: Vec<SiteReport<'a>>,
}

#[derive(Serialize)]
struct SiteReport<'a> {
    host: &'a str,
    reference: Option<Reference>,
    asked: Vec<AskedReport<'a>>,
}

#[derive(Serialize)]
struct AskedReport<'a> {
    version: Version,
    #[serde(flatten)]
    attempt: AttemptReport<'a>,
    other: Option<AttemptReport<'a>>,
}

#[derive(Serialize)]
struct AttemptReport<'a> {
    url: &'a str,
    verdict: Verdict,
    root: Option<&'a str>,
    certificates: Option<usize>,
    connections: usize,
    status: Option<u16>,
    diagnosis: Option<Diagnosis>,
    fault: Option<Fault>,
    detail: Option<&'a str>,
    against: Option<&'a Comparison>,
    hops: Vec<HopReport<'a>>,
}

pub(super) fn text(report: &Report<'_>) -> Result<String, Failure> {
    let sites = report.sites.iter().zip(&report.survey.asked);
    json(&Whole {
        store: report.store,
        at: &report.at,
        interrupted: report.survey.signal.is_some(),
        summary: report.summary,
        sites: sites.map(|(site, asked)| SiteReport::of(site, asked)).collect(),
    })
}

impl<'a> SiteReport<'a> {
    fn of(site: &'a Site, asked: &'a [Asked]) -> Self {
        let asked = asked.iter().map(|asked| AskedReport {
            version: asked.version,
            attempt: AttemptReport::of(&asked.attempt),
            other: asked.other.as_ref().map(AttemptReport::of),
        });
        Self {
            host: &site.name,
            reference: site.reference,
            asked: asked.collect(),
        }
    }
}

impl<'a> AttemptReport<'a> {
    fn of(attempt: &'a Attempt) -> Self {
        Self {
            url: attempt.url.as_str(),
            verdict: attempt.verdict,
            root: facts::root(attempt),
            certificates: facts::certificates(attempt),
            connections: attempt.connections(),
            status: attempt.status,
            diagnosis: attempt.diagnosis,
            fault: attempt.diagnosis.map(Diagnosis::fault),
            detail: attempt.detail.as_deref(),
            against: attempt.against.as_ref(),
            hops: attempt.hops.iter().map(HopReport::of).collect(),
        }
    }
}
