//! Where a store sends its response.

use std::fmt;
use std::future::{Future, pending};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use super::{LookupError, LookupResponse, SharedLookup};

type Deliver = Box<dyn FnOnce(Result<LookupResponse, LookupError>) + Send>;

/// Where a [`DeferredStore`](super::DeferredStore) sends its response: at once, or later from any thread.
///
/// A store that takes its time should check whether the response [is still wanted](Self::is_wanted), or wait until it
/// is [no longer](Self::unwanted), and then drop this: a connection that was given up should not delay another. A request
/// that is wanted again when its responder is dropped is sent once more.
pub struct Responder {
    /// Never locked: the mutex makes the responder `Sync`.
    deliver: Mutex<Option<Deliver>>,
    /// Those who wait for the response; `None` where that is not known, so that it is always wanted.
    lookup: Option<Weak<SharedLookup>>,
}

impl Responder {
    /// Calls `deliver` once, for a caller that asks a store itself. The response is always wanted; a store around another
    /// passes on the responder that it was given, [changed](Self::map) if need be.
    pub fn new(deliver: impl FnOnce(Result<LookupResponse, LookupError>) + Send + 'static) -> Self {
        Self::made(None, Box::new(deliver))
    }

    /// Calls `deliver` once. The response is wanted while somebody waits for this lookup.
    pub fn shared(
        lookup: Weak<SharedLookup>,
        deliver: impl FnOnce(Result<LookupResponse, LookupError>) + Send + 'static,
    ) -> Self {
        Self::made(Some(lookup), Box::new(deliver))
    }

    fn made(lookup: Option<Weak<SharedLookup>>, deliver: Deliver) -> Self {
        Self {
            deliver: Mutex::new(Some(deliver)),
            lookup,
        }
    }

    fn deliver(&mut self, response: Result<LookupResponse, LookupError>) {
        let deliver = self.deliver.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(deliver) = deliver.take() {
            deliver(response);
        }
    }

    /// Passes the response through `change` first. It is wanted as long as that of this responder: for a store around
    /// another.
    #[must_use]
    pub fn map(
        mut self,
        change: impl FnOnce(Result<LookupResponse, LookupError>) -> Result<LookupResponse, LookupError>
        + Send
        + 'static,
    ) -> Self {
        let lookup = self.lookup.clone();
        Self::made(lookup, Box::new(move |response| self.deliver(change(response))))
    }

    /// Whether a connection waits for the response. That may change back: one gives up, and the next wants the same.
    pub fn is_wanted(&self) -> bool {
        let is_wanted = |lookup: Arc<SharedLookup>| lookup.is_wanted();
        self.lookup
            .as_ref()
            .is_none_or(|lookup| lookup.upgrade().is_some_and(is_wanted))
    }

    /// Waits until no connection waits for the response; for ever, if one does until the response comes.
    pub fn unwanted(&self) -> impl Future<Output = ()> + Send + use<> {
        let lookup = self.lookup.clone();
        async move {
            match lookup {
                Some(lookup) => SharedLookup::unwanted(lookup).await,
                None => pending().await,
            }
        }
    }

    /// Gives the response, or says why there is none.
    pub fn send(mut self, response: Result<LookupResponse, LookupError>) {
        self.deliver(response);
    }
}

/// No caller waits for a response that cannot come.
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
    fn a_response_is_wanted_while_somebody_waits_and_may_be_wanted_again() {
        let lookup = Arc::<SharedLookup>::default();
        let first = lookup.waiter();
        let responder = Responder::shared(Arc::downgrade(&lookup), |_| ()).map(|response| response);
        let mut unwanted = pin!(responder.unwanted());
        let mut context = Context::from_waker(Waker::noop());
        let second = first.clone();
        drop(first);
        assert!(responder.is_wanted() && unwanted.as_mut().poll(&mut context).is_pending());
        drop(second);
        assert!(!responder.is_wanted());
        let third = lookup.waiter();
        assert!(responder.is_wanted() && unwanted.as_mut().poll(&mut context).is_pending());
        drop(third);
        assert!(unwanted.as_mut().poll(&mut context).is_ready());
        assert_eq!(lookup.abandonments(), 2);
    }

    #[test]
    fn a_response_to_a_lookup_that_is_gone_is_unwanted() {
        let lookup = Arc::<SharedLookup>::default();
        let waiter = lookup.waiter();
        let responder = Responder::shared(Arc::downgrade(&lookup), |_| ());
        drop(lookup);
        let mut unwanted = pin!(responder.unwanted());
        let mut context = Context::from_waker(Waker::noop());
        assert!(responder.is_wanted() && unwanted.as_mut().poll(&mut context).is_pending());
        drop(waiter);
        assert!(!responder.is_wanted() && unwanted.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn a_response_for_an_unknown_number_of_callers_is_always_wanted() {
        let responder = Responder::new(|_| ());
        assert!(responder.is_wanted());
        let polled = pin!(responder.unwanted()).poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }

    #[test]
    fn what_changes_a_response_sees_that_a_responder_was_dropped() {
        let (tell, told) = mpsc::channel();
        let responder =
            Responder::new(move |response| tell.send(response.map(|_| ()).unwrap_err().to_string()).unwrap());
        drop(responder.map(|response| {
            assert!(matches!(response, Err(LookupError::Dropped)));
            Err(LookupError::Cancelled)
        }));
        assert_eq!(
            told.try_iter().collect::<Vec<_>>(),
            [LookupError::Cancelled.to_string()]
        );
    }
}
