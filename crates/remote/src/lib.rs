//! A deferred store on an HTTPS server: a webroot.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod connection;
mod error;
mod exchange;
mod health;
mod queue;
mod retry;
mod settings;
#[cfg(test)]
mod tests;
mod thread;
mod tls;
mod traffic;
mod url;

pub use builder::RemoteStoreBuilder;
pub use error::RemoteError;
pub use traffic::Traffic;

use std::fmt;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::Instant;

use exchange::Webroot;
use jit_trust_engine::{DeferredStore, LookupError, LookupKind, LookupRequest, Responder};
use queue::{Queue, Queued};
use settings::Settings;
use thread::Thread;
use traffic::Counters;

/// A webroot on an HTTPS server. A lookup is a request for one small file.
///
/// The server is verified by fixed CAs of the program, and by nothing else, because the store cannot supply the anchor for its
/// own server. The store uses HTTP/2, on one connection that serves any number of requests at once. The connection is closed
/// after a minute without a request, and made again when it is needed. Any server of static files with HTTP/2 is suitable, and
/// a proxy or a CDN before it may cache the responses.
///
/// | HTTP status | response of the store |
/// |---|---|
/// | 200 | the file, of at most [`MAX_RESPONSE_LEN`](jit_trust_engine::MAX_RESPONSE_LEN) bytes |
/// | 404, 410 | there is no such anchor |
/// | 408, 429, 5xx; or the connection fails | up to three retries, and then an error |
/// | anything else, redirects too | an error |
///
/// # Retries
/// The pauses before retries are of 0.1, 0.2 and 0.4 seconds, up to twice that at random, and not shorter than a `Retry-After`.
/// If the last lookup failed, there is one retry only.
///
/// For the time of a `Retry-After`, at most a minute, the same anchor is not requested again. If the status is 5xx, no anchor is
/// requested for that time, at most 5 seconds, and lookups wait. So a lookup for one host delays those for others no longer than
/// that.
///
/// A response that is older than an earlier one is requested once more, with `?newest=` and the newest generation, so that a
/// cache forwards the request.
///
/// # Threads
/// A lookup never blocks the caller's thread. The store has a thread of its own, `jit-trust-remote`, which starts with the first
/// lookup and ends when the store is dropped. It sends up to 64 requests at once, and 256 more lookups wait. A lookup that no
/// connection waits for any more is dropped: at once if it was not sent yet, otherwise after a quarter of a second.
///
/// ```no_run
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # rustls::crypto::aws_lc_rs::default_provider().install_default().ok();
/// let store = jit_trust::RemoteStore::builder("https://trust.example.com/roots")
///     .trust_pem(&std::fs::read("our-ca.pem")?)
///     .build()?;
/// # Ok(())
/// # }
/// ```
pub struct RemoteStore {
    settings: Arc<Settings>,
    counters: Arc<Counters>,
    thread: Mutex<Option<Thread>>,
}

impl RemoteStore {
    /// A builder of a store for the webroot at `url`: `https://host[:port][/path]`, without credentials, query or fragment.
    /// The CA of its server has to be set: [`trust_certificates`](RemoteStoreBuilder::trust_certificates) or
    /// [`trust_pem`](RemoteStoreBuilder::trust_pem).
    pub fn builder(url: &str) -> RemoteStoreBuilder {
        RemoteStoreBuilder::new(url)
    }

    /// The network traffic so far.
    pub fn traffic(&self) -> Traffic {
        self.counters.read()
    }

    /// The queue of the thread, which is started if there is none.
    fn queue(&self) -> io::Result<Arc<Queue>> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(queue) = thread.as_ref().and_then(Thread::queue) {
            return Ok(queue);
        }
        let webroot = Webroot::new(Arc::clone(&self.settings), Arc::clone(&self.counters));
        let started = Thread::start(webroot, self.settings.idle_timeout)?;
        let queue = started.queue();
        *thread = Some(started);
        queue.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl DeferredStore for RemoteStore {
    fn name(&self) -> String {
        self.settings.url.to_string()
    }

    fn kind(&self) -> LookupKind {
        self.settings.kind
    }

    fn look_up(&self, request: LookupRequest, responder: Responder) {
        let deadline = Instant::now() + self.settings.query_timeout;
        match self.queue() {
            Ok(queue) => queue.put(Queued {
                request,
                responder,
                deadline,
            }),
            Err(error) => responder.send(Err(LookupError::other(RemoteError::Thread(Arc::new(error))))),
        }
    }
}

/// With the URL, which has no credentials.
impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStore")
            .field("settings", &self.settings)
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}
