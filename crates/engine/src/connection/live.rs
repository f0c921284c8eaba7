//! The open connections of a program.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;

use crate::TrustPolicy;
use crate::binding::{BoundAnchors, Leases, Presence, TrustBinding};

/// The open connections that were made with the connectors of this project.
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

/// An open connection: made with a connector of this project, and neither dropped nor closed.
#[derive(Clone)]
pub struct Connection {
    policy: TrustPolicy,
    state: Arc<State>,
}

impl Connections {
    fn lock(&self) -> MutexGuard<'_, Live> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open connections, the oldest first.
    pub(crate) fn list(&self, policy: &TrustPolicy) -> Vec<Connection> {
        let live = self.lock();
        let is_closed = |state: &Arc<State>| state.is_closed.load(Ordering::Acquire);
        let states = live.connections.values().filter(|state| !is_closed(state));
        states
            .map(|state| Connection {
                policy: policy.clone(),
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

    /// Whether an anchor that it depends on was withdrawn: the stores do not hold it any more, or hold it under other
    /// conditions than when the connection was verified.
    pub fn anchor_withdrawn(&self) -> bool {
        self.state.anchor_withdrawn(&self.policy)
    }

    /// Closes the connection. Reads and writes fail from then on, with
    /// [`ConnectionAborted`](std::io::ErrorKind::ConnectionAborted) on the streams of this project.
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
    fn anchor_withdrawn(&self, policy: &TrustPolicy) -> bool {
        let mut anchors = self.anchors.iter();
        anchors.any(|anchor| policy.presence(&self.host, anchor) == Presence::Gone)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The error of reads and writes on a connection that was closed by [`Connection::close`].
pub(super) fn closed() -> io::Error {
    let text = "the connection was closed because an anchor that it depends on was withdrawn";
    io::Error::new(io::ErrorKind::ConnectionAborted, text)
}

/// The registration of an open connection, which lists it until this is dropped.
#[derive(Debug)]
pub struct TrackedConnection {
    policy: TrustPolicy,
    number: u64,
    state: Arc<State>,
    _leases: Leases,
}

impl TrackedConnection {
    /// Registers a connection with its binding. `close` closes the connection where its stream does not do so itself.
    ///
    /// # Errors
    /// When an anchor that it depends on was withdrawn since its verification: a caller that closed such connections could
    /// not have seen this one.
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
        policy: &TrustPolicy,
        host: String,
        binding: TrustBinding,
        close: Option<Box<dyn Fn() + Send + Sync>>,
    ) -> Self {
        let state = Arc::new(State {
            host,
            anchors: binding.anchors,
            is_closed: AtomicBool::new(false),
            closed: Event::new(),
            close,
        });
        let mut live = policy.tracked().lock();
        let number = live.next;
        live.next += 1;
        live.connections.insert(number, state.clone());
        drop(live);
        Self {
            policy: policy.clone(),
            number,
            state,
            _leases: binding.leases,
        }
    }

    /// As [`Connection::anchor_withdrawn`].
    pub(crate) fn anchor_withdrawn(&self) -> bool {
        self.state.anchor_withdrawn(&self.policy)
    }

    /// Whether it was closed by [`Connection::close`].
    pub(crate) fn is_closed(&self) -> bool {
        self.state.is_closed.load(Ordering::Acquire)
    }

    /// A listener for [`Connection::close`].
    #[cfg(feature = "tokio")]
    pub(crate) fn closed(&self) -> event_listener::EventListener {
        self.state.closed.listen()
    }
}

impl Drop for TrackedConnection {
    fn drop(&mut self) {
        self.policy.tracked().lock().connections.remove(&self.number);
    }
}
