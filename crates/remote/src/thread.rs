//! The thread that asks the server, so that no thread and no runtime of the caller has to.

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

/// How many questions are asked at once.
pub(super) const MAX_IN_FLIGHT: usize = 64;

/// How long a question is asked on after nobody wants the answer any more. It is longer than most answers take: they are of
/// use to the next who wants the same, and servers close connections on which many requests are taken back.
const LINGER: Duration = Duration::from_millis(250);

/// Enough for a handshake and for whoever takes an answer; the default is eight times as much.
const STACK_SIZE: usize = 256 << 10;

/// How many threads at most wait for the system's resolver, which cannot be interrupted.
const MAX_RESOLVING: usize = 4;

/// The thread, which ends when this is dropped, whatever it is waiting for.
#[derive(Debug)]
pub(super) struct Thread {
    questions: Arc<Queue>,
    // Dropping it is what ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Thread {
    pub(super) fn start(webroot: Webroot, idle_timeout: Duration) -> io::Result<Self> {
        let questions = Arc::<Queue>::default();
        let (stop, stopped) = oneshot::channel();
        let asked = AtItsEnd(Arc::clone(&questions));
        // The runtime is made in there: it could not be dropped here, where another may be running.
        let run = move || match runtime() {
            Ok(runtime) => {
                runtime.spawn(answer_all(asked, Arc::new(webroot), idle_timeout));
                // An error, since nothing is ever sent: the other end was dropped.
                let _ = runtime.block_on(stopped);
                // Nobody waits for the resolver any longer.
                runtime.shutdown_background();
            }
            Err(error) => refuse_all(&asked.0, error),
        };
        std::thread::Builder::new()
            .name("jit-trust-remote".to_owned())
            .stack_size(STACK_SIZE)
            .spawn(run)?;
        Ok(Self {
            questions,
            _stop: stop,
        })
    }

    /// Where to put questions; none where the thread has come to grief.
    pub(super) fn questions(&self) -> Option<Arc<Queue>> {
        (!self.questions.is_closed()).then(|| Arc::clone(&self.questions))
    }
}

/// Closes the queue when the thread ends, or what takes questions from it, however it does: nobody would answer what is
/// put there.
struct AtItsEnd(Arc<Queue>);

impl Drop for AtItsEnd {
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

async fn answer_all(asked: AtItsEnd, webroot: Arc<Webroot>, idle_timeout: Duration) {
    let questions = &asked.0;
    let places = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let next = match timeout(idle_timeout, questions.next()).await {
            Ok(next) => next,
            Err(_) => {
                webroot.disconnect();
                questions.next().await
            }
        };
        let Some(next) = next else { return };
        let webroot = Arc::clone(&webroot);
        tokio::spawn(async move {
            let answer = webroot.answer(&next.question, next.deadline);
            let answer = while_wanted(&next.reply, answer).await;
            drop(place);
            // A reply that is dropped says so itself.
            if let Some(answer) = answer {
                next.reply.send(answer);
            }
        });
    }
}

/// What `answer` comes to, or none when nobody wants to know any more. Then it is dropped, and with it a request that is
/// on its way.
async fn while_wanted<T>(reply: &Responder, answer: impl Future<Output = T>) -> Option<T> {
    let mut answer = pin!(answer);
    let mut unwanted = pin!(async {
        loop {
            reply.unwanted().await;
            sleep(LINGER).await;
            if !reply.is_wanted() {
                return;
            }
        }
    });
    poll_fn(|context| match answer.as_mut().poll(context) {
        Poll::Ready(answer) => Poll::Ready(Some(answer)),
        Poll::Pending => unwanted.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Refuses what has been asked. What is asked next starts another thread.
fn refuse_all(questions: &Queue, error: io::Error) {
    let error = RemoteError::Thread(Arc::new(error));
    for asked in questions.close() {
        asked.reply.send(Err(LookupError::other(error.clone())));
    }
}

#[cfg(test)]
mod tests {
    use jit_trust_core::Name;
    use tokio::time::Instant;

    use super::*;
    use crate::queue::Asked;
    use jit_trust_engine::{AnchorKey, LookupRequest};

    #[test]
    fn where_the_thread_cannot_work_every_question_is_told_so() {
        let questions = Queue::default();
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let tell = tell.clone();
            questions.put(Asked {
                question: LookupRequest::new(AnchorKey::Subject(
                    Name::from_der(&[0x30, 0x00]).unwrap().hash(),
                )),
                reply: Responder::new(move |answer| tell.send(answer.unwrap_err().to_string()).unwrap()),
                deadline: Instant::now(),
            });
        }
        drop(tell);
        refuse_all(&questions, io::Error::other("no file descriptor is left"));
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, ["starting a thread: no file descriptor is left"; 3]);
        assert!(questions.is_closed(), "the next one starts another thread");
    }
}
