//! Runs a blocking verifier outside the async executor.
//!
//! A handshake may wait inside a poll, where its verifier waits for a store. Such polls run on a thread where that is all
//! right, one of the runtime's pool for blocking work; between them the handshake takes no thread.

use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use event_listener::Event;

use crate::connection::Cancellation;

/// Runs a job on a thread that may block: `tokio::task::spawn_blocking` or its like. Where the runtime is shut down, it
/// drops the job.
pub type SpawnBlocking = fn(Box<dyn FnOnce() + Send>);

/// The runtime was shut down, and polls nothing any more.
#[derive(Clone, Copy, Debug)]
pub struct ShutDown;

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the async runtime was shut down while a connection was made")
    }
}

impl std::error::Error for ShutDown {}

/// Holds back what a stream receives while a handshake is polled on the executor, so that its verifier has nothing to
/// verify there. The stream looks at it: see [`off_executor`].
#[derive(Debug, Default)]
pub struct Gate {
    is_open: AtomicBool,
    has_input: AtomicBool,
}

impl Gate {
    /// Opens or closes it.
    pub fn set_open(&self, is_open: bool) {
        self.is_open.store(is_open, Ordering::Release);
    }

    /// Whether the reader may have what was received.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Notes whether something was received and held back, if only that the stream has ended.
    pub fn set_input(&self, has_input: bool) {
        self.has_input.store(has_input, Ordering::Release);
    }

    /// Whether something was received and held back.
    pub fn has_input(&self) -> bool {
        self.has_input.load(Ordering::Acquire)
    }
}

/// Drives a future that makes a connection, and that may wait inside a poll.
///
/// Without a gate, each poll runs on a blocking thread. With one, the future is polled on the executor as long as its stream
/// has received nothing; what processes input is polled on a blocking thread.
///
/// When this is dropped, a verifier that waits gives up. A panic of the future goes on here.
///
/// # Errors
/// Where the runtime was shut down.
pub async fn off_executor<F>(
    future: F,
    cancellation: &Cancellation,
    spawn: SpawnBlocking,
    gate: Option<&Gate>,
) -> Result<F::Output, ShutDown>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let _cancelled_when_dropped = CancelOnDrop(cancellation);
    let woken = Arc::new(Woken {
        is_woken: AtomicBool::new(true),
        event: Event::new(),
    });
    let mut future = Box::pin(future);
    let mut waits_to_write = false;
    loop {
        match gate {
            Some(gate) => {
                // What is to be sent is sent here, and what is received is held back.
                let here = poll_fn(|context| match future.as_mut().poll(context) {
                    Poll::Ready(output) => Poll::Ready(Some(output)),
                    Poll::Pending if gate.has_input() && !std::mem::take(&mut waits_to_write) => {
                        Poll::Ready(None)
                    }
                    Poll::Pending => Poll::Pending,
                });
                let done = here.await;
                gate.set_open(true);
                if let Some(output) = done {
                    return Ok(output);
                }
            }
            None => woken.wait().await,
        }
        let waker = match gate {
            Some(_) => Waker::noop().clone(),
            None => Waker::from(woken.clone()),
        };
        let (back, polled) = poll_elsewhere(future, cancellation, waker, spawn).await?;
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        if let Some(gate) = gate {
            gate.set_open(false);
            // It left something, so that input is not what it waits for.
            waits_to_write = gate.has_input();
        }
        future = back;
    }
}

/// The caller does not want the connection any more.
struct CancelOnDrop<'a>(&'a Cancellation);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Remembers that the future was woken, also while it is polled elsewhere.
struct Woken {
    is_woken: AtomicBool,
    event: Event,
}

impl Woken {
    async fn wait(&self) {
        while !self.is_woken.swap(false, Ordering::AcqRel) {
            let listener = self.event.listen();
            // It may have been woken between the last look and the listening.
            if !self.is_woken.load(Ordering::Acquire) {
                listener.await;
            }
        }
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.is_woken.store(true, Ordering::Release);
        self.event.notify(usize::MAX);
    }
}

type Polled<F> = (Pin<Box<F>>, Poll<<F as Future>::Output>);

/// Polls a future on a blocking thread, unless it is cancelled before its turn.
async fn poll_elsewhere<F>(
    mut future: Pin<Box<F>>,
    cancellation: &Cancellation,
    waker: Waker,
    spawn: SpawnBlocking,
) -> Result<Polled<F>, ShutDown>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    let slot = Arc::new(Slot {
        value: Mutex::new(None),
        filled: Event::new(),
    });
    let (sender, cancellation) = (Sender(slot.clone()), cancellation.clone());
    spawn(Box::new(move || {
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let polled = match cancellation.is_cancelled() {
                true => Poll::Pending,
                false => future.as_mut().poll(&mut Context::from_waker(&waker)),
            };
            (future, polled)
        }));
        sender.send(polled);
    }));
    loop {
        let listener = slot.filled.listen();
        if let Some(filled) = slot.take() {
            return match filled {
                Filled::Done(Ok(polled)) => Ok(polled),
                Filled::Done(Err(panic)) => resume_unwind(panic),
                Filled::Dropped => Err(ShutDown),
            };
        }
        listener.await;
    }
}

/// Where a job leaves its result.
struct Slot<T> {
    value: Mutex<Option<Filled<T>>>,
    filled: Event,
}

enum Filled<T> {
    Done(thread::Result<T>),
    /// The job was dropped.
    Dropped,
}

impl<T> Slot<T> {
    fn take(&self) -> Option<Filled<T>> {
        self.value.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// A job's end of a slot, which is filled when the job is dropped too.
struct Sender<T>(Arc<Slot<T>>);

impl<T> Sender<T> {
    fn send(self, value: thread::Result<T>) {
        self.fill(Filled::Done(value));
    }

    fn fill(&self, value: Filled<T>) {
        let mut slot = self.0.value.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert(value);
        drop(slot);
        self.0.filled.notify(usize::MAX);
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.fill(Filled::Dropped);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc::{self, Sender};
    use std::time::Duration;

    use tokio::runtime::{Builder, Runtime};

    use tokio::task::spawn_blocking;

    use super::*;

    fn runtime() -> Runtime {
        let builder = &mut Builder::new_current_thread();
        builder.enable_all().max_blocking_threads(1).build().unwrap()
    }

    fn driven<F>(future: F) -> Pin<Box<impl Future<Output = Result<F::Output, ShutDown>>>>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let spawn: SpawnBlocking = |job| drop(spawn_blocking(job));
        Box::pin(async move { off_executor(future, &Cancellation::default(), spawn, None).await })
    }

    /// Is done when it was polled so often, and has itself woken for each: within the poll, or from elsewhere, which may
    /// be during the poll or after it.
    struct Countdown {
        left: usize,
        elsewhere: Sender<Waker>,
    }

    impl Future for Countdown {
        type Output = ();

        fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
            if self.left == 0 {
                return Poll::Ready(());
            }
            self.left -= 1;
            match self.left % 3 {
                0 => context.waker().wake_by_ref(),
                1 => self.elsewhere.send(context.waker().clone()).unwrap(),
                _ => {
                    self.elsewhere.send(context.waker().clone()).unwrap();
                    std::thread::yield_now();
                }
            }
            Poll::Pending
        }
    }

    #[test]
    fn no_wake_up_is_lost() {
        let (elsewhere, wakers) = mpsc::channel::<Waker>();
        std::thread::spawn(move || wakers.iter().for_each(Waker::wake));
        let countdown = Countdown {
            left: 5000,
            elsewhere,
        };
        let done = runtime()
            .block_on(async { tokio::time::timeout(Duration::from_secs(60), driven(countdown)).await });
        done.expect("it is woken each time").unwrap();
    }

    /// Counts its polls, and is never done.
    struct Counted(Arc<AtomicUsize>);

    impl Future for Counted {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Poll::Pending
        }
    }

    #[test]
    fn a_poll_without_a_wake_up_goes_nowhere() {
        let polls = Arc::new(AtomicUsize::new(0));
        let mut counted = driven(Counted(polls.clone()));
        runtime().block_on(async {
            for _ in 0..20 {
                let polled = std::future::poll_fn(|context| Poll::Ready(counted.as_mut().poll(context)));
                assert!(polled.await.is_pending());
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        });
        assert_eq!(polls.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn what_nobody_wants_any_more_is_not_polled_once_its_turn_comes() {
        let polls = Arc::new(AtomicUsize::new(0));
        let (release, released) = mpsc::channel::<()>();
        runtime().block_on(async {
            let busy = spawn_blocking(move || released.recv());
            let mut counted = driven(Counted(polls.clone()));
            let polled = std::future::poll_fn(|context| Poll::Ready(counted.as_mut().poll(context)));
            assert!(polled.await.is_pending());
            drop(counted);
            drop(release);
            let _ = busy.await;
            spawn_blocking(|| ()).await.unwrap();
        });
        // It is dropped itself too: this is the last to hold the count.
        assert_eq!(Arc::try_unwrap(polls).unwrap().into_inner(), 0);
    }
}
