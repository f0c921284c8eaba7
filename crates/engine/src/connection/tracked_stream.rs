//! Streams of open connections, which another thread can close.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;

use super::live::{TrackedConnection, closed};
use crate::VerificationReport;

/// A TLS stream, with the report of its verification. It fails once its connection was closed by
/// [`Connection::close`](super::Connection::close).
pub struct TrackedStream<T> {
    stream: T,
    connection: TrackedConnection,
    report: Option<Box<VerificationReport>>,
    #[cfg(feature = "tokio")]
    closed: [event_listener::EventListener; 2],
}

impl<T> TrackedStream<T> {
    /// The stream of this connection. There is no report where a session was resumed.
    pub fn new(stream: T, connection: TrackedConnection, report: Option<Box<VerificationReport>>) -> Self {
        Self {
            stream,
            #[cfg(feature = "tokio")]
            closed: [connection.closed(), connection.closed()],
            connection,
            report,
        }
    }

    /// The report of the verification; `None` where a session was resumed.
    pub fn report(&self) -> Option<&VerificationReport> {
        self.report.as_deref()
    }

    /// The stream.
    pub fn get_ref(&self) -> &T {
        &self.stream
    }

    /// The stream.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.stream
    }

    /// Whether its connection was closed by [`Connection::close`](super::Connection::close).
    pub fn is_closed(&self) -> bool {
        self.connection.is_closed()
    }

    /// Runs an operation on the stream, which fails if the connection is closed before or meanwhile.
    pub fn step<O>(&mut self, step: impl FnOnce(&mut T) -> io::Result<O>) -> io::Result<O> {
        if self.connection.is_closed() {
            return Err(closed());
        }
        let done = step(&mut self.stream);
        if self.connection.is_closed() {
            Err(closed())
        } else {
            done
        }
    }
}

impl<T: Read> Read for TrackedStream<T> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.step(|stream| stream.read(buffer))
    }
}

impl<T: Write> Write for TrackedStream<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.step(|stream| stream.write(bytes))
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        self.step(|stream| stream.write_vectored(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.step(Write::flush)
    }
}

impl<T> fmt::Debug for TrackedStream<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TrackedStream")
            .field("connection", &self.connection)
            .finish_non_exhaustive()
    }
}

/// A TCP connection that another thread can close.
#[derive(Clone, Debug)]
pub struct SharedTcp(Arc<TcpStream>);

impl SharedTcp {
    /// A TCP connection that [`closer`](Self::closer) can close.
    pub fn new(tcp: TcpStream) -> Self {
        Self(Arc::new(tcp))
    }

    /// The TCP connection.
    pub fn get_ref(&self) -> &TcpStream {
        &self.0
    }

    /// A function that closes the connection if it is still open.
    pub fn closer(&self) -> Box<dyn Fn() + Send + Sync> {
        let tcp = Arc::downgrade(&self.0);
        Box::new(move || {
            // An error says that it is closed already.
            let _ = tcp.upgrade().map(|tcp| tcp.shutdown(Shutdown::Both));
        })
    }
}

impl Read for SharedTcp {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

impl Write for SharedTcp {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }

    fn write_vectored(&mut self, bytes: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self.0).write_vectored(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

#[cfg(feature = "tokio")]
mod with_tokio {
    use std::future::Future;
    use std::io::{self, IoSlice};
    use std::pin::Pin;
    use std::task::{Context, Poll};

    use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

    use super::{TrackedStream, closed};

    const READ: usize = 0;
    const WRITE: usize = 1;

    impl<T: Unpin> TrackedStream<T> {
        fn poll_step<O>(
            mut self: Pin<&mut Self>,
            context: &mut Context<'_>,
            side: usize,
            step: impl FnOnce(Pin<&mut T>, &mut Context<'_>) -> Poll<io::Result<O>>,
        ) -> Poll<io::Result<O>> {
            // In this order: a listener must not be polled again after it was ready.
            let is_closed = self.connection.is_closed();
            let told = self.closed.get_mut(side);
            if is_closed || told.is_some_and(|told| Pin::new(told).poll(context).is_ready()) {
                return Poll::Ready(Err(closed()));
            }
            step(Pin::new(&mut self.stream), context)
        }
    }

    impl<T: AsyncRead + Unpin> AsyncRead for TrackedStream<T> {
        fn poll_read(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            buffer: &mut ReadBuf<'_>,
        ) -> Poll<io::Result<()>> {
            self.poll_step(context, READ, |stream, context| stream.poll_read(context, buffer))
        }
    }

    impl<T: AsyncWrite + Unpin> AsyncWrite for TrackedStream<T> {
        fn poll_write(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.poll_step(context, WRITE, |stream, context| {
                stream.poll_write(context, bytes)
            })
        }

        fn poll_write_vectored(
            self: Pin<&mut Self>,
            context: &mut Context<'_>,
            bytes: &[IoSlice<'_>],
        ) -> Poll<io::Result<usize>> {
            self.poll_step(context, WRITE, |stream, context| {
                stream.poll_write_vectored(context, bytes)
            })
        }

        fn is_write_vectored(&self) -> bool {
            self.stream.is_write_vectored()
        }

        fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_step(context, WRITE, T::poll_flush)
        }

        fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
            self.poll_step(context, WRITE, T::poll_shutdown)
        }
    }
}
