//! Futures that are dropped before their end.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls a future so often, each time when it was woken, and drops it. Says whether it got to its end.
pub(crate) async fn poll_so_often<T>(polls: usize, future: impl Future<Output = T>) -> bool {
    let mut future = pin!(future);
    let mut polled = 0;
    poll_fn(|context| {
        if polled == polls {
            return Poll::Ready(false);
        }
        polled += 1;
        match future.as_mut().poll(context) {
            Poll::Ready(_) => Poll::Ready(true),
            Poll::Pending if polled == polls => Poll::Ready(false),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
