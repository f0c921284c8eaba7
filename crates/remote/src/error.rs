//! Why a remote store could not be made, or could not answer.

use std::error::{self, Error};
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

/// What lies behind an error. Many questions may have failed of it, so that it is shared.
type Cause = Arc<dyn Error + Send + Sync>;

/// Why a [`RemoteStore`](crate::RemoteStore) could not be made, or could not answer.
///
/// As the reason of a [`LookupError::Other`](jit_trust_engine::LookupError::Other) it says what came, and leaves it to whoever asked to
/// say which store it was and which key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RemoteError {
    /// The URL is none that a webroot can have; the words say why.
    Url(&'static str),
    /// There is no certificate to trust the server by.
    NoTrust,
    /// A certificate to trust the server by cannot be used.
    Trust(Cause),
    /// There is no provider of cryptography.
    NoProvider,
    /// The provider of cryptography cannot be used.
    Provider(Cause),
    /// A timeout of zero.
    NoTime,
    /// The thread that asks the server cannot be started.
    Thread(Arc<io::Error>),
    /// More questions are waiting than the store keeps.
    TooManyQuestions,
    /// There is no connection to the server.
    Connect(Cause),
    /// There was no connection to the server in time.
    ConnectTimedOut(Duration),
    /// The server is not to be trusted, or speaks a TLS that is not understood.
    Tls(Cause),
    /// The server does not speak HTTP/2.
    NoHttp2,
    /// The connection broke off, or was no good HTTP/2.
    Http(Cause),
    /// The server answered with a status that is neither an answer nor "not found".
    Status {
        /// The status code.
        status: u16,
        /// When the server wants to be asked again, if it says.
        retry_after: Option<Duration>,
    },
    /// The server has said that it wants to be asked again later, and it is not time yet: it is asked again when this has
    /// passed.
    LeftAlone(Duration),
    /// There was no answer in time, though the question was asked several times.
    TimedOut {
        /// The time that there was.
        after: Duration,
        /// What came the last time.
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

    /// Whether it may be over a moment later.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Connect(_) | Self::ConnectTimedOut(_) | Self::Http(_) => true,
            Self::Status { status, .. } => matches!(status, 408 | 429 | 500..),
            _ => false,
        }
    }

    /// Whether it is the server that fails, and not this question that is one too many.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Status { status: 500.., .. })
    }

    /// When the server wants to be asked again, if it says.
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
            Self::TooManyQuestions => f.write_str("too many questions wait for an answer already"),
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

/// An error and what lies behind it, in one line: those of HTTP say little by themselves.
struct Causes<'a>(&'a Cause);

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = self.0.to_string();
        f.write_str(&shown)?;
        let first: &dyn error::Error = &**self.0;
        let mut next = first.source();
        while let Some(error) = next {
            let text = error.to_string();
            // Some say what lies behind them themselves.
            if !shown.ends_with(&text) {
                write!(f, ": {text}")?;
                shown = text;
            }
            next = error.source();
        }
        Ok(())
    }
}
