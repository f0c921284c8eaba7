//! Polling a future where waiting is all right.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use event_listener::{Event, EventListener};
use tokio::task::JoinHandle;

use super::elsewhere::{Polled, ShutDown, poll_elsewhere, polled};
use crate::trust::Attempt;

/// A future that makes a connection, and that may wait inside a poll. Each poll of it runs on a thread on which that is
/// all right, and as a step of the attempt; between polls it takes no thread. When this is dropped, a poll that waits
/// gives up.
pub(crate) struct OffExecutor<F: Future> {
    state: State<F>,
    attempt: Arc<Attempt>,
    woken: Arc<Woken>,
}

enum State<F: Future> {
    /// It can be polled; or it waits to be woken.
    Here(Pin<Box<F>>, Option<EventListener>),
    Away(JoinHandle<Polled<F>>),
    /// It is done.
    Done,
}

/// Remembers that the future was woken, also while it is away.
struct Woken {
    is_woken: AtomicBool,
    event: Event,
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

impl<F> OffExecutor<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    pub(crate) fn new(future: F, attempt: Arc<Attempt>) -> Self {
        Self {
            state: State::Here(Box::pin(future), None),
            attempt,
            woken: Arc::new(Woken {
                is_woken: AtomicBool::new(true),
                event: Event::new(),
            }),
        }
    }
}

impl<F> Future for OffExecutor<F>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    type Output = Result<F::Output, ShutDown>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        loop {
            match std::mem::replace(&mut this.state, State::Done) {
                State::Done => return Poll::Pending,
                State::Here(future, _) if this.woken.is_woken.swap(false, Ordering::AcqRel) => {
                    let waker = Waker::from(this.woken.clone());
                    this.state = State::Away(poll_elsewhere(future, &this.attempt, waker));
                }
                State::Here(future, listener) => {
                    let mut listener = listener.unwrap_or_else(|| this.woken.event.listen());
                    // It may have been woken between the last look and the listening.
                    if this.woken.is_woken.load(Ordering::Acquire) {
                        this.state = State::Here(future, None);
                        continue;
                    }
                    let polled = Pin::new(&mut listener).poll(context);
                    this.state = State::Here(future, polled.is_pending().then_some(listener));
                    if polled.is_pending() {
                        return Poll::Pending;
                    }
                }
                State::Away(mut away) => match Pin::new(&mut away).poll(context) {
                    Poll::Pending => {
                        this.state = State::Away(away);
                        return Poll::Pending;
                    }
                    Poll::Ready(done) => match polled(done)? {
                        (_, Poll::Ready(output)) => return Poll::Ready(Ok(output)),
                        (future, Poll::Pending) => this.state = State::Here(future, None),
                    },
                },
            }
        }
    }
}

/// Nobody wants the connection any more.
impl<F: Future> Drop for OffExecutor<F> {
    fn drop(&mut self) {
        self.attempt.cancel();
    }
}

impl<F: Future> fmt::Debug for OffExecutor<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OffExecutor").finish_non_exhaustive()
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

    fn off_executor<F>(future: F) -> OffExecutor<F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        OffExecutor::new(future, Arc::default())
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
            .block_on(async { tokio::time::timeout(Duration::from_secs(60), off_executor(countdown)).await });
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
        let mut counted = off_executor(Counted(polls.clone()));
        runtime().block_on(async {
            for _ in 0..20 {
                let polled =
                    std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut counted).poll(context)));
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
            let mut counted = off_executor(Counted(polls.clone()));
            let polled = std::future::poll_fn(|context| Poll::Ready(Pin::new(&mut counted).poll(context)));
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
