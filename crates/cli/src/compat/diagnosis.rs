//! What is wrong with a site, by a name that stays.

use jit_trust::{Missing, Rejection};
use serde::Serialize;

use crate::http::{Error, Hop, Limit, Outcome, Stage};

/// Why a site is not trusted, or was not answered for. `docs/json.md` promises the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Diagnosis {
    Expired,
    NotValidYet,
    WrongHost,
    MissingIntermediate,
    RootNotTrusted,
    DistrustedByDate,
    NameConstraints,
    BadSignature,
    IssuerIsNoCa,
    /// The certificates are not accepted for another reason.
    NotAccepted,
    /// The trust store could not answer.
    StoreFailed,
    /// The name has no address, or nothing listens there, or the way there is closed.
    Unreachable,
    Proxy,
    /// It took the connection and then said nothing, in the handshake or after the request.
    NeverAnswered,
    /// The handshake broke off though nothing is wrong with the certificates, or before there were any.
    HandshakeFailed,
    /// In the place of an answer the connection was closed, or something came that is not HTTP.
    BadAnswer,
    RedirectLoop,
    /// It redirects without end, and wanted to set a cookie that the rules forbid to keep.
    NeedsCookie,
    RedirectToHttp,
    /// HTTP/2 was asked for, and HTTP/1.1 spoken.
    NoHttp2,
    Other,
}

/// Where a fault lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Fault {
    /// The certificates are not trusted.
    Trust,
    /// The server does not do what a server does; that says nothing about its certificates.
    Server,
    /// There is no way to the server.
    Network,
    /// The trust store is at fault.
    Store,
}

impl Diagnosis {
    pub(super) fn fault(self) -> Fault {
        self.described().0
    }

    /// In a few words.
    pub(super) fn words(self) -> &'static str {
        self.described().1
    }

    fn described(self) -> (Fault, &'static str) {
        match self {
            Self::Expired => (Fault::Trust, "expired"),
            Self::NotValidYet => (Fault::Trust, "not valid yet"),
            Self::WrongHost => (Fault::Trust, "wrong host"),
            Self::MissingIntermediate => (Fault::Trust, "missing intermediate"),
            Self::RootNotTrusted => (Fault::Trust, "root not trusted"),
            Self::DistrustedByDate => (Fault::Trust, "distrusted by date"),
            Self::NameConstraints => (Fault::Trust, "name constraints"),
            Self::BadSignature => (Fault::Trust, "bad signature"),
            Self::IssuerIsNoCa => (Fault::Trust, "issued by no CA"),
            Self::NotAccepted => (Fault::Trust, "certificates not accepted"),
            Self::StoreFailed => (Fault::Store, "trust store failed"),
            Self::Unreachable => (Fault::Network, "unreachable"),
            Self::Proxy => (Fault::Network, "proxy failed"),
            Self::NeverAnswered => (Fault::Server, "server never answered"),
            Self::HandshakeFailed => (Fault::Server, "handshake failed"),
            Self::BadAnswer => (Fault::Server, "no answer in HTTP"),
            Self::RedirectLoop => (Fault::Server, "redirect loop"),
            Self::NeedsCookie => (Fault::Server, "needs a cookie"),
            Self::RedirectToHttp => (Fault::Server, "redirect to http"),
            Self::NoHttp2 => (Fault::Server, "HTTP/2 not spoken"),
            Self::Other => (Fault::Server, "other"),
        }
    }

    /// What is wrong where there was an error, after these hops.
    pub(super) fn of(hops: &[Hop], error: &Error) -> Self {
        let Some(last) = hops.last() else {
            return Self::Other;
        };
        let decision = last.decision.as_ref();
        if let Some(rejection) = decision.and_then(|decision| decision.rejection.as_ref()) {
            return rejection.into();
        }
        match error.limit() {
            Some(Limit::ConnectTimeout) => Self::timed_out(last),
            Some(Limit::MaxRedirects) => Self::no_end(hops),
            Some(Limit::NoDowngrade) => Self::RedirectToHttp,
            Some(Limit::Http2Only) => Self::NoHttp2,
            // The answer is there, and leads nowhere.
            None if last.status.is_some() => Self::Other,
            None => match last.stage {
                Stage::Tls => Self::HandshakeFailed,
                Stage::Request => Self::BadAnswer,
                Stage::Body => Self::Other,
                Stage::Resolve | Stage::Connect | Stage::Proxy => Self::no_way(last),
            },
        }
    }

    /// What is wrong where the time was over, after these hops; whether a store was waited for.
    pub(super) fn of_late(hops: &[Hop], waits_for_a_store: bool) -> Self {
        let Some(last) = hops.last() else {
            return Self::Other;
        };
        let before = hops.iter().rev().skip(1);
        if last.stage == Stage::Tls && waits_for_a_store {
            Self::StoreFailed
        } else if before.clone().any(|hop| hop.url == last.url) {
            Self::no_end(hops)
        } else {
            Self::timed_out(last)
        }
    }

    /// Redirects lead round and round.
    fn no_end(hops: &[Hop]) -> Self {
        let mut cookies = hops.iter().flat_map(|hop| &hop.cookies_set);
        match cookies.any(|cookie| matches!(cookie.outcome, Outcome::Ignored(_))) {
            true => Self::NeedsCookie,
            false => Self::RedirectLoop,
        }
    }

    /// No server was reached.
    fn no_way(hop: &Hop) -> Self {
        match hop.proxy {
            Some(_) => Self::Proxy,
            None => Self::Unreachable,
        }
    }

    fn timed_out(hop: &Hop) -> Self {
        match hop.stage {
            Stage::Resolve | Stage::Connect | Stage::Proxy => Self::no_way(hop),
            Stage::Tls | Stage::Request | Stage::Body => Self::NeverAnswered,
        }
    }
}

impl From<&Rejection> for Diagnosis {
    fn from(rejection: &Rejection) -> Self {
        match rejection {
            Rejection::Expired { .. } => Self::Expired,
            Rejection::NotYetValid { .. } => Self::NotValidYet,
            Rejection::WrongHost { .. } => Self::WrongHost,
            Rejection::NoSuchRoot { missing, .. } => match **missing {
                Missing::Root { sent_alone: true, .. } => Self::MissingIntermediate,
                _ => Self::RootNotTrusted,
            },
            Rejection::DatedRoot(_) => Self::DistrustedByDate,
            Rejection::NameConstraints { .. } => Self::NameConstraints,
            Rejection::BadSignature { .. } => Self::BadSignature,
            Rejection::IssuerNotCa { .. } => Self::IssuerIsNoCa,
            Rejection::StoreFailure(_) => Self::StoreFailed,
            _ => Self::NotAccepted,
        }
    }
}
