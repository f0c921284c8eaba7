//! A TLS connection of mbedTLS that returns the errors of its stream.

use std::io::{self, Read, Write};

use mbedtls::ssl::Context;
use mbedtls::ssl::io::{IoCallbackUnsafe, Stream};

use crate::noted::{Note, Noted};

pub(crate) struct Tls<T> {
    context: Context<Noted<T>>,
    note: Note,
    /// A write failed, and mbedTLS would take the next one for its rest.
    is_stuck: bool,
    /// The server has sent close_notify.
    is_at_end: bool,
}

impl<T> Tls<T> {
    pub(crate) fn new(context: Context<Noted<T>>, note: Note) -> Self {
        Self {
            context,
            note,
            is_stuck: false,
            is_at_end: false,
        }
    }

    pub(crate) fn context(&self) -> &Context<Noted<T>> {
        &self.context
    }

    fn step<O>(&mut self, step: impl FnOnce(&mut Context<Noted<T>>) -> io::Result<O>) -> io::Result<O> {
        // The error of an earlier step is not this one's.
        drop(self.note.take());
        step(&mut self.context).map_err(|error| self.note.take().unwrap_or(error))
    }

    /// The result of a read. An empty read is an error if the stream ended without a close_notify, because an attacker may have
    /// truncated it; mbedTLS does not distinguish that.
    fn end(&mut self, read: usize) -> io::Result<usize> {
        if read == 0 {
            if let Some(error) = self.note.take() {
                return Err(error);
            }
            self.is_at_end = true;
        }
        Ok(read)
    }
}

impl<T> Read for Tls<T>
where
    Noted<T>: IoCallbackUnsafe<Stream>,
{
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.is_at_end || buffer.is_empty() {
            return Ok(0);
        }
        let read = self.step(|tls| tls.read(buffer))?;
        self.end(read)
    }
}

impl<T> Write for Tls<T>
where
    Noted<T>: IoCallbackUnsafe<Stream>,
{
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_stuck {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        // An empty write sends no record.
        if bytes.is_empty() {
            return Ok(0);
        }
        let written = self.step(|tls| tls.write(bytes));
        self.is_stuck = written.is_err();
        written
    }

    fn flush(&mut self) -> io::Result<()> {
        self.step(Write::flush)
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context as TaskContext, Poll, ready};

    use mbedtls::ssl::Context;
    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::{Noted, Tls};

    impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Tls<S> {
        fn poll_step<O>(
            &mut self,
            context: &mut TaskContext<'_>,
            step: impl FnOnce(Pin<&mut Context<Noted<S>>>, &mut TaskContext<'_>) -> Poll<io::Result<O>>,
        ) -> Poll<io::Result<O>> {
            drop(self.note.take());
            let done = ready!(step(Pin::new(&mut self.context), context));
            Poll::Ready(done.map_err(|error| self.note.take().unwrap_or(error)))
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin + 'static> Tls<S> {
        /// Shuts down the stream without a close_notify.
        pub(crate) fn poll_shutdown_under(&mut self, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
            match self.context.io_mut() {
                Some(stream) => Pin::new(stream).poll_shutdown(context),
                None => Poll::Ready(Ok(())),
            }
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin + 'static> AsyncRead for Tls<S> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut TaskContext<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            if self.is_at_end || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            let before = buffer.filled().len();
            ready!(self.poll_step(context, |tls, context| tls.poll_read(context, buffer)))?;
            Poll::Ready(self.end(buffer.filled().len() - before).map(drop))
        }
    }

    impl<S: AsyncRead + AsyncWrite + Unpin + 'static> AsyncWrite for Tls<S> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut TaskContext<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            if bytes.is_empty() {
                return Poll::Ready(Ok(0));
            }
            self.poll_step(context, |tls, context| tls.poll_write(context, bytes))
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
            ready!(self.poll_step(context, AsyncWrite::poll_flush))?;
            match self.context.io_mut() {
                Some(stream) => Pin::new(stream).poll_flush(context),
                None => Poll::Ready(Ok(())),
            }
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
            if self.context.io().is_none() {
                return Poll::Ready(Ok(()));
            }
            ready!(self.as_mut().poll_flush(context))?;
            self.poll_step(context, AsyncWrite::poll_shutdown)
        }
    }
}
