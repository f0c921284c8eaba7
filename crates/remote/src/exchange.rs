//! A lookup: its HTTP requests, with retries, and its response.

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

/// The error of one try.
enum Failure {
    /// The request failed.
    Remote(RemoteError),
    /// The response cannot be used, and a retry would get the same.
    Response(LookupError),
}

impl Webroot {
    pub(super) fn new(settings: Arc<Settings>, counters: Arc<Counters>) -> Self {
        Self {
            connection: Connection::new(Arc::clone(&settings), counters),
            settings,
            health: Health::default(),
        }
    }

    /// Closes the connection as soon as no request waits for a response.
    pub(super) fn disconnect(&self) {
        self.connection.close();
    }

    /// Makes a lookup by the deadline.
    pub(super) async fn look_up(
        &self,
        request: &LookupRequest,
        deadline: Instant,
    ) -> Result<LookupResponse, LookupError> {
        let response = self.get(&request.key, None, deadline).await?;
        match (response.generation(), request.newest_generation) {
            // It is from a cache, which has no response for a new URL.
            (Some(came), Some(newest)) if came < newest => {
                self.get(&request.key, Some(newest), deadline).await
            }
            _ => Ok(response),
        }
    }

    /// Gets the file for a key, with retries.
    async fn get(
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
        self.wait_for_retry_after(key, deadline).await?;
        let mut last = None;
        let tries = (|| self.get_once(key, &url))
            .retry(retry::pauses(self.health.retries()))
            .adjust(|failure, planned| failure.pause(planned, deadline))
            .notify(|failure, _| last = failure.remote().cloned());
        let response = timeout_at(deadline, tries).await;
        match &response {
            Ok(Ok(_)) => self.health.is_well(key),
            Ok(Err(Failure::Remote(error))) => self.health.failed(key, error, Instant::now()),
            Ok(Err(Failure::Response(_))) | Err(_) => {}
        }
        match response {
            Ok(response) => response.map_err(LookupError::from),
            Err(_) => Err(self.timed_out(last)),
        }
    }

    /// Waits for the time of an earlier `Retry-After`, or returns an error if that ends after the deadline.
    async fn wait_for_retry_after(&self, key: &AnchorKey, deadline: Instant) -> Result<(), LookupError> {
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

    async fn get_once(&self, key: &AnchorKey, url: &Uri) -> Result<LookupResponse, Failure> {
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
        Ok(match key {
            AnchorKey::Subject(_) => LookupResponse::blob(body)?,
            // By key identifier, or by issuer and serial number.
            _ => LookupResponse::certificate(body)?,
        })
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

/// Reads the body. If it is too long, no more is read than is needed to know that.
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
            Self::Response(_) => None,
        }
    }

    /// The pause before the next retry; `None` where there is none.
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
        Self::Response(error)
    }
}

impl From<Failure> for LookupError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Remote(error) => Self::other(error),
            Failure::Response(error) => error,
        }
    }
}
