use std::sync::Weak;

use super::*;
use crate::queue::MAX_WAITING;
use crate::settings::Settings;
use crate::thread::MAX_IN_FLIGHT;
use jit_trust_engine::{SharedLookup, Waiter};

/// The thread has let go of all that it had of the store.
fn has_ended(store: &Weak<Settings>) -> bool {
    store.strong_count() == 0
}

#[test]
fn dropping_the_store_ends_its_thread_and_its_connection() {
    let (server, store) = served(|_| Response::status(404));
    assert!(ask(&store, &subject_of(&Ca::root("Root"))).unwrap().is_empty());
    assert_eq!(server.open_connections(), 1);
    let settings = Arc::downgrade(&store.settings);
    drop(store);
    server.wait_until(|server| server.open_connections() == 0 && has_ended(&settings));
}

#[test]
fn dropping_the_store_does_not_wait_for_answers_and_leaves_nobody_waiting() {
    let (server, store) = served(|_| Response::never());
    let answered = begin(&store, &subject_of(&Ca::root("Root")), None);
    server.wait_until(|server| server.requests_seen().len() == 1);
    let settings = Arc::downgrade(&store.settings);
    drop(store);
    let error = answered.recv_timeout(TIMEOUT).unwrap().unwrap_err();
    assert!(matches!(error, LookupError::Dropped), "{error:?}");
    server.wait_until(|server| server.open_connections() == 0 && has_ended(&settings));
}

#[test]
fn a_store_may_be_dropped_by_the_receiver_of_a_response() {
    let (server, store) = served(|_| Response::status(404));
    let store = Arc::new(store);
    let settings = Arc::downgrade(&store.settings);
    let question = LookupRequest::new(subject_of(&Ca::root("Root")));
    let (go, gone) = mpsc::channel::<()>();
    let last = Arc::clone(&store);
    let take = move |_: Answered| {
        let _ = gone.recv();
        drop(last);
    };
    store.look_up(question, Responder::new(take));
    drop(store);
    drop(go);
    server.wait_until(|server| server.open_connections() == 0 && has_ended(&settings));
}

#[test]
fn one_who_panics_over_an_answer_harms_no_other() {
    let (server, store) = served(|_| Response::status(404));
    let key = subject_of(&Ca::root("Root"));
    let question = LookupRequest::new(key.clone());
    let panics = |_: Answered| panic!("on request");
    store.look_up(question, Responder::new(panics));
    server.wait_until(|server| server.requests() == 1);
    assert!(ask(&store, &key).unwrap().is_empty());
    assert_eq!(server.connections(), 1);
}

#[test]
fn a_store_that_is_never_asked_starts_no_thread() {
    let (server, store) = served(|_| Response::status(404));
    assert!(store.thread.lock().unwrap().is_none());
    drop(store);
    assert_eq!(server.connections(), 0);
}

#[test]
fn questions_beyond_those_that_may_wait_are_refused_at_once() {
    let (server, store) = served(|_| Response::never());
    let key = subject_of(&Ca::root("Root"));
    let ask_all = |number| -> Vec<_> { (0..number).map(|_| begin(&store, &key, None)).collect() };
    let mut kept = ask_all(MAX_IN_FLIGHT);
    server.wait_until(|server| server.requests_seen().len() == MAX_IN_FLIGHT);
    kept.extend(ask_all(MAX_WAITING));
    let error = reason(ask(&store, &key));
    assert!(matches!(error, RemoteError::TooManyQuestions), "{error:?}");
    assert!(
        kept.iter().all(|answered| answered.try_recv().is_err()),
        "they wait"
    );
    assert_eq!(server.requests_seen().len(), MAX_IN_FLIGHT);
    drop(store);
    for answered in kept {
        let error = answered.recv_timeout(TIMEOUT).unwrap().unwrap_err();
        assert!(matches!(error, LookupError::Dropped), "{error:?}");
    }
}

#[test]
fn a_question_that_waits_for_others_ends_with_its_own_time() {
    let operator = Operator::new();
    let server = operator.server(|_| Response::never()).start();
    let limit = Duration::from_secs(2);
    let store = operator
        .store(server.port())
        .query_timeout(limit)
        .build()
        .unwrap();
    let key = subject_of(&Ca::root("Root"));
    let began = std::time::Instant::now();
    let waiting: Vec<_> = (0..2 * MAX_IN_FLIGHT)
        .map(|_| begin(&store, &key, None))
        .collect();
    for answered in waiting {
        let error = answered.recv_timeout(TIMEOUT).unwrap().unwrap_err();
        assert!(matches!(error, LookupError::TimedOut(_)), "{error:?}");
    }
    assert!(began.elapsed() < 2 * limit, "{:?}", began.elapsed());
}

#[test]
fn a_runtime_of_one_thread_can_ask_and_wait_for_the_answer() {
    let (server, store) = served(|_| Response::status(404));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let answer = runtime.block_on(async {
        let (tell, answered) = tokio::sync::oneshot::channel();
        let question = LookupRequest::new(subject_of(&Ca::root("Root")));
        store.look_up(question, Responder::new(move |answer| drop(tell.send(answer))));
        answered.await.unwrap()
    });
    assert!(answer.unwrap().is_empty());
    drop(runtime);
    assert!(ask(&store, &subject_of(&Ca::root("Root"))).unwrap().is_empty());
    assert_eq!(server.connections(), 1, "it was not the runtime's");
}

/// Asks for somebody who can give up.
fn begin_wanted(store: &RemoteStore, key: &AnchorKey) -> (Waiter, Arc<SharedLookup>, Receiver<Answered>) {
    let lookup = Arc::<SharedLookup>::default();
    let waiter = lookup.waiter();
    let (tell, answered) = mpsc::channel();
    let reply = Responder::shared(Arc::downgrade(&lookup), move |answer| drop(tell.send(answer)));
    store.look_up(LookupRequest::new(key.clone()), reply);
    (waiter, lookup, answered)
}

/// A server that never answers but for one root.
fn silent_but_for(root: &Ca) -> (Server, RemoteStore) {
    let (good, body) = (path(&subject_of(root)), blob(&[root], 7));
    let operator = Operator::new();
    let server = operator.server(move |request| match request.path == good {
        true => Response::ok(body.clone()),
        false => Response::never(),
    });
    let server = server.start();
    let store = operator.store(server.port()).query_timeout(10 * TIMEOUT);
    (server, store.build().unwrap())
}

#[test]
fn questions_that_nobody_waits_for_any_more_hold_up_no_other() {
    let root = Ca::root("Root");
    let (server, store) = silent_but_for(&root);
    let hostile = subject_of(&Ca::root("Hostile"));
    for round in 1..=4 {
        let asked = |number| -> Vec<_> { (0..number).map(|_| begin_wanted(&store, &hostile)).collect() };
        let mut abandoned = asked(MAX_IN_FLIGHT);
        server.wait_until(|server| server.requests_seen().len() == round * (MAX_IN_FLIGHT + 1) - 1);
        abandoned.extend(asked(MAX_WAITING));
        let answers: Vec<_> = abandoned.into_iter().map(|(_, _, answered)| answered).collect();
        let answer = ask(&store, &subject_of(&root)).unwrap();
        assert_eq!(skids(&answer), [skid(&root)]);
        for answered in answers {
            let error = answered.recv_timeout(TIMEOUT).unwrap().unwrap_err();
            assert!(matches!(error, LookupError::Dropped), "{error:?}");
        }
        // Those that the server was asked were taken back, and the others never sent.
        server.wait_until(|server| server.requests_taken_back() == round * MAX_IN_FLIGHT);
        assert_eq!(server.requests_seen().len(), round * (MAX_IN_FLIGHT + 1));
    }
    assert_eq!(server.connections(), 1);
}

#[test]
fn what_is_wanted_keeps_its_turn_when_what_is_not_makes_room() {
    let root = Ca::root("Root");
    let (server, store) = silent_but_for(&root);
    let hostile = subject_of(&Ca::root("Hostile"));
    let asked: Vec<_> = (0..MAX_IN_FLIGHT)
        .map(|_| begin_wanted(&store, &hostile))
        .collect();
    server.wait_until(|server| server.requests_seen().len() == MAX_IN_FLIGHT);
    let first = begin(&store, &subject_of(&root), None);
    let waiting: Vec<_> = (1..MAX_WAITING).map(|_| begin_wanted(&store, &hostile)).collect();
    drop(
        waiting
            .into_iter()
            .map(|(_, _, answered)| answered)
            .collect::<Vec<_>>(),
    );
    // There is room for as many again.
    let again: Vec<_> = (1..MAX_WAITING)
        .map(|_| begin(&store, &subject_of(&root), None))
        .collect();
    assert!(
        again.iter().all(|answered| answered.try_recv().is_err()),
        "they wait"
    );
    drop(asked);
    for answered in std::iter::once(first).chain(again) {
        assert!(answered.recv_timeout(TIMEOUT).unwrap().is_ok());
    }
}

#[test]
fn a_question_that_somebody_wants_again_goes_on() {
    let root = Ca::root("Root");
    let (go, gone) = mpsc::channel::<()>();
    let (body, gone) = (blob(&[&root], 7), std::sync::Mutex::new(gone));
    let (server, store) = served(move |_| {
        let _ = gone.lock().unwrap().recv();
        Response::ok(body.clone())
    });
    let (waiter, lookup, answered) = begin_wanted(&store, &subject_of(&root));
    server.wait_until(|server| server.requests_seen().len() == 1);
    drop(waiter);
    let _again = lookup.waiter();
    // Longer than an unwanted question is asked on.
    std::thread::sleep(Duration::from_millis(600));
    drop(go);
    assert_eq!(
        skids(&answered.recv_timeout(TIMEOUT).unwrap().unwrap()),
        [skid(&root)]
    );
    assert_eq!((server.requests(), server.requests_taken_back()), (1, 0));
}
