//! The content of a file, read chunk by chunk as the client takes it.

use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Bytes, Frame, SizeHint};
use jit_trust_bundle::{Fingerprint, MAX_INPUT_LEN};
use sha2::{Digest, Sha256};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::activity::UnderWay;
use super::webroot::{self, Unserved, WebrootEntry};

/// How much of an answer is in memory at a time, in bytes. Nearly all files of a webroot are shorter.
const CHUNK: usize = 8 << 10;
/// How much is read at a time when nothing of it is sent, in bytes.
const HASHED_CHUNK: usize = 64 << 10;

/// How many pieces of files are read at a time, for all clients.
const MAX_READS: usize = 16;

/// What reads files without holding up connections. All clients have their turn, chunk by chunk.
#[derive(Clone, Debug)]
pub(super) struct Reader(Arc<Semaphore>);

impl Reader {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(MAX_READS)))
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> io::Result<T> {
        let turn = take(&self.0).await?;
        // The turn lasts as long as the work, which goes on after the request is dropped.
        let work = move || (work(), drop(turn)).0;
        tokio::task::spawn_blocking(work).await.map_err(io::Error::other)
    }
}

async fn take(semaphore: &Arc<Semaphore>) -> io::Result<OwnedSemaphorePermit> {
    Arc::clone(semaphore)
        .acquire_owned()
        .await
        .map_err(io::Error::other)
}

/// A file whose content is known by its hash.
pub(super) struct Hashed {
    pub(super) hash: Fingerprint,
    pub(super) len: u64,
    source: Source,
}

enum Source {
    Short(Vec<u8>),
    Long(File, OwnedSemaphorePermit),
}

enum Opened {
    Short(Vec<u8>),
    Long(WebrootEntry),
}

impl Hashed {
    /// Opens the file at `path` below `directory` and reads it once; `None` where there is none.
    ///
    /// `long` has as many permits as may be open of those files that do not fit into one chunk.
    pub(super) async fn open(
        reader: &Reader,
        long: &Arc<Semaphore>,
        directory: &Path,
        path: &Path,
    ) -> Result<Option<Self>, Unserved> {
        let path: Arc<(PathBuf, PathBuf)> = Arc::new((directory.into(), path.into()));
        let look = || {
            let path = Arc::clone(&path);
            reader.run(move || open(&path.0, &path.1))
        };
        let mut permit = None;
        let (WebrootEntry { mut file, len }, permit) = loop {
            match (look().await??, permit) {
                (None, _) => return Ok(None),
                (Some(Opened::Short(content)), _) => return Ok(Some(Self::short(content))),
                (Some(Opened::Long(entry)), Some(permit)) => break (entry, permit),
                // It is closed while its turn has not come.
                (Some(Opened::Long(_)), None) => {}
            }
            permit = Some(take(long).await?);
        };
        let (mut hash, mut left) = (Sha256::new(), len);
        while left > 0 {
            let read = reader.run(move || {
                let chunk = read_chunk(&mut file, left, HASHED_CHUNK)?;
                hash.update(&chunk);
                Ok::<_, io::Error>((file, hash, left - chunk.len() as u64))
            });
            (file, hash, left) = read.await??;
        }
        file.rewind()?;
        let hash = <[u8; 32]>::from(hash.finalize()).into();
        let source = Source::Long(file, permit);
        Ok(Some(Self { hash, len, source }))
    }

    fn short(content: Vec<u8>) -> Self {
        Self {
            hash: Fingerprint::of(&content),
            len: content.len() as u64,
            source: Source::Short(content),
        }
    }

    /// The content as the body of an answer to this request.
    pub(super) fn into_content(self, reader: &Reader, request: &Arc<UnderWay>) -> Content {
        let next: Next = match self.source {
            Source::Short(content) => {
                let chunk = Chunk {
                    content,
                    request: Arc::clone(request),
                    _turn: None,
                };
                Box::pin(std::future::ready(Ok((Bytes::from_owner(chunk), None))))
            }
            Source::Long(file, permit) => Box::pin(Rest::next(Rest {
                file,
                hash: Sha256::new(),
                expected: self.hash,
                left: self.len,
                reader: reader.clone(),
                request: Arc::clone(request),
                turn: Arc::new(Semaphore::new(1)),
                _permit: permit,
            })),
        };
        request.waits_for_client();
        Content {
            left: self.len,
            next: Some(next).filter(|_| self.len > 0),
        }
    }
}

fn open(directory: &Path, path: &Path) -> Result<Option<Opened>, Unserved> {
    let Some(mut entry) = webroot::open(directory, path)? else {
        return Ok(None);
    };
    if entry.len > MAX_INPUT_LEN {
        return Err(Unserved::Failed(io::ErrorKind::FileTooLarge.into()));
    }
    if entry.len > CHUNK as u64 {
        return Ok(Some(Opened::Long(entry)));
    }
    let content = read_chunk(&mut entry.file, entry.len, CHUNK)?;
    Ok(Some(Opened::Short(content)))
}

/// The next of `left` bytes, `max` at most.
fn read_chunk(file: &mut File, left: u64, max: usize) -> io::Result<Vec<u8>> {
    let len = usize::try_from(left).map_or(max, |left| left.min(max));
    let mut chunk = vec![0; len];
    file.read_exact(&mut chunk)?;
    Ok(chunk)
}

type Next = Pin<Box<dyn Future<Output = io::Result<(Bytes, Option<Rest>)>> + Send>>;

/// The body of an answer. The next chunk is read when the one before was sent.
pub(super) struct Content {
    left: u64,
    next: Option<Next>,
}

impl Content {
    pub(super) fn nothing() -> Self {
        Self { left: 0, next: None }
    }
}

impl Body for Content {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Some(next) = &mut self.next else {
            return Poll::Ready(None);
        };
        let read = ready!(next.as_mut().poll(context));
        self.next = None;
        let (chunk, rest) = match read {
            Ok(read) => read,
            Err(error) => return Poll::Ready(Some(Err(error))),
        };
        self.left = self.left.saturating_sub(chunk.len() as u64);
        self.next = rest.map(|rest| Box::pin(rest.next()) as Next);
        Poll::Ready(Some(Ok(Frame::data(chunk))))
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

/// What is still to be sent of a file.
struct Rest {
    file: File,
    /// Of what was sent.
    hash: Sha256,
    /// Of the whole file, as the head of the answer says it.
    expected: Fingerprint,
    left: u64,
    reader: Reader,
    request: Arc<UnderWay>,
    /// Has a permit while no chunk is on its way.
    turn: Arc<Semaphore>,
    _permit: OwnedSemaphorePermit,
}

impl Rest {
    async fn next(mut self) -> io::Result<(Bytes, Option<Self>)> {
        let turn = take(&self.turn).await?;
        self.request.works();
        let reader = self.reader.clone();
        let read = reader.run(move || {
            let content = read_chunk(&mut self.file, self.left, CHUNK)?;
            self.hash.update(&content);
            Ok::<_, io::Error>((self, content))
        });
        let (mut rest, content) = read.await??;
        rest.left = rest.left.saturating_sub(content.len() as u64);
        if rest.left == 0
            && Fingerprint::from(<[u8; 32]>::from(rest.hash.clone().finalize())) != rest.expected
        {
            // The answer stays without its end: half of one file and half of another is no answer.
            return Err(io::Error::other("the file was changed while it was sent"));
        }
        rest.request.waits_for_client();
        let chunk = Chunk {
            content,
            request: Arc::clone(&rest.request),
            _turn: Some(turn),
        };
        let is_last = rest.left == 0;
        Ok((Bytes::from_owner(chunk), (!is_last).then_some(rest)))
    }
}

/// A piece of an answer, until the transport has taken it.
struct Chunk {
    content: Vec<u8>,
    request: Arc<UnderWay>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Chunk {
    fn as_ref(&self) -> &[u8] {
        &self.content
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.request.is_taken();
    }
}
