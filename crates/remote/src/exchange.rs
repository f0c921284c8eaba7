//! One question, from its URL to its answer.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backon::Retryable;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::{Response, StatusCode, Uri};
use tokio::time::{Instant, sleep_until, timeout_at};

use super::connection::Connection;
use super::health::Health;
use super::settings::Settings;
use super::traffic::Counters;
use super::{RemoteError, retry};
use jit_trust_engine::{AnchorKey, LookupError, LookupRequest, LookupResponse, MAX_RESPONSE_LEN};

/// A webroot on a server.
#[derive(Debug)]
pub(super) struct Webroot {
    settings: Arc<Settings>,
    connection: Connection,
    health: Health,
}

/// Why one try gave no answer.
enum Failure {
    /// On the way.
    Remote(RemoteError),
    /// What came is no answer, and would be none the next time.
    NoAnswer(LookupError),
}

impl Webroot {
    pub(super) fn new(settings: Arc<Settings>, counters: Arc<Counters>) -> Self {
        Self {
            connection: Connection::new(Arc::clone(&settings), counters),
            settings,
            health: Health::default(),
        }
    }

    /// Closes the connection as soon as nobody waits for an answer on it.
    pub(super) fn disconnect(&self) {
        self.connection.close();
    }

    /// Answers a question by the deadline, or says why not.
    pub(super) async fn answer(
        &self,
        question: &LookupRequest,
        deadline: Instant,
    ) -> Result<LookupResponse, LookupError> {
        let answer = self.ask(&question.key, None, deadline).await?;
        match (answer.generation(), question.newest_generation) {
            // A cache on the way has kept it. It has nothing for a URL that nobody has asked for.
            (Some(came), Some(newest)) if came < newest => {
                self.ask(&question.key, Some(newest), deadline).await
            }
            _ => Ok(answer),
        }
    }

    /// Asks, again where what went wrong may pass.
    async fn ask(
        &self,
        key: &AnchorKey,
        generation: Option<u32>,
        deadline: Instant,
    ) -> Result<LookupResponse, LookupError> {
        let url = self
            .settings
            .url
            .of(key, generation)
            .map_err(LookupError::other)?;
        self.wait_until_it_may_be_asked(key, deadline).await?;
        let mut last = None;
        let tries = (|| self.ask_once(key, &url))
            .retry(retry::pauses(self.health.retries()))
            .adjust(|failure, planned| failure.pause(planned, deadline))
            .notify(|failure, _| last = failure.remote().cloned());
        let answered = timeout_at(deadline, tries).await;
        match &answered {
            Ok(Ok(_)) => self.health.is_well(key),
            Ok(Err(Failure::Remote(error))) => self.health.failed(key, error, Instant::now()),
            Ok(Err(Failure::NoAnswer(_))) | Err(_) => {}
        }
        match answered {
            Ok(answered) => answered.map_err(LookupError::from),
            Err(_) => Err(self.timed_out(last)),
        }
    }

    /// Waits as long as the server wants to be left alone, or says that this would be too long.
    async fn wait_until_it_may_be_asked(
        &self,
        key: &AnchorKey,
        deadline: Instant,
    ) -> Result<(), LookupError> {
        let mut now = Instant::now();
        while let Some(not_before) = self.health.not_before(key, now) {
            if deadline <= not_before {
                let error = RemoteError::LeftAlone(not_before.saturating_duration_since(now));
                return Err(LookupError::other(error));
            }
            sleep_until(not_before).await;
            now = Instant::now();
        }
        Ok(())
    }

    async fn ask_once(&self, key: &AnchorKey, url: &Uri) -> Result<LookupResponse, Failure> {
        let response = self.connection.get(url).await?;
        match response.status() {
            StatusCode::OK => {}
            StatusCode::NOT_FOUND | StatusCode::GONE => return Ok(LookupResponse::not_found()),
            status => {
                let error = RemoteError::Status {
                    status: status.as_u16(),
                    retry_after: retry::retry_after(response.headers(), SystemTime::now()),
                };
                return Err(error.into());
            }
        }
        let body = whole(response).await?;
        let answer = match key {
            AnchorKey::Subject(_) => LookupResponse::blob(body),
            // By key identifier, or by issuer and serial number.
            _ => LookupResponse::certificate(body),
        };
        Ok(answer?)
    }

    fn timed_out(&self, last: Option<RemoteError>) -> LookupError {
        let after = self.settings.query_timeout;
        match last {
            None => LookupError::TimedOut(after),
            Some(last) => LookupError::other(RemoteError::TimedOut {
                after,
                last: Box::new(last),
            }),
        }
    }
}

/// The body, if it is short enough for an answer. Of one that is not, no more is read than it takes to know.
async fn whole(response: Response<Incoming>) -> Result<Vec<u8>, Failure> {
    let body = response.into_body();
    if usize::try_from(body.size_hint().lower()).map_or(true, |announced| announced > MAX_RESPONSE_LEN) {
        return Err(LookupError::TooLarge.into());
    }
    match Limited::new(body, MAX_RESPONSE_LEN).collect().await {
        Ok(body) => Ok(body.to_bytes().into()),
        Err(error) if error.is::<LengthLimitError>() => Err(LookupError::TooLarge.into()),
        Err(error) => Err(RemoteError::http(error).into()),
    }
}

impl Failure {
    fn remote(&self) -> Option<&RemoteError> {
        match self {
            Self::Remote(error) => Some(error),
            Self::NoAnswer(_) => None,
        }
    }

    /// How long to wait before asking again; none where that is of no use.
    fn pause(&self, planned: Option<Duration>, deadline: Instant) -> Option<Duration> {
        let error = self.remote().filter(|error| error.may_pass())?;
        retry::pause(error, planned, deadline)
    }
}

impl From<RemoteError> for Failure {
    fn from(error: RemoteError) -> Self {
        Self::Remote(error)
    }
}

impl From<LookupError> for Failure {
    fn from(error: LookupError) -> Self {
        Self::NoAnswer(error)
    }
}

impl From<Failure> for LookupError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Remote(error) => Self::other(error),
            Failure::NoAnswer(error) => error,
        }
    }
}
