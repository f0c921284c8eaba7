//! The roots of local stores: which of them have a name, and what a client holds that loads them all.

use std::path::Path;

use jit_trust::{PeerChain, TrustAnchor};
use jit_trust_bundle::{Input, Policy, Root, RootList};
use serde::Serialize;

use crate::args::{Pin, TrustBy};
use crate::store;

/// The roots that decide about a host, as far as they are here.
#[derive(Debug)]
pub(super) struct Roots {
    lists: Vec<RootList>,
    /// Whether these are all: no store is on a server, and each could be read.
    are_all: bool,
}

/// What a client without just-in-time trust would hold. All lengths are computed: of what the stores hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Memory {
    /// How many roots it would load.
    pub(super) roots: usize,
    /// Their certificates together, in bytes; none where the store does not hold them all.
    pub(super) certificates_len: Option<usize>,
    /// Their names, keys and constraints together, in bytes: the least that a path can be validated against. Names that
    /// the store does not hold are left out.
    pub(super) anchors_len: usize,
    /// The same of the one that the path ends in; none without one.
    pub(super) used_len: Option<usize>,
}

impl Roots {
    /// Reads the stores that decide about this host.
    pub(super) fn read(args: &TrustBy, host: &str) -> Self {
        let pins = pins_of(&args.pin, host);
        let (stores, are_local): (Vec<&Path>, bool) = if pins.is_empty() {
            let local = args.trust.iter().filter(|path| !store::is_url(path));
            let stores: Vec<&Path> = local.map(AsRef::as_ref).collect();
            let are_local = stores.len() == args.trust.len();
            (stores, are_local)
        } else {
            (pins, true)
        };
        // What is wrong with a store is told by the verdict, which is by the same.
        let read = |path: &&Path| jit_trust_bundle::read(&[Input::named(path)], Policy::Store).ok();
        let lists: Vec<RootList> = stores.iter().filter_map(read).collect();
        Self {
            are_all: are_local && lists.len() == stores.len(),
            lists,
        }
    }

    fn iter(&self) -> impl Iterator<Item = &Root> {
        self.lists.iter().flat_map(RootList::roots)
    }

    /// The anchors that could have issued one of these certificates, in the order of the stores; those included that
    /// may not be used for them because of their date.
    pub(super) fn answering<'a>(&'a self, chain: &'a PeerChain<'a>) -> impl Iterator<Item = TrustAnchor<'a>> {
        let entries = self.iter().map(Root::entry);
        entries.filter_map(|entry| chain.issuers().find_map(|issuer| entry.named(issuer)))
    }

    /// What loading them all takes; none where some of them are not known here.
    pub(super) fn memory(&self, used: Option<&TrustAnchor<'_>>) -> Option<Memory> {
        if !self.are_all {
            return None;
        }
        let certificates = self.iter().map(|root| Some(root.der()?.len()));
        let anchors = self.iter().map(|root| {
            let entry = root.entry();
            let name_len = entry.subject().map_or(0, |name| name.as_der().len());
            name_len + key_and_constraints_len(entry.spki_value(), entry.name_constraints())
        });
        Some(Memory {
            roots: self.iter().count(),
            certificates_len: certificates.sum(),
            anchors_len: anchors.sum(),
            used_len: used.map(anchor_len),
        })
    }
}

/// An anchor's name, key and constraints together, in bytes.
pub(super) fn anchor_len(anchor: &TrustAnchor<'_>) -> usize {
    let rest = key_and_constraints_len(anchor.spki_value(), anchor.name_constraints());
    anchor.subject().as_der().len() + rest
}

fn key_and_constraints_len(spki_value: &[u8], name_constraints: Option<&[u8]>) -> usize {
    spki_value.len() + name_constraints.map_or(0, <[u8]>::len)
}

/// The files of the CAs that a host is pinned to: what is said of the host itself counts before what is said of a domain,
/// and of domains the nearest.
fn pins_of<'p>(pins: &'p [Pin], host: &str) -> Vec<&'p Path> {
    let matching: Vec<&Pin> = pins.iter().filter(|pin| pin.is_of(host)).collect();
    let nearness = |pin: &Pin| (!pin.host.starts_with("*."), pin.host.len());
    let nearest = matching.iter().map(|pin| nearness(pin)).max();
    let nearest = matching.into_iter().filter(|pin| Some(nearness(pin)) == nearest);
    nearest.map(|pin| pin.authorities.as_path()).collect()
}
