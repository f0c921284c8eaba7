//! A remote store against real servers, over TLS and HTTP/2 on loopback.
//!
//! They stand in the crate because only the crate makes a [`LookupRequest`] and a [`Responder`].

mod answers;
mod building;
mod connections;
mod faults;
mod thread;
mod trust;

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use jit_trust_core::{Certificate, Entry, v2};
use jit_trust_lab::pki::{Ca, Leaf};
use jit_trust_lab::server::{Request, Response, Server, ServerBuilder};
use rustls::crypto::aws_lc_rs;

use super::{RemoteError, RemoteStore, RemoteStoreBuilder};
use jit_trust_engine::{AnchorKey, DeferredStore, LookupError, LookupRequest, LookupResponse, Responder};

type Answered = Result<LookupResponse, LookupError>;

/// Longer than any test may take.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The CA of a webroot's server, and a certificate for that.
struct Operator {
    ca: Ca,
    leaf: Leaf,
}

impl Operator {
    fn new() -> Self {
        let ca = Ca::root("Webroot operator");
        let leaf = ca.leaf("127.0.0.1");
        Self { ca, leaf }
    }

    /// A server to be that answers so.
    fn server(&self, answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> ServerBuilder {
        Server::builder().default_site(self.leaf.key(), self.leaf.chain(&[]), answer)
    }

    /// A store that trusts this operator, for whatever listens at this port.
    fn store(&self, port: u16) -> RemoteStoreBuilder {
        RemoteStore::builder(&format!("https://127.0.0.1:{port}/roots"))
            .provider(Arc::new(aws_lc_rs::default_provider()))
            .trust_certificates([self.ca.der()])
    }
}

/// A server that answers so, and a store that asks it.
fn served(answer: impl Fn(&Request) -> Response + Send + Sync + 'static) -> (Server, RemoteStore) {
    let operator = Operator::new();
    let server = operator.server(answer).start();
    let store = operator.store(server.port()).build().unwrap();
    (server, store)
}

/// The path of the answer for a key on the servers of these tests.
fn path(key: &AnchorKey) -> String {
    format!("/roots/{key}")
}

/// A trust blob of these roots and this generation.
fn blob(roots: &[&Ca], generation: u32) -> Vec<u8> {
    let ders: Vec<_> = roots.iter().map(|root| root.der()).collect();
    let entries: Vec<_> = ders
        .iter()
        .map(|der| Entry::from_certificate(Certificate::from_der(der).unwrap()))
        .collect();
    v2::to_vec(&entries, v2::Options::default(), generation).unwrap()
}

fn subject_of(root: &Ca) -> AnchorKey {
    let der = root.der();
    AnchorKey::Subject(Certificate::from_der(&der).unwrap().subject().hash())
}

/// Asks, and gives where the answer will come.
fn begin(store: &RemoteStore, key: &AnchorKey, newest_generation: Option<u32>) -> Receiver<Answered> {
    let (tell, answered) = mpsc::channel();
    let question = LookupRequest::new(key.clone()).having_seen(newest_generation);
    // The caller may have dropped the receiver.
    store.look_up(question, Responder::new(move |answer| drop(tell.send(answer))));
    answered
}

/// Asks, and waits for the answer.
fn ask(store: &RemoteStore, key: &AnchorKey) -> Answered {
    begin(store, key, None).recv_timeout(TIMEOUT).unwrap()
}

/// The key identifiers of an answer.
fn skids(answer: &LookupResponse) -> Vec<Vec<u8>> {
    let skids = answer.entries().filter_map(|entry| entry.subject_key_id());
    skids.map(|skid| skid.as_bytes().to_vec()).collect()
}

fn skid(root: &Ca) -> Vec<u8> {
    root.subject_key_id().unwrap().to_vec()
}

/// Why there was no answer, in this store's words.
fn reason(answered: Answered) -> RemoteError {
    match answered {
        Err(LookupError::Other(error)) => *error.downcast().unwrap(),
        other => panic!("{other:?}"),
    }
}
