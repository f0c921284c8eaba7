//! One site asked once, over one version of HTTP.

use std::time::Duration;

use serde::Serialize;
use tokio::time::timeout;
use url::Url;

use super::against::{Against, Comparison};
use super::diagnosis::Diagnosis;
use crate::exit::Failure;
use crate::http::{
    Client, Connector, Hop, Library, Limit, Options, Override, Protocols, Request, Rules, late,
};
use crate::label::shortened;
use crate::lookups::OpenLookups;
use crate::shown::brief;
use crate::store::Store;

/// As many as browsers follow.
const MAX_REDIRECTS: usize = 20;

/// A lookup that a store has not answered for so long is what a handshake waits for; one that is younger may be that of
/// another site.
const LONG: Duration = Duration::from_secs(2);

/// A version of HTTP to ask over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) enum Version {
    #[serde(rename = "http/1.1")]
    Http1,
    /// Offered before HTTP/1.1, so that a server which does not speak it can be judged all the same.
    #[serde(rename = "h2")]
    Http2,
}

impl Version {
    /// As the reference's table calls it.
    pub(super) fn short(self) -> &'static str {
        match self {
            Self::Http1 => "h1",
            Self::Http2 => "h2",
        }
    }

    fn protocols(self) -> Protocols {
        match self {
            Self::Http1 => Protocols::Http1,
            Self::Http2 => Protocols::Any,
        }
    }
}

/// What the store says of a site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Verdict {
    /// Every server on the way was trusted, and showed that it holds the key of its certificate.
    Trusted,
    /// A server was not.
    Refused,
    /// A server's certificates were never seen, or its handshake did not come to its end.
    Unknown,
}

/// How to ask.
pub(super) struct Asking {
    pub(super) store: Store,
    pub(super) library: Library,
    pub(super) resolve: Vec<Override>,
    pub(super) timeout: Duration,
    pub(super) against: Option<Against>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Attempt {
    pub(super) url: Url,
    pub(super) hops: Vec<Hop>,
    pub(super) verdict: Verdict,
    pub(super) diagnosis: Option<Diagnosis>,
    /// The same in a line of its own, safe to show.
    pub(super) detail: Option<String>,
    /// Of the last answer; none where the redirects did not come to an end.
    pub(super) status: Option<u16>,
    pub(super) against: Option<Comparison>,
}

impl Attempt {
    /// Gets `url` and follows redirects, in the time that there is; with no more than `connect_timeout` for each
    /// connection, if that is not zero.
    pub(super) async fn at(
        url: &Url,
        version: Version,
        connect_timeout: Duration,
        asking: &Asking,
    ) -> Result<Self, Failure> {
        let options = Options {
            library: asking.library,
            protocols: version.protocols(),
            resolve: &asking.resolve,
            connect_timeout,
        };
        let mut client = Client::new(Connector::new(&asking.store, &options)?);
        let request = Request::new(url.clone());
        let rules = Rules::up_to(MAX_REDIRECTS);
        let mut hops = Vec::new();
        let answered = timeout(asking.timeout, client.get(&request, &rules, &mut hops)).await;
        hops.iter_mut().for_each(Hop::end);
        let (status, diagnosis, detail) = match answered {
            Ok(Ok(answer)) => (Some(answer.status.as_u16()), None, None),
            Ok(Err(error)) => {
                let detail = match error.limit() {
                    Some(Limit::ConnectTimeout) => format!(
                        "{error} after {} s; no more was given, since no site could be reached before",
                        connect_timeout.as_secs_f32()
                    ),
                    _ => error.to_string(),
                };
                (None, Some(Diagnosis::of(&hops, &error)), Some(detail))
            }
            Err(_) => {
                let waits_for_a_store = asking.store.open_lookups.wait_for(LONG);
                // Others may have asked a moment ago.
                let none = OpenLookups::default();
                let open = match waits_for_a_store {
                    true => &asking.store.open_lookups,
                    false => &none,
                };
                let diagnosis = Diagnosis::of_late(&hops, waits_for_a_store);
                let detail = late(url, &hops, open).to_string();
                (None, Some(diagnosis), Some(detail))
            }
        };
        let against = asking.against.as_ref();
        let mut attempt = Self {
            url: url.clone(),
            verdict: verdict(&hops),
            diagnosis,
            detail,
            status,
            against: against.map(|against| against.judge(&asking.store, &hops)),
            hops,
        };
        attempt.note_the_version(version);
        attempt.shorten();
        Ok(attempt)
    }

    pub(super) fn connections(&self) -> usize {
        self.hops.iter().map(|hop| hop.connections).sum()
    }

    fn note_the_version(&mut self, asked: Version) {
        let Some(last) = self.hops.last() else { return };
        if asked == Version::Http2 && self.diagnosis.is_none() && last.protocol == Some("http/1.1") {
            self.diagnosis = Some(Diagnosis::NoHttp2);
            self.detail = Some(format!(
                "{}: the server speaks HTTP/1.1 only",
                brief(last.url.as_str())
            ));
        }
    }
}

/// The longest URL that is kept whole, in bytes.
const URL_LEN: usize = 512;
/// The longest name of a certificate's, and the longest reason, in columns.
const NAME_WIDTH: usize = 200;
const REASON_WIDTH: usize = 600;

/// What is kept of what servers wrote: of many sites, some write as much as they can.
impl Attempt {
    /// Shortens what is too long for a report, and leaves the certificates themselves out: all is said about them.
    fn shorten(&mut self) {
        let against = self.against.as_mut();
        let refusal = against.and_then(|against| against.refusal.as_mut());
        for reason in self.detail.iter_mut().chain(refusal) {
            *reason = shortened(reason, REASON_WIDTH);
        }
        for hop in &mut self.hops {
            shorten_url(&mut hop.url);
            hop.location.iter_mut().for_each(shorten_url);
            // Only whether a cookie was ignored is asked for.
            hop.cookies_sent = Vec::new();
            hop.cookies_set = Vec::new();
            let Some(decision) = &mut hop.decision else {
                continue;
            };
            if let Some(refusal) = &mut decision.refusal {
                *refusal = shortened(refusal, REASON_WIDTH);
            }
            for certificate in &mut decision.sent {
                certificate.der = Vec::new();
                certificate.subject = shortened(&certificate.subject, NAME_WIDTH);
                certificate.issuer = shortened(&certificate.issuer, NAME_WIDTH);
            }
        }
    }
}

/// Keeps of a URL that is too long its origin and the beginning of its path.
fn shorten_url(url: &mut Url) {
    if url.as_str().len() <= URL_LEN {
        return;
    }
    // A path is ASCII.
    let path: String = url.path().chars().take(URL_LEN / 2).collect();
    url.set_query(None);
    url.set_path(&format!("{path}..."));
}

fn verdict(hops: &[Hop]) -> Verdict {
    // A handshake that broke off for another reason says nothing about the certificates.
    let refused = |hop: &Hop| {
        let decision = hop.decision.as_ref();
        decision.is_some_and(|decision| decision.rejection.is_some() && !decision.store_failed())
    };
    // A connection that was there already is one that was trusted.
    let completed = |hop: &Hop| {
        let is_new_and_trusted = hop.tls_version.is_some()
            && hop
                .decision
                .as_ref()
                .is_some_and(|decision| decision.refusal.is_none());
        let is_of_the_hop_before = hop.connections == 0 && hop.protocol.is_some();
        is_new_and_trusted || is_of_the_hop_before
    };
    if hops.iter().any(refused) {
        Verdict::Refused
    } else if !hops.is_empty() && hops.iter().all(completed) {
        Verdict::Trusted
    } else {
        Verdict::Unknown
    }
}
