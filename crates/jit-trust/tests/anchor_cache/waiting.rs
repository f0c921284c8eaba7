//! Waiting for a store: together, not for ever, and without a lock.

use std::fmt;
use std::io;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use jit_trust::{
    Connector, DeferredStore, LookupPending, LookupRequest, LookupResponse, Rejection, Responder,
    TrustPolicy, Verifier, rejection,
};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};
use rustls::crypto::aws_lc_rs;

use crate::deferred::{Deferred, blob, by_subject, wait_until};
use crate::verify::{Judge, ask, words};

fn not_waiting(trust: &TrustPolicy) -> Judge {
    let verifier = Verifier::with_provider(trust.clone(), &aws_lc_rs::default_provider());
    Judge::of(verifier.without_waiting())
}

#[test]
fn many_connections_that_want_one_ca_make_one_query() {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let root = Ca::root("Root");
    let leaf = root.leaf("a.test");
    let server = Server::builder()
        .site("a.test", leaf.key(), leaf.chain(&[]), |_| Response::ok("hello"))
        .start();
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
    let connector = Connector::new(trust.clone());
    std::thread::scope(|scope| {
        let connect = || -> io::Result<_> {
            connector.connect("a.test".try_into().unwrap(), TcpStream::connect(server.addr())?)
        };
        let all: Vec<_> = (0..16).map(|_| scope.spawn(connect)).collect();
        server.wait_until(|server| server.connections() == 16);
        deferred.wait_for(1);
        std::thread::sleep(Duration::from_millis(100));
        deferred.answer_first();
        let all: Vec<_> = all.into_iter().map(|one| one.join().unwrap().unwrap()).collect();
        assert_eq!(trust.connections().len(), all.len());
    });
    assert_eq!(deferred.queries(), 1);
    assert_eq!(server.connections(), 16);
}

#[test]
fn when_the_one_that_asked_is_gone_the_others_get_the_answer() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
    let pending = not_waiting(&trust).ask(&sent).unwrap_err();
    assert!(pending_lookup(&pending).is_some());
    drop(pending);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(&trust, &sent));
        std::thread::sleep(Duration::from_millis(100));
        deferred.answer_first();
        waiting.join().unwrap().unwrap();
    });
    assert_eq!(deferred.queries(), 1);
}

#[test]
fn when_the_one_that_asked_is_gone_and_took_the_question_along_another_asks_once() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    for is_dropped_again in [false, true] {
        let deferred = Deferred::of(&[&root]);
        deferred.hold_back();
        let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
        let asker = not_waiting(&trust).ask(&sent).unwrap_err();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| ask(&trust, &sent));
            std::thread::sleep(Duration::from_millis(200));
            drop(asker);
            drop(deferred.take_first());
            deferred.wait_for(1);
            if is_dropped_again {
                drop(deferred.take_first());
                let text = words(waiting.join().unwrap());
                assert!(text.contains("the store gave no response"), "{text}");
            } else {
                deferred.answer_first();
                waiting.join().unwrap().unwrap();
            }
        });
        assert_eq!(deferred.queries(), 2);
    }
}

#[test]
fn a_store_learns_that_nobody_waits_any_more() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_millis(50))
        .build();
    ask(&trust, &sent).unwrap_err();
    let (reply, _) = deferred.take_first();
    assert!(!reply.is_wanted());

    // Who does not wait comes again, and the question is kept for that.
    let error = not_waiting(&trust).ask(&sent).unwrap_err();
    drop(error);
    let (reply, answer) = deferred.take_first();
    assert!(reply.is_wanted());
    reply.send(answer);
    not_waiting(&trust).ask(&sent).unwrap();
    assert_eq!(deferred.queries(), 2);
}

#[test]
fn a_question_that_is_dropped_while_the_one_that_asked_waits_is_an_error_and_not_asked_again() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| ask(&trust, &sent));
        deferred.wait_for(1);
        drop(deferred.take_first());
        let text = words(waiting.join().unwrap());
        assert!(text.contains("the store gave no response"), "{text}");
    });
    assert_eq!(deferred.queries(), 1);
}

#[test]
fn one_connection_waits_at_most_its_lookup_timeout_in_all() {
    let root = Ca::root("Root");
    let mut cas = vec![root.intermediate("CA 0")];
    for number in 1..6 {
        cas.push(cas[number - 1].intermediate(format!("CA {number}").as_str()));
    }
    let sent = cas[5].leaf("a.test").chain(&cas.iter().rev().collect::<Vec<_>>());
    let deferred = Deferred::default();
    deferred.hold_back();
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(Duration::from_millis(600))
        .build();
    let started = Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| words(ask(&trust, &sent)));
        // Each answer comes in time, all together do not.
        while !waiting.is_finished() {
            std::thread::sleep(Duration::from_millis(250));
            if deferred.is_held_back() {
                deferred.answer_first();
            }
        }
        let text = waiting.join().unwrap();
        assert!(text.contains("no response within 600ms"), "{text}");
    });
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_millis(600), "{elapsed:?}");
    assert!(elapsed < Duration::from_millis(1_400), "{elapsed:?}");
}

#[test]
fn who_came_late_to_a_question_that_was_lost_gets_the_answer_to_the_next() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let timeout = Duration::from_millis(1_000);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .lookup_timeout(timeout)
        .build();
    let asked = Instant::now();
    let asker = not_waiting(&trust).ask(&sent).unwrap_err();
    let lost = deferred.take_first();
    std::thread::scope(|scope| {
        std::thread::sleep(timeout / 2);
        let late = scope.spawn(|| ask(&trust, &sent));
        std::thread::sleep((timeout + Duration::from_millis(50)).saturating_sub(asked.elapsed()));
        deferred.answer_at_once();
        ask(&trust, &sent).unwrap();
        late.join().unwrap().unwrap();
    });
    assert_eq!(deferred.queries(), 2);
    drop((asker, lost));
}

#[test]
fn a_verifier_that_does_not_wait_has_the_error_of_a_store_that_fails_at_once() {
    let root = Ca::root("Root");
    let deferred = Deferred::default();
    deferred.says(by_subject(&root), crate::deferred::What::Broken);
    let trust = TrustPolicy::builder().deferred_store(deferred).build();
    let error = not_waiting(&trust)
        .ask(&root.leaf("a.test").chain(&[]))
        .unwrap_err();
    assert!(pending_lookup(&error).is_none());
    assert!(words(Err(error)).contains("the line is dead"));
}

/// A waker that asks what is trusted, as an executor does that polls where it is woken.
struct AsksAgain {
    trust: TrustPolicy,
    sent: Vec<pki_types::CertificateDer<'static>>,
    woken: AtomicUsize,
}

impl Wake for AsksAgain {
    fn wake(self: Arc<Self>) {
        ask(&self.trust, &self.sent).unwrap();
        self.woken.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_caller_that_is_woken_by_a_response_may_ask_at_once() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    deferred.hold_back();
    let trust = TrustPolicy::builder().deferred_store(deferred.clone()).build();
    let error = not_waiting(&trust).ask(&sent).unwrap_err();
    let pending = pending_lookup(&error).unwrap();
    let woken = Arc::new(AsksAgain {
        trust,
        sent,
        woken: AtomicUsize::new(0),
    });
    let waker = Waker::from(woken.clone());
    let mut answered = std::pin::pin!(pending.answered());
    assert!(
        answered
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_pending()
    );
    let answering = std::thread::spawn(move || deferred.answer_first());
    wait_until(|| woken.woken.load(Ordering::SeqCst) == 1);
    answering.join().unwrap();
}

/// A store that looks around before it answers inside `query`.
#[derive(Default)]
struct Curious {
    trust: OnceLock<TrustPolicy>,
    root: Vec<u8>,
    other: Vec<u8>,
    sent_by_other: Vec<pki_types::CertificateDer<'static>>,
    seen: Mutex<Vec<String>>,
}

impl fmt::Debug for Curious {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("curious")
    }
}

impl DeferredStore for &'static Curious {
    fn name(&self) -> String {
        "curious".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        let mut seen = self.seen.lock().unwrap();
        seen.push(String::new());
        let is_first = seen.len() == 1;
        drop(seen);
        if !is_first {
            return reply.send(LookupResponse::blob(self.other.clone()));
        }
        let trust = self.trust.get().unwrap();
        let text = format!("{trust:?} {:?}", trust.connections());
        self.seen.lock().unwrap()[0] = text;
        trust.replace_store(jit_trust::mozilla()).unwrap();
        // Another question while this one is on its way.
        ask(trust, &self.sent_by_other).unwrap();
        reply.send(LookupResponse::blob(self.root.clone()));
    }
}

#[test]
fn a_store_may_use_the_trust_that_asks_it() {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let curious: &'static Curious = Box::leak(Box::new(Curious {
        root: blob(&[&root], 7),
        other: blob(&[&other], 7),
        sent_by_other: other.leaf("a.test").chain(&[]),
        ..Curious::default()
    }));
    let trust = TrustPolicy::builder().deferred_store(curious).build();
    curious.trust.set(trust.clone()).unwrap();
    let asked = std::thread::spawn(move || ask(&trust, &root.leaf("a.test").chain(&[])));
    wait_until(|| asked.is_finished());
    asked.join().unwrap().unwrap();
    assert!(curious.seen.lock().unwrap()[0].contains("TrustPolicy"));
}

#[test]
fn times_that_never_end_are_taken() {
    let root = Ca::root("Root");
    let sent = root.leaf("a.test").chain(&[]);
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .idle_grace(Duration::MAX)
        .negative_ttl(Duration::MAX)
        .lookup_timeout(Duration::MAX)
        .build();
    ask(&trust, &sent).unwrap();
    let elsewhere = Ca::root("Elsewhere").leaf("a.test").chain(&[]);
    for _ in 0..2 {
        ask(&trust, &elsewhere).unwrap_err();
        ask(&trust, &sent).unwrap();
    }
    assert_eq!(deferred.queries(), 2);

    // And times that are over at once.
    let deferred = Deferred::of(&[&root]);
    let trust = TrustPolicy::builder()
        .deferred_store(deferred.clone())
        .idle_grace(Duration::ZERO)
        .negative_ttl(Duration::ZERO)
        .lookup_timeout(Duration::ZERO)
        .build();
    for _ in 0..2 {
        ask(&trust, &sent).unwrap();
        ask(&trust, &elsewhere).unwrap_err();
    }
    assert_eq!(deferred.queries(), 4);
}

/// The lookup that a handshake did not wait for.
fn pending_lookup(error: &(dyn std::error::Error + 'static)) -> Option<LookupPending> {
    match rejection(error)? {
        Rejection::LookupPending(pending) => Some(pending),
        _ => None,
    }
}
