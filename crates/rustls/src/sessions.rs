//! A session store that keeps the anchors that each session depends on.

use std::collections::VecDeque;
use std::fmt;
use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use jit_trust_engine::{BoundAnchor, BoundAnchors, TrustBinding, TrustPolicy};
use rustls::NamedGroup;
use rustls::client::{ClientSessionStore, Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use schnellru::{ByLength, LruMap};

use crate::context::HandshakeContext;

/// The largest number of servers, as in rustls' own store.
const MAX_SERVERS: u32 = 256;
/// The largest number of tickets of TLS 1.3 for one server, as in rustls' own store.
const MAX_TICKETS: usize = 8;
/// The largest number of anchors of one server name. With more, only sessions of known connections are kept.
const MAX_ANCHORS: usize = 8;

/// A session store that keeps the anchors that each session depends on. rustls calls no verifier when it resumes a session,
/// so this store offers a session only while each of its anchors is in a store unchanged.
///
/// rustls does not say to which connection a ticket belongs. For a connection of our connectors it is known. Any other
/// ticket, which may come late, depends on every anchor that verified the server's name so far.
pub(crate) struct Sessions {
    policy: TrustPolicy,
    known: Mutex<Known>,
}

struct Known {
    servers: LruMap<String, Server, ByLength, RandomState>,
    /// The anchors that sessions depend on, each kept once: there are few.
    anchors: Vec<Weak<BoundAnchor>>,
    /// The anchors of servers that were evicted. A connection to such a server may still be open, and its ticket may come
    /// after the server was added again.
    forgotten: Dependencies,
}

#[derive(Default)]
struct Server {
    group: Option<NamedGroup>,
    tls12: Option<(Tls12ClientSessionValue, BoundAnchors)>,
    tickets: VecDeque<(Tls13ClientSessionValue, BoundAnchors)>,
    dependencies: Dependencies,
}

/// The anchors that verified a server name.
#[derive(Clone, Default)]
struct Dependencies {
    anchors: BoundAnchors,
    /// Whether there are anchors that are not known or not kept.
    is_mixed: bool,
}

impl Sessions {
    pub(crate) fn new(policy: TrustPolicy) -> Self {
        Self {
            policy,
            known: Mutex::new(Known {
                servers: LruMap::with_hasher(ByLength::new(MAX_SERVERS), RandomState::new()),
                anchors: Vec::new(),
                forgotten: Dependencies::default(),
            }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the binding of a verified connection to a server; `None` where it is not known. Equal anchors of several servers
    /// are kept once.
    pub(crate) fn verified(&self, server: &ServerName<'_>, binding: Option<&mut TrustBinding>) {
        let mut known = self.lock();
        let anchors = binding.map(|binding| {
            binding.anchors.iter_mut().for_each(|anchor| known.intern(anchor));
            binding.anchors.clone()
        });
        if let Some(server) = known.server_or_new(server) {
            match anchors {
                Some(anchors) => anchors.iter().for_each(|anchor| server.dependencies.add(anchor)),
                None => server.dependencies.is_mixed = true,
            }
        }
    }

    /// The anchors that a session depends on that comes now.
    fn depends_on(&self, server: &ServerName<'_>) -> Option<BoundAnchors> {
        let context = HandshakeContext::current(&server.to_str(), &self.policy)
            .map(|context| context.sessions_depend_on());
        if let Some(anchors) = context.filter(|anchors| !anchors.is_empty()) {
            return Some(anchors);
        }
        let mut known = self.lock();
        let dependencies = &known.server(server)?.dependencies;
        let is_known = !dependencies.is_mixed && !dependencies.anchors.is_empty();
        is_known.then(|| dependencies.anchors.clone())
    }

    /// Whether a session may be offered: all its anchors are in a store unchanged. If so, the current connection notes that.
    fn may_offer(&self, server: &ServerName<'_>, anchors: &BoundAnchors) -> bool {
        let host = server.to_str();
        let Some(binding) = HandshakeContext::aside(|_| self.policy.may_resume(&host, anchors)) else {
            return false;
        };
        if let Some(context) = HandshakeContext::current(&host, &self.policy) {
            context.offers(binding);
        }
        true
    }
}

impl Dependencies {
    fn add(&mut self, anchor: &Arc<BoundAnchor>) {
        if self.anchors.iter().any(|known| Arc::ptr_eq(known, anchor)) {
            return;
        }
        match self.anchors.len() < MAX_ANCHORS {
            true => self.anchors.push(anchor.clone()),
            false => self.is_mixed = true,
        }
    }
}

impl Known {
    /// Replaces an anchor with an equal one that is known already.
    fn intern(&mut self, anchor: &mut Arc<BoundAnchor>) {
        let mut known = self.anchors.iter().filter_map(Weak::upgrade);
        if let Some(known) = known.find(|known| known.is_same(anchor)) {
            *anchor = known;
            return;
        }
        self.anchors.retain(|anchor| anchor.strong_count() > 0);
        self.anchors.push(Arc::downgrade(anchor));
    }

    fn server(&mut self, server: &ServerName<'_>) -> Option<&mut Server> {
        self.servers.get(&*server.to_str())
    }

    fn server_or_new(&mut self, server: &ServerName<'_>) -> Option<&mut Server> {
        let name = server.to_str();
        if self.servers.peek(&*name).is_none() && self.servers.len() >= MAX_SERVERS as usize {
            if let Some((_, oldest)) = self.servers.pop_oldest() {
                let Dependencies { anchors, is_mixed } = oldest.dependencies;
                anchors.iter().for_each(|anchor| self.forgotten.add(anchor));
                self.forgotten.is_mixed |= is_mixed;
            }
        }
        let forgotten = &self.forgotten;
        self.servers.get_or_insert(&*name, || Server {
            dependencies: forgotten.clone(),
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
        if let Some(anchors) = self.depends_on(&server_name) {
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
        if let Some(anchors) = self.depends_on(&server_name) {
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
