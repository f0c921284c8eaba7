//! Runs a blocking verifier outside the async executor.
//!
//! A handshake may block inside a poll, where its verifier waits for a store. Such polls run on a thread of the runtime's
//! pool for blocking work; between them the handshake uses no thread.

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

/// A function that runs a job on a thread that may block, such as `tokio::task::spawn_blocking`. Where the runtime is shut
/// down, it drops the job.
pub type SpawnBlocking = fn(Box<dyn FnOnce() + Send>);

/// The error that the runtime was shut down.
#[derive(Clone, Copy, Debug)]
pub struct ShutDown;

impl fmt::Display for ShutDown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the async runtime was shut down while a connection was made")
    }
}

impl std::error::Error for ShutDown {}

/// A gate for the input of a stream. It is closed while the handshake is polled on the executor, so that no verifier runs
/// there. The stream checks it: see [`off_executor`].
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

    /// Whether the stream may give its input to the reader.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Ordering::Acquire)
    }

    /// Sets whether the stream has input for the reader. The end of the stream counts as input.
    pub fn set_input(&self, has_input: bool) {
        self.has_input.store(has_input, Ordering::Release);
    }

    /// Whether the stream has input for the reader.
    pub fn has_input(&self) -> bool {
        self.has_input.load(Ordering::Acquire)
    }
}

/// Drives a future that makes a connection, and that may block inside a poll.
///
/// Without a gate, each poll runs on a blocking thread. With one, the future is polled on the executor as long as its stream
/// has no input, and on a blocking thread when it has.
///
/// Dropping the returned future cancels a verifier that waits. A panic of `future` is resumed here.
///
/// # Errors
/// When the runtime is shut down.
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
                // Output is sent here; input is held back.
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
        let (back, polled) = poll_blocking(future, cancellation, waker, spawn).await?;
        if let Poll::Ready(output) = polled {
            return Ok(output);
        }
        if let Some(gate) = gate {
            gate.set_open(false);
            // It did not read all input, so it waits for something else.
            waits_to_write = gate.has_input();
        }
        future = back;
    }
}

/// Cancels the handshake when it is dropped.
struct CancelOnDrop<'a>(&'a Cancellation);

impl Drop for CancelOnDrop<'_> {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// A waker that remembers that the future was woken, also while it is polled on another thread.
struct Woken {
    is_woken: AtomicBool,
    event: Event,
}

impl Woken {
    async fn wait(&self) {
        while !self.is_woken.swap(false, Ordering::AcqRel) {
            let listener = self.event.listen();
            // It may have been woken between the last check and `listen`.
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

/// Polls a future on a blocking thread, unless it is cancelled before.
async fn poll_blocking<F>(
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

/// The result of a job, when it has one.
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

/// The sender of a job's result. It fills the slot when the job is dropped, too.
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
    fn a_cancelled_future_is_not_polled_when_its_turn_comes() {
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
