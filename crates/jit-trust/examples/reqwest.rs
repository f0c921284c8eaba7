//! reqwest, trusting Mozilla's list just in time. The layer is for deferred stores: while a handshake waits for one, other
//! tasks run.
//!
//! `cargo run --example reqwest --features tower -- https://example.org/`

use std::error::Error;

use jit_trust::{ConnectLayer, TrustPolicy};

/// Gets a page, following redirects; returns its body.
pub(crate) async fn get(url: &str, policy: impl Into<TrustPolicy>) -> Result<String, Box<dyn Error>> {
    let mut config = jit_trust::client_config(policy);
    config.alpn_protocols = vec!["h2".into(), "http/1.1".into()]; // reqwest leaves a given configuration as it is
    let client = reqwest::Client::builder()
        .tls_backend_preconfigured(config)
        .connector_layer(ConnectLayer::default())
        .build()?;
    let answer = client.get(url).send().await?;
    Ok(answer.error_for_status()?.text().await?)
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
