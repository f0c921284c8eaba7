//! Every site over every version, many at once.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::JoinSet;

use super::attempt::{Asking, Attempt, Version};
use super::list::Site;
use crate::exit::Failure;
use crate::http::Stage;
use crate::runtime;

/// So many sites have to be out of reach, and none in it, before the others are spared.
const SITES_OUT_OF_REACH: usize = 8;

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
    let work = Rc::new(Work {
        asked: RefCell::new(sites.iter().map(|_| Vec::new()).collect()),
        sites: sites.to_vec(),
        versions: versions.to_vec(),
        asking,
        next: Cell::new(0),
        reach: Reach::new(),
        progress: progress(all),
    });
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
    /// Asks one site after the other, until nobody is left.
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
        let refused = asked.attempt.hops.iter().any(|hop| {
            hop.decision
                .as_ref()
                .is_some_and(|decision| decision.refusal.is_some())
        });
        if let Some(www) = site.with_www().filter(|_| !answered && !refused) {
            let other = self.attempt(&www, version).await?;
            if other.status.is_some() {
                asked.other = Some(std::mem::replace(&mut asked.attempt, other));
            } else {
                asked.other = Some(other);
            }
        }
        Ok(asked)
    }

    async fn attempt(&self, url: &url::Url, version: Version) -> Result<Attempt, Failure> {
        if self.reach.is_nowhere(&self.asking) {
            return Ok(Attempt::spared(url));
        }
        let attempt = Attempt::at(url, version, &self.asking).await?;
        self.reach.note(&attempt);
        Ok(attempt)
    }
}

/// Whether anybody can be reached. Without a network every site would take all the time that it may.
struct Reach {
    started: Instant,
    out_of_reach: Cell<usize>,
    is_somewhere: Cell<bool>,
}

impl Reach {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            out_of_reach: Cell::new(0),
            is_somewhere: Cell::new(false),
        }
    }

    fn note(&self, attempt: &Attempt) {
        // A proxy that is there leads nowhere by that alone.
        let reached =
            |hop: &crate::http::Hop| !matches!(hop.stage, Stage::Resolve | Stage::Connect | Stage::Proxy);
        if attempt.hops.iter().any(reached) {
            self.is_somewhere.set(true);
        } else {
            self.out_of_reach.set(self.out_of_reach.get() + 1);
        }
    }

    fn is_nowhere(&self, asking: &Asking) -> bool {
        !self.is_somewhere.get()
            && self.out_of_reach.get() >= SITES_OUT_OF_REACH
            && self.started.elapsed() >= asking.timeout
    }
}

/// A bar on a terminal, as long as it takes; indicatif shows nothing elsewhere.
fn progress(all: usize) -> ProgressBar {
    let bar = ProgressBar::new(u64::try_from(all).unwrap_or(u64::MAX));
    let style = ProgressStyle::with_template("{pos} of {len} asked  {wide_bar} {elapsed}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar.tick();
    bar
}
