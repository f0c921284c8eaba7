//! A stream that holds back its input until the handshake is polled where it may block.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use jit_trust_engine::Gate;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The length of the buffer: more than a server sends in most handshakes.
const LEN: usize = 8 << 10;

/// A stream that gives input to its reader only while its [`Gate`] is open. While the gate is closed, it holds input back, so
/// that the reader can be polled where it must not block.
pub(super) struct ReadAhead<S> {
    stream: S,
    gate: Arc<Gate>,
    held: Vec<u8>,
    taken: usize,
    has_ended: bool,
}

impl<S> ReadAhead<S> {
    /// A stream with its gate closed.
    pub(super) fn new(stream: S) -> (Self, Arc<Gate>) {
        let gate = Arc::<Gate>::default();
        let ahead = Self {
            stream,
            gate: gate.clone(),
            held: Vec::new(),
            taken: 0,
            has_ended: false,
        };
        (ahead, gate)
    }

    pub(super) fn get_ref(&self) -> &S {
        &self.stream
    }

    /// Gives the input that was held back to the reader.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let rest = self.held.get(self.taken..).unwrap_or_default();
        let (given, _) = rest.split_at(rest.len().min(buffer.remaining()));
        buffer.put_slice(given);
        self.taken += given.len();
        if self.taken == self.held.len() {
            // The end of the stream, an empty read, stays.
            self.gate.set_input(self.has_ended);
            self.held = Vec::new();
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
        let is_open = this.gate.is_open();
        match (is_open, this.gate.has_input()) {
            (true, true) => {
                this.give(buffer);
                Poll::Ready(Ok(()))
            }
            (true, false) => Pin::new(&mut this.stream).poll_read(context, buffer),
            // The driver opens the gate when there is input.
            (false, true) => Poll::Pending,
            (false, false) => {
                this.held = vec![0; LEN];
                let mut held = ReadBuf::new(&mut this.held);
                let read = Pin::new(&mut this.stream).poll_read(context, &mut held);
                let len = held.filled().len();
                this.held.truncate(len);
                ready!(read)?;
                this.has_ended = len == 0;
                this.gate.set_input(true);
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
