//! Exact counts of the connections and requests of a server.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use super::Request;

#[derive(Debug, Default)]
pub(super) struct Log {
    connections: AtomicUsize,
    closed: AtomicUsize,
    /// Connections by the name in their ClientHello, in lower case.
    greeted: Mutex<HashMap<String, usize>>,
    client_certificates: AtomicUsize,
    handshakes: AtomicUsize,
    resumptions: AtomicUsize,
    requests: Mutex<Vec<Entry>>,
    taken_back: AtomicUsize,
}

#[derive(Debug)]
struct Entry {
    request: Request,
    answered: bool,
}

impl Log {
    pub(super) fn connected(&self) {
        self.connections.fetch_add(1, SeqCst);
    }

    pub(super) fn disconnected(&self) {
        self.closed.fetch_add(1, SeqCst);
    }

    pub(super) fn greeted(&self, server_name: &str) {
        *self.names().entry(server_name.to_ascii_lowercase()).or_default() += 1;
    }

    pub(super) fn got_client_certificate(&self) {
        self.client_certificates.fetch_add(1, SeqCst);
    }

    pub(super) fn shook_hands(&self, resumed: bool) {
        self.resumptions.fetch_add(usize::from(resumed), SeqCst);
        self.handshakes.fetch_add(1, SeqCst);
    }

    /// Notes a request that was read; the number is for [`answered`](Self::answered).
    pub(super) fn seen(&self, request: Request) -> usize {
        let mut requests = self.entries();
        requests.push(Entry {
            request,
            answered: false,
        });
        requests.len() - 1
    }

    pub(super) fn answered(&self, number: usize) {
        self.entries()[number].answered = true;
    }

    pub(super) fn taken_back(&self) {
        self.taken_back.fetch_add(1, SeqCst);
    }

    pub(super) fn requests_taken_back(&self) -> usize {
        self.taken_back.load(SeqCst)
    }

    pub(super) fn connections(&self) -> usize {
        self.connections.load(SeqCst)
    }

    pub(super) fn open_connections(&self) -> usize {
        // In this order: one that ends meanwhile counts as open rather than as less than none.
        let closed = self.closed.load(SeqCst);
        self.connections() - closed
    }

    pub(super) fn connections_to(&self, server_name: &str) -> usize {
        let server_name = server_name.to_ascii_lowercase();
        self.names().get(&server_name).copied().unwrap_or(0)
    }

    pub(super) fn client_certificates(&self) -> usize {
        self.client_certificates.load(SeqCst)
    }

    pub(super) fn handshakes(&self) -> usize {
        self.handshakes.load(SeqCst)
    }

    pub(super) fn resumptions(&self) -> usize {
        self.resumptions.load(SeqCst)
    }

    pub(super) fn requests(&self, counts: impl Fn(&Request) -> bool) -> usize {
        self.entries()
            .iter()
            .filter(|entry| entry.answered && counts(&entry.request))
            .count()
    }

    pub(super) fn requests_seen(&self) -> Vec<Request> {
        self.entries().iter().map(|entry| entry.request.clone()).collect()
    }

    fn names(&self) -> std::sync::MutexGuard<'_, HashMap<String, usize>> {
        self.greeted
            .lock()
            .expect("nothing panics while it holds the names")
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, Vec<Entry>> {
        self.requests
            .lock()
            .expect("nothing panics while it holds the log")
    }
}
