//! The parts that the stream types of the edges have in common: each has a [`TrackedStream`](crate::TrackedStream) in its
//! field `tls`.

/// Implements `report`, `Read` and `Write` for a stream type of an edge.
#[doc(hidden)]
#[macro_export]
macro_rules! delegate_blocking_stream {
    ($Stream:ident) => {
        const _: () = {
            use ::std::io::{Read, Result, Write};

            impl $Stream {
                /// The report of the verification; `None` where a session was resumed.
                pub fn report(&self) -> Option<&$crate::VerificationReport> {
                    self.tls.report()
                }
            }

            impl Read for $Stream {
                fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
                    self.tls.read(buffer)
                }
            }

            impl Write for $Stream {
                fn write(&mut self, bytes: &[u8]) -> Result<usize> {
                    self.tls.write(bytes)
                }

                fn flush(&mut self) -> Result<()> {
                    self.tls.flush()
                }
            }
        };
    };
}

/// Implements `report`, `AsyncRead` and `AsyncWrite` for a stream type of an edge over a stream `S` with these bounds. The type
/// has a method `poll_shutdown_under`, which shuts down that stream alone.
#[cfg(feature = "tokio")]
#[doc(hidden)]
#[macro_export]
macro_rules! delegate_tokio_stream {
    ($Stream:ident, $($bound:tt)+) => {
        const _: () = {
            use ::std::io::Result;
            use ::std::pin::Pin;
            use ::std::task::{Context, Poll};

            use ::tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

            impl<S> $Stream<S> {
                /// The report of the verification; `None` where a session was resumed.
                pub fn report(&self) -> Option<&$crate::VerificationReport> {
                    self.tls.report()
                }
            }

            impl<S: $($bound)+> AsyncRead for $Stream<S> {
                fn poll_read(
                    mut self: Pin<&mut Self>,
                    context: &mut Context<'_>,
                    buffer: &mut ReadBuf<'_>,
                ) -> Poll<Result<()>> {
                    Pin::new(&mut self.tls).poll_read(context, buffer)
                }
            }

            impl<S: $($bound)+> AsyncWrite for $Stream<S> {
                fn poll_write(
                    mut self: Pin<&mut Self>,
                    context: &mut Context<'_>,
                    bytes: &[u8],
                ) -> Poll<Result<usize>> {
                    Pin::new(&mut self.tls).poll_write(context, bytes)
                }

                fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
                    Pin::new(&mut self.tls).poll_flush(context)
                }

                /// Shuts down the TLS connection and the stream. After a `Connection::close`, it shuts down
                /// the stream only, because pending data must not be sent.
                fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
                    if self.tls.is_closed() {
                        return self.poll_shutdown_under(context);
                    }
                    Pin::new(&mut self.tls).poll_shutdown(context)
                }
            }
        };
    };
}
