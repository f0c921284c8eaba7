//! What was decided about a server, to show: made from the library's report.

use std::time::Duration;

use jit_trust::{
    Certificate, LookupError, LookupRecord, PresentedName, Rejection, StoreError, VerificationReport,
};
use pki_types::{CertificateDer, ServerName};
use serde::Serialize;

use crate::shown::shown;
use crate::store::Store;
use crate::time;

/// What was decided about one server. All text is safe to show.
#[derive(Clone, Debug)]
pub(crate) struct Decision {
    /// What decided, as to be called.
    pub(crate) store: String,
    /// What the server sent, in its order.
    pub(crate) sent: Vec<SentCertificate>,
    /// How many certificates of it could not be read.
    pub(crate) unreadable: usize,
    /// How many anchors the store has, where it knows.
    pub(crate) store_len: Option<usize>,
    /// How many of them, and of those that were looked up, could have issued one of the certificates.
    pub(crate) selected: usize,
    /// What was looked up in stores on servers.
    pub(crate) lookups: Vec<LookupRecord>,
    /// The one that the path ends in.
    pub(crate) root: Option<ChosenRoot>,
    pub(crate) selecting: Duration,
    pub(crate) validating: Duration,
    /// Why the server is not trusted; none if it is.
    pub(crate) refusal: Option<String>,
    /// Why its certificates are not accepted; none if they are, whatever became of the handshake.
    pub(crate) rejection: Option<Rejection>,
}

/// A certificate as a server sent it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SentCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    #[serde(skip)]
    pub(crate) der: Vec<u8>,
}

/// The root that a path ends in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChosenRoot {
    pub(crate) subject: String,
    pub(crate) skid: Option<String>,
}

impl Decision {
    pub(crate) fn of(report: &VerificationReport, store: &Store) -> Self {
        let host = &report.host;
        let name = store.name_for(host);
        let is_known_whole = !store.is_remote || store.is_pinned(host);
        let sent = report.sent().filter_map(|der| Certificate::from_der(der).ok());
        let rejection = report
            .result
            .as_ref()
            .err()
            .filter(|rejection| !rejection.is_after_acceptance())
            .map(|rejection| complete(rejection, report));
        Self {
            sent: sent.map(SentCertificate::from).collect(),
            unreadable: report.unreadable,
            store_len: report.store_len.filter(|_| is_known_whole),
            selected: report.selected,
            lookups: report.lookups.clone(),
            root: report.anchor().map(|anchor| ChosenRoot {
                subject: anchor.subject().to_string(),
                skid: anchor.subject_key_id().map(|key_id| key_id.to_string()),
            }),
            selecting: report.selecting,
            validating: report.validating,
            refusal: rejection
                .as_ref()
                .map(|rejection| in_words(rejection, &name, store.cache.as_deref())),
            rejection,
            store: name,
        }
    }

    /// Whether a store could not answer: that says nothing about the server.
    pub(crate) fn store_failed(&self) -> bool {
        self.rejection.as_ref().is_some_and(Rejection::is_store_failure)
    }
}

impl From<Certificate<'_>> for SentCertificate {
    fn from(certificate: Certificate<'_>) -> Self {
        Self {
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            der: certificate.as_der().to_vec(),
        }
    }
}

/// The rejection, with what the command knows beside the TLS library: the names that a certificate is for, and which date
/// cannot be read.
fn complete(rejection: &Rejection, report: &VerificationReport) -> Rejection {
    let mut rejection = rejection.clone();
    match &mut rejection {
        Rejection::WrongHost { presented, .. } if presented.is_none() => *presented = names_in(report),
        Rejection::UnreadableCertificate { detail, .. } => {
            if let Some(words) = bad_date(report) {
                *detail = Some(words);
            }
        }
        _ => {}
    }
    rejection
}

/// The names that the server's certificate is for; `None` where webpki cannot read them, or finds the host among them.
fn names_in(report: &VerificationReport) -> Option<Vec<PresentedName>> {
    let leaf = CertificateDer::from(report.sent().next()?);
    let host = ServerName::try_from(report.host.as_str()).ok()?;
    let leaf = webpki::EndEntityCert::try_from(&leaf).ok()?;
    match leaf.verify_is_valid_for_subject_name(&host) {
        Err(webpki::Error::CertNotValidForName(context)) => {
            let names = context.presented.iter();
            Some(names.map(|name| PresentedName::of_webpki(name)).collect())
        }
        _ => None,
    }
}

/// That the validity of a certificate of the path cannot be read, or begins or ends before 1970, if so: a library does
/// not say what it cannot read.
fn bad_date(report: &VerificationReport) -> Option<String> {
    let chain = report.chain()?;
    let unreadable = chain
        .path()
        .find_map(|certificate| Some((certificate, time::unreadable_date(certificate)?)));
    let too_early = || {
        chain
            .path()
            .find_map(|certificate| Some((certificate, time::date_before_1970(certificate)?)))
    };
    let (certificate, words) = unreadable.or_else(too_early)?;
    Some(format!(
        "the certificate of \"{}\": {words}",
        certificate.subject()
    ))
}

/// Why a server is not trusted: which certificate, what is wrong with it, what was looked for.
fn in_words(rejection: &Rejection, store: &str, cache: Option<&str>) -> String {
    match rejection {
        Rejection::StoreFailure(error) => no_answer(error, cache),
        rejection => shown(rejection.in_store(store).to_string()).to_string(),
    }
}

/// Why a store cannot answer, and what the user may do about it.
fn no_answer(error: &StoreError, cache: Option<&str>) -> String {
    let why = shown(error.to_string());
    let is_older = matches!(error, StoreError::Lookup { error, .. } if matches!(**error, LookupError::OlderGeneration { .. }));
    match cache.filter(|_| is_older) {
        Some(cache) => format!(
            "the store cannot answer: {why}; if that is meant to be, `jit-trust cache clear --generations {cache}` has \
             the older one taken"
        ),
        None => format!("the store cannot answer: {why}"),
    }
}
