//! Sessions, each with what it leans on.

use std::collections::VecDeque;
use std::fmt;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jit_trust_core::{PeerChain, TrustAnchor};
use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use schnellru::{ByLength, LruMap};

use crate::Trust;
use crate::residency::Presence;
use crate::trust::{Anchors, Attempt, KnownAnchor, Leaning, Place};

/// How many servers are remembered, as with rustls' own store.
const MAX_SERVERS: u32 = 256;
/// How many tickets of TLS 1.3 are kept for one server, as with rustls' own store.
const MAX_TICKETS: usize = 8;
/// How many anchors one name may lean on before no session of it is kept whose connection is not known.
const MAX_ANCHORS: usize = 8;

/// Sessions to resume, each with the anchors that it leans on: rustls asks no verifier about a session that it resumes,
/// so that this offers it only as long as each of them is in the store unchanged.
///
/// rustls does not say which connection a ticket is of. Of one that our connectors drive, it is known; of any other, a
/// ticket, which may come late, counts as leaning on every anchor that ever vouched for the server's name.
pub(super) struct Sessions {
    trust: Trust,
    known: Mutex<Known>,
}

struct Known {
    servers: LruMap<String, Server, ByLength, RandomState>,
    /// Anchors that some server leans on: they are few, and are kept once.
    anchors: Vec<Weak<KnownAnchor>>,
    /// What vouched for servers that are remembered no more. A connection to one may live, and a ticket of it come
    /// when the server is remembered anew.
    forgotten: Vouching,
}

#[derive(Default)]
struct Server {
    group: Option<NamedGroup>,
    tls12: Option<(Tls12ClientSessionValue, Anchors)>,
    tickets: VecDeque<(Tls13ClientSessionValue, Anchors)>,
    vouching: Vouching,
}

/// Every anchor that vouched for a name.
#[derive(Clone, Default)]
struct Vouching {
    anchors: Anchors,
    /// Whether there were more.
    is_mixed: bool,
}

impl Sessions {
    pub(super) fn new(trust: Trust) -> Self {
        Self {
            trust,
            known: Mutex::new(Known {
                servers: LruMap::with_hasher(ByLength::new(MAX_SERVERS), RandomState::new()),
                anchors: Vec::new(),
                forgotten: Vouching::default(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that an anchor vouched for a server, and hands out what is remembered of it.
    pub(super) fn verified(
        &self,
        server: &ServerName<'_>,
        (anchor, imposed): (&TrustAnchor<'_>, &[&[u8]]),
        chain: &PeerChain<'_>,
        origin: Option<&Place>,
    ) -> Option<Arc<KnownAnchor>> {
        let mut known = self.lock();
        let anchor = known.anchor((anchor, imposed), chain, origin);
        known.server_or_new(server)?.vouching.add(anchor.as_ref());
        anchor
    }

    /// What a session leans on that comes now.
    fn leaned_on(&self, server: &ServerName<'_>) -> Option<Anchors> {
        let attempt =
            Attempt::current(&server.to_str(), &self.trust).map(|attempt| attempt.sessions_lean_on());
        if let Some(anchors) = attempt.filter(|anchors| !anchors.is_empty()) {
            return Some(anchors);
        }
        let mut known = self.lock();
        let vouching = &known.server(server)?.vouching;
        let is_known = !vouching.is_mixed && !vouching.anchors.is_empty();
        is_known.then(|| vouching.anchors.clone())
    }

    /// Whether all that a session leans on is there unchanged; notes that it is offered.
    fn may_offer(&self, server: &ServerName<'_>, anchors: &Anchors) -> bool {
        let host = server.to_str();
        let is_here = |anchor: &Arc<KnownAnchor>| self.trust.presence(&host, anchor) == Presence::Here;
        let are_here = Attempt::aside(|_| anchors.iter().all(is_here));
        if let Some(attempt) = Attempt::current(&host, &self.trust).filter(|_| are_here) {
            let origins = anchors.iter().filter_map(|anchor| anchor.origin());
            let leases = origins.filter_map(|origin| self.trust.lease_again(origin));
            attempt.offers(Leaning {
                anchors: anchors.clone(),
                leases: leases.map(Arc::new).collect(),
            });
        }
        are_here
    }
}

impl Vouching {
    /// Adds an anchor; `None` is one of which nothing could be noted.
    fn add(&mut self, anchor: Option<&Arc<KnownAnchor>>) {
        match anchor {
            Some(anchor) if self.anchors.iter().any(|known| Arc::ptr_eq(known, anchor)) => {}
            Some(anchor) if self.anchors.len() < MAX_ANCHORS => self.anchors.push(anchor.clone()),
            _ => self.is_mixed = true,
        }
    }
}

impl Known {
    fn anchor(
        &mut self,
        (anchor, imposed): (&TrustAnchor<'_>, &[&[u8]]),
        chain: &PeerChain<'_>,
        origin: Option<&Place>,
    ) -> Option<Arc<KnownAnchor>> {
        let mut known = self.anchors.iter().filter_map(Weak::upgrade);
        if let Some(known) = known.find(|known| known.origin() == origin && known.is(anchor, imposed)) {
            return Some(known);
        }
        let known = Arc::new(KnownAnchor::new(anchor, imposed, chain, origin)?);
        self.anchors.retain(|anchor| anchor.strong_count() > 0);
        self.anchors.push(Arc::downgrade(&known));
        Some(known)
    }

    fn server(&mut self, server: &ServerName<'_>) -> Option<&mut Server> {
        self.servers.get(&*server.to_str())
    }

    fn server_or_new(&mut self, server: &ServerName<'_>) -> Option<&mut Server> {
        let name = server.to_str();
        if self.servers.peek(&*name).is_none() && self.servers.len() >= MAX_SERVERS as usize {
            if let Some((_, oldest)) = self.servers.pop_oldest() {
                let Vouching { anchors, is_mixed } = oldest.vouching;
                anchors.iter().for_each(|anchor| self.forgotten.add(Some(anchor)));
                self.forgotten.is_mixed |= is_mixed;
            }
        }
        let forgotten = &self.forgotten;
        self.servers.get_or_insert(&*name, || Server {
            vouching: forgotten.clone(),
            ..Server::default()
        })
    }
}

impl ClientSessionStore for Sessions {
    fn set_kx_hint(&self, server_name: ServerName<'static>, group: NamedGroup) {
        if let Some(server) = self.lock().server_or_new(&server_name) {
            server.group = Some(group);
        }
    }

    fn kx_hint(&self, server_name: &ServerName<'_>) -> Option<NamedGroup> {
        self.lock().server(server_name)?.group
    }

    fn set_tls12_session(&self, server_name: ServerName<'static>, value: Tls12ClientSessionValue) {
        if let Some(anchors) = self.leaned_on(&server_name) {
            if let Some(server) = self.lock().server_or_new(&server_name) {
                server.tls12 = Some((value, anchors));
            }
        }
    }

    fn tls12_session(&self, server_name: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        let (session, anchors) = self.lock().server(server_name)?.tls12.clone()?;
        if self.may_offer(server_name, &anchors) {
            return Some(session);
        }
        self.lock().server(server_name)?.tls12 = None;
        None
    }

    fn remove_tls12_session(&self, server_name: &ServerName<'static>) {
        if let Some(server) = self.lock().server(server_name) {
            server.tls12 = None;
        }
    }

    fn insert_tls13_ticket(&self, server_name: ServerName<'static>, value: Tls13ClientSessionValue) {
        if let Some(anchors) = self.leaned_on(&server_name) {
            if let Some(server) = self.lock().server_or_new(&server_name) {
                if server.tickets.len() == MAX_TICKETS {
                    server.tickets.pop_front();
                }
                server.tickets.push_back((value, anchors));
            }
        }
    }

    fn take_tls13_ticket(&self, server_name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        loop {
            let (ticket, anchors) = self.lock().server(server_name)?.tickets.pop_back()?;
            if self.may_offer(server_name, &anchors) {
                return Some(ticket);
            }
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").finish_non_exhaustive()
    }
}
