//! Every site over every version, many at once.

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::rc::Rc;
use std::time::{Duration, Instant};

use indicatif::ProgressBar;
use tokio::task::JoinSet;

use super::attempt::{Asking, Attempt, Verdict, Version};
use super::diagnosis::{Diagnosis, Fault};
use super::list::Site;
use crate::exit::Failure;
use crate::http::{Hop, Stage};
use crate::runtime;
use crate::terminal::progress;

/// So many hosts have to be out of reach, and none in it, before the others are hurried.
const HOSTS_OUT_OF_REACH: usize = 16;

/// How long a connection to one of those may take.
const HURRIED: Duration = Duration::from_secs(1);

/// A site over one version: the attempt that counts, and the one beside it.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) version: Version,
    pub(super) attempt: Attempt,
    /// The same site with or without `www.`: where the host as it is in the list did not answer, the other one is
    /// asked, and counts if that does.
    pub(super) other: Option<Attempt>,
}

/// What came of all: for each site one of each version, as far as there was time.
#[derive(Debug)]
pub(super) struct Survey {
    pub(super) asked: Vec<Vec<Asked>>,
    /// The signal that ended it early.
    pub(super) signal: Option<u8>,
}

impl Survey {
    /// Where no site could be reached, why not the first.
    pub(super) fn none_was_reached(&self) -> Option<&str> {
        let mut attempts = self.asked.iter().flatten().map(|asked| &asked.attempt);
        let is_out_of_reach =
            |attempt: &Attempt| attempt.diagnosis.map(Diagnosis::fault) == Some(Fault::Network);
        if !attempts.clone().all(is_out_of_reach) {
            return None;
        }
        attempts.next()?.detail.as_deref()
    }
}

struct Work {
    sites: Vec<Site>,
    versions: Vec<Version>,
    asking: Asking,
    next: Cell<usize>,
    asked: RefCell<Vec<Vec<Asked>>>,
    reach: Reach,
    progress: ProgressBar,
}

/// Asks all sites, `jobs` at a time.
pub(super) fn of(
    sites: &[Site],
    versions: &[Version],
    asking: Asking,
    jobs: usize,
) -> Result<Survey, Failure> {
    let all = sites.len() * versions.len();
    let bar = ProgressBar::new(u64::try_from(all).unwrap_or(u64::MAX));
    let work = Rc::new(Work {
        asked: RefCell::new(sites.iter().map(|_| Vec::new()).collect()),
        sites: sites.to_vec(),
        versions: versions.to_vec(),
        asking,
        next: Cell::new(0),
        reach: Reach::new(),
        progress: progress(bar, "{pos} of {len} asked  {wide_bar} {elapsed}"),
    });
    work.progress.tick();
    let local = tokio::task::LocalSet::new();
    let signal = runtime::run_to_its_end(local.run_until(async {
        let mut workers = JoinSet::new();
        for _ in 0..jobs.min(all) {
            workers.spawn_local(Rc::clone(&work).ask());
        }
        let end = async {
            while let Some(ended) = workers.join_next().await {
                ended.map_err(Failure::failed)??;
            }
            Ok(None)
        };
        tokio::select! {
            ended = end => ended,
            number = runtime::signal() => Ok(Some(number)),
        }
    }))?;
    work.progress.finish_and_clear();
    let mut asked = work.asked.take();
    for of_site in &mut asked {
        of_site.sort_by_key(|asked| asked.version == Version::Http2);
    }
    Ok(Survey { asked, signal })
}

impl Work {
    /// Asks one site after the other, until none is left.
    async fn ask(self: Rc<Self>) -> Result<(), Failure> {
        loop {
            let number = self.next.get();
            let (at, version) = (number / self.versions.len(), number % self.versions.len());
            let (Some(site), Some(version)) = (self.sites.get(at), self.versions.get(version)) else {
                return Ok(());
            };
            self.next.set(number + 1);
            let asked = self.ask_one(site, *version).await?;
            if let Some(of_site) = self.asked.borrow_mut().get_mut(at) {
                of_site.push(asked);
            }
            self.progress.inc(1);
        }
    }

    async fn ask_one(&self, site: &Site, version: Version) -> Result<Asked, Failure> {
        let attempt = self.attempt(&site.url, version).await?;
        let mut asked = Asked {
            version,
            attempt,
            other: None,
        };
        // One that answers, or is not trusted, does so as it is.
        let answered = asked.attempt.hops.iter().any(|hop| hop.status.is_some());
        let is_judged = asked.attempt.verdict == Verdict::Refused;
        if let Some(www) = site.with_www().filter(|_| !answered && !is_judged) {
            let other = self.attempt(&www, version).await?;
            if other.verdict == Verdict::Unknown {
                asked.other = Some(other);
            } else {
                asked.other = Some(std::mem::replace(&mut asked.attempt, other));
            }
        }
        Ok(asked)
    }

    async fn attempt(&self, url: &url::Url, version: Version) -> Result<Attempt, Failure> {
        let connect_timeout = if self.reach.is_nowhere(self.asking.timeout) {
            HURRIED.min(self.asking.timeout)
        } else {
            Duration::ZERO
        };
        let attempt = Attempt::at(url, version, connect_timeout, &self.asking).await?;
        // That a proxy is reached does not mean that a site is.
        let reached = |hop: &Hop| !matches!(hop.stage, Stage::Resolve | Stage::Connect | Stage::Proxy);
        let host = url.host_str().unwrap_or_default();
        self.reach.note(host, attempt.hops.iter().any(reached));
        Ok(attempt)
    }
}

/// Whether any host can be reached. Without a network every site would take all the time that it may.
struct Reach {
    started: Instant,
    out_of_reach: RefCell<HashSet<String>>,
    is_somewhere: Cell<bool>,
}

impl Reach {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            out_of_reach: RefCell::default(),
            is_somewhere: Cell::new(false),
        }
    }

    fn note(&self, host: &str, was_reached: bool) {
        if was_reached {
            self.is_somewhere.set(true);
        } else if !self.is_nowhere(Duration::ZERO) {
            self.out_of_reach.borrow_mut().insert(host.to_owned());
        }
    }

    /// Whether no host could be reached, of enough that had so much time.
    fn is_nowhere(&self, time: Duration) -> bool {
        !self.is_somewhere.get()
            && self.out_of_reach.borrow().len() >= HOSTS_OUT_OF_REACH
            && self.started.elapsed() >= time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_are_hurried_only_when_enough_other_hosts_were_out_of_reach_and_none_in_it() {
        let reach = Reach::new();
        for _ in 0..100 {
            reach.note("one.test", false);
        }
        assert!(!reach.is_nowhere(Duration::ZERO));
        for number in 0..HOSTS_OUT_OF_REACH {
            reach.note(&format!("{number}.test"), false);
        }
        assert!(reach.is_nowhere(Duration::ZERO));
        assert!(!reach.is_nowhere(Duration::from_secs(3600)));
        reach.note("one.test", true);
        assert!(!reach.is_nowhere(Duration::ZERO));
    }
}
