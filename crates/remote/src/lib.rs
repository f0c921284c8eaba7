//! A webroot on an HTTPS server.

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
use queue::{Asked, Queue};
use settings::Settings;
use thread::Thread;
use traffic::Counters;

/// A webroot on an HTTPS server, asked for one small file at a time.
///
/// The server is trusted by fixed CAs that the program has, and by nothing else: whom to trust is what the store is asked
/// for, so it cannot say that of itself. It speaks HTTP/2, on one connection that is kept and serves any number of
/// queries at once; the connection is closed after a minute without one, and made again when it is needed. Any server of
/// static files that speaks HTTP/2 will do, and a proxy or a CDN before it may cache what it sends.
///
/// | the server says | the store answers |
/// |---|---|
/// | 200 | what is in the file, of at most [`MAX_RESPONSE_LEN`](jit_trust_engine::MAX_RESPONSE_LEN) bytes |
/// | 404, 410 | there is no such anchor |
/// | 408, 429, 5xx; or there is no connection, or it breaks off | asks again, up to three times, and then an error |
/// | anything else, redirects too | an error |
///
/// Pauses before asking again are of 0.1, 0.2 and 0.4 seconds, up to twice that at random, and not shorter than a
/// `Retry-After` says. Of a server that failed the last time, a question is asked again once. For as long as a `Retry-After`
/// says, the same anchor is not asked for again, a minute at most; and where the status is 5xx, no anchor is, 5 seconds at
/// most, for which questions wait. What one host's question provokes keeps others waiting no longer than that. An answer
/// older than one that was seen before is asked for once more with `?newest=` and what was seen, so that a cache on the
/// way passes the question on.
///
/// A query never waits in the thread that asks it. A thread of the store's own, `jit-trust-remote`, starts with the first
/// query, asks up to 64 questions at once, keeps 256 more waiting, and ends when the store is dropped. A question that no
/// connection waits for any more is dropped: at once while it waits for its turn, and after a quarter of a second where the
/// server was asked already.
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
    /// A store to be, for the webroot at `url`: `https://host[:port][/path]`, without credentials, query or fragment. Its
    /// server's CA has to be given: [`trust_certificates`](RemoteStoreBuilder::trust_certificates) or
    /// [`trust_pem`](RemoteStoreBuilder::trust_pem).
    pub fn builder(url: &str) -> RemoteStoreBuilder {
        RemoteStoreBuilder::new(url)
    }

    /// What went over the network so far.
    pub fn traffic(&self) -> Traffic {
        self.counters.read()
    }

    /// The thread's questions. It is started where there is none.
    fn questions(&self) -> io::Result<Arc<Queue>> {
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(questions) = thread.as_ref().and_then(Thread::questions) {
            return Ok(questions);
        }
        let webroot = Webroot::new(Arc::clone(&self.settings), Arc::clone(&self.counters));
        let started = Thread::start(webroot, self.settings.idle_timeout)?;
        let questions = started.questions();
        *thread = Some(started);
        questions.ok_or_else(|| io::ErrorKind::BrokenPipe.into())
    }
}

impl DeferredStore for RemoteStore {
    fn name(&self) -> String {
        self.settings.url.to_string()
    }

    fn kind(&self) -> LookupKind {
        self.settings.keys
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        let deadline = Instant::now() + self.settings.query_timeout;
        match self.questions() {
            Ok(questions) => questions.put(Asked {
                question,
                reply,
                deadline,
            }),
            Err(error) => reply.send(Err(LookupError::other(RemoteError::Thread(Arc::new(error))))),
        }
    }
}

/// The URL, which has no credentials in it, and how the webroot is asked.
impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStore")
            .field("settings", &self.settings)
            .field("traffic", &self.traffic())
            .finish_non_exhaustive()
    }
}
