//! What happened on the way to one answer.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use url::Url;

use super::cookies::SetCookie;
use crate::trust::Decision;

/// One hop: a request and what it took. It is filled in while things happen, so that it is worth reading also when
/// the hop has failed.
#[derive(Debug)]
pub(crate) struct Hop {
    pub(crate) url: Url,
    /// What is being done, or was when it failed.
    pub(crate) stage: Stage,
    /// TCP connections made: 0 when one was there already.
    pub(crate) connections: usize,
    /// The address that was connected to: the server's or the proxy's.
    pub(crate) address: Option<SocketAddr>,
    /// The proxy, without its password.
    pub(crate) proxy: Option<String>,
    /// The TLS library, if it came to that.
    pub(crate) tls_library: Option<&'static str>,
    /// The version of TLS.
    pub(crate) tls_version: Option<&'static str>,
    /// Whether the server has to be trusted.
    pub(crate) is_verified: bool,
    /// How many roots were asked for ahead of the connection, because they served this host before.
    pub(crate) asked_ahead: usize,
    /// What was decided about the server.
    pub(crate) decision: Option<Decision>,
    /// `h2` or `http/1.1`.
    pub(crate) protocol: Option<&'static str>,
    /// The names of the cookies that an earlier hop has set and that were sent in this one.
    pub(crate) cookies_sent: Vec<String>,
    /// The cookies that the answer wanted to set.
    pub(crate) cookies_set: Vec<SetCookie>,
    pub(crate) status: Option<u16>,
    /// Where a redirect leads.
    pub(crate) location: Option<Url>,
    /// The body's bytes as far as they were read.
    pub(crate) body_len: u64,
    pub(crate) times: Times,
    started: Instant,
}

/// How long the stages of a hop took; none for one that there was not.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Times {
    pub(crate) resolve: Option<Duration>,
    /// TCP, and with a proxy the way through it.
    pub(crate) connect: Option<Duration>,
    pub(crate) tls: Option<Duration>,
    /// From the start of the hop until the head of the answer was there.
    pub(crate) first_byte: Option<Duration>,
    /// Until the body was there.
    pub(crate) total: Option<Duration>,
}

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Resolve,
    Connect,
    Proxy,
    Tls,
    Request,
    Body,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Resolve => "resolving the name",
            Self::Connect => "connecting",
            Self::Proxy => "going through the proxy",
            Self::Tls => "TLS handshake",
            Self::Request => "waiting for the answer",
            Self::Body => "reading the body",
        })
    }
}

impl Hop {
    pub(crate) fn to(url: Url, is_verified: bool) -> Self {
        Self {
            url,
            stage: Stage::Resolve,
            connections: 0,
            address: None,
            proxy: None,
            tls_library: None,
            tls_version: None,
            is_verified,
            asked_ahead: 0,
            decision: None,
            protocol: None,
            cookies_sent: Vec::new(),
            cookies_set: Vec::new(),
            status: None,
            location: None,
            body_len: 0,
            times: Times::default(),
            started: Instant::now(),
        }
    }

    /// How long each stage took, in order; none for one that there was not.
    pub(crate) fn stages(&self) -> [(&'static str, Option<Duration>); 7] {
        let decision = self.decision.as_ref();
        [
            ("resolve", self.times.resolve),
            ("connect", self.times.connect),
            ("TLS", self.times.tls),
            ("selecting", decision.map(|decision| decision.selecting)),
            ("validating", decision.map(|decision| decision.validating)),
            ("first byte", self.times.first_byte),
            ("total", self.times.total),
        ]
    }

    /// Time since the hop began.
    pub(super) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The hop is over, well or not.
    pub(crate) fn end(&mut self) {
        self.times.total.get_or_insert(self.started.elapsed());
    }
}
