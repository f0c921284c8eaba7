//! What one device does under the client's rules.

use crate::anchors::Anchors;
use crate::assumptions::{
    Bytes, DAY, FOUND, HANDSHAKE, HOST_CACHE, HOST_IDLE, HOUR, IDLE_GRACE, ISSUERS_OF_CHAIN, MAX_AGE,
    NOT_FOUND, NOT_FOUND_CACHE, STORE_IDLE,
};

/// What went over the network.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traffic {
    /// To hosts.
    pub(crate) connections: u64,
    pub(crate) queries: u64,
    /// Queries for a host whose anchors were remembered, so that nothing waits for them but the network.
    pub(crate) ahead: u64,
    pub(crate) not_found: u64,
    pub(crate) store_connections: u64,
    pub(crate) bytes_up: u64,
    pub(crate) bytes_down: u64,
    /// Those of `bytes_down` that are trust blobs.
    pub(crate) blob_bytes: u64,
    pub(crate) queries_by_hour: [u64; 24],
}

impl Traffic {
    pub(crate) fn add(&mut self, other: &Self) {
        self.connections += other.connections;
        self.queries += other.queries;
        self.ahead += other.ahead;
        self.not_found += other.not_found;
        self.store_connections += other.store_connections;
        self.bytes_up += other.bytes_up;
        self.bytes_down += other.bytes_down;
        self.blob_bytes += other.blob_bytes;
        for (sum, queries) in self.queries_by_hour.iter_mut().zip(other.queries_by_hour) {
            *sum += queries;
        }
    }

    fn add_bytes(&mut self, bytes: &Bytes) {
        self.bytes_up += bytes.up;
        self.bytes_down += bytes.down;
    }
}

/// A device, as what it remembers and until when: the first second in which it is forgotten.
pub(crate) struct Device<'a> {
    anchors: &'a Anchors,
    /// For each host, how long the connection to it is open.
    open: Vec<u64>,
    /// For each host, how long it is remembered which anchor it needs.
    known: Vec<u64>,
    /// For each anchor, how long it is in memory.
    resident: Vec<u64>,
    /// For each anchor, how long it serves new connections before the store is asked again.
    current: Vec<u64>,
    /// For each anchor, how long it is remembered that the store does not have it.
    not_found: Vec<u64>,
    /// How long the connection to the store is open.
    store: u64,
    traffic: Traffic,
}

impl<'a> Device<'a> {
    pub(crate) fn new(anchors: &'a Anchors) -> Self {
        Self {
            anchors,
            open: vec![0; anchors.hosts()],
            known: vec![0; anchors.hosts()],
            resident: vec![0; anchors.count()],
            current: vec![0; anchors.count()],
            not_found: vec![0; anchors.count()],
            store: 0,
            traffic: Traffic::default(),
        }
    }

    pub(crate) fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Uses a host, over the connection that is there or a new one.
    pub(crate) fn connect(&mut self, now: u64, host: usize) {
        let anchor = self.anchors.of(host);
        let is_open = now < self.open[host];
        if !is_open {
            self.traffic.connections += 1;
            if !self.get(now, host, anchor) {
                return;
            }
            self.known[host] = now + HOST_CACHE;
        }
        self.open[host] = now + HOST_IDLE;
        self.resident[anchor] = self.open[host] + IDLE_GRACE;
    }

    /// Whether the anchor is there, after a query if need be.
    fn get(&mut self, now: u64, host: usize, anchor: usize) -> bool {
        if now < self.resident[anchor] && now < self.current[anchor] {
            return true;
        }
        if now < self.not_found[anchor] {
            return false;
        }
        if now >= self.store {
            self.traffic.store_connections += 1;
            self.traffic.add_bytes(&HANDSHAKE);
        }
        self.store = now + STORE_IDLE;
        self.traffic.ahead += u64::from(now < self.known[host]);
        let Some(len) = self.anchors.blob_len(anchor) else {
            for _ in 0..ISSUERS_OF_CHAIN {
                self.query(now, &NOT_FOUND);
                self.traffic.not_found += 1;
            }
            self.not_found[anchor] = now + NOT_FOUND_CACHE;
            return false;
        };
        self.query(now, &FOUND);
        self.current[anchor] = now + MAX_AGE;
        self.traffic.bytes_down += len;
        self.traffic.blob_bytes += len;
        true
    }

    fn query(&mut self, now: u64, bytes: &Bytes) {
        self.traffic.queries += 1;
        self.traffic.queries_by_hour[(now % DAY / HOUR) as usize] += 1;
        self.traffic.add_bytes(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two hosts under one anchor, one under another, one under none.
    fn anchors() -> Anchors {
        Anchors::new(&[0, 0, 1, 2], &[Some(500), Some(300), None])
    }

    /// The queries after each of these connections.
    #[track_caller]
    fn queries(connections: &[(u64, usize, u64)]) -> Traffic {
        let anchors = anchors();
        let mut device = Device::new(&anchors);
        for (now, host, queries) in connections {
            device.connect(*now, *host);
            assert_eq!(device.traffic().queries, *queries, "at {now} to {host}");
        }
        device.traffic().clone()
    }

    #[test]
    fn nothing_is_asked_while_the_anchor_is_resident() {
        let closes = HOST_IDLE;
        let last = closes + IDLE_GRACE - 1;
        let year = queries(&[(0, 0, 1), (1, 0, 1), (30, 1, 1), (30 + last, 0, 1)]);
        assert_eq!((year.connections, year.queries), (3, 1));
        queries(&[(0, 0, 1), (last, 1, 1)]);
        queries(&[(0, 0, 1), (last + 1, 1, 2)]);
        queries(&[(0, 0, 1), (1, 2, 2), (2, 1, 2)]);
    }

    #[test]
    fn that_there_is_no_anchor_of_any_name_in_the_chain_is_remembered_for_ten_minutes() {
        let year = queries(&[(0, 3, 2), (NOT_FOUND_CACHE - 1, 3, 2), (NOT_FOUND_CACHE, 3, 4)]);
        assert_eq!((year.connections, year.not_found, year.blob_bytes), (3, 4, 0));
    }

    #[test]
    fn the_connection_to_the_store_is_kept_for_a_minute_after_a_query() {
        let year = queries(&[(0, 0, 1), (STORE_IDLE - 1, 2, 2), (2 * STORE_IDLE - 2, 3, 4)]);
        assert_eq!(year.store_connections, 1);
        let year = queries(&[(0, 0, 1), (STORE_IDLE, 2, 2)]);
        assert_eq!(year.store_connections, 2);
        assert_eq!(year.blob_bytes, 800);
        assert_eq!(year.bytes_up, 2 * (HANDSHAKE.up + FOUND.up));
        assert_eq!(year.bytes_down, 800 + 2 * (HANDSHAKE.down + FOUND.down));
    }

    #[test]
    fn a_host_that_is_remembered_is_asked_for_ahead() {
        let year = queries(&[(0, 0, 1), (HOST_CACHE - 1, 0, 2), (2 * HOST_CACHE - 1, 0, 3)]);
        assert_eq!(year.ahead, 1);
    }
}
