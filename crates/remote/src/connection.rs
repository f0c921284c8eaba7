//! The connection to the server: shared, made when it is needed, and made again when it is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use http_body_util::Empty;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2;
use hyper::header::USER_AGENT;
use hyper::{Request, Response, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, timeout};
use tower_service::Service;

use super::settings::Settings;
use super::traffic::Counters;
use super::{RemoteError, retry, tls};
use jit_trust_engine::MAX_RESPONSE_LEN;

/// The flow-control window of one response: the largest at once.
const STREAM_WINDOW: usize = MAX_RESPONSE_LEN;

/// The flow-control window of all responses together. It bounds the memory that a server can fill.
const CONNECTION_WINDOW: u32 = 1 << 20;

/// The largest header fields of a response together, in bytes.
const MAX_HEADERS: u32 = 16 << 10;

/// The longest time between two pings, and for the acknowledgement of one.
const MAX_PING: Duration = Duration::from_secs(10);

const OUR_NAME: &str = concat!("jit-trust/", env!("CARGO_PKG_VERSION"));

type Requests = http2::SendRequest<Empty<Bytes>>;

/// The connection to the server, which is made when it is needed.
#[derive(Debug)]
pub(super) struct Connection {
    settings: Arc<Settings>,
    counters: Arc<Counters>,
    latest: Mutex<Option<Attempt>>,
}

/// An attempt to connect, shared by all lookups that wait for it, and its outcome.
#[derive(Clone, Debug)]
struct Attempt(watch::Receiver<Option<Outcome>>);

#[derive(Clone, Debug)]
enum Outcome {
    Open(Requests),
    Failed(RemoteError, Instant),
}

impl Connection {
    pub(super) fn new(settings: Arc<Settings>, counters: Arc<Counters>) -> Self {
        Self {
            settings,
            counters,
            latest: Mutex::default(),
        }
    }

    /// Sends a request for this URL, and waits for the header of the response.
    pub(super) async fn get(&self, url: &Uri) -> Result<Response<Incoming>, RemoteError> {
        let attempt = self.attempt();
        let mut requests = attempt.outcome().await?;
        let answered = match requests.ready().await {
            Ok(()) => {
                let request = Request::get(url).header(USER_AGENT, OUR_NAME);
                let request = request.body(Empty::new()).map_err(RemoteError::http)?;
                self.counters.requested();
                requests.send_request(request).await
            }
            Err(error) => Err(error),
        };
        answered.map_err(|error| {
            // A connection that fails a request may be closing, without reporting so yet.
            self.forget(&attempt);
            RemoteError::http(error)
        })
    }

    /// Closes the connection as soon as no request waits for a response.
    pub(super) fn close(&self) {
        *self.latest() = None;
    }

    /// The latest attempt to connect, or a new one where that cannot be used any more.
    fn attempt(&self) -> Attempt {
        let mut latest = self.latest();
        if let Some(attempt) = latest.as_ref().filter(|attempt| attempt.is_of_use()) {
            return attempt.clone();
        }
        let (tell, outcome) = watch::channel(None);
        let (settings, counters) = (Arc::clone(&self.settings), Arc::clone(&self.counters));
        // A task, so that the attempt does not end with the lookup that began it.
        tokio::spawn(async move {
            let outcome = match connect(&settings, &counters).await {
                Ok(requests) => Outcome::Open(requests),
                Err(error) => Outcome::Failed(error, Instant::now()),
            };
            tell.send_replace(Some(outcome));
        });
        latest.insert(Attempt(outcome)).clone()
    }

    fn forget(&self, attempt: &Attempt) {
        let mut latest = self.latest();
        latest.take_if(|latest| latest.0.same_channel(&attempt.0));
    }

    fn latest(&self) -> MutexGuard<'_, Option<Attempt>> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Attempt {
    /// Whether another lookup may use it. An attempt that failed a moment ago counts for all current lookups, which retry soon:
    /// a server that is down is not connected to for each of them.
    fn is_of_use(&self) -> bool {
        match &*self.0.borrow() {
            Some(Outcome::Open(requests)) => !requests.is_closed(),
            Some(Outcome::Failed(error, at)) => error.may_pass() && at.elapsed() < retry::FIRST_PAUSE,
            None => self.0.has_changed().is_ok(),
        }
    }

    async fn outcome(&self) -> Result<Requests, RemoteError> {
        let mut outcome = self.0.clone();
        match outcome.wait_for(Option::is_some).await.as_deref() {
            Ok(Some(Outcome::Open(requests))) => Ok(requests.clone()),
            Ok(Some(Outcome::Failed(error, _))) => Err(error.clone()),
            Ok(None) | Err(_) => Err(RemoteError::connect("the attempt was given up")),
        }
    }
}

async fn connect(settings: &Settings, counters: &Counters) -> Result<Requests, RemoteError> {
    let connecting = async {
        let stream = tcp(settings).await?;
        counters.connected();
        let server_name = settings.url.server_name();
        let stream = tls::shake_hands(&settings.tls, server_name, stream).await?;
        // A server that is alive acknowledges a ping at once, even if a response takes long. A dead connection is closed early
        // enough to retry on another one.
        let ping = (settings.query_timeout / 3).min(MAX_PING);
        let made = http2::Builder::new(TokioExecutor::new())
            .timer(TokioTimer::new())
            .initial_stream_window_size(u32::try_from(STREAM_WINDOW).ok())
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(MAX_HEADERS)
            .keep_alive_interval(ping)
            .keep_alive_timeout(ping)
            .handshake(TokioIo::new(stream))
            .await;
        let (requests, connection) = made.map_err(RemoteError::http)?;
        // The requests get the error that ends the connection.
        tokio::spawn(connection);
        Ok(requests)
    };
    let connected = timeout(settings.connect_timeout, connecting).await;
    connected.unwrap_or(Err(RemoteError::ConnectTimedOut(settings.connect_timeout)))
}

/// Makes a TCP connection to one of the host's addresses. If one of IPv6 and IPv4 is slow, both are tried (RFC 8305).
async fn tcp(settings: &Settings) -> Result<TcpStream, RemoteError> {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false); // TCP streams for any scheme
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(settings.connect_timeout)); // shared among the addresses
    let server = settings.url.server().map_err(RemoteError::connect)?;
    let connected = connector.call(server).await;
    connected.map(TokioIo::into_inner).map_err(RemoteError::connect)
}
