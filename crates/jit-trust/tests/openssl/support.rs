//! Servers, stores and clients.
#![allow(dead_code, reason = "each test uses some of it")]

use std::fmt;
use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::openssl::{Connector, TlsStream};
use jit_trust::{AnchorKey, Answer, BlobStore, Certificate, QueryStore, Question, Reply};
use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Response, Server};
use pki_types::CertificateDer;

use crate::stores::{self, Version};

pub(crate) const HOST: &str = "a.test";

pub(crate) fn server(leaf: &Leaf, chain: Vec<CertificateDer<'static>>) -> Server {
    Server::builder()
        .default_site(leaf.key(), chain, |_| Response::ok("hello"))
        .start()
}

/// A server whose chain leads over an intermediate to this root.
pub(crate) fn server_of(root: &Ca) -> Server {
    let ca = root.intermediate("CA");
    let leaf = ca.leaf_for(&[HOST, "127.0.0.1"]);
    server(&leaf, leaf.chain(&[&ca]))
}

pub(crate) fn store(roots: &[&Ca]) -> BlobStore {
    BlobStore::new(stores::blob(roots, Version::V2).leak()).unwrap()
}

pub(crate) fn connect(connector: &Connector, server: &Server) -> io::Result<TlsStream> {
    connector.connect(HOST, TcpStream::connect(server.addr())?)
}

pub(crate) fn get_over(tls: &mut TlsStream) -> io::Result<String> {
    tls.write_all(b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    tls.read_to_string(&mut answer)?;
    Ok(answer)
}

pub(crate) fn get(connector: &Connector, server: &Server) -> io::Result<String> {
    get_over(&mut connect(connector, server)?)
}

/// A key, and the blob that answers it.
type Anchor = (AnchorKey, Vec<u8>);

/// Answers from a thread of its own, after a while.
#[derive(Clone)]
pub(crate) struct Later {
    anchors: Arc<Mutex<Vec<Anchor>>>,
    queries: Arc<AtomicUsize>,
    delay: Duration,
}

impl Later {
    pub(crate) fn of(roots: &[&Ca], delay: Duration) -> Self {
        let anchor = |root: &&Ca| {
            let subject = Certificate::from_der(&root.der()).unwrap().subject().hash();
            (AnchorKey::Subject(subject), stores::blob(&[root], Version::V2))
        };
        Self {
            anchors: Arc::new(Mutex::new(roots.iter().map(anchor).collect())),
            queries: Arc::default(),
            delay,
        }
    }

    /// How often it was asked.
    pub(crate) fn queries(&self) -> usize {
        self.queries.load(Ordering::SeqCst)
    }
}

impl QueryStore for Later {
    fn name(&self) -> String {
        "later".to_owned()
    }

    fn query(&self, question: Question, reply: Reply) {
        self.queries.fetch_add(1, Ordering::SeqCst);
        let (anchors, delay) = (self.anchors.clone(), self.delay);
        std::thread::spawn(move || {
            std::thread::sleep(delay);
            let anchors = anchors.lock().unwrap();
            let found = anchors.iter().find(|(key, _)| *key == question.key);
            reply.send(match found {
                Some((_, blob)) => Answer::blob(blob.clone()),
                None => Ok(Answer::not_found()),
            });
        });
    }
}

impl fmt::Debug for Later {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Later")
    }
}
