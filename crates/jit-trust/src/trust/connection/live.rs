//! Connections that live.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;
#[cfg(any(feature = "mbedtls-tokio", feature = "openssl-tokio", feature = "tokio"))]
use event_listener::EventListener;

use super::{Anchors, Leaning, Leases};
use crate::Trust;
use crate::residency::Presence;

/// The connections that were made with our connectors and live.
#[derive(Debug, Default)]
pub(crate) struct Connections(Mutex<Live>);

#[derive(Debug, Default)]
struct Live {
    next: u64,
    connections: BTreeMap<u64, Arc<State>>,
}

struct State {
    host: String,
    anchors: Anchors,
    is_closed: AtomicBool,
    closed: Event,
    close: Option<Box<dyn Fn() + Send + Sync>>,
}

/// A connection that lives: made with a connector of this crate, and neither dropped nor closed.
#[derive(Clone)]
pub struct Connection {
    trust: Trust,
    state: Arc<State>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that live, the oldest first.
    pub(crate) fn list(&self, trust: &Trust) -> Vec<Connection> {
        let live = self.lock();
        let is_closed = |state: &Arc<State>| state.is_closed.load(Ordering::Acquire);
        let states = live.connections.values().filter(|state| !is_closed(state));
        states
            .map(|state| Connection {
                trust: trust.clone(),
                state: state.clone(),
            })
            .collect()
    }
}

impl Connection {
    /// The server's name or address.
    pub fn host(&self) -> &str {
        &self.state.host
    }

    /// Whether an anchor that it leans on is known to be gone, or to be trusted under other conditions than when the
    /// connection was verified.
    pub fn leans_on_removed(&self) -> bool {
        self.state.leans_on_removed(&self.trust)
    }

    /// Closes it: whoever reads or writes gets an error, [`ConnectionAborted`](std::io::ErrorKind::ConnectionAborted)
    /// where the connection is driven by us.
    pub fn close(&self) {
        self.state.is_closed.store(true, Ordering::Release);
        self.state.closed.notify(usize::MAX);
        if let Some(close) = &self.state.close {
            close();
        }
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.state.fmt(f)
    }
}

impl State {
    fn leans_on_removed(&self, trust: &Trust) -> bool {
        let mut anchors = self.anchors.iter();
        anchors.any(|anchor| trust.presence(&self.host, anchor) == Presence::Gone)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// Held by a connection for as long as it lives.
#[derive(Debug)]
pub(crate) struct Guard {
    trust: Trust,
    number: u64,
    state: Arc<State>,
    _leases: Leases,
}

impl Guard {
    /// Notes that a connection lives. `close` closes it, where that takes more than telling it.
    pub(crate) fn new(
        trust: &Trust,
        host: String,
        leaning: Leaning,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> Self {
        let state = Arc::new(State {
            host,
            anchors: leaning.anchors,
            is_closed: AtomicBool::new(false),
            closed: Event::new(),
            close,
        });
        let mut live = trust.connections_of_all().lock();
        let number = live.next;
        live.next += 1;
        live.connections.insert(number, state.clone());
        drop(live);
        Self {
            trust: trust.clone(),
            number,
            state,
            _leases: leaning.leases,
        }
    }

    /// As [`Connection::leans_on_removed`].
    pub(crate) fn leans_on_removed(&self) -> bool {
        self.state.leans_on_removed(&self.trust)
    }

    /// Whether somebody wants it closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.is_closed.load(Ordering::Acquire)
    }

    /// Tells when somebody wants it closed.
    #[cfg(any(feature = "mbedtls-tokio", feature = "openssl-tokio", feature = "tokio"))]
    pub(crate) fn closed(&self) -> EventListener {
        self.state.closed.listen()
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.trust
            .connections_of_all()
            .lock()
            .connections
            .remove(&self.number);
    }
}
