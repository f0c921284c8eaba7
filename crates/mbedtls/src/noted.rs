//! A stream that keeps its errors, because mbedTLS reduces them to error codes.

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The last error of a stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note(Arc<Mutex<Option<io::Error>>>);

impl Note {
    pub(crate) fn take(&self) -> Option<io::Error> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    pub(crate) fn is_set(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn set(&self, error: io::Error) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
    }

    /// Keeps the error of an operation, and returns its kind for mbedTLS.
    fn of<T>(&self, done: io::Result<T>) -> io::Result<T> {
        done.map_err(|error| {
            let kind = error.kind();
            self.set(error);
            kind.into()
        })
    }

    fn of_read(&self, done: io::Result<usize>) -> io::Result<usize> {
        if let Ok(0) = done {
            // It is used only where mbedTLS reports an error: if no close_notify came before.
            self.set(io::ErrorKind::UnexpectedEof.into());
        }
        self.of(done)
    }
}

/// A stream that keeps its errors in a [`Note`].
#[derive(Debug)]
pub(crate) struct Noted<T> {
    stream: T,
    note: Note,
}

impl<T> Noted<T> {
    pub(crate) fn new(stream: T, note: Note) -> Self {
        Self { stream, note }
    }

    #[cfg(feature = "tokio")]
    pub(crate) fn get_ref(&self) -> &T {
        &self.stream
    }
}

/// Repeats an operation that a signal interrupts, because mbedTLS would fail.
fn uninterrupted<T>(mut operation: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match operation() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}

impl<T: Read> Read for Noted<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let done = uninterrupted(|| self.stream.read(buffer));
        self.note.of_read(done)
    }
}

impl<T: Write> Write for Noted<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let done = uninterrupted(|| self.stream.write(bytes));
        self.note.of(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.note.of(self.stream.flush())
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::io;
    use std::pin::Pin;
    use std::task::{Context, Poll, ready};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::Noted;

    impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Noted<T> {
        fn poll_read(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            // mbedTLS never flushes, and it may wait for the answer to data that are not sent yet.
            if let Poll::Ready(flushed) = Pin::new(&mut self.stream).poll_flush(context) {
                self.note.of(flushed)?;
            }
            let before = buffer.filled().len();
            let done = ready!(Pin::new(&mut self.stream).poll_read(context, buffer));
            let read = done.map(|()| buffer.filled().len() - before);
            Poll::Ready(self.note.of_read(read).map(drop))
        }
    }

    impl<T: AsyncWrite + Unpin> AsyncWrite for Noted<T> {
        fn poll_write(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            let done = ready!(Pin::new(&mut self.stream).poll_write(context, bytes));
            Poll::Ready(self.note.of(done))
        }

        fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            let done = ready!(Pin::new(&mut self.stream).poll_flush(context));
            Poll::Ready(self.note.of(done))
        }

        fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            let done = ready!(Pin::new(&mut self.stream).poll_shutdown(context));
            Poll::Ready(self.note.of(done))
        }
    }
}
