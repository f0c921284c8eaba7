//! The store's own thread with its runtime, which sends the requests.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout};

use super::RemoteError;
use super::exchange::Webroot;
use super::queue::Queue;
use jit_trust_engine::{LookupError, Responder};

/// The largest number of requests at once.
pub(super) const MAX_IN_FLIGHT: usize = 64;

/// The time for which a request continues after its response is not wanted any more. Most responses take less time. They serve
/// the next lookup of the same key, and servers close connections on which many requests are cancelled.
const LINGER: Duration = Duration::from_millis(250);

/// Enough for a handshake and for the code behind a [`Responder`]; the default is eight times as much.
const STACK_SIZE: usize = 256 << 10;

/// The largest number of threads that wait for the system's resolver, which cannot be interrupted.
const MAX_RESOLVING: usize = 4;

/// The thread, which ends when this is dropped, even while it waits.
#[derive(Debug)]
pub(super) struct Thread {
    queue: Arc<Queue>,
    // Dropping it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Thread {
    pub(super) fn start(webroot: Webroot, idle_timeout: Duration) -> io::Result<Self> {
        let queue = Arc::<Queue>::default();
        let (stop, stopped) = oneshot::channel();
        let consumer = CloseOnDrop(Arc::clone(&queue));
        // The runtime is made on the thread, because it could not be dropped here inside of another runtime.
        let run = move || match runtime() {
            Ok(runtime) => {
                runtime.spawn(serve(consumer, Arc::new(webroot), idle_timeout));
                // It returns an error when the sender is dropped.
                let _ = runtime.block_on(stopped);
                // Without waiting for the resolver.
                runtime.shutdown_background();
            }
            Err(error) => fail_all(&consumer.0, error),
        };
        std::thread::Builder::new()
            .name("jit-trust-remote".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(run)?;
        Ok(Self { queue, _stop: stop })
    }

    /// The queue for lookups; `None` where the thread has failed.
    pub(super) fn queue(&self) -> Option<Arc<Queue>> {
        (!self.queue.is_closed()).then(|| Arc::clone(&self.queue))
    }
}

/// Closes the queue when its consumer ends, even by a panic, so that no lookup waits there forever.
struct CloseOnDrop(Arc<Queue>);

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        drop(self.0.close());
    }
}

fn runtime() -> io::Result<runtime::Runtime> {
    runtime::Builder::new_current_thread()
        .enable_io()
        .enable_time()
        .max_blocking_threads(MAX_RESOLVING)
        .thread_name("jit-trust-resolve")
        .build()
}

/// Makes the lookups of the queue until it is closed.
async fn serve(consumer: CloseOnDrop, webroot: Arc<Webroot>, idle_timeout: Duration) {
    let queue = &consumer.0;
    let permits = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    while let Ok(permit) = Arc::clone(&permits).acquire_owned().await {
        let next = match timeout(idle_timeout, queue.next()).await {
            Ok(next) => next,
            Err(_) => {
                webroot.disconnect();
                queue.next().await
            }
        };
        let Some(lookup) = next else { return };
        let webroot = Arc::clone(&webroot);
        tokio::spawn(async move {
            let response = webroot.look_up(&lookup.request, lookup.deadline);
            let response = while_wanted(&lookup.responder, response).await;
            drop(permit);
            // Otherwise the responder sends an error when it is dropped.
            if let Some(response) = response {
                lookup.responder.send(response);
            }
        });
    }
}

/// Awaits the response, or returns `None` when it is not wanted any more. Then the future is dropped, which cancels its
/// request.
async fn while_wanted<T>(responder: &Responder, response: impl Future<Output = T>) -> Option<T> {
    let mut response = pin!(response);
    let mut unwanted = pin!(async {
        loop {
            responder.unwanted().await;
            sleep(LINGER).await;
            if !responder.is_wanted() {
                return;
            }
        }
    });
    poll_fn(|context| match response.as_mut().poll(context) {
        Poll::Ready(response) => Poll::Ready(Some(response)),
        Poll::Pending => unwanted.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Closes the queue, and fails its lookups. The next lookup starts another thread.
fn fail_all(queue: &Queue, error: io::Error) {
    let error = RemoteError::Thread(Arc::new(error));
    for lookup in queue.close() {
        lookup.responder.send(Err(LookupError::other(error.clone())));
    }
}

#[cfg(test)]
mod tests {
    use jit_trust_core::Name;
    use tokio::time::Instant;

    use super::*;
    use crate::queue::Queued;
    use jit_trust_engine::{AnchorKey, LookupRequest};

    #[test]
    fn where_the_thread_cannot_work_every_lookup_gets_that_error() {
        let queue = Queue::default();
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let tell = tell.clone();
            queue.put(Queued {
                request: LookupRequest::new(AnchorKey::Subject(
                    Name::from_der(&[0x30, 0x00]).unwrap().hash(),
                )),
                responder: Responder::new(move |response| {
                    tell.send(response.unwrap_err().to_string()).unwrap();
                }),
                deadline: Instant::now(),
            });
        }
        drop(tell);
        fail_all(&queue, io::Error::other("no file descriptor is left"));
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, ["starting a thread: no file descriptor is left"; 3]);
        assert!(queue.is_closed(), "the next one starts another thread");
    }
}
