//! A store that answers as a test says, and what is asked of it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use jit_trust::{
    AnchorKey, Certificate, DeferredStore, LookupError, LookupKind, LookupRequest, LookupResponse, Responder,
};
use jit_trust_core::v2;
use jit_trust_lab::pki::Ca;

use crate::stores;

/// A store that answers as a test says: at once, or, while it holds back, when told to.
#[derive(Clone, Debug, Default)]
pub(crate) struct Deferred(Arc<State>);

#[derive(Debug, Default)]
struct State {
    keys: LookupKind,
    answers: Mutex<HashMap<AnchorKey, What>>,
    asked: Mutex<Vec<LookupRequest>>,
    holds_back: AtomicBool,
    held_back: Mutex<Vec<(LookupRequest, Responder)>>,
    changed: Condvar,
}

/// What it says to a question.
#[derive(Clone, Debug)]
pub(crate) enum What {
    Blob(Vec<u8>),
    Certificate(Vec<u8>),
    Broken,
}

impl Deferred {
    /// A store of these roots, of generation 7.
    pub(crate) fn of(roots: &[&Ca]) -> Self {
        let deferred = Self::default();
        roots.iter().for_each(|root| deferred.has(root, 7));
        deferred
    }

    /// One that is asked by key identifier, and has bare certificates.
    pub(crate) fn by_key_id(roots: &[&Ca]) -> Self {
        let deferred = Self(Arc::new(State {
            keys: LookupKind::KeyIdentifier,
            ..State::default()
        }));
        for root in roots {
            let certificate = What::Certificate(root.der().to_vec());
            deferred.says(by_key_id(root), certificate.clone());
            deferred.says(by_issuer_serial(root), certificate);
        }
        deferred
    }

    /// It has this root, in a blob of this generation.
    pub(crate) fn has(&self, root: &Ca, generation: u32) {
        self.says(by_subject(root), What::Blob(blob(&[root], generation)));
    }

    pub(crate) fn says(&self, key: AnchorKey, what: What) {
        self.0.answers.lock().unwrap().insert(key, what);
    }

    /// It has no such anchor.
    pub(crate) fn loses(&self, root: &Ca) {
        self.0.answers.lock().unwrap().remove(&by_subject(root));
    }

    /// What it was asked, in that order.
    pub(crate) fn asked(&self) -> Vec<AnchorKey> {
        let asked = self.0.asked.lock().unwrap();
        asked.iter().map(|question| question.key.clone()).collect()
    }

    pub(crate) fn queries(&self) -> usize {
        self.0.asked.lock().unwrap().len()
    }

    /// Which generation it was told to be the newest, when it was last asked.
    pub(crate) fn last_told(&self) -> Option<u32> {
        self.0.asked.lock().unwrap().last()?.newest_generation
    }

    /// Does not answer until told to.
    pub(crate) fn hold_back(&self) {
        self.0.holds_back.store(true, Ordering::SeqCst);
    }

    /// Answers at once from now on.
    pub(crate) fn answer_at_once(&self) {
        self.0.holds_back.store(false, Ordering::SeqCst);
    }

    /// Waits until so many questions are held back.
    pub(crate) fn wait_for(&self, count: usize) {
        let held_back = self.0.held_back.lock().unwrap();
        let enough = self
            .0
            .changed
            .wait_timeout_while(held_back, Duration::from_secs(20), |held| held.len() < count);
        assert!(!enough.unwrap().1.timed_out(), "{count} questions did not come");
    }

    pub(crate) fn is_held_back(&self) -> bool {
        !self.0.held_back.lock().unwrap().is_empty()
    }

    /// The first question that was held back, with what it has to say to it now.
    pub(crate) fn take_first(&self) -> (Responder, Result<LookupResponse, LookupError>) {
        let (question, reply) = self.0.held_back.lock().unwrap().remove(0);
        (reply, self.answer(&question))
    }

    pub(crate) fn answer_first(&self) {
        let (reply, answer) = self.take_first();
        reply.send(answer);
    }

    fn answer(&self, question: &LookupRequest) -> Result<LookupResponse, LookupError> {
        let what = self.0.answers.lock().unwrap().get(&question.key).cloned();
        match what {
            Some(What::Blob(blob)) => LookupResponse::blob(blob),
            Some(What::Certificate(der)) => LookupResponse::certificate(der),
            Some(What::Broken) => Err(LookupError::other("the line is dead")),
            None => Ok(LookupResponse::not_found()),
        }
    }
}

impl DeferredStore for Deferred {
    fn name(&self) -> String {
        "deferred".to_owned()
    }

    fn kind(&self) -> LookupKind {
        self.0.keys
    }

    fn look_up(&self, question: LookupRequest, reply: Responder) {
        self.0.asked.lock().unwrap().push(question.clone());
        if self.0.holds_back.load(Ordering::SeqCst) {
            self.0.held_back.lock().unwrap().push((question, reply));
            self.0.changed.notify_all();
        } else {
            reply.send(self.answer(&question));
        }
    }
}

/// A trust blob of these roots and this generation.
pub(crate) fn blob(roots: &[&Ca], generation: u32) -> Vec<u8> {
    let roots: Vec<_> = roots.iter().map(|root| root.der()).collect();
    let entries: Vec<_> = roots.iter().map(|der| stores::entry(der)).collect();
    v2::to_vec(&entries, v2::Options::default(), generation).unwrap()
}

pub(crate) fn by_subject(ca: &Ca) -> AnchorKey {
    let der = ca.der();
    AnchorKey::Subject(Certificate::from_der(&der).unwrap().subject().hash())
}

pub(crate) fn by_key_id(ca: &Ca) -> AnchorKey {
    AnchorKey::SubjectKeyId(ca.subject_key_id().unwrap_or_default().into())
}

pub(crate) fn by_issuer_serial(ca: &Ca) -> AnchorKey {
    let der = ca.der();
    let certificate = Certificate::from_der(&der).unwrap();
    AnchorKey::IssuerSerial {
        issuer: certificate.issuer().hash(),
        serial: certificate.serial().into(),
    }
}

/// Waits until `condition` holds, a few seconds at most.
pub(crate) fn wait_until(condition: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !condition() {
        assert!(Instant::now() < deadline, "it did not come to that");
        std::thread::sleep(Duration::from_millis(2));
    }
}
