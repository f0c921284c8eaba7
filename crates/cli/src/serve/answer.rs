//! What a request for a file of the webroot is answered with.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use tokio::sync::Semaphore;

use super::activity::UnderWay;
use super::content::{Content, Hashed, Reader};
use super::path::WebrootFile;
use super::webroot::Unserved;
use crate::shown::shown;
use crate::terminal::warning;

/// For how many seconds it may be believed that there is no such file: not long, since the next update may have it.
const MAX_AGE_OF_NOTHING: u32 = 60;

/// Of how many files it is said that they cannot be served, once each.
const MAX_FAULTS_SAID: usize = 1000;

/// The directory that is served.
#[derive(Debug)]
pub(super) struct Webroot {
    directory: PathBuf,
    /// For how many seconds an answer may be kept.
    max_age: u32,
    reader: Reader,
    /// The files of which it was said that they cannot be served.
    faults: Mutex<HashSet<PathBuf>>,
}

pub(super) type Served = Response<Content>;

impl Webroot {
    pub(super) fn new(directory: PathBuf, max_age: u32) -> Self {
        Self {
            directory,
            max_age,
            reader: Reader::new(),
            faults: Mutex::default(),
        }
    }

    /// The answer to a request that is under way on a connection of which so many long files may be open.
    pub(super) async fn answer<B>(
        &self,
        request: &Request<B>,
        under_way: &Arc<UnderWay>,
        long: &Arc<Semaphore>,
    ) -> Served {
        let mut answer = match (request.method(), WebrootFile::at(request.uri().path())) {
            (&Method::GET | &Method::HEAD, None) => self.empty(StatusCode::NOT_FOUND),
            (&Method::GET | &Method::HEAD, Some(file)) => match self.open(file.path(), long).await {
                Ok(hashed) => self.found(hashed, file.content_type, request, under_way),
                Err(status) => self.empty(status),
            },
            _ => self.empty(StatusCode::METHOD_NOT_ALLOWED),
        };
        // With a query a client asks past caches: they must not keep the answer for the next client.
        if request.uri().query().is_some() {
            set(&mut answer, CACHE_CONTROL, "no-store");
        }
        answer
    }

    /// The file, or the status that says why there is none.
    async fn open(&self, path: PathBuf, long: &Arc<Semaphore>) -> Result<Hashed, StatusCode> {
        match Hashed::open(&self.reader, long, &self.directory, &path).await {
            Ok(Some(hashed)) => Ok(hashed),
            Ok(None) => Err(StatusCode::NOT_FOUND),
            Err(Unserved::Away) => Err(StatusCode::SERVICE_UNAVAILABLE),
            Err(Unserved::Refused(why)) => {
                self.say_once(path, why);
                Err(StatusCode::FORBIDDEN)
            }
            Err(Unserved::Failed(error)) => {
                self.say_once(path, error);
                Err(StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }

    fn found<B>(
        &self,
        hashed: Hashed,
        content_type: &'static str,
        request: &Request<B>,
        under_way: &Arc<UnderWay>,
    ) -> Served {
        // The content's own hash: equal on every mirror, and never equal for two generations, as times of files are.
        let etag = format!("\"{}\"", hashed.hash);
        if is_known(request.headers(), &etag) {
            let mut answer = self.empty(StatusCode::NOT_MODIFIED);
            set(&mut answer, ETAG, etag);
            return answer;
        }
        let mut answer = self.empty(StatusCode::OK);
        set(&mut answer, ETAG, etag);
        set(&mut answer, CONTENT_TYPE, content_type);
        set(&mut answer, CONTENT_LENGTH, hashed.len.to_string());
        if request.method() == Method::GET {
            *answer.body_mut() = hashed.into_content(&self.reader, under_way);
        }
        answer
    }

    fn empty(&self, status: StatusCode) -> Served {
        let mut answer = Response::new(Content::nothing());
        *answer.status_mut() = status;
        let cached = match status {
            StatusCode::OK | StatusCode::NOT_MODIFIED => format!("public, max-age={}", self.max_age),
            StatusCode::NOT_FOUND => {
                format!("public, max-age={}", self.max_age.min(MAX_AGE_OF_NOTHING))
            }
            _ => "no-store".to_owned(),
        };
        set(&mut answer, CACHE_CONTROL, cached);
        set(&mut answer, X_CONTENT_TYPE_OPTIONS, "nosniff");
        match status {
            StatusCode::METHOD_NOT_ALLOWED => set(&mut answer, ALLOW, "GET, HEAD"),
            StatusCode::SERVICE_UNAVAILABLE => set(&mut answer, RETRY_AFTER, "1"),
            _ => {}
        }
        answer
    }

    /// Says why a file of the webroot is not served. Once a file: clients decide how often they ask.
    fn say_once(&self, path: PathBuf, why: impl std::fmt::Display) {
        let mut said = self.faults.lock().unwrap_or_else(PoisonError::into_inner);
        let file = shown(self.directory.join(&path).to_string_lossy()).to_string();
        if said.len() < MAX_FAULTS_SAID && said.insert(path) {
            warning(format_args!("{file} is not served: {why}"));
        }
    }
}

/// Whether the client has this content already (RFC 9110 section 13.1.2).
fn is_known(asked: &HeaderMap, etag: &str) -> bool {
    let lists = asked.get_all(IF_NONE_MATCH).into_iter();
    lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == etag)
}

/// Sets a field whose value is made of constants of this module, hex and decimal digits.
fn set(answer: &mut Served, name: HeaderName, value: impl Into<String>) {
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value.into())) {
        answer.headers_mut().insert(name, value);
    }
}
