//! A handshake that may wait, and holds up nobody.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::{Poll, Waker};

use super::ahead::Tap;
use super::elsewhere::{ShutDown, poll_elsewhere, polled};
use crate::trust::Attempt;

/// Makes a connection over a stream that is [read ahead](super::ahead): what takes in what has come
/// does so on another thread, and nothing else. When this is dropped, a poll that waits gives up.
pub(super) async fn shake_hands<F>(
    future: F,
    attempt: &Arc<Attempt>,
    tap: &Tap,
) -> Result<F::Output, ShutDown>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let _given_up = GivenUp(attempt);
    let mut future = Box::pin(future);
    let mut waits_to_write = false;
    loop {
        // What is to be sent goes out here, and what comes is put aside.
        let here = poll_fn(|context| match attempt.drive(|| future.as_mut().poll(context)) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if tap.has_input() && !std::mem::take(&mut waits_to_write) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        });
        let done = here.await;
        tap.turn(true);
        if let Some(output) = done {
            return Ok(output);
        }
        let (back, polled) = polled(poll_elsewhere(future, attempt, Waker::noop().clone()).await)?;
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        tap.turn(false);
        future = back;
        // It left something, so that it is not that for which it waits.
        waits_to_write = tap.has_input();
    }
}

/// Has whoever waits give up when nobody wants the connection any more.
struct GivenUp<'a>(&'a Attempt);

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
