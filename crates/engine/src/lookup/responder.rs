//! The way back to whoever asked.

use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError};

use super::interest::Interest;
use super::{LookupError, LookupResponse};

type Deliver = Box<dyn FnOnce(Result<LookupResponse, LookupError>) + Send>;

/// The way back to whoever asked a [`DeferredStore`](super::DeferredStore): at once, later, from any thread.
///
/// A store that takes its time should look whether the answer [is still wanted](Self::is_wanted), or wait for when it
/// is [no more](Self::unwanted), and then drop this: a connection that was given up should not hold up another. A question
/// that somebody wants again when its reply is dropped is put once more.
pub struct Responder {
    /// Nobody locks it, and it lets the reply be shared.
    deliver: Mutex<Option<Deliver>>,
    /// Who wants the answer; `None` where nobody says, so that it is always wanted.
    interest: Option<Arc<Interest>>,
}

impl Responder {
    /// A way back that calls `deliver`, once: for whoever asks a store. Its answer is always wanted; a store around another
    /// hands on the reply that it was given, [changed](Self::map) if need be.
    pub fn new(deliver: impl FnOnce(Result<LookupResponse, LookupError>) + Send + 'static) -> Self {
        Self::made(None, Box::new(deliver))
    }

    /// A way back for an answer that is wanted as long as somebody claims it.
    pub fn claimed(
        interest: Arc<Interest>,
        deliver: impl FnOnce(Result<LookupResponse, LookupError>) + Send + 'static,
    ) -> Self {
        Self::made(Some(interest), Box::new(deliver))
    }

    fn made(interest: Option<Arc<Interest>>, deliver: Deliver) -> Self {
        Self {
            deliver: Mutex::new(Some(deliver)),
            interest,
        }
    }

    fn deliver(&mut self, answer: Result<LookupResponse, LookupError>) {
        let deliver = self.deliver.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(deliver) = deliver.take() {
            deliver(answer);
        }
    }

    /// A way back for the same answer, which is wanted as long as this one is, through `change`: for a store around
    /// another.
    pub fn map(
        mut self,
        change: impl FnOnce(Result<LookupResponse, LookupError>) -> Result<LookupResponse, LookupError>
        + Send
        + 'static,
    ) -> Self {
        let interest = self.interest.clone();
        Self::made(interest, Box::new(move |answer| self.deliver(change(answer))))
    }

    /// Whether a connection waits for the answer. That may change to and fro: one gives up, and the next wants the same.
    pub fn is_wanted(&self) -> bool {
        self.interest.as_ref().is_none_or(|interest| interest.is_wanted())
    }

    /// Waits until no connection waits for the answer; for ever, if one does until the answer comes.
    pub fn unwanted(&self) -> impl Future<Output = ()> + Send + use<> {
        let interest = self.interest.clone();
        async move {
            match interest {
                Some(interest) => interest.lost().await,
                None => pending().await,
            }
        }
    }

    /// Gives the answer, or says why there is none.
    pub fn send(mut self, answer: Result<LookupResponse, LookupError>) {
        self.deliver(answer);
    }
}

/// Nobody waits for an answer that cannot come.
impl Drop for Responder {
    fn drop(&mut self) {
        self.deliver(Err(LookupError::Dropped));
    }
}

impl fmt::Debug for Responder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Responder")
            .field("is_wanted", &self.is_wanted())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::sync::mpsc;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn an_answer_is_wanted_as_long_as_somebody_claims_it_and_may_be_again() {
        let interest = Arc::new(Interest::default());
        let first = interest.claim();
        let reply = Responder::claimed(interest.clone(), |_| ()).map(|answer| answer);
        let mut unwanted = pin!(reply.unwanted());
        let mut context = Context::from_waker(Waker::noop());
        let second = first.clone();
        drop(first);
        assert!(reply.is_wanted() && unwanted.as_mut().poll(&mut context).is_pending());
        drop(second);
        assert!(!reply.is_wanted());
        let third = interest.claim();
        assert!(reply.is_wanted() && unwanted.as_mut().poll(&mut context).is_pending());
        drop(third);
        assert!(unwanted.as_mut().poll(&mut context).is_ready());
        assert_eq!(interest.losses(), 2);
    }

    #[test]
    fn a_reply_that_nobody_claims_is_wanted_for_ever() {
        let reply = Responder::new(|_| ());
        assert!(reply.is_wanted());
        let polled = pin!(reply.unwanted()).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }

    #[test]
    fn what_changes_an_answer_sees_that_a_reply_was_dropped() {
        let (tell, told) = mpsc::channel();
        let reply =
            Responder::new(move |answer| tell.send(answer.map(|_| ()).unwrap_err().to_string()).unwrap());
        drop(reply.map(|answer| {
            assert!(matches!(answer, Err(LookupError::Dropped)));
            Err(LookupError::Cancelled)
        }));
        assert_eq!(
            told.try_iter().collect::<Vec<_>>(),
            [LookupError::Cancelled.to_string()]
        );
    }
}
