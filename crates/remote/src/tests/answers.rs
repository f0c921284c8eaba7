use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use jit_trust_lab::server::Version;

use super::*;
use jit_trust_engine::{LookupKind, MAX_RESPONSE_LEN};

#[test]
fn anchors_are_found_by_subject_below_the_path_of_the_url() {
    let (first, second) = (Ca::root("Twin"), Ca::root("Twin"));
    let key = subject_of(&first);
    let (expected, body) = (path(&key), blob(&[&first, &second], 7));
    let (server, store) = served(move |request| match request.path == expected {
        true => Response::ok(body.clone()),
        false => Response::status(404),
    });
    let answer = ask(&store, &key).unwrap();
    assert_eq!(skids(&answer), [skid(&first), skid(&second)]);
    assert_eq!(answer.generation(), Some(7));
    let seen = server.requests_seen();
    assert_eq!((seen.len(), seen[0].version), (1, Version::Http2));
    assert_eq!(seen[0].authority, format!("127.0.0.1:{}", server.port()));
    assert_eq!((store.traffic().connections, store.traffic().requests), (1, 1));
    assert_eq!(store.name(), format!("https://127.0.0.1:{}/roots", server.port()));
}

#[test]
fn a_file_that_is_not_there_says_that_there_is_no_such_anchor() {
    for status in [404, 410] {
        let (server, store) = served(move |_| Response::status(status));
        let answer = ask(&store, &subject_of(&Ca::root("Unknown"))).unwrap();
        assert!(answer.is_empty());
        assert_eq!(server.requests(), 1);
    }
}

#[test]
fn bare_certificates_are_found_by_key_identifier_and_by_serial_number() {
    let root = Ca::root("Root");
    let der = root.der();
    let certificate = Certificate::from_der(&der).unwrap();
    let keys = [
        AnchorKey::SubjectKeyId(skid(&root).into()),
        AnchorKey::IssuerSerial {
            issuer: certificate.issuer().hash(),
            serial: certificate.serial().into(),
        },
    ];
    let paths = keys.each_ref().map(path);
    let body = der.to_vec();
    let operator = Operator::new();
    let server = operator.server(move |request| match paths.contains(&request.path) {
        true => Response::ok(body.clone()),
        false => Response::status(404),
    });
    let server = server.start();
    let store = operator.store(server.port()).kind(LookupKind::KeyIdentifier);
    let store = store.build().unwrap();
    assert_eq!(store.kind(), LookupKind::KeyIdentifier);
    for key in keys {
        let answer = ask(&store, &key).unwrap();
        assert_eq!(skids(&answer), [skid(&root)], "{key}");
    }
}

#[test]
fn an_answer_that_is_older_than_one_seen_before_is_asked_for_once_more_past_all_caches() {
    let root = Ca::root("Root");
    let key = subject_of(&root);
    let (old, new) = (blob(&[&root], 7), blob(&[&root], 9));
    let (server, store) = served(move |request| match request.path.ends_with("?newest=8") {
        true => Response::ok(new.clone()),
        false => Response::ok(old.clone()),
    });
    let generation_when = |newest| {
        let answer = begin(&store, &key, newest).recv_timeout(TIMEOUT).unwrap();
        answer.unwrap().generation()
    };
    assert_eq!(generation_when(None), Some(7));
    assert_eq!(generation_when(Some(7)), Some(7));
    assert_eq!(server.requests(), 2, "those were new enough");
    assert_eq!(generation_when(Some(8)), Some(9));
    assert_eq!(server.requests(), 4);
    assert_eq!(generation_when(Some(10)), Some(7), "given as it is");
    let seen = server.requests_seen();
    let paths: Vec<_> = seen.iter().skip(4).map(|request| &*request.path).collect();
    assert_eq!(paths, [path(&key), format!("{}?newest=10", path(&key))]);
}

#[test]
fn what_is_no_answer_is_an_error_and_is_not_asked_for_again() {
    let key = subject_of(&Ca::root("Root"));
    let (server, store) = served(|_| Response::ok("<html>Welcome to the hotel's network</html>"));
    let error = ask(&store, &key).unwrap_err();
    assert!(matches!(error, LookupError::Blob(_)), "{error:?}");
    let error = ask(&store, &AnchorKey::SubjectKeyId([7].into())).unwrap_err();
    assert!(matches!(error, LookupError::Certificate(_)), "{error:?}");
    assert_eq!(server.requests(), 2);
}

#[test]
fn the_largest_answer_is_taken_and_a_larger_one_is_not() {
    let root = Ca::root("Root");
    let key = AnchorKey::SubjectKeyId(skid(&root).into());
    for (len, delivered) in [(MAX_RESPONSE_LEN, true), (MAX_RESPONSE_LEN + 1, false)] {
        // As long as it may be, and no certificate, which is what is said then.
        let (_server, store) = served(move |_| Response::ok(vec![0x30; len]));
        let error = ask(&store, &key).unwrap_err();
        assert_eq!(
            matches!(error, LookupError::Certificate(_)),
            delivered,
            "{error:?}"
        );
        assert_eq!(matches!(error, LookupError::TooLarge), !delivered, "{error:?}");
    }
}

#[test]
fn a_server_that_fails_is_asked_again() {
    let root = Ca::root("Root");
    let (key, body) = (subject_of(&root), blob(&[&root], 7));
    for status in [500, 502, 503, 504, 429, 408] {
        let (tries, body) = (AtomicUsize::new(0), body.clone());
        let (server, store) = served(move |_| match tries.fetch_add(1, SeqCst) {
            0 => Response::status(status),
            _ => Response::ok(body.clone()),
        });
        assert_eq!(skids(&ask(&store, &key).unwrap()), [skid(&root)], "{status}");
        assert_eq!((server.requests(), server.connections()), (2, 1), "{status}");
    }
}
