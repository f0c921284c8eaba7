//! HTTP/1.1 by hand over a connection that tokio drives, trusting Mozilla's list just in time. While a handshake waits for a
//! deferred store, other tasks run.
//!
//! `cargo run --example tokio --features tokio -- example.org`

use std::error::Error;

use jit_trust::{TokioConnector, TrustPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Gets `/` from a host and a port; returns the answer, header included.
pub(crate) async fn get(
    host: &str,
    port: u16,
    policy: impl Into<TrustPolicy>,
) -> Result<String, Box<dyn Error>> {
    let connector = TokioConnector::new(policy); // in a program: make it once, use it for every connection
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
