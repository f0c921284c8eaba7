//! Reading ahead: what has come waits until whoever may have to wait for a store takes it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How much is read ahead at a time: more than a server's part of most handshakes.
const LEN: usize = 8 << 10;

/// A stream whose reader does not get what comes before [`Tap`] is turned on. While it is off, what comes is put aside, and
/// the reader has to wait; so whoever reads can be polled where it must not wait for anything else.
pub(super) struct ReadAhead<S> {
    stream: S,
    tap: Arc<Tap>,
    aside: Vec<u8>,
    taken: usize,
    has_ended: bool,
}

/// What turns a [`ReadAhead`] on and off.
#[derive(Debug, Default)]
pub(super) struct Tap {
    is_on: AtomicBool,
    has_input: AtomicBool,
}

impl Tap {
    pub(super) fn turn(&self, on: bool) {
        self.is_on.store(on, Ordering::Release);
    }

    /// Whether something was put aside, if only that the stream has ended.
    pub(super) fn has_input(&self) -> bool {
        self.has_input.load(Ordering::Acquire)
    }
}

impl<S> ReadAhead<S> {
    /// Turned off.
    pub(super) fn new(stream: S) -> (Self, Arc<Tap>) {
        let tap = Arc::<Tap>::default();
        let ahead = Self {
            stream,
            tap: tap.clone(),
            aside: Vec::new(),
            taken: 0,
            has_ended: false,
        };
        (ahead, tap)
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Gives the reader what was put aside.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let rest = self.aside.get(self.taken..).unwrap_or_default();
        let (given, _) = rest.split_at(rest.len().min(buffer.remaining()));
        buffer.put_slice(given);
        self.taken += given.len();
        if self.taken == self.aside.len() {
            // The end of the stream is given by giving nothing: it stays.
            self.tap.has_input.store(self.has_ended, Ordering::Release);
            self.aside = Vec::new();
            self.taken = 0;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ReadAhead<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let is_on = this.tap.is_on.load(Ordering::Acquire);
        match (is_on, this.tap.has_input()) {
            (true, true) => {
                this.give(buffer);
                Poll::Ready(Ok(()))
            }
            (true, false) => Pin::new(&mut this.stream).poll_read(context, buffer),
            // Whoever turned it off turns it on when this says that there is something.
            (false, true) => Poll::Pending,
            (false, false) => {
                this.aside = vec![0; LEN];
                let mut aside = ReadBuf::new(&mut this.aside);
                let read = Pin::new(&mut this.stream).poll_read(context, &mut aside);
                let len = aside.filled().len();
                this.aside.truncate(len);
                ready!(read)?;
                this.has_ended = len == 0;
                this.tap.has_input.store(true, Ordering::Release);
                Poll::Pending
            }
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ReadAhead<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, bytes)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
