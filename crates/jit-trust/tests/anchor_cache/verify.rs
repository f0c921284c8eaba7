//! Asking a verifier, as rustls does.

use std::sync::{Arc, Mutex};

use jit_trust::{LookupOutcome, LookupRecord, Rejection, TrustPolicy, Verifier, rejection};
use jit_trust_lab::pki::now;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::Error;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::aws_lc_rs;

/// A verifier that remembers which questions it asked.
#[derive(Debug)]
pub(crate) struct Judge {
    verifier: Verifier,
    made: Arc<Mutex<Vec<LookupRecord>>>,
}

impl Judge {
    pub(crate) fn new(trust: &TrustPolicy) -> Self {
        Self::of(Verifier::with_provider(
            trust.clone(),
            &aws_lc_rs::default_provider(),
        ))
    }

    pub(crate) fn of(verifier: Verifier) -> Self {
        let made = Arc::new(Mutex::new(Vec::new()));
        let tell = made.clone();
        let verifier = verifier.on_verification(move |verification| {
            *tell.lock().unwrap() = verification.lookups.to_vec();
        });
        Self { verifier, made }
    }

    /// The verdict on what a server of this name sent.
    pub(crate) fn ask_about(&self, host: &str, sent: &[CertificateDer<'_>]) -> Result<(), Error> {
        let (end_entity, intermediates) = sent.split_first().unwrap();
        let name = ServerName::try_from(host).unwrap();
        let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(now().try_into().unwrap()));
        let verdict = self
            .verifier
            .verify_server_cert(end_entity, intermediates, &name, &[], time);
        verdict.map(|_| ())
    }

    pub(crate) fn ask(&self, sent: &[CertificateDer<'_>]) -> Result<(), Error> {
        self.ask_about("a.test", sent)
    }

    /// What came of the questions of the last verification.
    pub(crate) fn outcomes(&self) -> Vec<LookupOutcome> {
        let made = self.made.lock().unwrap();
        made.iter().map(|made| made.outcome.clone()).collect()
    }
}

pub(crate) fn ask(trust: &TrustPolicy, sent: &[CertificateDer<'_>]) -> Result<(), Error> {
    Judge::new(trust).ask(sent)
}

/// Whether a server was rejected because the root is in no store.
pub(crate) fn is_no_such_root(error: &Error) -> bool {
    matches!(rejection(error), Some(Rejection::NoSuchRoot { .. }))
}

/// The words of a refusal.
pub(crate) fn words(verdict: Result<(), Error>) -> String {
    let error = verdict.unwrap_err();
    format!("{error} / {error:?}")
}
