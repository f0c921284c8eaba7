//! What a request for a file of the webroot is answered with.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_NONE_MATCH, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS,
};
use hyper::{Method, Request, Response, StatusCode};
use jit_trust_bundle::{Fingerprint, MAX_INPUT_LEN};

use super::path::WebrootFile;

/// For how many seconds it may be believed that there is no such file: not long, since the next update may have it.
const MAX_AGE_OF_NOTHING: u32 = 60;

/// The directory that is served.
#[derive(Debug)]
pub(super) struct Webroot {
    pub(super) directory: PathBuf,
    /// For how many seconds an answer may be kept.
    pub(super) max_age: u32,
}

pub(super) type Answer = Response<Full<Bytes>>;

impl Webroot {
    pub(super) async fn answer<B>(self: &Arc<Self>, request: &Request<B>) -> Answer {
        let mut answer = self.answer_to_path(request).await;
        // With a query a client asks past caches: what one keeps of that is in the way of the next who does.
        if request.uri().query().is_some() {
            set(&mut answer, CACHE_CONTROL, "no-store");
        }
        answer
    }

    async fn answer_to_path<B>(self: &Arc<Self>, request: &Request<B>) -> Answer {
        let is_head = request.method() == Method::HEAD;
        if !is_head && request.method() != Method::GET {
            let mut answer = self.empty(StatusCode::METHOD_NOT_ALLOWED);
            set(&mut answer, ALLOW, "GET, HEAD");
            return answer;
        }
        let Some(file) = WebrootFile::at(request.uri().path()) else {
            return self.empty(StatusCode::NOT_FOUND);
        };
        let (webroot, path) = (Arc::clone(self), file.path());
        let read = tokio::task::spawn_blocking(move || webroot.read(&path)).await;
        match read.unwrap_or_else(|error| Err(io::Error::other(error))) {
            Ok(Some(content)) => self.found(content, file.content_type, request.headers(), is_head),
            Ok(None) => self.empty(StatusCode::NOT_FOUND),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut answer = self.empty(StatusCode::SERVICE_UNAVAILABLE);
                set(&mut answer, RETRY_AFTER, "1");
                answer
            }
            Err(_) => self.empty(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// The file, or `None` where the webroot has none. That the whole webroot is gone is an error: nobody may conclude
    /// from it that there is no such anchor.
    fn read(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let file = self.directory.join(path);
        match read_whole(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            read => return read.map(Some),
        }
        let folder = path.parent().unwrap_or_else(|| Path::new(""));
        std::fs::metadata(self.directory.join(folder))?;
        // It may have come in between: not every system can replace a directory in one step.
        match read_whole(&file) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn found(
        &self,
        content: Vec<u8>,
        content_type: &'static str,
        asked: &HeaderMap,
        is_head: bool,
    ) -> Answer {
        // The content's own hash: equal on every mirror, and never equal for two generations, as times of files are.
        let etag = format!("\"{}\"", Fingerprint::of(&content));
        let is_known = is_known(asked, &etag);
        let mut answer = self.empty(if is_known {
            StatusCode::NOT_MODIFIED
        } else {
            StatusCode::OK
        });
        set(&mut answer, ETAG, etag);
        if is_known {
            return answer;
        }
        set(&mut answer, CONTENT_TYPE, content_type);
        set(&mut answer, CONTENT_LENGTH, content.len().to_string());
        if !is_head {
            *answer.body_mut() = Full::new(content.into());
        }
        answer
    }

    fn empty(&self, status: StatusCode) -> Answer {
        let mut answer = Answer::default();
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
        answer
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

fn read_whole(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write into it.
    if !std::fs::metadata(path)?.is_file() {
        return Err(io::Error::other("not a file"));
    }
    let mut content = Vec::new();
    let len = File::open(path)?
        .take(MAX_INPUT_LEN.saturating_add(1))
        .read_to_end(&mut content)?;
    if u64::try_from(len).is_ok_and(|len| len <= MAX_INPUT_LEN) {
        Ok(content)
    } else {
        Err(io::ErrorKind::FileTooLarge.into())
    }
}

/// Sets a field whose value is made of what stands in this file, hex and decimal digits.
fn set(answer: &mut Answer, name: HeaderName, value: impl Into<String>) {
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(value.into())) {
        answer.headers_mut().insert(name, value);
    }
}
