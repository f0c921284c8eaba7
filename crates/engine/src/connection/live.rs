//! Connections that live.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

use crate::TrustPolicy;
use crate::binding::{BoundAnchors, Leases, Presence, TrustBinding};

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
    anchors: BoundAnchors,
    is_closed: AtomicBool,
    closed: Event,
    close: Option<Box<dyn Fn() + Send + Sync>>,
}

/// A connection that lives: made with a connector of this crate, and neither dropped nor closed.
#[derive(Clone)]
pub struct Connection {
    trust: TrustPolicy,
    state: Arc<State>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Those that live, the oldest first.
    pub(crate) fn list(&self, trust: &TrustPolicy) -> Vec<Connection> {
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
    pub fn anchor_withdrawn(&self) -> bool {
        self.state.anchor_withdrawn(&self.trust)
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
    fn anchor_withdrawn(&self, trust: &TrustPolicy) -> bool {
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

/// What reading and writing come to on a connection that was closed from elsewhere.
pub(super) fn closed() -> io::Error {
    let text = "the connection was closed because an anchor that it depends on was withdrawn";
    io::Error::new(io::ErrorKind::ConnectionAborted, text)
}

/// Held by a connection for as long as it lives: it is listed, and can be closed from elsewhere.
#[derive(Debug)]
pub struct TrackedConnection {
    trust: TrustPolicy,
    number: u64,
    state: Arc<State>,
    _leases: Leases,
}

impl TrackedConnection {
    /// Registers a connection that depends on this. `close` closes it, where that takes more than telling it.
    ///
    /// # Errors
    /// When an anchor that it depends on was withdrawn since its verification: then nobody who looked for such connections
    /// can have seen this one.
    pub fn register(
        policy: &TrustPolicy,
        host: String,
        binding: TrustBinding,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> io::Result<Self> {
        let connection = Self::new(policy, host, binding, close);
        match connection.anchor_withdrawn() {
            true => Err(closed()),
            false => Ok(connection),
        }
    }

    fn new(
        trust: &TrustPolicy,
        host: String,
        leaning: TrustBinding,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> Self {
        let state = Arc::new(State {
            host,
            anchors: leaning.anchors,
            is_closed: AtomicBool::new(false),
            closed: Event::new(),
            close,
        });
        let mut live = trust.tracked().lock();
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

    /// As [`Connection::anchor_withdrawn`].
    pub(crate) fn anchor_withdrawn(&self) -> bool {
        self.state.anchor_withdrawn(&self.trust)
    }

    /// Whether somebody wants it closed.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.is_closed.load(Ordering::Acquire)
    }

    /// Tells when somebody wants it closed.
    #[cfg(feature = "tokio")]
    pub(crate) fn closed(&self) -> event_listener::EventListener {
        self.state.closed.listen()
    }
}

impl Drop for TrackedConnection {
    fn drop(&mut self) {
        self.trust.tracked().lock().connections.remove(&self.number);
    }
}
