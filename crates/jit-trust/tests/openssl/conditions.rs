//! What a local store says of a name and key, in handshakes: it binds what another store answers, and CAs that the user loaded.

use jit_trust_core::{NameConstraintsError, NameForm};
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use jit_trust::openssl::TokioConnector;
use jit_trust::{BlobStore, DeferredStore, LookupRequest, LookupResponse, Responder, TrustPolicy};
use jit_trust_lab::pki::{Ca, DAY, Leaf, dns_name_constraints, now};
use jit_trust_lab::server::Server;
use openssl::ssl::{SslContextBuilder, SslVerifyMode};
use openssl::x509::X509VerifyResult;
use openssl::x509::verify::X509VerifyFlags;

use crate::stores::{self, Version, entry};
use crate::support::{
    HOST, Later, block_on, connect_async, connector, dated_root, error_in, get, key_of, load, reason, server,
    store, store_of,
};

/// What is said of a CA, which the server's certificate conforms to or not.
#[derive(Clone, Copy, Debug)]
enum Said {
    Date { is_met: bool },
    NameConstraints { is_met: bool },
}

const EACH: [Said; 4] = [
    Said::Date { is_met: true },
    Said::Date { is_met: false },
    Said::NameConstraints { is_met: true },
    Said::NameConstraints { is_met: false },
];

impl Said {
    /// A store that says this of a CA, and holds it.
    fn of(self, ca: &Ca) -> BlobStore<Vec<u8>> {
        let der = ca.der();
        let only_below = |domain| dns_name_constraints(&[domain], &[""; 0]);
        let days = |is_met| if is_met { 1 } else { -10 };
        let blob = |entry| store_of(stores::encode(&[entry], Version::V2));
        match self {
            Self::Date { is_met } => {
                let date = u64::try_from(now() + days(is_met) * DAY).unwrap();
                blob(entry(&der).with_distrust_after(Some(date)))
            }
            Self::NameConstraints { is_met } => {
                let constraints = only_below(if is_met { "test" } else { "example" });
                blob(entry(&der).with_name_constraints(Some(&constraints)))
            }
        }
    }

    /// That a connection is made if, and only if, it is met, and that it is refused for this.
    fn decides<T: std::fmt::Debug>(self, result: io::Result<T>) {
        match self {
            Self::Date { is_met: true } | Self::NameConstraints { is_met: true } => drop(result.unwrap()),
            Self::Date { is_met: false } => {
                let error = result.unwrap_err();
                let distrusted = dated_root(&error);
                assert!(distrusted.issued_at > Some(distrusted.distrust_after));
            }
            Self::NameConstraints { is_met: false } => {
                let error = result.unwrap_err();
                let refusal = error_in(&error).rejection().unwrap().original().unwrap();
                // Those of the anchor itself OpenSSL finds not to be met.
                match refusal.downcast_ref::<X509VerifyResult>() {
                    Some(found) => assert_eq!(found.as_raw(), openssl_sys::X509_V_ERR_PERMITTED_VIOLATION),
                    None => assert_eq!(
                        *reason::<NameConstraintsError>(&error),
                        NameConstraintsError::NotPermitted(NameForm::Dns)
                    ),
                }
            }
        }
    }

    fn is_met(self) -> bool {
        match self {
            Self::Date { is_met } | Self::NameConstraints { is_met } => is_met,
        }
    }
}

fn below(ca: &Ca) -> Server {
    let leaf = Leaf::builder(&[HOST])
        .validity(now() - DAY, now() + DAY)
        .issued_by(ca);
    server(&leaf, leaf.chain(&[ca]))
}

/// The same name and key, in a certificate that has expired: OpenSSL finds no valid path to it.
fn expired(root: &Ca) -> Ca {
    let copy = root.reissue().validity(now() - 400 * DAY, now() - 300 * DAY);
    copy.self_signed()
}

/// Answers with a bare copy when it is told to.
#[derive(Clone, Debug, Default)]
struct Held(Arc<Mutex<Vec<Responder>>>);

impl DeferredStore for Held {
    fn name(&self) -> String {
        "held".to_owned()
    }

    fn look_up(&self, _: LookupRequest, reply: Responder) {
        self.0.lock().unwrap().push(reply);
    }
}

#[test]
fn a_bare_copy_that_a_handshake_waited_for_is_bound_by_what_a_local_store_says() {
    for said in EACH {
        let root = Ca::root("Root");
        let server = below(&root);
        let later = Later::of(&[&root], Duration::from_millis(50));
        let trust = TrustPolicy::builder()
            .store(said.of(&expired(&root)))
            .deferred_store(later.clone())
            .build();
        said.decides(get(&connector(trust, |_| ()), &server));
        assert_eq!(later.asked(), [key_of(&root)]);
        assert_eq!(server.connections(), 1);
        assert_eq!(server.handshakes(), usize::from(said.is_met()));
    }
}

#[test]
fn a_bare_copy_that_a_task_waited_for_is_bound_by_what_a_local_store_says() {
    for said in EACH {
        let root = Ca::root("Root");
        let server = below(&root);
        let held = Held::default();
        let trust = TrustPolicy::builder()
            .store(said.of(&expired(&root)))
            .deferred_store(held.clone())
            .build();
        let connector = TokioConnector::new(trust).unwrap();
        block_on(async {
            // On the thread of the handshake, which can only wait by letting this go on.
            let answer = async {
                let reply = loop {
                    if let Some(reply) = held.0.lock().unwrap().pop() {
                        break reply;
                    }
                    tokio::time::sleep(Duration::from_millis(2)).await;
                };
                reply.send(LookupResponse::blob(stores::blob(&[&root], Version::V2)));
            };
            let (connected, ()) = tokio::join!(connect_async(&connector, &server), answer);
            said.decides(connected.map(drop));
        });
        assert!(held.0.lock().unwrap().is_empty());
        assert_eq!(server.connections(), 1);
    }
}

/// Where the local store's own copy would do, a store that answers later is asked only after a refusal, and in vain.
#[test]
fn a_bare_copy_of_a_store_that_answers_later_lifts_no_condition_of_a_root_that_is_there() {
    for said in EACH {
        let root = Ca::root("Root");
        let server = below(&root);
        let later = Later::of(&[&root], Duration::from_millis(50));
        let trust = TrustPolicy::builder()
            .store(said.of(&root))
            .deferred_store(later.clone())
            .build();
        said.decides(get(&connector(trust, |_| ()), &server));
        assert_eq!(later.queries(), usize::from(!said.is_met()));
        assert_eq!(server.connections(), 1);
    }
}

fn allow_partial_chains(context: &mut SslContextBuilder) {
    let param = context.verify_param_mut();
    param.set_flags(X509VerifyFlags::PARTIAL_CHAIN).unwrap();
}

#[test]
fn a_loaded_ca_is_bound_by_what_a_store_says_of_it() {
    for said in EACH {
        let root = Ca::root("Root");
        let server = below(&root);
        let connector = connector(said.of(&root), |context| load(context, &root));
        said.decides(get(&connector, &server));
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn a_loaded_intermediate_that_a_partial_chain_ends_in_is_bound_by_what_a_store_says_of_it() {
    for said in EACH {
        let ca = Ca::root("Root").intermediate("CA");
        let server = below(&ca);
        let bound = connector(said.of(&ca), |context| {
            load(context, &ca);
            allow_partial_chains(context);
        });
        said.decides(get(&bound, &server));
        // Of another CA it may say what it wants.
        let free = connector(said.of(&Ca::root("Other")), |context| {
            load(context, &ca);
            allow_partial_chains(context);
        });
        get(&free, &server).unwrap();
    }
}

fn accept_everything(context: &mut SslContextBuilder) {
    context.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
}

#[test]
fn a_verify_callback_that_accepts_everything_lifts_no_condition_of_an_anchor_in_a_valid_path() {
    for said in EACH {
        let root = Ca::root("Root");
        let server = below(&root);
        let another_holds_it = TrustPolicy::builder()
            .store(store(&[&root]))
            .store(said.of(&root));
        said.decides(get(
            &connector(another_holds_it.build(), accept_everything),
            &server,
        ));
        let loaded = connector(said.of(&root), |context| {
            load(context, &root);
            accept_everything(context);
        });
        said.decides(get(&loaded, &server));
    }
}

/// The path that the callback accepts ends in another CA that is loaded, above which OpenSSL finds nothing.
#[test]
fn a_verify_callback_that_accepts_everything_lifts_no_condition_of_a_root_above_a_loaded_intermediate() {
    for said in EACH {
        let root = Ca::root("Root");
        let ca = root.intermediate("CA");
        let server = below(&ca);
        let both = connector(said.of(&root), |context| {
            [&root, &ca].into_iter().for_each(|ca| load(context, ca));
            accept_everything(context);
        });
        said.decides(get(&both, &server));
    }
}

#[test]
fn with_a_verify_callback_too_a_path_that_leads_around_a_bound_root_stays_valid() {
    for said in EACH {
        let (root, other) = (Ca::root("Root"), Ca::root("Other"));
        let leaf = root.leaf(HOST);
        let server = server(&leaf, leaf.chain(&[&other.cross_sign(&root)]));
        let trust = TrustPolicy::builder()
            .store(store(&[&root, &other]))
            .store(said.of(&root))
            .build();
        get(&connector(trust, accept_everything), &server).unwrap();
    }
}

/// OpenSSL itself finds no valid path here; the callback has it take the one that ends in the bound CA.
#[test]
fn a_verify_callback_that_accepts_an_expired_certificate_lifts_no_condition() {
    for said in EACH {
        let root = Ca::root("Root");
        let leaf = Leaf::builder(&[HOST])
            .validity(now() - 5 * DAY, now() - DAY)
            .issued_by(&root);
        let server = server(&leaf, leaf.chain(&[&root]));
        let loaded = connector(said.of(&root), |context| {
            load(context, &root);
            accept_everything(context);
        });
        said.decides(get(&loaded, &server));
    }
}
