//! Asking about many webs, on every processor.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use jit_trust_lab::pki::pem;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};

use super::signatures::PROVIDER;
use super::spec::{self, Web};
use super::{store, web};
use crate::question::{Request, Verdict};
use crate::root::TrustedRoot;
use crate::verifiers::{Difference, Exceptions, Verifiers};

/// How many webs share a store: to write one takes as long as to ask about some tens of webs.
const WEBS_PER_STORE: u64 = 250;

/// The verdict that stands beside the kinds of [`Reason`](crate::question::Reason).
pub(super) const ACCEPTED: &str = "Accepted";

pub(super) struct Outcome {
    /// How often each verdict was given.
    pub(super) verdicts: BTreeMap<String, u64>,
    /// How often the limits of lookups in the deferred store were the reason for another verdict.
    pub(super) exceptions: Exceptions,
    /// How often each other library judged, and accepted.
    pub(super) libraries: Libraries,
    pub(super) seconds: f32,
}

/// What a library judged, and accepted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Count {
    pub(super) judged: u64,
    pub(super) accepted: u64,
}

pub(super) type Libraries = BTreeMap<&'static str, Count>;

/// Asks about the webs of these numbers, or says which one was judged differently.
pub(super) fn all(seed: u64, webs: &Range<u64>) -> Result<Outcome, String> {
    let started = Instant::now();
    let outcome = Mutex::new(Ok(BTreeMap::new()));
    let exceptions = Mutex::new(Exceptions::new());
    let libraries = Mutex::new(Libraries::new());
    let has_failed = AtomicBool::new(false);
    let next = AtomicU64::new(webs.start / WEBS_PER_STORE);
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let first = number * WEBS_PER_STORE;
            if first >= webs.end || has_failed.load(Ordering::Relaxed) {
                return;
            }
            let of_store = first.max(webs.start)..(first + WEBS_PER_STORE).min(webs.end);
            let store = Store::make(seed, number);
            let mut counted = Libraries::new();
            let asked = store.ask_all(of_store, &mut counted);
            for (library, count) in counted {
                let mut libraries = libraries.lock().unwrap();
                let sum = libraries.entry(library).or_default();
                sum.judged += count.judged;
                sum.accepted += count.accepted;
            }
            for (cause, count) in store.verifiers.exceptions() {
                *exceptions.lock().unwrap().entry(cause).or_default() += count;
            }
            has_failed.fetch_or(asked.is_err(), Ordering::Relaxed);
            let mut outcome = outcome.lock().unwrap();
            match (outcome.as_mut(), asked) {
                (Ok(sum), Ok(verdicts)) => {
                    for (verdict, count) in verdicts {
                        *sum.entry(verdict).or_default() += count;
                    }
                }
                (Ok(_), Err(failure)) => *outcome = Err(failure),
                (Err(_), _) => return,
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let verdicts = outcome.into_inner().unwrap()?;
    Ok(Outcome {
        verdicts,
        exceptions: exceptions.into_inner().unwrap(),
        libraries: libraries.into_inner().unwrap(),
        seconds: started.elapsed().as_secs_f32(),
    })
}

/// A store that was made, with everything that can be asked of it.
struct Store {
    seed: u64,
    spec: spec::Store,
    roots: Vec<store::Root>,
    verifiers: Verifiers,
}

impl Store {
    fn make(seed: u64, number: u64) -> Self {
        let spec = generated(&spec::store(), &mut runner(seed, "store", number)).current();
        let roots = store::roots(&spec);
        let trusted: Vec<TrustedRoot> = roots.iter().map(|root| root.trusted.clone()).collect();
        Self {
            seed,
            spec,
            verifiers: Verifiers::of_conditional(&trusted, &PROVIDER),
            roots,
        }
    }

    fn ask_all(&self, webs: Range<u64>, libraries: &mut Libraries) -> Result<BTreeMap<String, u64>, String> {
        let strategy = spec::web();
        let mut verdicts = BTreeMap::new();
        for number in webs {
            let mut runner = runner(self.seed, "web", number);
            let web = generated(&strategy, &mut runner);
            let verdict = match self.ask(&web.current()) {
                Ok(Ok(())) => ACCEPTED.to_owned(),
                Ok(Err(reason)) => reason.kind(),
                Err(difference) => {
                    let ask = |web: &Web| self.ask(web).map_err(|difference| difference.to_string());
                    return Err(self.report(number, &difference.to_string(), web, &mut runner, ask));
                }
            };
            if let Err(difference) = self.ask_libraries(number, &web.current(), libraries) {
                let ask = |web: &Web| self.ask_libraries(number, web, &mut Libraries::new());
                return Err(self.report(number, &difference, web, &mut runner, ask));
            }
            *verdicts.entry(verdict).or_default() += 1;
        }
        Ok(verdicts)
    }

    fn ask(&self, web: &Web) -> Result<Verdict, Box<Difference>> {
        let sent = web::sent(web, &self.roots);
        self.verifiers
            .compare(&Request::new(&sent, web.host, web.time.unix_seconds()))
    }

    /// What the other libraries say, of every so many webs: they are slower. Most webs are odder than they put up with.
    fn ask_libraries(&self, number: u64, web: &Web, counted: &mut Libraries) -> Result<(), String> {
        for library in self.verifiers.libraries() {
            let every = library.webs_per_question();
            if number % every != 0 {
                continue;
            }
            let web = match (number / every % 8, library.is_picky()) {
                (0, _) => web.clone(),
                (_, false) => web.calmed(),
                (_, true) => web.ordered(),
            };
            let sent = web::sent(&web, &self.roots);
            let judged = library.compare(&Request::new(&sent, web.host, web.time.unix_seconds()))?;
            let count = counted.entry(library.name()).or_default();
            count.judged += 1;
            count.accepted += u64::from(judged.is_some_and(|judged| judged.is_ok()));
        }
        Ok(())
    }

    /// How to make the web again that was judged differently, and the smallest that is.
    fn report<T>(
        &self,
        number: u64,
        difference: &str,
        web: impl ValueTree<Value = Web>,
        runner: &mut TestRunner,
        ask: impl Fn(&Web) -> Result<T, String>,
    ) -> String {
        let mut report = format!(
            "web {number} of seed {seed} is judged differently: {difference}\n\
             JIT_TRUST_SEED={seed} JIT_TRUST_WEB={number} makes it again.\n",
            seed = self.seed
        );
        let shrunk = runner.run_one(web, |web| match ask(&web) {
            Ok(_) => Ok(()),
            Err(difference) => Err(TestCaseError::fail(difference)),
        });
        if let Err(TestError::Fail(difference, web)) = shrunk {
            let sent = pem(&web::sent(&web, &self.roots));
            let roots = &self.spec;
            let _ = write!(
                report,
                "The smallest like it: {difference}\n{web:#?}\nwhich sends\n{sent}and has the roots {roots:?}"
            );
        }
        report
    }
}

fn generated<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Tree {
    strategy.new_tree(runner).unwrap()
}

/// What generates the store or web of this number, the same one every time.
fn runner(seed: u64, what: &str, number: u64) -> TestRunner {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_be_bytes());
    bytes[8..16].copy_from_slice(&number.to_be_bytes());
    bytes[16..16 + what.len()].copy_from_slice(what.as_bytes());
    let config = Config {
        failure_persistence: None,
        max_shrink_iters: 10_000,
        ..Config::default()
    };
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}
