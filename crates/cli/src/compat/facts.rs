//! What the reports say of one attempt, and of all: the same in every form.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::attempt::{Attempt, Verdict};
use super::diagnosis::Diagnosis;
use super::list::Site;
use super::survey::{Asked, Survey};
use crate::http::Hop;
use crate::label::{shortened, title};
use crate::shown::{counted, joined, part, shown};
use crate::trust::Decision;

/// What a report is made of.
pub(super) struct Report<'a> {
    pub(super) sites: &'a [Site],
    pub(super) survey: &'a Survey,
    pub(super) summary: &'a Summary,
    pub(super) store: &'a str,
    /// The other list of roots.
    pub(super) against: Option<&'static str>,
    /// When it was begun.
    pub(super) at: String,
}

/// Of all attempts that count, how many.
#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    pub(super) sites: usize,
    /// Sites over versions of HTTP.
    pub(super) asked: usize,
    pub(super) trusted: usize,
    pub(super) refused: usize,
    pub(super) unknown: usize,
    /// The redirects led to an answer, of whatever status.
    pub(super) answered: usize,
    /// The other list of roots says otherwise.
    pub(super) differ: usize,
    /// By the names of `Diagnosis`.
    #[serde(serialize_with = "by_name")]
    pub(super) diagnoses: Vec<(Diagnosis, usize)>,
    /// How many times there was no time to ask, where it was ended early.
    #[serde(skip)]
    pub(super) not_asked: usize,
}

fn by_name<S: serde::Serializer>(counts: &[(Diagnosis, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().copied())
}

impl Summary {
    pub(super) fn of(survey: &Survey, versions: usize) -> Self {
        let mut summary = Self {
            sites: survey.asked.iter().filter(|asked| !asked.is_empty()).count(),
            ..Self::default()
        };
        let mut diagnoses: BTreeMap<&str, (Diagnosis, usize)> = BTreeMap::new();
        for Asked { attempt, .. } in survey.asked.iter().flatten() {
            summary.asked += 1;
            match attempt.verdict {
                Verdict::Trusted => summary.trusted += 1,
                Verdict::Refused => summary.refused += 1,
                Verdict::Unknown => summary.unknown += 1,
            }
            summary.answered += usize::from(attempt.status.is_some());
            let differs = attempt.against.as_ref().is_some_and(|against| against.differs);
            summary.differ += usize::from(differs);
            if let Some(diagnosis) = attempt.diagnosis {
                diagnoses.entry(diagnosis.words()).or_insert((diagnosis, 0)).1 += 1;
            }
        }
        summary.diagnoses = diagnoses.into_values().collect();
        let all = survey.asked.len().saturating_mul(versions);
        summary.not_asked = all.saturating_sub(summary.asked);
        summary
    }

    /// In a line.
    pub(super) fn words(&self) -> String {
        let mut words = format!(
            "{}, {} asked: {} trusted, {} not trusted, {} unknown; {} answered",
            counted(self.sites, "site"),
            counted(self.asked, "time"),
            self.trusted,
            self.refused,
            self.unknown,
            self.answered
        );
        if self.not_asked > 0 {
            words.push_str(&format!(
                "; ended early, {} not asked",
                counted(self.not_asked, "time")
            ));
        }
        for (diagnosis, count) in &self.diagnoses {
            words.push_str(&format!("; {}: {count}", diagnosis.words()));
        }
        if self.differ > 0 {
            words.push_str(&format!(
                "; judged otherwise by the other list of roots: {}",
                self.differ
            ));
        }
        words
    }
}

/// The decision about the host that was asked first.
fn first_decision(attempt: &Attempt) -> Option<&Decision> {
    attempt.hops.iter().find_map(|hop| hop.decision.as_ref())
}

/// The root that the first host was trusted under, as its certificate names it.
pub(super) fn root(attempt: &Attempt) -> Option<&str> {
    let root = first_decision(attempt)?.root.as_ref()?;
    Some(&root.subject)
}

pub(super) fn certificates(attempt: &Attempt) -> Option<usize> {
    first_decision(attempt).map(|decision| decision.sent.len() + decision.unreadable)
}

/// Where redirects led to, one after the other: the host, and the path too where that alone is new. At last where they
/// would have led to, if that was refused.
fn redirects(attempt: &Attempt) -> String {
    let mut targets: Vec<(String, usize)> = Vec::new();
    let mut add = |target: &str| match targets.last_mut() {
        Some((last, times)) if last == target => *times += 1,
        _ => targets.push((target.to_owned(), 1)),
    };
    for pair in attempt.hops.windows(2) {
        if let [from, to] = pair {
            let host = to
                .url
                .host_str()
                .filter(|host| from.url.host_str() != Some(*host));
            add(host.unwrap_or_else(|| to.url.path()));
        }
    }
    let refused = attempt.hops.last().and_then(|hop| hop.location.as_ref());
    if let Some(refused) = refused.filter(|_| attempt.diagnosis == Some(Diagnosis::RedirectToHttp)) {
        add(refused.as_str());
    }
    let targets = targets.into_iter().map(|(target, times)| {
        let target = shortened(&shown(target).to_string(), TARGET_WIDTH);
        match times {
            1 => target,
            several => format!("{target} ×{several}"),
        }
    });
    joined(targets, " → ")
}

/// How many columns a target of a redirect has, at most.
const TARGET_WIDTH: usize = 60;

/// How the attempt is marked beside the reference's marks.
pub(super) fn sign(attempt: &Attempt) -> &'static str {
    match (attempt.verdict, attempt.diagnosis) {
        (Verdict::Trusted, None) => "✓",
        (_, Some(Diagnosis::NoHttp2)) => "",
        _ => "✕",
    }
}

/// A verdict, as people read it.
pub(super) fn words(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Trusted => "trusted",
        Verdict::Refused => "NOT TRUSTED",
        Verdict::Unknown => "unknown",
    }
}

/// The diagnosis in words, which host it was where that is not the one that was asked, and what `--against` says.
fn comment(asked: &Asked) -> String {
    let attempt = &asked.attempt;
    let mut parts = Vec::new();
    if let Some(diagnosis) = attempt.diagnosis {
        let at = attempt.hops.last().and_then(|hop| hop.url.host_str());
        let elsewhere = at.filter(|host| Some(*host) != attempt.url.host_str());
        parts.push(match elsewhere {
            Some(host) => format!("{}, at {}", diagnosis.words(), shown(host)),
            None => diagnosis.words().to_owned(),
        });
    }
    if let Some(other) = &asked.other {
        let host = shown(other.url.host_str().unwrap_or_default());
        match other.diagnosis {
            Some(diagnosis) => parts.push(format!("{host}: {}", diagnosis.words())),
            None => parts.push(format!("{host} answered")),
        }
    }
    if let Some(against) = attempt.against.as_ref().filter(|against| against.differs) {
        let not = if against.trusted == Some(true) { "" } else { "not " };
        parts.push(format!("{not}trusted by {}", against.roots));
    }
    parts.join("; ")
}

/// What tables say of a site over one version, a cell each; empty where there is nothing to say.
pub(super) struct Cells {
    pub(super) verdict: &'static str,
    /// What the root is called.
    pub(super) root: String,
    pub(super) certificates: String,
    pub(super) connections: String,
    pub(super) status: String,
    pub(super) redirects: String,
    /// The milliseconds until the name was resolved, for TCP, for TLS, until the first byte, and in all: on all hops
    /// together.
    pub(super) times: [String; 5],
    pub(super) comment: String,
}

impl Cells {
    pub(super) fn of(asked: &Asked) -> Self {
        let attempt = &asked.attempt;
        let millis = |stage: fn(&Hop) -> Option<Duration>| {
            let times = attempt.hops.iter().filter_map(stage);
            let time = times.reduce(Duration::saturating_add);
            part(time, |time| format!("{:.0}", time.as_secs_f64() * 1e3))
        };
        Self {
            verdict: words(attempt.verdict),
            root: part(root(attempt), title),
            certificates: part(certificates(attempt), |count| count.to_string()),
            connections: attempt.connections().to_string(),
            status: part(attempt.status, |status| status.to_string()),
            redirects: redirects(attempt),
            times: [
                millis(|hop| hop.times.resolve),
                millis(|hop| hop.times.connect),
                millis(|hop| hop.times.tls),
                millis(|hop| hop.times.first_byte),
                millis(|hop| hop.times.total),
            ],
            comment: comment(asked),
        }
    }
}
