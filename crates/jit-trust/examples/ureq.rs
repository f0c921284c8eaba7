//! ureq, trusting Mozilla's list just in time. ureq takes no rustls configuration, but it takes a connector: the one below
//! makes a TLS connection over the stream of ureq's own connector.
//!
//! `cargo run --example ureq -- https://example.org/`

use std::error::Error;
use std::io::{Read, Write};
use std::sync::Arc;

use jit_trust::TrustPolicy;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Agent;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, TcpConnector, Transport,
    TransportAdapter,
};

/// Gets a page, following redirects; returns its body.
pub(crate) fn get(url: &str, policy: impl Into<TrustPolicy>) -> Result<String, Box<dyn Error>> {
    let tls = TlsConnector(Arc::new(jit_trust::client_config(policy)));
    let connector = TcpConnector::default().chain(tls);
    let agent = Agent::with_parts(
        Agent::config_builder().build(),
        connector,
        DefaultResolver::default(),
    );
    Ok(agent.get(url).call()?.body_mut().read_to_string()?)
}

#[derive(Debug)]
struct TlsConnector(Arc<ClientConfig>);

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        tcp: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(tcp) = tcp.filter(|_| details.needs_tls()) else {
            return Err(ureq::Error::RequireHttpsOnly(details.uri.to_string()));
        };
        let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| ureq::Error::Tls("not a host name"))?;
        let mut connection = ClientConnection::new(Arc::clone(&self.0), name).map_err(ureq::Error::Rustls)?;
        let mut tcp = TransportAdapter::new(tcp.boxed(), Arc::clone(&details.current_time));
        tcp.set_timeout(details.timeout);
        connection.complete_io(&mut tcp)?;
        let config = details.config;
        Ok(Some(Either::B(TlsTransport {
            stream: StreamOwned::new(connection, tcp),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        })))
    }
}

struct TlsTransport {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        Ok(self.stream.write_all(&self.buffers.output()[..amount])?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    rustls::crypto::aws_lc_rs::default_provider()
        .install_default()
        .ok();
    let url = std::env::args().nth(1).unwrap_or("https://example.org/".into());
    print!("{}", get(&url, jit_trust::mozilla())?);
    Ok(())
}
