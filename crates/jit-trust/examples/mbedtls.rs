//! HTTP/1.1 by hand over a connection of Mbed TLS's, trusting Mozilla's list just in time.
//!
//! `cargo run --example mbedtls --features mbedtls -- example.org`; building it takes cmake and libclang.

use std::error::Error;
use std::io::{Read, Write};
use std::net::TcpStream;

use jit_trust::TrustPolicy;
use jit_trust::mbedtls::Connector;

/// Gets `/` from a host and a port; returns the answer, header included.
pub(crate) fn get(host: &str, port: u16, policy: impl Into<TrustPolicy>) -> Result<String, Box<dyn Error>> {
    let connector = Connector::new(policy)?; // in a program: make it once, use it for every connection
    let mut stream = connector.connect(host, TcpStream::connect((host, port))?)?;
    let request = format!("GET / HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}

fn main() -> Result<(), Box<dyn Error>> {
    let host = std::env::args().nth(1).unwrap_or("example.org".into());
    print!("{}", get(&host, 443, jit_trust::mozilla())?);
    Ok(())
}
