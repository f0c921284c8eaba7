//! The thread that asks the server, so that no thread and no runtime of the caller has to.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Semaphore, mpsc, oneshot};
use tokio::time::{Instant, timeout};

use super::RemoteError;
use super::exchange::Webroot;
use crate::{QueryError, Question, Reply};

/// How many questions are asked at once.
pub(super) const MAX_IN_FLIGHT: usize = 64;

/// How many more wait.
pub(super) const MAX_WAITING: usize = 256;

/// Enough for a handshake and for whoever takes an answer; the default is eight times as much.
const STACK_SIZE: usize = 256 << 10;

/// How many threads at most wait for the system's resolver, which cannot be interrupted.
const MAX_RESOLVING: usize = 4;

/// A question on its way to the thread.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) question: Question,
    pub(super) reply: Reply,
    pub(super) deadline: Instant,
}

/// The thread, which ends when this is dropped, whatever it is waiting for.
#[derive(Debug)]
pub(super) struct Thread {
    questions: mpsc::Sender<Asked>,
    // Dropping it is what ends the thread.
    _stop: oneshot::Sender<()>,
}

/// Where the thread takes its questions from.
#[derive(Clone, Debug)]
pub(super) struct Questions(mpsc::Sender<Asked>);

impl Thread {
    pub(super) fn start(webroot: Webroot, idle_timeout: Duration) -> io::Result<Self> {
        let (questions, asked) = mpsc::channel(MAX_WAITING);
        let (stop, stopped) = oneshot::channel();
        // The runtime is made in there: it could not be dropped here, where another may be running.
        let run = move || match runtime() {
            Ok(runtime) => {
                runtime.spawn(answer_all(asked, Arc::new(webroot), idle_timeout));
                // An error, since nothing is ever sent: the other end was dropped.
                let _ = runtime.block_on(stopped);
                // Nobody waits for the resolver any longer.
                runtime.shutdown_background();
            }
            Err(error) => refuse_all(asked, error),
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
    pub(super) fn questions(&self) -> Option<Questions> {
        let questions = Questions(self.questions.clone());
        (!self.questions.is_closed()).then_some(questions)
    }
}

impl Questions {
    /// Hands a question over, or refuses it at once.
    pub(super) fn put(&self, asked: Asked) {
        match self.0.try_send(asked) {
            Ok(()) => {}
            Err(TrySendError::Full(asked)) => {
                let error = QueryError::other(RemoteError::TooManyQuestions);
                asked.reply.send(Err(error));
            }
            // The reply says of itself that it was dropped.
            Err(TrySendError::Closed(_)) => {}
        }
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

async fn answer_all(mut asked: mpsc::Receiver<Asked>, webroot: Arc<Webroot>, idle_timeout: Duration) {
    let places = Arc::new(Semaphore::new(MAX_IN_FLIGHT));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let next = match timeout(idle_timeout, asked.recv()).await {
            Ok(next) => next,
            Err(_) => {
                webroot.disconnect();
                asked.recv().await
            }
        };
        let Some(next) = next else { return };
        let webroot = Arc::clone(&webroot);
        tokio::spawn(async move {
            let answer = webroot.answer(&next.question, next.deadline).await;
            drop(place);
            next.reply.send(answer);
        });
    }
}

/// Refuses what has been asked. What is asked next starts another thread.
fn refuse_all(mut asked: mpsc::Receiver<Asked>, error: io::Error) {
    let error = RemoteError::Thread(Arc::new(error));
    asked.close();
    while let Some(asked) = asked.blocking_recv() {
        asked.reply.send(Err(QueryError::other(error.clone())));
    }
}

#[cfg(test)]
mod tests {
    use jit_trust_core::Name;

    use super::*;
    use crate::AnchorKey;

    #[test]
    fn where_the_thread_cannot_work_every_question_is_told_so() {
        let (questions, asked) = mpsc::channel(MAX_WAITING);
        let (tell, told) = std::sync::mpsc::channel();
        for _ in 0..3 {
            let tell = tell.clone();
            Questions(questions.clone()).put(Asked {
                question: Question {
                    key: AnchorKey::Subject(Name::from_der(&[0x30, 0x00]).unwrap().hash()),
                    newest_generation: None,
                },
                reply: Reply::new(move |answer| tell.send(answer.unwrap_err().to_string()).unwrap()),
                deadline: Instant::now(),
            });
        }
        drop(tell);
        refuse_all(asked, io::Error::other("no file descriptor is left"));
        let told: Vec<_> = told.iter().collect();
        assert_eq!(told, ["starting a thread: no file descriptor is left"; 3]);
        assert!(questions.is_closed(), "the next one starts another thread");
    }
}
