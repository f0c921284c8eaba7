//! A GET with its redirects, and what may go along to where they lead.

use std::time::Duration;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{ACCEPT, HOST, HeaderMap, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Response, StatusCode, Uri};
use tokio::time::timeout;
use url::Url;

use super::connection::Connection;
use super::connector::Connector;
use super::cookies::Jar;
use super::error::{Error, Limit};
use super::hop::{Hop, Stage};
use super::origin::Origin;
use crate::lookups::OpenLookups;
use crate::shown::brief;

/// How much of a redirect's own body is read, in bytes, to use the connection again.
const MAX_IGNORED: usize = 64 << 10;
/// How long that may take. A new connection is there sooner.
const IGNORING: Duration = Duration::from_secs(1);

/// What to get.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Without user and password.
    pub(crate) url: Url,
    /// Goes to every host.
    pub(crate) headers: HeaderMap,
    /// Goes to the scheme, host and port of `url` only.
    pub(crate) private_headers: HeaderMap,
    /// Keep the cookies that answers set, and send them where they belong, until the last redirect.
    pub(crate) keeps_cookies: bool,
}

impl Request {
    /// A request with the header fields that go along where the user says nothing else.
    pub(crate) fn new(url: Url) -> Self {
        let agent = HeaderValue::from_static(concat!("jit-trust/", env!("CARGO_PKG_VERSION")));
        let fields = [(ACCEPT, HeaderValue::from_static("*/*")), (USER_AGENT, agent)];
        Self {
            url,
            headers: fields.into_iter().collect(),
            private_headers: HeaderMap::new(),
            keeps_cookies: true,
        }
    }
}

/// Where redirects may lead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) max_redirects: usize,
    /// From https to http.
    pub(crate) allow_downgrade: bool,
    /// The host of the first URL need not be trusted. Where a redirect leads to another host, that has to be.
    pub(crate) is_insecure: bool,
}

impl Rules {
    /// So many redirects, none of them from https to http, to servers that are trusted.
    pub(crate) fn up_to(max_redirects: usize) -> Self {
        Self {
            max_redirects,
            allow_downgrade: false,
            is_insecure: false,
        }
    }
}

/// The answer at the end of the redirects.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Incoming,
    origin: Origin,
}

impl Answer {
    /// The next piece of the body, none at its end. A body that breaks off is an error.
    pub(crate) async fn chunk(&mut self, hop: &mut Hop) -> Result<Option<Bytes>, Error> {
        hop.stage = Stage::Body;
        while let Some(frame) = self.body.frame().await {
            let frame = frame.map_err(|error| Error::at(Stage::Body, &self.origin, &error))?;
            if let Ok(data) = frame.into_data() {
                hop.body_len = hop
                    .body_len
                    .saturating_add(u64::try_from(data.len()).unwrap_or(u64::MAX));
                return Ok(Some(data));
            }
        }
        hop.end();
        Ok(None)
    }
}

/// Gets URLs, one at a time.
pub(crate) struct Client {
    connector: Connector,
    kept: Option<(Origin, Connection)>,
}

impl Client {
    pub(crate) fn new(connector: Connector) -> Self {
        Self {
            connector,
            kept: None,
        }
    }

    /// Gets a URL and follows redirects. Every hop is written down in `hops`, the last one unended.
    pub(crate) async fn get(
        &mut self,
        request: &Request,
        rules: &Rules,
        hops: &mut Vec<Hop>,
    ) -> Result<Answer, Error> {
        let first = origin_of(&request.url)?;
        let mut url = request.url.clone();
        url.set_fragment(None);
        let mut jar = request.keeps_cookies.then(Jar::default);
        loop {
            let origin = origin_of(&url)?;
            let mut headers = HeaderMap::new();
            if let Ok(host) = HeaderValue::from_str(&origin.authority()) {
                headers.insert(HOST, host);
            }
            replace(&mut headers, &request.headers);
            if origin == first {
                replace(&mut headers, &request.private_headers);
            }
            let is_verified = origin.is_https && !(rules.is_insecure && origin.host == first.host);
            let index = hops.len();
            hops.push(Hop::to(url.clone(), is_verified));
            let hop = &mut hops[index];
            if let Some(jar) = &jar {
                hop.cookies_sent = jar.send(&url, &mut headers);
            }
            let answer = self.get_one(&origin, &url, &headers, hop).await?;
            if let Some(jar) = &mut jar {
                hop.cookies_set = jar.keep(&url, answer.headers());
            }
            let next = target(&answer, &url);
            hop.location = next.clone().and_then(Result::ok);
            let Some(next) = next else {
                let (head, body) = answer.into_parts();
                return Ok(Answer {
                    status: head.status,
                    headers: head.headers,
                    body,
                    origin,
                });
            };
            let next = next.map_err(|what| Error::refused(&origin, what))?;
            check(&url, &next, index + 1, rules)?;
            if origin_of(&next)? == origin {
                let ignored = timeout(IGNORING, ignore_body(answer.into_body())).await;
                if ignored != Ok(true) {
                    self.kept = None;
                }
            }
            hop.end();
            url = next;
        }
    }

    /// One request, over the connection that is there or a new one.
    async fn get_one(
        &mut self,
        origin: &Origin,
        url: &Url,
        headers: &HeaderMap,
        hop: &mut Hop,
    ) -> Result<Response<Incoming>, Error> {
        let at = origin.to_string();
        let uri: Uri = url
            .as_str()
            .parse()
            .map_err(|error: hyper::http::uri::InvalidUri| Error::at(Stage::Request, &at, &error))?;
        let kept = self.kept.take().filter(|(kept, _)| kept == origin);
        if let Some((_, mut connection)) = kept {
            hop.stage = Stage::Request;
            hop.protocol = Some(connection.protocol());
            // The server may have closed it meanwhile. A GET may be sent twice (RFC 9110 section 9.2.2).
            if let Ok(answer) = connection.get(&at, &uri, headers).await {
                return Ok(self.answered(origin, connection, answer, hop));
            }
            hop.protocol = None;
        }
        let mut connection = self.connector.connect(origin, hop).await?;
        hop.stage = Stage::Request;
        let answer = connection.get(&at, &uri, headers).await?;
        Ok(self.answered(origin, connection, answer, hop))
    }

    fn answered(
        &mut self,
        origin: &Origin,
        connection: Connection,
        answer: Response<Incoming>,
        hop: &mut Hop,
    ) -> Response<Incoming> {
        hop.times.first_byte = Some(hop.elapsed());
        hop.status = Some(answer.status().as_u16());
        self.kept = Some((origin.clone(), connection));
        answer
    }
}

/// The error of a request for `url` whose time was over after these hops. Names the store that was waited for, if one was.
pub(crate) fn late(url: &Url, hops: &[Hop], open: &OpenLookups) -> Error {
    let last = hops.last().map(|hop| (&hop.url, hop.stage));
    let (url, stage) = last.unwrap_or((url, Stage::Resolve));
    Error::timed_out(stage, brief(url.as_str()), open)
}

/// Reads a body that is not wanted, so that the connection is free again; returns whether it is.
async fn ignore_body(mut body: Incoming) -> bool {
    let mut ignored = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return false };
        ignored = ignored.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if ignored > MAX_IGNORED {
            return false;
        }
    }
    true
}

fn origin_of(url: &Url) -> Result<Origin, Error> {
    Origin::of(url)
        .ok_or_else(|| Error::refused(brief(url.as_str()), "expected an https or http URL with a host"))
}

/// Where the answer sends the client; none if it is not a redirect.
fn target(answer: &Response<Incoming>, url: &Url) -> Option<Result<Url, String>> {
    let is_redirect = matches!(answer.status().as_u16(), 301 | 302 | 303 | 307 | 308);
    let location = answer.headers().get(LOCATION).filter(|_| is_redirect)?;
    let location = String::from_utf8_lossy(location.as_bytes());
    let next = url.join(&location);
    Some(match next {
        Ok(mut next) => {
            next.set_fragment(None);
            // A redirect does not set credentials. URLs that cannot have any are refused later.
            let _ = next.set_username("");
            let _ = next.set_password(None);
            Ok(next)
        }
        Err(error) => Err(format!("redirects to \"{}\": {error}", brief(location))),
    })
}

/// Whether the redirect may be followed.
fn check(from: &Url, to: &Url, hops: usize, rules: &Rules) -> Result<(), Error> {
    let from_shown = brief(from.as_str());
    let to_shown = brief(to.as_str());
    if !matches!(to.scheme(), "http" | "https") {
        let what = format!("redirects to {to_shown}: expected https or http");
        return Err(Error::refused(from_shown, what));
    }
    if from.scheme() == "https" && to.scheme() == "http" && !rules.allow_downgrade {
        let what = format!("redirects to {to_shown}, which is not encrypted");
        return Err(Error::refused(from_shown, what).because_of(Limit::NoDowngrade));
    }
    if hops > rules.max_redirects {
        let max = rules.max_redirects;
        let what = format!("more than {max} redirects, the next to {to_shown}");
        return Err(Error::refused(from_shown, what).because_of(Limit::MaxRedirects));
    }
    Ok(())
}

/// Puts each field of `new` in the place of those of its name.
fn replace(headers: &mut HeaderMap, new: &HeaderMap) {
    for name in new.keys() {
        headers.remove(name);
        for value in new.get_all(name) {
            headers.append(name, value.clone());
        }
    }
}
