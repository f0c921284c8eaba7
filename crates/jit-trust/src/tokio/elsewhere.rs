//! Polling a future on a thread where waiting is all right: one of tokio's blocking pool.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use crate::trust::Attempt;

/// The runtime was shut down, and polls nothing any more.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ShutDown;

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the tokio runtime was shut down while a connection was made")
    }
}

impl std::error::Error for ShutDown {}

/// The future, and what a poll of it came to.
pub(super) type Polled<F> = (Pin<Box<F>>, Poll<<F as Future>::Output>);

/// Polls a future on another thread, as a step of the attempt, unless that is given up before its turn.
pub(super) fn poll_elsewhere<F>(
    mut future: Pin<Box<F>>,
    attempt: &Arc<Attempt>,
    waker: Waker,
) -> JoinHandle<Polled<F>>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let attempt = attempt.clone();
    let runtime = Handle::current();
    spawn_blocking(move || {
        let _entered = runtime.enter();
        if attempt.is_cancelled() {
            return (future, Poll::Pending);
        }
        let polled = attempt.drive(|| future.as_mut().poll(&mut Context::from_waker(&waker)));
        (future, polled)
    })
}

/// What came of a poll on another thread. A panic there goes on here.
pub(super) fn polled<T>(polled: Result<T, JoinError>) -> Result<T, ShutDown> {
    polled.map_err(|error| match error.try_into_panic() {
        Ok(panic) => std::panic::resume_unwind(panic),
        Err(_) => ShutDown,
    })
}
