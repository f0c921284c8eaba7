//! The error of a remote store.

use std::error::{self, Error};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

/// The source of an error. It is shared, because many lookups may have failed for it.
type Cause = Arc<dyn Error + Send + Sync>;

/// The error of a [`RemoteStore`](crate::RemoteStore) that could not be made, or of a lookup.
///
/// The error of a lookup is inside a [`LookupError::Other`](jit_trust_engine::LookupError::Other). It does not name the store
/// and the key, because [`StoreError::Lookup`](jit_trust_engine::StoreError::Lookup) does.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RemoteError {
    /// The URL is not valid for a webroot, for this reason.
    Url(&'static str),
    /// There is no CA to verify the server by.
    NoTrust,
    /// A CA to verify the server by cannot be used.
    Trust(Cause),
    /// There is no provider of cryptography.
    NoProvider,
    /// The provider of cryptography cannot be used.
    Provider(Cause),
    /// A timeout of zero.
    NoTime,
    /// The thread that asks the server cannot be started.
    Thread(Arc<io::Error>),
    /// Too many lookups are waiting.
    TooManyQuestions,
    /// The connection to the server failed.
    Connect(Cause),
    /// There was no connection to the server within this time.
    ConnectTimedOut(Duration),
    /// The TLS handshake failed, such as because the server is not trusted.
    Tls(Cause),
    /// The server does not speak HTTP/2.
    NoHttp2,
    /// The connection was closed, or the server violated HTTP/2.
    Http(Cause),
    /// The HTTP status is neither success nor "not found".
    Status {
        /// The status code.
        status: u16,
        /// The time of the `Retry-After`, if there is one.
        retry_after: Option<Duration>,
    },
    /// No request is sent because of an earlier `Retry-After`, for this time.
    LeftAlone(Duration),
    /// There was no response in time, after retries.
    TimedOut {
        /// The time limit.
        after: Duration,
        /// The error of the last try.
        last: Box<RemoteError>,
    },
}

impl RemoteError {
    pub(super) fn trust(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Trust(cause.into().into())
    }

    pub(super) fn connect(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Connect(cause.into().into())
    }

    pub(super) fn http(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Http(cause.into().into())
    }

    /// Whether a retry may succeed.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Connect(_) | Self::ConnectTimedOut(_) | Self::Http(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// Whether the server itself fails, not only this request.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Status { status: 500.., .. })
    }

    /// The time of the `Retry-After`, if there is one.
    pub(super) fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(why) => {
                write!(f, "expected a webroot's URL, https://host[:port][/path]: {why}")
            }
            Self::NoTrust => f.write_str(
                "nothing to trust the webroot's server by: give the certificate of its CA (trust_certificates, trust_pem)",
            ),
            Self::Trust(cause) => write!(f, "to trust the webroot's server by: {}", Causes(cause)),
            Self::NoProvider => f.write_str(
                "no provider of cryptography: give one (provider), or install one for the process \
                 (CryptoProvider::install_default)",
            ),
            Self::Provider(cause) => write!(f, "the provider of cryptography: {}", Causes(cause)),
            Self::NoTime => f.write_str("a timeout is longer than zero"),
            Self::Thread(error) => write!(f, "starting a thread: {error}"),
            Self::TooManyQuestions => f.write_str("too many lookups are waiting already"),
            Self::Connect(cause) => write!(f, "connecting: {}", Causes(cause)),
            Self::ConnectTimedOut(after) => write!(f, "connecting: no connection within {after:?}"),
            Self::Tls(cause) => write!(f, "TLS: {}", Causes(cause)),
            Self::NoHttp2 => f.write_str("HTTP/2 is not spoken by the server, and a webroot's server has to"),
            Self::Http(cause) => write!(f, "HTTP/2: {}", Causes(cause)),
            Self::Status { status, retry_after } => {
                write!(f, "HTTP status {status}")?;
                match (status, retry_after) {
                    (301..=303 | 307 | 308, _) => {
                        f.write_str(", a redirect, and those of a store are not followed: give the URL where it is")
                    }
                    (_, Some(after)) => write!(f, ", to be asked again in {} s", after.as_secs()),
                    _ => Ok(()),
                }
            }
            Self::LeftAlone(left) => write!(
                f,
                "the server wants to be left alone for now (HTTP's Retry-After) and is asked again in {} s: connect again \
                 then",
                left.as_secs().saturating_add(1)
            ),
            Self::TimedOut { after, last } => write!(f, "no answer within {after:?}; before that: {last}"),
        }
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Trust(cause)
            | Self::Provider(cause)
            | Self::Connect(cause)
            | Self::Tls(cause)
            | Self::Http(cause) => Some(&**cause),
            Self::Thread(error) => Some(&**error),
            Self::TimedOut { last, .. } => Some(&**last),
            Self::Url(_)
            | Self::NoTrust
            | Self::NoProvider
            | Self::NoTime
            | Self::TooManyQuestions
            | Self::LeftAlone(_)
            | Self::ConnectTimedOut(_)
            | Self::NoHttp2
            | Self::Status { .. } => None,
        }
    }
}

/// An error and its sources in one line, because the errors of HTTP say little by themselves.
struct Causes<'a>(&'a Cause);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let first: &dyn error::Error = &**self.0;
        let mut next = first.source();
        while let Some(error) = next {
            let text = error.to_string();
            // Some messages include that of their source.
            if !shown.ends_with(&text) {
                write!(f, ": {text}")?;
                shown = text;
            }
            next = error.source();
        }
        Ok(())
    }
}
