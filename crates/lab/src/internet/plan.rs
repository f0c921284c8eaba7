//! Who sends which chain: the reference's sites, dealt out kinds of chains and roots by the seed.

use super::authorities::Authorities;
use super::behaviour::Behaviour;
use super::chain_kind::{ChainKind, LeafNames};
use super::draw::Draw;
use super::reference::REFERENCE;
use super::stand_in::stand_ins;
use crate::pki::{DAY, YEAR};

/// Hosts that send one and the same chain.
#[derive(Clone, Debug)]
pub(super) struct Group {
    pub(super) hosts: Vec<String>,
    /// What a wildcard stands before.
    pub(super) domain: String,
    pub(super) kind: ChainKind,
    pub(super) names: LeafNames,
    /// As numbers of stand-ins; the first is the one that the leaf's issuer comes from.
    pub(super) roots: Vec<usize>,
    /// For a certificate that has no business here.
    pub(super) other_root: usize,
    pub(super) validity: Validity,
    /// Whether the leaf's key is RSA.
    pub(super) is_rsa: bool,
    /// Whether the leaf's issuer is the second of its root.
    pub(super) second_issuer: bool,
}

/// When a leaf is valid.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Validity {
    /// Now.
    Now,
    /// Until ten days ago.
    Expired,
    /// Since a month before this time, and now.
    SinceBefore(i64),
}

/// The kinds in proportion: most chains are as they should be.
fn kinds() -> Vec<ChainKind> {
    let mut kinds = ChainKind::ALL.to_vec();
    kinds.extend([ChainKind::Straight; 6]);
    kinds.extend([ChainKind::TwoIntermediates; 3]);
    kinds
}

fn names() -> Vec<LeafNames> {
    let mut names = LeafNames::ALL.to_vec();
    names.extend([LeafNames::Plain; 4]);
    names
}

/// All groups, the same for the same seed.
pub(super) fn groups(seed: u64, time: i64) -> Vec<Group> {
    let hosts = grouped_hosts(seed);
    let count = hosts.len();
    let mut draw = Draw::new(seed, "plan");
    let kinds = draw.evenly(&kinds(), count);
    let names = draw.evenly(&names(), count);
    let rsa = draw.evenly(&[true, false], count);
    let second_issuer = draw.evenly(&[false, false, true], count);
    let mut roots = Roots::new(&mut draw, time);
    let groups = hosts.into_iter().enumerate().map(|(number, hosts)| {
        let kind = kinds[number];
        Group {
            domain: domain(&hosts[0]).to_owned(),
            kind,
            names: names[number],
            roots: roots.take(kind),
            other_root: roots.take(ChainKind::Straight)[0],
            validity: match Behaviour::known(&hosts[0]) {
                Some(Behaviour::Expired) => Validity::Expired,
                _ => Validity::Now,
            },
            is_rsa: rsa[number],
            second_issuer: second_issuer[number],
            hosts,
        }
    });
    let mut groups: Vec<Group> = groups.collect();
    place_conditions(&mut groups, &mut draw, time);
    groups
}

/// The hosts that share a chain. Those that redirect to one another come first: the first chains have roots
/// of their own.
fn grouped_hosts(seed: u64) -> Vec<Vec<String>> {
    let mut grouped = Vec::new();
    for host in REFERENCE.iter().map(|row| row.host) {
        let Some(base) = base(host) else {
            grouped.push(vec![host.to_owned()]);
            continue;
        };
        let both = [base.to_owned(), format!("www.{base}")];
        let differ =
            Behaviour::known(base) == Some(Behaviour::Expired) || Draw::new(seed, host).below(3) == 0;
        match differ {
            true => grouped.extend(both.map(|host| vec![host])),
            false => grouped.push(both.to_vec()),
        }
    }
    let redirects = |hosts: &Vec<String>| {
        ["gamepedia.com", "fandom.com", "bbc.co.uk", "bbc.com"].contains(&domain(&hosts[0]))
    };
    grouped.sort_by_key(|hosts| !redirects(hosts));
    grouped
}

/// Whether a host is also there with `www.` before it.
pub(super) fn has_www(host: &str) -> bool {
    base(host) == Some(host)
}

/// The host without `www.`, of one that exists with and without it.
fn base(host: &str) -> Option<&str> {
    let is_base = domain(host) == host && !host.starts_with("www.");
    (is_base || domain(host) != host && host.starts_with("www.")).then(|| domain(host))
}

/// The domain that a host belongs to and that its owner has.
fn domain(host: &str) -> &str {
    match host.split_once('.') {
        Some(("www", "gov.uk")) => host,
        Some(("www", domain)) => domain,
        Some((_, domain @ ("wikipedia.org" | "google.com" | "yahoo.com"))) => domain,
        _ => host,
    }
}

/// The roots that any site may have, dealt out one after the other.
struct Roots {
    order: Vec<usize>,
    dealt: usize,
}

impl Roots {
    fn new(draw: &mut Draw, time: i64) -> Self {
        let all = stand_ins().iter().enumerate();
        let free = all.filter(|(_, root)| !root.has_conditions() && is_valid(root.validity(), time));
        Self {
            order: draw.shuffled(free.map(|(number, _)| number).collect()),
            dealt: 0,
        }
    }

    /// As many as a chain of this kind has: the youngest first, since roots are cross-signed by older ones.
    fn take(&mut self, kind: ChainKind) -> Vec<usize> {
        let mut roots = Vec::new();
        while roots.len() < kind.roots() {
            let root = self.order[self.dealt % self.order.len()];
            self.dealt += 1;
            if !(kind.is_long() && Authorities::root(root).limits_path_length()) {
                roots.push(root);
            }
        }
        roots.sort_by_key(|root| -Authorities::root(*root).validity().0);
        roots
    }
}

/// Whether a root will be valid for a while.
fn is_valid((not_before, not_after): (i64, i64), time: i64) -> bool {
    not_before < time && time + YEAR < not_after
}

/// The roots with conditions that are still valid, as numbers of stand-ins: with a date, and with imposed
/// constraints.
pub(super) fn conditioned(time: i64) -> (Vec<(usize, i64)>, Vec<usize>) {
    let all = stand_ins().iter().enumerate();
    let valid: Vec<_> = all.filter(|(_, root)| is_valid(root.validity(), time)).collect();
    let dated = valid.iter().filter_map(|(number, root)| {
        let date = root.distrust_after()?.try_into().ok()?;
        (date < time).then_some((*number, date))
    });
    let constrained = valid.iter().filter(|(_, root)| root.name_constraints().is_some());
    (dated.collect(), constrained.map(|(number, _)| *number).collect())
}

/// Gives each root with a date a site whose leaf is older than that, and one with imposed constraints the
/// site within them: they permit `tr`.
fn place_conditions(groups: &mut [Group], draw: &mut Draw, time: i64) {
    let (dated, constrained) = conditioned(time);
    if let Some(root) = constrained.first() {
        for group in groups.iter_mut().filter(|group| group.domain.ends_with(".tr")) {
            (group.kind, group.roots) = (ChainKind::Straight, vec![*root]);
        }
    }
    let plain = groups.iter_mut().enumerate().filter(|(_, group)| {
        let known = group.hosts.iter().any(|host| Behaviour::known(host).is_some());
        group.kind == ChainKind::Straight && !known && !group.domain.ends_with(".tr")
    });
    let plain = draw.shuffled(plain.map(|(number, _)| number).collect());
    for ((root, date), number) in dated.into_iter().zip(plain) {
        groups[number].roots = vec![root];
        groups[number].validity = Validity::SinceBefore(date);
    }
}

impl Validity {
    /// notBefore and notAfter, in Unix seconds.
    pub(super) fn as_of(self, time: i64) -> (i64, i64) {
        match self {
            Self::Now => (time - 30 * DAY, time + 60 * DAY),
            Self::Expired => (time - 100 * DAY, time - 10 * DAY),
            Self::SinceBefore(date) => (date - 30 * DAY, time + 60 * DAY),
        }
    }
}
