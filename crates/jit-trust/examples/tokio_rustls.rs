//! HTTP/1.1 by hand over a tokio-rustls stream, trusting Mozilla's list just in time.
//!
//! `cargo run --example tokio_rustls -- example.org`

use std::error::Error;
use std::sync::Arc;

use jit_trust::TrustPolicy;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Gets `/` from a host and a port; returns the answer, header included.
pub(crate) async fn get(
    host: &str,
    port: u16,
    policy: impl Into<TrustPolicy>,
) -> Result<String, Box<dyn Error>> {
    let connector = TlsConnector::from(Arc::new(jit_trust::client_config(policy)));
    let tcp = TcpStream::connect((host, port)).await?;
    let mut stream = connector.connect(host.to_owned().try_into()?, tcp).await?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let host = std::env::args().nth(1).unwrap_or("example.org".into());
    print!("{}", get(&host, 443, jit_trust::mozilla()).await?);
    Ok(())
}
