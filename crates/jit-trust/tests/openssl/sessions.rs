//! Sessions: resumed only while the anchor is there.

use std::net::TcpStream;
use std::sync::{Arc, Mutex};

use jit_trust::Trust;
use jit_trust::openssl::{Connector, Verifier};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::Server;
use openssl::ssl::{SslContext, SslMethod, SslSession, SslSessionCacheMode, SslVersion};

use crate::support::{HOST, get_over, server_of, store};

fn context(trust: &Trust, version: SslVersion) -> (SslContext, Arc<Mutex<Vec<SslSession>>>) {
    let sessions = Arc::new(Mutex::new(Vec::new()));
    let mut context = SslContext::builder(SslMethod::tls_client()).unwrap();
    context.set_max_proto_version(Some(version)).unwrap();
    context.set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
    let kept = sessions.clone();
    context.set_new_session_callback(move |_, session| kept.lock().unwrap().push(session));
    Verifier::new(trust.clone()).attach(&mut context).unwrap();
    (context.build(), sessions)
}

/// Whether a session was resumed.
#[allow(
    unsafe_code,
    reason = "the crate leaves it to the caller that a session is of the same context"
)]
fn get(connector: &Connector, server: &Server, session: Option<&SslSession>) -> std::io::Result<bool> {
    let mut tls = connector.connect_with(HOST, TcpStream::connect(server.addr())?, |ssl| match session {
        // SAFETY: the session is of a connection of the same context.
        Some(session) => unsafe { ssl.set_session(session) },
        None => Ok(()),
    })?;
    assert!(get_over(&mut tls)?.ends_with("hello"));
    tls.shutdown()?;
    Ok(tls.ssl().session_reused())
}

fn a_session_is_offered_only_while_its_anchor_is_there(version: SslVersion) {
    let (root, other) = (Ca::root("Root"), Ca::root("Other"));
    let server = server_of(&root);
    let trust = Trust::new(store(&[&root]));
    let (context, sessions) = context(&trust, version);
    let connector = Connector::with_context(context).unwrap();
    assert!(!get(&connector, &server, None).unwrap());
    let newest = || sessions.lock().unwrap().pop().unwrap();
    let first = newest();
    assert!(get(&connector, &server, Some(&first)).unwrap());
    assert_eq!(server.resumptions(), 1);
    // A session of TLS 1.3 serves once; those that a resumed connection gets lean on the same anchor.
    let session = if version == SslVersion::TLS1_3 {
        newest()
    } else {
        first
    };

    trust.replace_even_by_older(store(&[&other]));
    assert!(get(&connector, &server, Some(&session)).is_err());
    assert_eq!(server.resumptions(), 1);

    trust.replace_even_by_older(store(&[&root, &other]));
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
