//! An internet, option by option.

use std::sync::Arc;

use super::Internet;
use super::authorities::Authorities;
use super::behaviour::Behaviour;
use super::chain::{self, LazyChain};
use super::draw::Draw;
use super::plan::{self, Group};
use super::site::Site;
use super::twin::Twin;
use crate::pki::{DAY, now};
use crate::server::{self, Response, Server};

/// The number of sites that have twins.
const SITES_WITH_TWINS: usize = 12;

/// The number of sites that refuse clients which do not look like a browser.
const SITES_THAT_REFUSE_USER_AGENTS: usize = 6;

/// An internet to be, as its options; [`start`](Self::start) makes it.
#[derive(Clone, Debug)]
#[must_use = "a builder serves nothing until start is called"]
pub struct InternetBuilder {
    seed: u64,
    time: i64,
}

impl Default for InternetBuilder {
    fn default() -> Self {
        Self {
            seed: 0,
            // The same certificates all day long.
            time: now() - now() % DAY,
        }
    }
}

impl InternetBuilder {
    /// The seed, which decides which site has which chain under which root; 0 by default. Two internets of one seed and
    /// time differ in signatures only.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// The time, in Unix seconds, that certificates are valid at; the beginning of this day by default (UTC).
    pub fn time(self, time: i64) -> Self {
        Self { time, ..self }
    }

    /// Starts it on a free port of 127.0.0.1. The roots are made, once in a process; each chain is when it is
    /// first asked for.
    pub fn start(self) -> Internet {
        let authorities = Arc::new(Authorities::new(self.seed, self.time));
        let groups = plan::groups(self.seed, self.time);
        let mut draw = Draw::new(self.seed, "sites");
        let behaviours = Behaviours::draw(&groups, &mut draw);
        let twinned = with_twins(&groups, &mut draw);
        let twinned = twinned
            .into_iter()
            .flat_map(|group| Twin::all_of(group, &authorities));
        let twins: Vec<Twin> = twinned.collect();

        let sites = groups.into_iter().enumerate().flat_map(|(number, group)| {
            let hosts = group.hosts.clone();
            let (kind, names, roots) = (group.kind, group.names, group.roots.clone());
            let authorities = Arc::clone(&authorities);
            let chain = Arc::new(LazyChain::new(move || {
                chain::of_group(&group, number, &authorities)
            }));
            let behaviours = &behaviours;
            hosts.into_iter().map(move |host| Site {
                behaviour: behaviours.of(&host),
                host,
                kind,
                names,
                roots: roots.clone(),
                chain: Arc::clone(&chain),
            })
        });
        let sites: Vec<Site> = sites.collect();

        let mut server = Server::builder();
        for site in &sites {
            server = server.made_site(&site.host, served(site));
        }
        for twin in &twins {
            let chain = Arc::clone(&twin.chain);
            let answer = |_: &_| Response::ok("This should not have been trusted.\n");
            server = server.made_site(&twin.host, server::Site::lazy(move || chain.get(), answer));
        }
        Internet {
            server: server.start(),
            sites,
            twins,
        }
    }
}

fn served(site: &Site) -> server::Site {
    let (chain, behaviour, host) = (Arc::clone(&site.chain), site.behaviour, site.host.clone());
    let greeting = behaviour.greeting(&host);
    server::Site::lazy(
        move || chain.get(),
        move |request| behaviour.answer(&host, request),
    )
    .greeting(greeting)
}

/// The groups whose first site gets twins: those that are what they seem.
fn with_twins<'a>(groups: &'a [Group], draw: &mut Draw) -> Vec<&'a Group> {
    let fit = groups.iter().filter(|group| {
        let known = group.hosts.iter().any(|host| Behaviour::known(host).is_some());
        let has_key_id = Authorities::root(group.roots[0]).ca().subject_key_id().is_some();
        let has_conditions = Authorities::root(group.roots[0]).has_conditions();
        !known && has_key_id && !has_conditions
    });
    let mut fit = draw.shuffled(fit.collect());
    fit.truncate(SITES_WITH_TWINS);
    fit
}

/// The choices by the seed for sites without comments in the reference.
struct Behaviours {
    /// Hosts that answer themselves, though there is a `www.` too.
    answering: Vec<String>,
    refusing: Vec<String>,
}

impl Behaviours {
    fn draw(groups: &[Group], draw: &mut Draw) -> Self {
        let hosts = groups.iter().flat_map(|group| group.hosts.iter().cloned());
        let free: Vec<String> = hosts.filter(|host| Behaviour::known(host).is_none()).collect();
        let (ends, bases): (Vec<String>, Vec<String>) =
            free.into_iter().partition(|host| !plan::has_www(host));
        let answering = bases.into_iter().filter(|_| draw.below(5) == 0).collect();
        let mut refusing = draw.shuffled(ends);
        refusing.truncate(SITES_THAT_REFUSE_USER_AGENTS);
        Self { answering, refusing }
    }

    fn of(&self, host: &str) -> Behaviour {
        let named = |hosts: &[String]| hosts.iter().any(|named| named == host);
        Behaviour::known(host).unwrap_or_else(|| match () {
            () if named(&self.refusing) => Behaviour::RefusesUserAgents,
            () if plan::has_www(host) && !named(&self.answering) => Behaviour::RedirectsToWww,
            () => Behaviour::Answers,
        })
    }
}
