//! The way back to whoever asked.

use std::fmt;

use super::{Answer, QueryError};

type Deliver = Box<dyn FnOnce(Result<Answer, QueryError>) + Send>;

/// The way back to whoever asked a [`QueryStore`](super::QueryStore): at once, later, from any thread.
pub struct Reply(Option<Deliver>);

impl Reply {
    /// A way back that calls `deliver`, once: for whoever asks a store, as a store around another does.
    pub fn new(deliver: impl FnOnce(Result<Answer, QueryError>) + Send + 'static) -> Self {
        Self(Some(Box::new(deliver)))
    }

    /// Gives the answer, or says why there is none.
    pub fn send(mut self, answer: Result<Answer, QueryError>) {
        if let Some(deliver) = self.0.take() {
            deliver(answer);
        }
    }
}

/// Nobody waits for an answer that cannot come.
impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(deliver) = self.0.take() {
            deliver(Err(QueryError::Dropped));
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply").finish_non_exhaustive()
    }
}
