//! A TCP relay before a server, for what happens on the way: the server is gone, comes back, falls silent, is another
//! one. Its address stays the same.
//!
//! ```
//! use jit_trust_lab::relay::Relay;
//! use jit_trust_lab::server::Server;
//!
//! let server = Server::builder().start();
//! let relay = Relay::to(server.addr());
//! relay.down();
//! relay.up();
//! assert_eq!(relay.connections(), 0);
//! ```

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use crate::listener::Listener;

/// A running relay. It stops when dropped.
#[derive(Debug)]
pub struct Relay {
    listener: Listener,
    line: Arc<Line>,
}

#[derive(Debug)]
struct Line {
    server: Mutex<SocketAddr>,
    is_up: AtomicBool,
    connections: AtomicUsize,
    bytes_from_server: AtomicUsize,
    /// The effect on open connections when the mode changes.
    fate: watch::Sender<Fate>,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Closed,
    Silent,
}

impl Relay {
    /// A relay on a free port of 127.0.0.1, to the server at this address.
    pub fn to(server: SocketAddr) -> Self {
        let line = Arc::new(Line {
            server: Mutex::new(server),
            is_up: AtomicBool::new(true),
            connections: AtomicUsize::new(0),
            bytes_from_server: AtomicUsize::new(0),
            fate: watch::Sender::new(Fate::Closed),
        });
        let listener = Listener::start("lab relay", {
            let line = Arc::clone(&line);
            move |client| Arc::clone(&line).pass(client)
        });
        Self { listener, line }
    }

    /// The address on which it listens.
    pub fn addr(&self) -> SocketAddr {
        self.listener.addr()
    }

    /// Closes every connection, and each new one at once.
    pub fn down(&self) {
        self.line.is_up.store(false, SeqCst);
        self.line.fate.send_replace(Fate::Closed);
    }

    /// Takes connections again.
    pub fn up(&self) {
        self.line.is_up.store(true, SeqCst);
    }

    /// Leaves every connection open and passes nothing on it any more, as when the server's power has failed. New ones work.
    pub fn silence(&self) {
        self.line.fate.send_replace(Fate::Silent);
    }

    /// Closes every connection and leads new ones to another server.
    pub fn lead_to(&self, server: SocketAddr) {
        *self.line.server() = server;
        self.line.fate.send_replace(Fate::Closed);
    }

    /// TCP connections accepted, those that were closed at once included.
    pub fn connections(&self) -> usize {
        self.line.connections.load(SeqCst)
    }

    /// The number of bytes that servers have sent to clients.
    pub fn bytes_from_server(&self) -> usize {
        self.line.bytes_from_server.load(SeqCst)
    }
}

impl Line {
    async fn pass(self: Arc<Self>, mut client: TcpStream) {
        let mut fate = self.fate.subscribe();
        self.connections.fetch_add(1, SeqCst);
        if !self.is_up.load(SeqCst) {
            return;
        }
        let server = *self.server();
        let Ok(mut server) = TcpStream::connect(server).await else {
            return;
        };
        // Latency is measured through it; Nagle's algorithm would be part of it.
        let _ = (client.set_nodelay(true), server.set_nodelay(true));
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        tokio::select! {
            _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
            () = self.answer(&mut from_server, &mut to_client) => {}
            _ = fate.changed() => {
                let is_silent = matches!(*fate.borrow(), Fate::Silent);
                if is_silent {
                    std::future::pending::<()>().await;
                }
            }
        }
    }

    async fn answer(
        &self,
        from_server: &mut (impl AsyncReadExt + Unpin),
        to_client: &mut (impl AsyncWriteExt + Unpin),
    ) {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(len @ 1..) = from_server.read(&mut buffer).await {
            self.bytes_from_server.fetch_add(len, SeqCst);
            if to_client.write_all(&buffer[..len]).await.is_err() {
                return;
            }
        }
    }

    fn server(&self) -> std::sync::MutexGuard<'_, SocketAddr> {
        self.server
            .lock()
            .expect("nothing panics while it holds the address")
    }
}
