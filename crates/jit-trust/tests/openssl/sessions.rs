//! Sessions: resumed only with the host and the trust that they are of, and while the anchor is there.
#![allow(
    unsafe_code,
    reason = "the crate leaves it to the caller that a session is of the same context"
)]

use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::openssl::Connector;
use jit_trust::{Connection, TrustPolicy, WatchedFileStore};
use jit_trust_lab::pki::{Ca, DAY, dns_name_constraints, now};
use jit_trust_lab::server::Server;
use openssl::ssl::{SslContextBuilder, SslSession, SslSessionCacheMode, SslVersion};

use crate::stores::{Replaced, entry};
use crate::support::{
    GRACE, HOST, Later, client, connect, connector, get_over, load, plain, server, server_of, store,
};

type Sessions = Arc<Mutex<Vec<SslSession>>>;

/// Has a context keep the sessions that it gets.
fn keep(context: &mut SslContextBuilder, version: SslVersion) -> Sessions {
    let sessions = Sessions::default();
    context.set_max_proto_version(Some(version)).unwrap();
    context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    let kept = sessions.clone();
    context.set_new_session_callback(move |_, session| kept.lock().unwrap().push(session));
    sessions
}

fn keeping(trust: &TrustPolicy, version: SslVersion) -> (Connector, Sessions) {
    keeping_with(trust, version, |_| ())
}

fn keeping_with(
    trust: &TrustPolicy,
    version: SslVersion,
    set_up: impl FnOnce(&mut SslContextBuilder),
) -> (Connector, Sessions) {
    let mut sessions = None;
    let connector = connector(trust.clone(), |context| {
        sessions = Some(keep(context, version));
        set_up(context);
    });
    (connector, sessions.unwrap())
}

/// Whether a session was resumed.
fn get(connector: &Connector, server: &Server, session: Option<&SslSession>) -> std::io::Result<bool> {
    get_from(HOST, connector, server, session)
}

fn get_from(
    host: &str,
    connector: &Connector,
    server: &Server,
    session: Option<&SslSession>,
) -> std::io::Result<bool> {
    let tcp = TcpStream::connect(server.addr())?;
    let mut tls = connector.connect_with(host, tcp, |ssl| match session {
        // SAFETY: OpenSSL counts the session's references; whether it is of this context is what is tested.
        Some(session) => unsafe { ssl.set_session(session) },
        None => Ok(()),
    })?;
    assert!(get_over(&mut tls)?.ends_with("hello"));
    tls.shutdown()?;
    Ok(tls.ssl().session_reused())
}

const VERSIONS: [SslVersion; 2] = [SslVersion::TLS1_2, SslVersion::TLS1_3];

fn a_session_is_offered_only_while_its_anchor_is_there(version: SslVersion) {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let (connector, sessions) = keeping(&trust, version);
    assert!(!get(&connector, &server, None).unwrap());
    let newest = || sessions.lock().unwrap().pop().unwrap();
    let first = newest();
    assert!(get(&connector, &server, Some(&first)).unwrap());
    assert_eq!(server.resumptions(), 1);
    // A session of TLS 1.3 serves once; those that a resumed connection gets depend on the same anchor.
    let session = if version == SslVersion::TLS1_3 {
        newest()
    } else {
        first
    };

    trust.replace_store(store(&[&other])).unwrap();
    assert!(get(&connector, &server, Some(&session)).is_err());
    assert_eq!(server.resumptions(), 1);

    trust.replace_store(store(&[&root, &other])).unwrap();
    assert!(get(&connector, &server, Some(&session)).unwrap());
}

#[test]
fn a_tls_1_3_session_is_offered_only_while_its_anchor_is_there() {
    a_session_is_offered_only_while_its_anchor_is_there(SslVersion::TLS1_3);
}

#[test]
fn a_tls_1_2_session_is_offered_only_while_its_anchor_is_there() {
    a_session_is_offered_only_while_its_anchor_is_there(SslVersion::TLS1_2);
}

#[test]
fn all_tickets_of_a_connection_are_tied_and_of_those_that_come_of_it() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let (connector, sessions) = keeping(&trust, SslVersion::TLS1_3);
    assert!(!get(&connector, &server, None).unwrap());
    let tickets = std::mem::take(&mut *sessions.lock().unwrap());
    assert!(tickets.len() > 1, "the server gives several");
    for ticket in &tickets {
        assert!(get(&connector, &server, Some(ticket)).unwrap());
    }
    let further = std::mem::take(&mut *sessions.lock().unwrap());
    assert!(further.len() > 1);
    trust.replace_store(store(&[&Ca::root("Other")])).unwrap();
    for ticket in &further {
        assert!(get(&connector, &server, Some(ticket)).is_err());
    }
    assert_eq!(server.resumptions(), tickets.len());
}

#[test]
fn a_session_that_was_written_out_and_read_back_is_not_offered() {
    let root = Ca::root("Root");
    for version in VERSIONS {
        let server = server_of(&root);
        let (connector, sessions) = keeping(&TrustPolicy::new(store(&[&root])), version);
        get(&connector, &server, None).unwrap();
        let session = sessions.lock().unwrap().pop().unwrap();
        let read = SslSession::from_der(&session.to_der().unwrap()).unwrap();
        assert!(!get(&connector, &server, Some(&read)).unwrap());
        assert!(get(&connector, &server, Some(&session)).unwrap());
    }
}

#[test]
fn a_session_that_nobody_verified_is_not_offered() {
    let server = server_of(&Ca::root("Elsewhere"));
    for version in VERSIONS {
        let mut lax = client();
        let sessions = keep(&mut lax, version);
        let mut tls = plain(&lax.build(), &server, |ssl| ssl.set_hostname(HOST).unwrap()).unwrap();
        {
            use std::io::{Read, Write};
            let request = b"GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n";
            tls.write_all(request).unwrap();
            tls.read_to_string(&mut String::new()).unwrap();
        }
        tls.shutdown().unwrap();
        let session = sessions.lock().unwrap().pop().unwrap();
        let (connector, _) = keeping(&TrustPolicy::new(store(&[&Ca::root("Root")])), version);
        get(&connector, &server, Some(&session)).unwrap_err();
    }
    assert_eq!(server.resumptions(), 0);
}

#[test]
fn a_session_of_another_trust_is_not_offered() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    for version in VERSIONS {
        let (connector, sessions) = keeping(&TrustPolicy::new(store(&[&root])), version);
        get(&connector, &server, None).unwrap();
        let session = sessions.lock().unwrap().pop().unwrap();
        let (other, _) = keeping(&TrustPolicy::new(store(&[&Ca::root("Other")])), version);
        get(&other, &server, Some(&session)).unwrap_err();
    }
    assert_eq!(server.resumptions(), 0);
}

/// Addresses, because for those the server does not see the difference.
#[test]
fn a_session_is_not_offered_to_another_host() {
    const OTHER: &str = "127.0.0.2";
    let root = Ca::root("Root");
    let leaf = root.leaf_for(&["127.0.0.1", OTHER]);
    let server = server(&leaf, leaf.chain(&[]));
    // The other host is pinned to another CA.
    let pinned = TrustPolicy::builder().store(store(&[&root]));
    let pinned = pinned
        .pin(OTHER, [Ca::root("Pinned").der().to_vec()])
        .unwrap()
        .build();
    for version in VERSIONS {
        for (trust, is_trusted) in [(TrustPolicy::new(store(&[&root])), true), (pinned.clone(), false)] {
            let (connector, sessions) = keeping(&trust, version);
            get_from("127.0.0.1", &connector, &server, None).unwrap();
            let session = sessions.lock().unwrap().pop().unwrap();
            let other = get_from(OTHER, &connector, &server, Some(&session));
            assert_eq!(other.ok(), is_trusted.then_some(false));
        }
    }
}

#[test]
fn a_session_is_offered_by_openssl_alone_too_only_while_its_anchor_is_there() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let trust = TrustPolicy::new(store(&[&root]));
    let (connector, sessions) = keeping(&trust, SslVersion::TLS1_2);
    get(&connector, &server, None).unwrap();
    let session = sessions.lock().unwrap().pop().unwrap();
    let resumes = || {
        let tls = plain(connector.context(), &server, |ssl| {
            ssl.param_mut().set_host(HOST).unwrap();
            ssl.set_hostname(HOST).unwrap();
            // SAFETY: the session is of a connection of the same context.
            unsafe { ssl.set_session(&session) }.unwrap();
        });
        tls.map(|mut tls| {
            tls.shutdown().unwrap();
            tls.ssl().session_reused()
        })
    };
    assert_eq!(resumes(), Ok(true));
    trust.replace_store(store(&[&Ca::root("Other")])).unwrap();
    resumes().unwrap_err();
    assert_eq!(server.resumptions(), 1);
}

#[test]
fn a_session_whose_anchor_was_fetched_and_has_been_forgotten_is_not_offered() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let later = Later::of(&[&root], Duration::from_millis(20));
    for version in VERSIONS {
        let (connector, sessions) = keeping(&later.trust(), version);
        let before = later.queries();
        get(&connector, &server, None).unwrap();
        let session = sessions.lock().unwrap().pop().unwrap();
        assert!(get(&connector, &server, Some(&session)).unwrap());
        let session = sessions.lock().unwrap().pop().unwrap_or(session);
        assert_eq!(later.queries(), before + 1);
        std::thread::sleep(GRACE + Duration::from_millis(300));
        assert!(!get(&connector, &server, Some(&session)).unwrap());
        assert_eq!(later.queries(), before + 2);
    }
}

#[test]
fn a_session_outlives_its_context_and_its_trust() {
    let root = Ca::root("Root");
    let server = server_of(&root);
    let (connector, sessions) = keeping(&TrustPolicy::new(store(&[&root])), SslVersion::TLS1_3);
    get(&connector, &server, None).unwrap();
    let session = sessions.lock().unwrap().pop().unwrap();
    drop(connector);
    let (another, _) = keeping(&TrustPolicy::new(store(&[&root])), SslVersion::TLS1_3);
    assert!(!get(&another, &server, Some(&session)).unwrap());
}

/// Where an anchor is, of which another store says more later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Where {
    InAStoreBefore,
    InAStoreBehind,
    InAStoreThatAnswersLater,
    Loaded,
}

/// The anchor is where it was; a store that did not speak of its name and key does now.
fn a_condition_that_comes_later_ends_resumption_and_marks_connections(place: Where) {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let other = other.der();
    // So that the answer is what it ends in, the store that speaks of it has a copy that has expired.
    let expired = root.reissue().validity(now() - 400 * DAY, now() - 300 * DAY);
    let der = match place {
        Where::InAStoreThatAnswersLater => expired.self_signed().der(),
        _ => root.der(),
    };
    let future = u64::try_from(now()).unwrap() + 1_000_000;
    let not_tr = dns_name_constraints(&[""; 0], &["tr"]);
    for version in VERSIONS {
        for met in [
            entry(&der).with_distrust_after(Some(future)),
            entry(&der).with_name_constraints(Some(&not_tr)),
        ] {
            let server = server_of(&root);
            let stating = Replaced::by(&[entry(&other)]);
            let watched = WatchedFileStore::open(stating.path()).unwrap();
            let trust = TrustPolicy::builder();
            let trust = match place {
                Where::InAStoreBefore => trust.store(store(&[&root])).store(watched),
                Where::InAStoreBehind => trust.store(watched).store(store(&[&root])),
                Where::InAStoreThatAnswersLater => {
                    let later = Later::of(&[&root], Duration::ZERO);
                    trust.store(watched).deferred_store(later)
                }
                Where::Loaded => trust.store(watched),
            };
            let trust = trust.build();
            let (connector, sessions) = keeping_with(&trust, version, |context| {
                if place == Where::Loaded {
                    load(context, &root);
                }
            });
            let newest = || sessions.lock().unwrap().pop().unwrap();
            assert!(!get(&connector, &server, None).unwrap());
            let first = newest();
            assert!(get(&connector, &server, Some(&first)).unwrap());
            let session = match version {
                SslVersion::TLS1_3 => newest(),
                _ => first,
            };
            let live = connect(&connector, &server).unwrap();
            let removed = || {
                let connections = trust.connections();
                connections
                    .iter()
                    .map(Connection::anchor_withdrawn)
                    .collect::<Vec<_>>()
            };
            assert_eq!((removed(), server.resumptions()), (vec![false], 1));

            // It is met, so that a new handshake is made.
            stating.replace(&[met]);
            assert_eq!(removed(), [true]);
            assert!(!get(&connector, &server, Some(&session)).unwrap());
            assert_eq!(server.resumptions(), 1);
            drop(live);
            // What comes of that depends on the condition as it is.
            let session = newest();
            let live = connect(&connector, &server).unwrap();
            assert_eq!(removed(), [false]);
            assert!(get(&connector, &server, Some(&session)).unwrap());
            assert_eq!(server.resumptions(), 2);

            // One that is not met has none made.
            let session = match version {
                SslVersion::TLS1_3 => newest(),
                _ => session,
            };
            stating.replace(&[met.with_distrust_after(Some(0))]);
            assert_eq!(removed(), [true]);
            get(&connector, &server, Some(&session)).unwrap_err();
            assert_eq!(server.resumptions(), 2);
            drop(live);
        }
    }
}

#[test]
fn a_condition_of_another_store_that_comes_later_ends_resumption_and_marks_connections() {
    for place in [Where::InAStoreBefore, Where::InAStoreBehind] {
        a_condition_that_comes_later_ends_resumption_and_marks_connections(place);
    }
}

#[test]
fn a_condition_that_comes_later_than_an_answer_ends_resumption_and_marks_connections() {
    a_condition_that_comes_later_ends_resumption_and_marks_connections(Where::InAStoreThatAnswersLater);
}

#[test]
fn a_condition_of_a_loaded_ca_that_comes_later_ends_resumption_and_marks_connections() {
    a_condition_that_comes_later_ends_resumption_and_marks_connections(Where::Loaded);
}
