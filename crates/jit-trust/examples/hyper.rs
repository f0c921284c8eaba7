//! hyper's pooling client, over HTTP/1.1 or HTTP/2, trusting Mozilla's list just in time.
//!
//! `cargo run --example hyper --features hyper -- https://example.org/`

use std::error::Error;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::rt::TokioExecutor;
use jit_trust::{HttpsConnector, TrustPolicy};

/// Gets a page; returns its body.
pub(crate) async fn get(url: &str, policy: impl Into<TrustPolicy>) -> Result<String, Box<dyn Error>> {
    let client: Client<_, Empty<Bytes>> =
        Client::builder(TokioExecutor::new()).build(HttpsConnector::new(policy));
    let answer = client.get(url.parse()?).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let url = std::env::args().nth(1).unwrap_or("https://example.org/".into());
    print!("{}", get(&url, jit_trust::mozilla()).await?);
    Ok(())
}
