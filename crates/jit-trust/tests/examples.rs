//! Every example works: against a real server, in one connection, and against one that is not trusted, not.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "the examples' own `main`")]

#[path = "../examples/hyper.rs"]
mod hyper;
#[path = "../examples/reqwest.rs"]
mod reqwest;
#[path = "../examples/rustls.rs"]
mod rustls;
#[path = "../examples/tokio_rustls.rs"]
mod tokio_rustls;
#[path = "../examples/ureq.rs"]
mod ureq;

mod stores;

use std::error::Error;

use jit_trust::{BlobStore, TrustStore};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

type Answer = Result<String, Box<dyn Error>>;

fn server(root: &Ca) -> Server {
    let ca = root.intermediate("Example CA");
    let leaf = ca.leaf("localhost");
    let builder = Server::builder().site("localhost", leaf.key(), leaf.chain(&[&ca]), |_| {
        Response::ok("hello")
    });
    builder.start()
}

/// Runs an example against a server of a trusted root and one of another.
fn check(get: impl Fn(&Server, Box<dyn TrustStore>) -> Answer) {
    ::rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let (root, other) = (Ca::root("Root"), Ca::root("Other Root"));
    let store = || -> Box<dyn TrustStore> {
        Box::new(BlobStore::new(stores::blob(&[&root], stores::Version::V2).leak()).unwrap())
    };

    let trusted = server(&root);
    let answer = get(&trusted, store()).unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    assert_eq!(trusted.connections(), 1);

    let not_trusted = server(&other);
    let error = get(&not_trusted, store()).unwrap_err();
    let mut error: Option<&dyn Error> = Some(error.as_ref());
    let said = std::iter::from_fn(|| {
        let this = error?;
        error = this.source();
        Some(this.to_string())
    });
    let said: Vec<_> = said.collect();
    assert!(
        said.iter().any(|message| message.contains("UnknownIssuer")),
        "{said:?}"
    );
    assert_eq!(not_trusted.requests(), 0);
}

fn block_on(answer: impl Future<Output = Answer>) -> Answer {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(answer)
}

#[test]
fn the_example_for_rustls_works() {
    check(|server, store| rustls::get("localhost", server.port(), store));
}

#[test]
fn the_example_for_tokio_rustls_works() {
    check(|server, store| block_on(tokio_rustls::get("localhost", server.port(), store)));
}

#[test]
fn the_example_for_hyper_works() {
    check(|server, store| block_on(hyper::get(&server.url("localhost", "/"), store)));
}

#[test]
fn the_example_for_reqwest_works() {
    check(|server, store| block_on(reqwest::get(&server.url("localhost", "/"), store)));
}

#[test]
fn the_example_for_ureq_works() {
    check(|server, store| ureq::get(&server.url("localhost", "/"), store));
}
