//! HTTP/1.1 by hand over a rustls stream, trusting Mozilla's list just in time.
//!
//! `cargo run --example rustls -- example.org`

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;

use jit_trust::TrustPolicy;
use rustls::{ClientConnection, StreamOwned};

/// Gets `/` from a host and a port; returns the answer, header included.
pub(crate) fn get(host: &str, port: u16, policy: impl Into<TrustPolicy>) -> Result<String, Box<dyn Error>> {
    let config = Arc::new(jit_trust::client_config(policy)); // in a program: make it once, use it for every connection
    let connection = ClientConnection::new(config, host.to_owned().try_into()?)?;
    let mut stream = StreamOwned::new(connection, TcpStream::connect((host, port))?);
    write!(
        stream,
        "GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let host = std::env::args().nth(1).unwrap_or("example.org".into());
    print!("{}", get(&host, 443, jit_trust::mozilla())?);
    Ok(())
}
