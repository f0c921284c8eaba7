//! What the reports say of one attempt, and of all: the same in every form.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::attempt::{Attempt, Verdict};
use super::diagnosis::Diagnosis;
use super::survey::{Asked, Survey};
use crate::http::Hop;
use crate::shown::shown;
use crate::trust::Decision;

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
}

fn by_name<S: serde::Serializer>(counts: &[(Diagnosis, usize)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(counts.iter().copied())
}

impl Summary {
    pub(super) fn of(survey: &Survey) -> Self {
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
        summary
    }

    /// In a line.
    pub(super) fn words(&self) -> String {
        let mut words = format!(
            "{} sites, {} times asked: {} trusted, {} refused, {} never seen; {} answered",
            self.sites, self.asked, self.trusted, self.refused, self.unknown, self.answered
        );
        for (diagnosis, count) in &self.diagnoses {
            words.push_str(&format!("; {}: {count}", diagnosis.words()));
        }
        if self.differ > 0 {
            words.push_str(&format!("; judged otherwise by --against: {}", self.differ));
        }
        words
    }
}

/// The decision about the host that was asked first.
pub(super) fn first_decision(attempt: &Attempt) -> Option<&Decision> {
    attempt.hops.iter().find_map(|hop| hop.decision.as_ref())
}

/// The root that the first host was trusted under, as its certificate names it.
pub(super) fn root(attempt: &Attempt) -> Option<&str> {
    let root = first_decision(attempt)?.root.as_ref()?;
    Some(&root.subject)
}

/// What people call a root: its common name, or else all of its name.
pub(super) fn common_name(subject: &str) -> &str {
    let Some((_, name)) = subject.rsplit_once("CN=") else {
        return subject;
    };
    // A comma of the name's own has a backslash before it.
    let end = name
        .match_indices(", ")
        .find(|(at, _)| !name[..*at].ends_with('\\'));
    end.map_or(name, |(at, _)| &name[..at])
}

pub(super) fn certificates(attempt: &Attempt) -> Option<usize> {
    first_decision(attempt).map(|decision| decision.sent.len() + decision.unreadable)
}

/// Where redirects led to, one after the other: the host, and the path too where that alone is new.
pub(super) fn redirects(attempt: &Attempt) -> Vec<String> {
    let followed = attempt.hops.windows(2).filter_map(|pair| match pair {
        [from, to] if from.url.host_str() != to.url.host_str() => to.url.host_str().map(str::to_owned),
        [_, to] => Some(to.url.path().to_owned()),
        _ => None,
    });
    followed.map(|target| shown(target).to_string()).collect()
}

/// How the attempt is marked beside the reference's marks.
pub(super) fn sign(attempt: &Attempt) -> &'static str {
    match (attempt.verdict, attempt.diagnosis) {
        (Verdict::Trusted, None) => "✓",
        (_, Some(Diagnosis::NoHttp2)) => "",
        _ => "✕",
    }
}

pub(super) fn verdict(attempt: &Attempt) -> &'static str {
    match attempt.verdict {
        Verdict::Trusted => "trusted",
        Verdict::Refused => "NOT TRUSTED",
        Verdict::Unknown => "never seen",
    }
}

/// The diagnosis in words, which host it was where that is not the one that was asked, and what `--against` says.
pub(super) fn comment(asked: &Asked) -> String {
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
        parts.push(match against.trusted {
            Some(true) => "trusted by --against".to_owned(),
            _ => "not trusted by --against".to_owned(),
        });
    }
    parts.join("; ")
}

/// How long a stage took on all hops together; none if there was none of it.
pub(super) fn time(attempt: &Attempt, stage: Stage) -> Option<Duration> {
    let times = attempt.hops.iter().filter_map(stage);
    times.reduce(Duration::saturating_add)
}

/// How long a stage of a hop took.
type Stage = fn(&Hop) -> Option<Duration>;

/// The stages that have a time, by what to call them.
pub(super) const STAGES: [(&str, Stage); 5] = [
    ("resolve", |hop| hop.times.resolve),
    ("connect", |hop| hop.times.connect),
    ("TLS", |hop| hop.times.tls),
    ("first byte", |hop| hop.times.first_byte),
    ("total", |hop| hop.times.total),
];

pub(super) fn millis(time: Option<Duration>) -> String {
    time.map_or_else(String::new, |time| format!("{:.0}", time.as_secs_f64() * 1e3))
}

pub(super) fn number(value: Option<impl ToString>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_root_is_called_by_its_common_name() {
        assert_eq!(common_name("C=US, O=Example, CN=Example Root"), "Example Root");
        assert_eq!(common_name("CN=A\\, B, O=Example"), "A\\, B");
        assert_eq!(common_name("O=Example"), "O=Example");
    }
}
