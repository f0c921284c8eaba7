//! `mozilla:latest`: CCADB's report of today, fetched over HTTPS and trusted just in time by the list in force.

use std::env;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hyper::StatusCode;
use hyper::header::{ACCEPT, ETAG, HeaderValue, IF_NONE_MATCH};
use jit_trust_bundle::{Fingerprint, Form, Input, Note, NoteKind, Root, check_update, read};
use jit_trust_file::{FileError, OwnFile, write_private};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::args::BundleArgs;
use crate::exit::Failure;
use crate::http::{Client, Connector, Library, Options, Protocols, Request, Rules};
use crate::shown::{part, shown};
use crate::terminal::{say, warning};
use crate::{runtime, store};

/// The largest report that is read, in bytes. Those of 2026 have less than 1 MB.
const MAX_LEN: usize = 16 << 20;
/// The longest first line of a cached report, in bytes: room for an address and an ETag.
const MAX_HEAD_LEN: usize = 64 << 10;
const MAX_REDIRECTS: usize = 5;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(120);

/// Fetches the report, unless the one fetched last is still the latest. One that does not say under which conditions
/// roots are trusted, or that [`check_update`] refuses in the place of the list in force, is refused, unless the user
/// insists.
pub(crate) fn fetch(args: &BundleArgs) -> Result<Input, Failure> {
    let url = args.mozilla_url.as_str();
    let cache = cache();
    let cached = cache.as_ref().and_then(|path| Report::cached(path, url));
    let etag = cached
        .as_ref()
        .and_then(|cached| HeaderValue::from_str(&cached.head.etag).ok());
    let name = shown(url).to_string();
    let fetched = runtime::run(async {
        let late = || format!("{name}: not there after {} s", TIMEOUT.as_secs());
        let in_time = timeout(TIMEOUT, get(args, etag)).await;
        in_time.unwrap_or_else(|_| Err(Failure::failed(late())))
    })?;
    let report = match (fetched, cached) {
        (Fetched::New(report), _) => report,
        (Fetched::NotChanged, Some(cached)) => {
            if !args.quiet {
                say(format_args!("{name}: not changed since it was fetched last"));
            }
            cached
        }
        (Fetched::NotChanged, None) => {
            return Err(Failure::failed(format!(
                "{name}: the server answered 304 to an unconditional request"
            )));
        }
    };
    let input = Input::Bytes {
        name: name.clone(),
        bytes: report.bytes.clone(),
    };
    check(args, &name, &input)?;
    if let Some(path) = cache {
        // Without a cache the report is fetched again next time, and that is all.
        if let Err(failure) = report.keep(&path) {
            let reason = failure.message().unwrap_or_default();
            warning(format_args!("{reason}; the report is not kept"));
        }
    }
    Ok(input)
}

fn check(args: &BundleArgs, name: &str, report: &Input) -> Result<(), Failure> {
    let new = read(std::slice::from_ref(report), args.policy()).map_err(Failure::failed)?;
    // Anything else says nothing of which roots are for servers, and until when.
    if new.sources().iter().any(|source| source.form != Form::Ccadb) {
        return Err(Failure::failed(format!(
            "{name}: expected CCADB's report as CSV with PEM"
        )));
    }
    let is_missing_column = |note: &&Note| matches!(note.kind, NoteKind::MissingColumn { .. });
    // With --force, `bundle` warns of it.
    if let Some(missing) = new.notes().iter().find(is_missing_column).filter(|_| !args.force) {
        return Err(Failure::failed(format!(
            "{missing}; --force takes it all the same"
        )));
    }
    let in_force = store::read(&args.trust.trust)?;
    let in_force = in_force.roots().iter().map(Root::entry);
    match check_update(in_force, new.roots().iter().map(Root::entry)) {
        Ok(()) => Ok(()),
        Err(error) if args.force => {
            warning(format_args!("{name}: {error}; taken because of --force"));
            Ok(())
        }
        Err(error) => Err(Failure::failed(format!(
            "{name}: {error}; --force takes it all the same"
        ))),
    }
}

enum Fetched {
    New(Report),
    NotChanged,
}

async fn get(args: &BundleArgs, etag: Option<HeaderValue>) -> Result<Fetched, Failure> {
    let store = store::open(&args.trust.trust)?;
    let connector = Connector::new(
        &store,
        &Options {
            library: Library::Rustls,
            protocols: Protocols::Any,
            resolve: &args.resolve,
            connect_timeout: CONNECT_TIMEOUT,
        },
    )?;
    let mut request = Request::new(args.mozilla_url.clone());
    request.keeps_cookies = false;
    let accept = HeaderValue::from_static("text/csv, */*;q=0.5");
    request.headers.insert(ACCEPT, accept);
    if let Some(etag) = etag {
        request.headers.insert(IF_NONE_MATCH, etag);
    }
    let rules = Rules::up_to(MAX_REDIRECTS);
    let mut hops = Vec::new();
    let mut client = Client::new(connector);
    let mut answer = client
        .get(&request, &rules, &mut hops)
        .await
        .map_err(Failure::failed)?;
    let url = shown(args.mozilla_url.as_str());
    match answer.status {
        StatusCode::OK => {}
        StatusCode::NOT_MODIFIED => return Ok(Fetched::NotChanged),
        status => {
            return Err(Failure::failed(format!(
                "{url}: expected 200 OK, the server answered {status}"
            )));
        }
    }
    let etag = answer.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
    let etag = etag.unwrap_or_default().to_owned();
    let mut bytes = Vec::new();
    let Some(hop) = hops.last_mut() else {
        return Err(Failure::failed(format!("{url}: no answer")));
    };
    while let Some(chunk) = answer.chunk(hop).await.map_err(Failure::failed)? {
        if bytes.len() + chunk.len() > MAX_LEN {
            return Err(Failure::failed(format!(
                "{url}: too large: expected at most {MAX_LEN} bytes"
            )));
        }
        bytes.extend_from_slice(&chunk);
    }
    let root = hop.decision.as_ref().and_then(|decision| decision.root.as_ref());
    let root = part(root, |root| format!(", trusted under {}", root.subject));
    if !args.quiet {
        say(format_args!("{url}: {} bytes{root}", bytes.len()));
    }
    Ok(Fetched::New(Report::of(args.mozilla_url.as_str(), etag, bytes)))
}

/// A report, and what is to be known of it to ask whether it is still the latest.
struct Report {
    head: Head,
    bytes: Vec<u8>,
}

/// The first line of a cached report, in JSON; the report itself follows.
#[derive(Serialize, Deserialize)]
struct Head {
    url: String,
    /// Empty where the server gave none.
    etag: String,
    /// Of the report, to see that it is whole.
    sha256: String,
}

impl Report {
    fn of(url: &str, etag: String, bytes: Vec<u8>) -> Self {
        let head = Head {
            url: url.to_owned(),
            etag,
            sha256: Fingerprint::of(&bytes).to_string(),
        };
        Self { head, bytes }
    }

    /// The report fetched last from this address; none if there is no such one, it is damaged, or another user
    /// could have written it: what it holds is trusted as much as what the server sends.
    fn cached(path: &Path, url: &str) -> Option<Self> {
        let file = OwnFile::open(path).ok()??;
        if file.others_may_write() {
            return None;
        }
        let file = file.read(u64::try_from(MAX_LEN + MAX_HEAD_LEN).ok()?).ok()?;
        let end_of_head = file.iter().position(|byte| *byte == b'\n')?;
        let (head, rest) = file.split_at_checked(end_of_head)?;
        let head: Head = serde_json::from_slice(head).ok()?;
        let bytes = rest.get(1..)?.to_vec();
        let is_good =
            head.url == url && head.sha256 == Fingerprint::of(&bytes).to_string() && !head.etag.is_empty();
        is_good.then_some(Self { head, bytes })
    }

    fn keep(&self, path: &Path) -> Result<(), Failure> {
        let mut file = serde_json::to_vec(&self.head).map_err(Failure::failed)?;
        file.push(b'\n');
        file.extend_from_slice(&self.bytes);
        let mut written = write_private(path, &file);
        if let (Err(FileError::Io { error, .. }), Some(directory)) = (&written, path.parent()) {
            if error.kind() == ErrorKind::NotFound {
                fs::create_dir_all(directory).map_err(|error| Failure::writing_file(directory, &error))?;
                written = write_private(path, &file);
            }
        }
        match written {
            // Another run has kept its report meanwhile.
            Err(FileError::Changed { .. }) => Ok(()),
            written => written.map_err(Failure::failed),
        }
    }
}

/// The file that the last report is kept in: in `$XDG_CACHE_HOME/jit-trust`, or `~/.cache/jit-trust`; none where there is
/// neither.
fn cache() -> Option<PathBuf> {
    let cache_home = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    // The XDG Base Directory Specification has relative paths ignored.
    let cache_home = cache_home.filter(|path| path.is_absolute());
    let cache_home = cache_home.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    Some(cache_home.join("jit-trust").join("mozilla-latest"))
}
