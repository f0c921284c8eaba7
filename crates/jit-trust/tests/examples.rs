//! Every example works: against a real server, in one connection, and against one that is not trusted, not.
#![allow(clippy::unwrap_used, reason = "a test may fail")]
#![allow(dead_code, reason = "the examples' own `main`")]

#[path = "../examples/hyper.rs"]
mod hyper;
#[path = "../examples/mbedtls.rs"]
mod mbedtls;
#[path = "../examples/openssl.rs"]
mod openssl;
#[path = "../examples/reqwest.rs"]
mod reqwest;
#[path = "../examples/rustls.rs"]
mod rustls;
#[path = "../examples/tokio.rs"]
mod tokio;
#[path = "../examples/tokio_rustls.rs"]
mod tokio_rustls;
#[path = "../examples/ureq.rs"]
mod ureq;

mod stores;
#[path = "connectors/support.rs"]
mod support;

use std::error::Error;
use std::time::Duration;

use jit_trust::{BlobStore, TrustPolicy};
use jit_trust_lab::pki::Ca;
use jit_trust_lab::server::{Response, Server};

/// What is said of a server whose root is not there, whatever the library.
const UNKNOWN: [&str; 1] = ["no root in the trust store named"];

type LookupResponse = Result<String, Box<dyn Error>>;

fn server(root: &Ca) -> Server {
    let ca = root.intermediate("Example CA");
    let leaf = ca.leaf("localhost");
    let builder = Server::builder().site("localhost", leaf.key(), leaf.chain(&[&ca]), |_| {
        Response::ok("hello")
    });
    builder.start()
}

/// Runs an example against a server of a trusted root and one of another, with a local store and with a
/// deferred one.
fn check(get: impl Fn(&Server, TrustPolicy) -> LookupResponse) {
    ::rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let root = Ca::root("Root");
    let blob = stores::blob(&[&root], stores::Version::V2);
    check_with(&root, || BlobStore::new(blob.clone()).unwrap().into(), &get);
    check_with(
        &root,
        || support::Later::of(&[&root], Duration::from_millis(50)).trust(),
        &get,
    );
}

fn check_with(
    root: &Ca,
    trust: impl Fn() -> TrustPolicy,
    get: impl Fn(&Server, TrustPolicy) -> LookupResponse,
) {
    let other = Ca::root("Other Root");
    let trusted = server(root);
    let answer = get(&trusted, trust()).unwrap();
    assert!(answer.ends_with("hello"), "{answer}");
    assert_eq!(trusted.connections(), 1);

    let not_trusted = server(&other);
    let error = get(&not_trusted, trust()).unwrap_err();
    let mut error: Option<&dyn Error> = Some(error.as_ref());
    let said = std::iter::from_fn(|| {
        let this = error?;
        error = this.source();
        Some(this.to_string())
    });
    let said: Vec<_> = said.collect();
    assert!(
        said.iter()
            .any(|message| UNKNOWN.iter().any(|words| message.contains(words))),
        "{said:?}"
    );
    assert_eq!(not_trusted.requests(), 0);
}

#[test]
fn the_example_for_mbedtls_works() {
    check(|server, trust| mbedtls::get("localhost", server.port(), trust));
}

#[test]
fn the_example_for_openssl_works() {
    check(|server, trust| openssl::get("localhost", server.port(), trust));
}

#[test]
fn the_example_for_rustls_works() {
    check(|server, trust| rustls::get("localhost", server.port(), trust));
}

#[test]
fn the_example_for_tokio_works() {
    check(|server, trust| support::block_on(tokio::get("localhost", server.port(), trust)));
}

#[test]
fn the_example_for_tokio_rustls_works() {
    check(|server, trust| support::block_on(tokio_rustls::get("localhost", server.port(), trust)));
}

#[test]
fn the_example_for_hyper_works() {
    check(|server, trust| support::block_on(hyper::get(&server.url("localhost", "/"), trust)));
}

#[test]
fn the_example_for_reqwest_works() {
    check(|server, trust| support::block_on(reqwest::get(&server.url("localhost", "/"), trust)));
}

#[test]
fn the_example_for_ureq_works() {
    check(|server, trust| ureq::get(&server.url("localhost", "/"), trust));
}
